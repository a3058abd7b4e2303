/**
 * The connection to AWS: one client per region, made when it is first needed (the SDK is large), with AWS's adaptive
 * retries, our certificate authority, and an eye on every `Date` header.
 */
import { Agent } from 'node:https';
import { pipeline, Readable } from 'node:stream';
import type { EC2, EC2ClientConfig } from '@aws-sdk/client-ec2';
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
import { createPace } from './pace.ts';
import { proxyEnv } from './proxy.ts';
import { enabledRegions, isRegionName, regionRefusal, unknownRegion } from './regions.ts';
import { type Clients, makeClient, type Service } from './services.ts';

export interface AwsOptions {
  account: AccountId;
  credentials: NonNullable<EC2ClientConfig['credentials']>;
  /** `all`: those that are enabled for the account, as it tells itself. */
  regions: readonly string[] | 'all';
  /** Who is asked which regions there are, and for services without regions; default: the first region. */
  home?: string | undefined;
  /** For EC2-compatible servers, and private endpoints: the address of a service, for all regions. */
  endpoint?: string | ((service: Service) => string | undefined) | undefined;
  /** PEM; the only authority trusted when it is given. */
  caCertificate?: string | undefined;
  /** Where a client connects to instead of the VM's own address; undefined for VMs it does not know. */
  addressBook?: ((vm: Vm, port: number) => Endpoint | undefined) | undefined;
  observers?: string[] | undefined;
  /** Called when AWS takes the credentials no more. */
  refused?: (() => void) | undefined;
  clock: Clock;
  random: Random;
  log: Logger;
}

/** Sends one request with a client. */
export type Send<Client, T> = (client: Client, options: { abortSignal?: AbortSignal }) => Promise<T>;

/** One exchange with a service in a region. `action` is for errors and the log. Throws LatchkeyError. */
type Regional<S extends Service> = <T>(
  region: string,
  action: string,
  send: Send<Clients[S], T>,
  signal?: AbortSignal,
) => Promise<T>;
type Global<S extends Service> = <T>(
  action: string,
  send: Send<Clients[S], T>,
  signal?: AbortSignal,
) => Promise<T>;

export interface Connection {
  /** The region that stands for services without regions, and says in which partition we are. */
  readonly home: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  /** Writes to one security group (or interface) go one after the other. */
  readonly queue: Queue<string>;
  /** Of this account: as it was told, or asked now. */
  regions(signal?: AbortSignal): Promise<readonly string[]>;
  /** The cloud's time, epoch milliseconds. */
  now(): number;
  clockOffset(): number;
  readonly ec2: Regional<'ec2'>;
  /** As `ec2`, at a pace: for lists of a whole region, which nobody waits for at the moment. */
  readonly ec2InTurn: Regional<'ec2'>;
  readonly instanceConnect: Regional<'ec2-instance-connect'>;
  readonly cloudTrail: Regional<'cloudtrail'>;
  readonly scheduler: Regional<'scheduler'>;
  readonly sts: Global<'sts'>;
  readonly iam: Global<'iam'>;
  /** Resolves after `ms` of the clock; throws CANCELLED as soon as `signal` is aborted. */
  pause(ms: number, signal?: AbortSignal): Promise<void>;
  dispose(): void;
}

