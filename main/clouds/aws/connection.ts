/**
 * The connection to AWS: one client per region, made when it is first needed (the SDK is large), with AWS's adaptive
 * retries, our certificate authority, and an eye on every `Date` header.
 */
import { Agent } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import type { EC2, EC2ClientConfig } from '@aws-sdk/client-ec2';
import type { IAM } from '@aws-sdk/client-iam';
import type { Scheduler } from '@aws-sdk/client-scheduler';
import type { STS } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { Endpoint } from '../../../shared/contract/vms.ts';
import type { AccountId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock, Logger, Random } from '../../os/ports.ts';
import { createQueue, type Queue } from '../../waiting.ts';
import { cancelled, createCloudClock, waitOut } from '../calls.ts';
import { awsError } from './errors.ts';
import { createLimit } from './limit.ts';

export interface AwsOptions {
  account: AccountId;
  credentials: NonNullable<EC2ClientConfig['credentials']>;
  regions: string[];
  /** For EC2-compatible servers: one address for all regions and services. */
  endpoint?: string | undefined;
  /** PEM; the only authority trusted when it is given. */
  caCertificate?: string | undefined;
  /** Where a client connects to instead of the VM's own address; undefined for VMs it does not know. */
  addressBook?: ((vm: Vm, port: number) => Endpoint | undefined) | undefined;
  observers?: string[] | undefined;
  clock: Clock;
  random: Random;
  log: Logger;
}

/** Sends one request with a client. */
export type Send<Client, T> = (client: Client, options: { abortSignal?: AbortSignal }) => Promise<T>;

export interface Connection {
  /** Of this account, the first of which stands for services without regions. */
  readonly regions: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Writes to one security group (or interface) go one after the other. */
  readonly queue: Queue<string>;
  /** The cloud's time, epoch milliseconds. */
  now(): number;
  clockOffset(): number;
  /** One exchange with EC2 in a region. `action` is for errors and the log. Throws LatchkeyError. */
  ec2<T>(region: string, action: string, send: Send<EC2, T>, signal?: AbortSignal): Promise<T>;
  sts<T>(action: string, send: Send<STS, T>, signal?: AbortSignal): Promise<T>;
  iam<T>(action: string, send: Send<IAM, T>, signal?: AbortSignal): Promise<T>;
  scheduler<T>(region: string, action: string, send: Send<Scheduler, T>, signal?: AbortSignal): Promise<T>;
  /** Resolves after `ms` of the clock; throws CANCELLED as soon as `signal` is aborted. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
  dispose(): void;
}

type Client = EC2 | IAM | Scheduler | STS;

/** Milliseconds one call may take, with all its attempts: an answer that trickles would be waited for for ever. */
const callMs = 240_000;

/** Bytes of an answer: a page of a thousand instances is a tenth of it. */
const longestAnswer = 128 * 1024 * 1024;

/** Attempts at one request, the first included; AWS's adaptive mode slows all requests of a client down after throttling. */
const maxAttempts = 6;

/** Makes the connection; nothing is asked, and no SDK loaded, before the first call. */
export function connect(options: AwsOptions): Connection {
  const { clock } = options;
  const over = new AbortController();
  const cloudClock = createCloudClock(clock);
  const clients = new Map<string, Promise<Client>>();
  // One set of kept-alive connections for all regions: with one endpoint they go to the same host.
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: 10_000,
    requestTimeout: 60_000,
    throwOnRequestTimeout: true,
    httpsAgent: new Agent({
      keepAlive: true,
      maxSockets: 64,
      ...(options.caCertificate === undefined ? {} : { ca: options.caCertificate }),
    }),
  });
  const settings = (region: string) => ({
    region,
    credentials: options.credentials,
    requestHandler,
    retryMode: 'adaptive',
    maxAttempts,
    ...(options.endpoint === undefined ? {} : { endpoint: options.endpoint }),
  });
  const once = <C extends Client>(key: string, make: () => Promise<C>) => {
    const known = clients.get(key) as Promise<C> | undefined;
    if (known) return known;
    const made = make().then(client => {
      (client as EC2).middlewareStack.add(
        send => async request => {
          const asked = clock.now();
          const result = await send(request);
          cloudClock.heard(headersOf(result.response)?.['date'], asked);
          boundBody(result.response);
          return result;
        },
        { step: 'deserialize', priority: 'low', name: 'latchkeyDate' },
      );
      return client;
    });
    clients.set(key, made);
    return made;
  };
  const exchange = async <C extends Client, T>(
    client: Promise<C>,
    action: string,
    send: Send<C, T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    const stopped = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    if (stopped.aborted) throw cancelled();
    const late = AbortSignal.timeout(callMs);
    try {
      return await send(await client, { abortSignal: AbortSignal.any([stopped, late]) });
    } catch (thrown) {
      throw awsError(late.aborted && !stopped.aborted ? late.reason : thrown, action, stopped);
    }
  };

  const home = options.regions[0] ?? 'us-east-1';
  return {
    regions: options.regions,
    clock,
    random: options.random,
    log: options.log,
    queue: createQueue(),
    now: () => clock.now() + cloudClock.offset(),
    clockOffset: cloudClock.offset,
    ec2(region, action, send, signal) {
      if (!options.regions.includes(region)) throw unknownRegion(region);
      const client = once(`ec2 ${region}`, async () => {
        const sdk = await import('@aws-sdk/client-ec2');
        return new sdk.EC2(settings(region));
      });
      return exchange(client, action, send, signal);
    },
    sts(action, send, signal) {
      const client = once('sts', async () => {
        const sdk = await import('@aws-sdk/client-sts');
        return new sdk.STS(settings(home));
      });
      return exchange(client, action, send, signal);
    },
    iam(action, send, signal) {
      const client = once('iam', async () => {
        const sdk = await import('@aws-sdk/client-iam');
        return new sdk.IAM(settings(home));
      });
      return exchange(client, action, send, signal);
    },
    scheduler(region, action, send, signal) {
      if (!options.regions.includes(region)) throw unknownRegion(region);
      const client = once(`scheduler ${region}`, async () => {
        const sdk = await import('@aws-sdk/client-scheduler');
        return new sdk.Scheduler(settings(region));
      });
      return exchange(client, action, send, signal);
    },
    pause: (ms, signal) => waitOut(clock, ms, signal),
    dispose() {
      over.abort();
      clients.clear();
      requestHandler.destroy();
    },
  };
}

/** Puts a limit before whoever reads the answer. */
function boundBody(response: unknown): void {
  if (typeof response !== 'object' || response === null || !('body' in response)) return;
  const { body } = response;
  if (body instanceof Readable) response.body = pipeline(body, createLimit(longestAnswer), () => undefined);
}

function headersOf(response: unknown): Record<string, string> | undefined {
  if (typeof response !== 'object' || response === null || !('headers' in response)) return undefined;
  return response.headers as Record<string, string>;
}

function unknownRegion(region: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_NOT_FOUND',
    message: `The region ${region} is not one of this account's.`,
    fix: 'Add the region to the account, then refresh.',
  });
}
