/** The requests of signing in: STS, IAM Identity Center. By the same rules as all others: bounded, and trusting whom the person named. */
import { Agent } from 'node:https';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { proxyEnv } from '../proxy.ts';
import { confidential, type Endpoints, type ServiceId } from './endpoints.ts';
import type { InnerConfig } from './sources.ts';
import type { SsoClients } from './ssoSession.ts';

/** `ca`: PEM, the only authority trusted when it is given. */
export function createInner(endpoints: Endpoints, ca: string | undefined) {
  const requestHandler = new NodeHttpHandler({
    connectionTimeout: 10_000,
    requestTimeout: 30_000,
    throwOnRequestTimeout: true,
    httpsAgent: new Agent({
      keepAlive: true,
      maxSockets: 8,
      proxyEnv: proxyEnv(),
      ...(ca === undefined ? {} : { ca }),
    }),
  });
  const config = (service: ServiceId, region: string): InnerConfig => {
    const endpoint = confidential(endpoints(service));
    return { region, requestHandler, ...(endpoint === undefined ? {} : { endpoint }) };
  };
  return {
    sts: (region: string) => config('sts', region),
    /** SDKs are loaded when they are first needed. */
    sso(region: string): SsoClients {
      // Nobody signs these requests: the token is in them.
      const unsigned = { credentials: { accessKeyId: '', secretAccessKey: '' } };
      return {
        oidc: async () => {
          const { SSOOIDC } = await import('@aws-sdk/client-sso-oidc');
          return new SSOOIDC({ ...config('sso_oidc', region), ...unsigned });
        },
        portal: async () => {
          const { SSO } = await import('@aws-sdk/client-sso');
          return new SSO({ ...config('sso', region), ...unsigned });
        },
      };
    },
  };
}
