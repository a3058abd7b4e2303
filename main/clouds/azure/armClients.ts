/**
 * The ways to Azure Resource Manager: the official clients, made when first used (their modules are large: loading
 * arm-network takes a third of a second), and plain requests through the same kind of pipeline for what needs no client
 * of its own: tags, and classic VMs (whose provider has none any more).
 */
import type { ComputeManagementClient } from '@azure/arm-compute';
import type { NetworkManagementClient } from '@azure/arm-network';
import type { ResourceGraphClient } from '@azure/arm-resourcegraph';
import type { SubscriptionClient } from '@azure/arm-resources-subscriptions';
import type { TokenCredential } from '@azure/core-auth';
import type * as RestPipeline from '@azure/core-rest-pipeline';
import type { HttpMethods, Pipeline, PipelineOptions, PipelineResponse } from '@azure/core-rest-pipeline';
import { LatchkeyError } from '../../../shared/errors.ts';
import type { Clock, Logger } from '../../os/ports.ts';
import { cancelled, createCloudClock } from '../calls.ts';
import { type ArmPolicyContext, armPolicy, neverAgain } from './armPolicy.ts';
import { bounded } from './bounded.ts';
import { isNetworkError, noToken, unreachable } from './errors.ts';
import { createRenewal } from './renewal.ts';

export interface ArmOptions {
  armEndpoint: string;
  tenantId: string;
  credential: TokenCredential;
  /** What tokens are for, where that is not the ARM endpoint. */
  audience?: string | undefined;
  /** PEM of the certificate authority to trust instead of the system's (practice cloud). */
  caCertificate?: string | undefined;
  clock: Clock;
  log: Logger;
  chance: () => number;
}

export interface ArmRequest {
  method: HttpMethods;
  /** Path with query from `/subscriptions/…` or `/providers/…` on. */
  path: string;
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Told the correlation id of the answer, where it has one. */
  onCorrelation?: ((id: string | undefined) => void) | undefined;
  /** Never sent again by itself, whatever comes of it: the body would be what was true before. */
  once?: boolean | undefined;
}

export interface Arm {
  /** A token for ARM. Throws CLOUD_UNAUTHORIZED. */
  token(signal?: AbortSignal): Promise<string>;
  network(subscription: string): Promise<NetworkManagementClient>;
  compute(subscription: string): Promise<ComputeManagementClient>;
  subscriptions(): Promise<SubscriptionClient>;
  graph(): Promise<ResourceGraphClient>;
  /** A plain request; the answer's JSON, undefined if it has none. Throws LatchkeyError. */
  request(request: ArmRequest): Promise<unknown>;
  /** Fetches text from a storage address that ARM signed for us: no token goes there. At most `limit` characters. */
  fetchSigned(url: string, limit: number, signal?: AbortSignal): Promise<string>;
  /** Milliseconds the cloud's clock is ahead of ours by the newest answer; 0 before the first. */
  clockOffset(): number;
}

