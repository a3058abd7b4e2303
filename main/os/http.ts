/** GET over HTTP(S): for my-IP observers, which have to be asked over one address family or by one route at a time. */
import http from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import type { Http, HttpAnswer } from './ports.ts';

const usualLongestBody = 64 * 1024;

/**
 * The system's HTTP client. The proxy is that of HTTPS_PROXY, HTTP_PROXY and NO_PROXY (`env`), carried by Node's own
 * agent; without `proxy` those variables are left aside. With a proxy, `family` speaks of the way to the proxy.
 * Rejects with Node's own errors (`code` ECONNREFUSED, ENOTFOUND, …), ETIMEDOUT when `timeoutMs` are over.
 */
export function createHttp(env: NodeJS.ProcessEnv = process.env): Http {
  return {
    hasProxy: () => Boolean(env['https_proxy'] || env['HTTPS_PROXY']),
    async get(url, options) {
      const address = new URL(url);
      const secure = address.protocol === 'https:';
      const literal = isIP(address.hostname.replace(/^\[|\]$/g, ''));
      if (options.family !== undefined && literal !== 0 && literal !== options.family) {
        throw failure('EADDRNOTAVAIL', `${address.hostname} is not an IPv${options.family} address`);
      }
      const { Agent } = secure ? https : http;
      const agent = new Agent({ keepAlive: false, ...(options.proxy === true ? { proxyEnv: env } : {}) });
      const timeout = AbortSignal.timeout(options.timeoutMs);
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
      try {
        const longestBody = options.longestBody ?? usualLongestBody;
        return await exchange((secure ? https : http).get, address, longestBody, {
          agent,
          signal,
          headers: {
            accept: 'text/plain, application/json',
            'user-agent': 'latchkey',
            ...(options.bearer === undefined ? {} : { authorization: `Bearer ${options.bearer}` }),
          },
          ...(options.family === undefined ? {} : { family: options.family }),
          ...(options.ca === undefined ? {} : { ca: [...rootCertificates, options.ca] }),
        });
      } catch (error) {
        if (timeout.aborted)
          throw failure('ETIMEDOUT', `no answer from ${address.host} in ${options.timeoutMs} ms`);
        throw error;
      } finally {
        agent.destroy();
      }
    },
  };
}

function exchange(
  get: typeof https.get,
  address: URL,
  longestBody: number,
  options: https.RequestOptions,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const request = get(address, options, response => {
      const pieces: Buffer[] = [];
      let size = 0;
      const done = () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: flatten(response.headers),
          body: Buffer.concat(pieces).subarray(0, longestBody).toString('utf8'),
        });
      response.on('data', (piece: Buffer) => {
        pieces.push(piece);
        size += piece.length;
        if (size < longestBody) return;
        done();
        request.destroy();
      });
      response.on('end', done);
      response.on('error', reject);
    });
    request.on('error', reject);
  });
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}

function failure(code: string, text: string): Error {
  return Object.assign(new Error(text), { code });
}
