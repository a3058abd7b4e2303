/** How msal reaches the authority: by the same pipeline as ARM, so that proxy, certificates and limits are the same. */
import type { HttpMethods } from '@azure/core-rest-pipeline';
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node';
import { LatchkeyError } from '../../../../shared/errors.ts';
import { bounded } from '../bounded.ts';
import { unreachable } from '../errors.ts';
import { asDocumented, withInterval } from './documented.ts';

/** Longest answer of an authority, in bytes. */
const longestAnswer = 4 * 1024 * 1024;
const exchangeMs = 30_000;
export interface Network extends INetworkModule {
  /** What kept the last exchange from being one; undefined after one that was answered. */
  failure(): LatchkeyError | undefined;
}

/** `ca`: PEM of the authorities to trust instead of the system's. */
export function createNetwork(ca: string | undefined): Network {
  let failure: LatchkeyError | undefined;
  /** msal guesses where codes are given out, from where tokens are; providers say it (RFC 8628 section 4). */
  const codeEndpoints = new Map<string, string>();
  async function send<T>(
    method: HttpMethods,
    url: string,
    options: NetworkRequestOptions | undefined,
  ): Promise<NetworkResponse<T>> {
    const core = await import('@azure/core-rest-pipeline');
    const pipeline = core.createPipelineFromOptions({
      retryOptions: { maxRetries: 1 },
      // A redirect of a sign-in service would carry what we sent elsewhere.
      redirectOptions: { maxRetries: 0 },
      ...(ca === undefined ? {} : { tlsOptions: { ca } }),
    });
    pipeline.addPolicy({
      name: 'latchkeyBounded',
      sendRequest: (request, next) => bounded(request, next, { ms: exchangeMs, bytes: longestAnswer }),
    });
    try {
      const response = await pipeline.sendRequest(
        core.createDefaultHttpClient(),
        core.createPipelineRequest({
          url: codeEndpoints.get(url) ?? url,
          method,
          headers: core.createHttpHeaders(options?.headers ?? {}),
          ...(options?.body === undefined ? {} : { body: asDocumented(options.body) }),
        }),
      );
      failure = undefined;
      const body = withInterval(JSON.parse(response.bodyAsText || '{}'));
      const { token_endpoint: tokens, device_authorization_endpoint: codes } = body;
      if (typeof tokens === 'string' && typeof codes === 'string')
        codeEndpoints.set(tokens.replace('/token', '/devicecode'), codes);
      return { status: response.status, headers: response.headers.toJSON(), body: body as T };
    } catch (error) {
      // Only the host is told: addresses and bodies of a sign-in carry codes and tokens.
      const asked = `${method} https://${new URL(url).host}`;
      failure = error instanceof LatchkeyError ? error : unreachable(asked, error);
      throw failure;
    }
  }
  return {
    failure: () => failure,
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  };
}