export function createArm(options: ArmOptions): Arm {
  const { clock } = options;
  // A person may be at home in several tenants: every token is for this account's.
  const credential: TokenCredential = {
    async getToken(scopes, how) {
      try {
        return await options.credential.getToken(scopes, { ...how, tenantId: options.tenantId });
      } catch (error) {
        if (how?.abortSignal?.aborted) throw cancelled();
        if (error instanceof LatchkeyError) throw error;
        throw isNetworkError(error) ? unreachable('sign-in', error) : noToken(error);
      }
    },
  };
  const endpoint = options.armEndpoint.replace(/\/+$/, '');
  const scope = `${options.audience ?? endpoint}/.default`;
  const cloudClock = createCloudClock(clock);
  const context: ArmPolicyContext = {
    clock,
    log: options.log,
    chance: options.chance,
    origin: new URL(endpoint).origin,
    onDate: cloudClock.heard,
    renewal: createRenewal(credential, scope),
  };
  const pipelineOptions: PipelineOptions = {
    retryOptions: { maxRetries: 0 },
    userAgentOptions: { userAgentPrefix: 'latchkey' },
    ...(options.caCertificate === undefined ? {} : { tlsOptions: { ca: options.caCertificate } }),
  };
  const clientOptions = {
    ...pipelineOptions,
    endpoint,
    credentials: { scopes: [scope] },
    additionalPolicies: [{ policy: armPolicy(context), position: 'perRetry' as const }],
  };

  const networks = new Map<string, Promise<NetworkManagementClient>>();
  const computes = new Map<string, Promise<ComputeManagementClient>>();
  const plain = once(async () => {
    const core = await import('@azure/core-rest-pipeline');
    const pipeline = core.createPipelineFromOptions(pipelineOptions);
    // Behind the signing, as with the clients: a renewed token is put in the place of the one that was signed with.
    pipeline.addPolicy(armPolicy(context), { afterPhase: 'Sign' });
    pipeline.addPolicy(core.bearerTokenAuthenticationPolicy({ credential, scopes: scope }), {
      phase: 'Sign',
    });
    return send(core, pipeline);
  });
  const signed = once(async () => {
    const core = await import('@azure/core-rest-pipeline');
    const pipeline = core.createPipelineFromOptions(pipelineOptions);
    pipeline.addPolicy({
      name: 'latchkeyBounded',
      sendRequest: (request, next) => bounded(request, next),
    });
    return send(core, pipeline);
  });

  return {
    async token(signal) {
      const token = await credential.getToken(scope, signal === undefined ? {} : { abortSignal: signal });
      if (token === null) throw noToken(undefined);
      return token.token;
    },
    network: subscription =>
      remember(networks, subscription, async () => {
        const { NetworkManagementClient } = await import('@azure/arm-network');
        return new NetworkManagementClient(credential, subscription, clientOptions);
      }),
    compute: subscription =>
      remember(computes, subscription, async () => {
        const { ComputeManagementClient } = await import('@azure/arm-compute');
        return new ComputeManagementClient(credential, subscription, clientOptions);
      }),
    subscriptions: once(async () => {
      const { SubscriptionClient } = await import('@azure/arm-resources-subscriptions');
      return new SubscriptionClient(credential, {
        ...clientOptions,
        $host: endpoint,
        credentialScopes: scope,
      });
    }),
    graph: once(async () => {
      const { ResourceGraphClient } = await import('@azure/arm-resourcegraph');
      return new ResourceGraphClient(credential, clientOptions);
    }),
    async request({ method, path, body, signal, once: never, onCorrelation }) {
      const response = await (await plain())(method, endpoint + path, body, signal, never);
      const { headers } = response;
      onCorrelation?.(headers.get('x-ms-correlation-request-id') ?? headers.get('x-ms-request-id'));
      const text = response.bodyAsText;
      return text ? (JSON.parse(text) as unknown) : undefined;
    },
    async fetchSigned(url, limit, signal) {
      if (new URL(url).protocol !== 'https:') return '';
      try {
        const response = await (await signed())('GET', url, undefined, signal);
        return response.status === 200 ? (response.bodyAsText ?? '').slice(0, limit) : '';
      } catch (error) {
        if (signal?.aborted) throw cancelled();
        if (error instanceof LatchkeyError) throw error;
        // The address carries a signature: only its host is told.
        throw unreachable(`GET https://${new URL(url).host}`, error);
      }
    },
    clockOffset: cloudClock.offset,
  };
}

function send(core: typeof RestPipeline, pipeline: Pipeline) {
  const client = core.createDefaultHttpClient();
  return (
    method: HttpMethods,
    url: string,
    body: unknown,
    signal?: AbortSignal,
    never = false,
  ): Promise<PipelineResponse> => {
    const request = core.createPipelineRequest({
      url,
      method,
      headers: core.createHttpHeaders({
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { abortSignal: signal }),
    });
    if (never) neverAgain(request);
    return pipeline.sendRequest(client, request);
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

function remember<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const known = cache.get(key) ?? make();
  cache.set(key, known);
  return known;
}

/** The SDKs' name for a signal; nothing where there is none (exactOptionalPropertyTypes). */
export function abort(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
