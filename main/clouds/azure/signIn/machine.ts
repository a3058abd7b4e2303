/** Tokens without a person: what this machine has, by `@azure/identity`, which knows all the places it may stand in. */
import type { TokenCredential } from '@azure/core-auth';
import { LatchkeyError } from '../../../../shared/errors.ts';
import { cancelled } from '../../calls.ts';
import { isNetworkError, unreachable } from '../errors.ts';
import type { Place } from './places.ts';
import type { MachineWay } from './ways.ts';

/** What to look at when there is no token; identity's own words may hold anything. */
const remedies: Record<MachineWay, string> = {
  environment:
    'Set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or AZURE_CLIENT_CERTIFICATE_PATH) where Latchkey’s broker is started, and start it again.',
  'managed-identity':
    'Give this machine an identity in Azure; where it has several, say which: --client-id ID.',
  'azure-cli': 'Sign in there: `az login`. Its cloud has to be the same one (`az cloud set`).',
};

/** The credential; nothing is asked before its first token. */
export function machineCredential(
  way: MachineWay,
  options: { place: Place; tenant: string | undefined; clientId: string | undefined; ca: string | undefined },
): TokenCredential {
  let made: Promise<TokenCredential> | undefined;
  return {
    async getToken(scopes, how = {}) {
      made ??= make(way, options);
      // Theirs is the tenant they were set up for.
      const { tenantId: _, ...rest } = how;
      try {
        return await (await made).getToken(scopes, rest);
      } catch (error) {
        if (how.abortSignal?.aborted) throw cancelled();
        if (isNetworkError(error)) throw unreachable('sign-in', error);
        throw new LatchkeyError(
          {
            code: 'CLOUD_UNAUTHORIZED',
            message: `There is no token to be had (${way}).`,
            fix: remedies[way],
            detail: { name: error instanceof Error ? error.name : typeof error },
          },
          { cause: error },
        );
      }
    },
  };
}

async function make(
  way: MachineWay,
  { place, tenant, clientId, ca }: Parameters<typeof machineCredential>[1],
): Promise<TokenCredential> {
  const identity = await import('@azure/identity');
  switch (way) {
    case 'environment':
      return new identity.EnvironmentCredential({
        authorityHost: new URL(place.authority).origin,
        // Nobody else is asked whether the authority is genuine: it is one of ours, or the person named it.
        disableInstanceDiscovery: true,
        ...(ca === undefined ? {} : { tlsOptions: { ca } }),
      });
    case 'managed-identity':
      return clientId === undefined
        ? new identity.ManagedIdentityCredential()
        : new identity.ManagedIdentityCredential({ clientId });
    case 'azure-cli':
      return new identity.AzureCliCredential(tenant === undefined ? {} : { tenantId: tenant });
  }
}
