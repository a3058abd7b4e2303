/**
 * The operations on just-in-time policies (reference 1.2) as plain requests: the official client makes dates of
 * seven-digit times and drops fields it does not know, and a policy has to go back as it came.
 */
import type { GateId } from '../../../../shared/domain/ids.ts';
import { isNotFound } from '../../calls.ts';
import type { Arm } from '../armClients.ts';
import { armPath, parseArmId } from '../armIds.ts';
import { type JitPolicy, type JitPolicyJson, parsePolicy } from './policy.ts';

const version = 'api-version=2020-01-01';

export interface InitiateBody {
  virtualMachines: {
    id: string;
    ports: { number: number; endTimeUtc: string; allowedSourceAddressPrefix: string }[];
  }[];
  justification: string;
}

export interface DefenderApi {
  /** All policies of a subscription. Throws CLOUD_FORBIDDEN also where the plan is missing. */
  list(subscription: string, signal?: AbortSignal): Promise<JitPolicy[]>;
  /** Undefined if there is no such policy. */
  find(id: string, signal?: AbortSignal): Promise<JitPolicy | undefined>;
  put(id: string, policy: JitPolicyJson, signal?: AbortSignal): Promise<void>;
  delete(id: string, signal?: AbortSignal): Promise<void>;
  /** Gives the correlation id. That it was taken (202) says nothing of what comes of it. */
  initiate(policy: GateId, body: InitiateBody, signal?: AbortSignal): Promise<string | undefined>;
}

export function defenderApi(arm: Arm): DefenderApi {
  // Ids come in lower case; what a refusal names is written as Azure writes it.
  const path = (id: string, more = '') => {
    const { subscription, group, name, child } = parseArmId(id);
    const place = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Security/locations/${name}`;
    return `${armPath(`${place}/jitNetworkAccessPolicies/${child}`)}${more}?${version}`;
  };
  return {
    async list(subscription, signal) {
      const found: JitPolicy[] = [];
      let next: string | undefined =
        `/subscriptions/${subscription}/providers/Microsoft.Security/jitNetworkAccessPolicies?${version}`;
      while (next !== undefined) {
        const page = (await arm.request({ method: 'GET', path: next, signal })) as {
          value?: unknown[];
          nextLink?: string;
        };
        found.push(...(page.value ?? []).map(parsePolicy));
        // Only its path is taken: a token goes to our own host, whatever a link says.
        const link: URL | undefined = page.nextLink ? new URL(page.nextLink) : undefined;
        const following: string | undefined = link && link.pathname + link.search;
        next = following === next ? undefined : following;
      }
      return found;
    },
    async find(id, signal) {
      try {
        return parsePolicy(await arm.request({ method: 'GET', path: path(id), signal }));
      } catch (error) {
        if (isNotFound(error)) return undefined;
        throw error;
      }
    },
    async put(id, body, signal) {
      await arm.request({ method: 'PUT', path: path(id), body, signal });
    },
    async delete(id, signal) {
      await arm.request({ method: 'DELETE', path: path(id), signal });
    },
    async initiate(policy, body, signal) {
      let correlation: string | undefined;
      await arm.request({
        method: 'POST',
        path: path(policy, '/initiate'),
        body,
        signal,
        onCorrelation: id => {
          correlation = id;
        },
      });
      return correlation;
    },
  };
}