/** Requests a second for lists, of one region: what the smallest of EC2's buckets refills with. */
const listsPerSecond = 20;
/** "The rate of lookup requests is limited to two per second, per account, per Region." */
const lookUpsPerSecond = 2;

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
  const clients = new Map<string, Promise<unknown>>();
  const paces = new Map<string, ReturnType<typeof createPace>>();
  // One set of kept-alive connections for all regions: with one endpoint they go to the same host.
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: 10_000,
    requestTimeout: 60_000,
    throwOnRequestTimeout: true,
    httpsAgent: new Agent({
      keepAlive: true,
      maxSockets: 64,
      proxyEnv: proxyEnv(),
      ...(options.caCertificate === undefined ? {} : { ca: options.caCertificate }),
    }),
  });
  const { endpoint } = options;
  const endpointOf = typeof endpoint === 'function' ? endpoint : () => endpoint;

  async function make<S extends Service>(service: S, region: string): Promise<Clients[S]> {
    const where = endpointOf(service);
    const client = await makeClient(service, {
      region,
      credentials: options.credentials,
      requestHandler,
      retryMode: 'adaptive',
      maxAttempts,
      ...(where === undefined ? {} : { endpoint: where }),
    });
    // Every client has this stack; their types differ in inputs and outputs alone, which nobody looks at here.
    const { middlewareStack } = client as EC2;
    if (service === 'cloudtrail') {
      const pace = createPace(clock, lookUpsPerSecond);
      middlewareStack.add(
        next => async request => {
          await pace(over.signal);
          return next(request);
        },
        // Within the retries: each attempt is a request.
        { step: 'finalizeRequest', priority: 'normal', name: 'latchkeyPace' },
      );
    }
    middlewareStack.add(
      next => async request => {
        const asked = clock.now();
        const result = await next(request);
        cloudClock.heard(headersOf(result.response)?.['date'], asked);
        boundBody(result.response);
        return result;
      },
      { step: 'deserialize', priority: 'low', name: 'latchkeyDate' },
    );
    return client;
  }

  const clientOf = <S extends Service>(service: S, region: string): Promise<Clients[S]> => {
    const key = `${service} ${region}`;
    const known = clients.get(key) as Promise<Clients[S]> | undefined;
    const client = known ?? make(service, region);
    clients.set(key, client);
    return client;
  };
  const exchange = async <S extends Service, T>(
    service: S,
    region: string,
    action: string,
    send: Send<Clients[S], T>,
    signal?: AbortSignal,
  ): Promise<T> => {
    const stopped = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
    if (stopped.aborted) throw cancelled();
    const late = AbortSignal.timeout(callMs);
    try {
      return await send(await clientOf(service, region), { abortSignal: AbortSignal.any([stopped, late]) });
    } catch (thrown) {
      throw awsError(late.aborted && !stopped.aborted ? late.reason : thrown, action, stopped);
    }
  };
  /** In a region that is not enabled AWS knows nobody: only where it should know us is it told on. */
  const told = (error: unknown): unknown => {
    if (error instanceof LatchkeyError && error.code === 'CLOUD_UNAUTHORIZED') options.refused?.();
    return error;
  };
  const regional =
    <S extends Service>(service: S): Regional<S> =>
    async (region, action, send, signal) => {
      if (!isOurs(region)) throw unknownRegion(region);
      return exchange(service, region, action, send, signal);
    };
  const global =
    <S extends Service>(service: S): Global<S> =>
    async (action, send, signal) => {
      try {
        return await exchange(service, home, action, send, signal);
      } catch (error) {
        throw told(error);
      }
    };

  const { regions } = options;
  const home = options.home ?? (regions === 'all' ? undefined : regions[0]) ?? 'us-east-1';
  // A region's name becomes a part of a host's name.
  const isOurs = (region: string) => (regions === 'all' ? isRegionName(region) : regions.includes(region));
  const askHome = <T>(action: string, send: Send<Clients['ec2'], T>, signal?: AbortSignal) =>
    exchange('ec2', home, action, send, signal);
  const ec2: Regional<'ec2'> = async (region, action, send, signal) => {
    if (!isOurs(region)) throw unknownRegion(region);
    try {
      return await exchange('ec2', region, action, send, signal);
    } catch (error) {
      throw told(region === home ? error : await regionRefusal(error, region, askHome));
    }
  };
  return {
    home,
    clock,
    random: options.random,
    log: options.log,
    queue: createQueue(),
    regions: async signal => (regions === 'all' ? enabledRegions(askHome, signal) : regions),
    now: () => clock.now() + cloudClock.offset(),
    clockOffset: cloudClock.offset,
    ec2,
    async ec2InTurn(region, action, send, signal) {
      const pace = paces.get(region) ?? createPace(clock, listsPerSecond);
      paces.set(region, pace);
      await pace(signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]));
      return ec2(region, action, send, signal);
    },
    instanceConnect: regional('ec2-instance-connect'),
    cloudTrail: regional('cloudtrail'),
    scheduler: regional('scheduler'),
    sts: global('sts'),
    iam: global('iam'),
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
