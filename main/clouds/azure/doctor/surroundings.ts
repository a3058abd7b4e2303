/** What is around a VM and not in its gates: the plan of its subscription, resource locks, and what its public addresses are. */
import type { PublicIPAddress } from '@azure/arm-network';
import { z } from 'zod';
import type { Finding } from '../../../../shared/contract/doctor.ts';
import { ok, problem, warning } from '../../../../shared/domain/doctor/finding.ts';
import { isNotFound } from '../../calls.ts';
import type { Arm } from '../armClients.ts';
import { armPath } from '../armIds.ts';

const pricing = z.object({
  properties: z.object({ pricingTier: z.string(), subPlan: z.string().nullish() }),
});

/**
 * Defender for Servers Plan 2 is what JIT of Defender takes (reference 2.7); opening ports directly takes none. `needed`: the
 * VM goes by way of Defender.
 */
export async function planFinding(
  arm: Arm,
  subscription: string,
  about: { subject?: string; needed?: boolean },
  signal?: AbortSignal,
): Promise<Finding> {
  const path = `/subscriptions/${subscription}/providers/Microsoft.Security/pricings/VirtualMachines?api-version=2024-01-01`;
  if (await hasPlan(arm, path, signal))
    return ok('plan', 'Defender for Servers Plan 2 is on.', about.subject);
  if (about.needed)
    return problem(
      'plan',
      'Its ports are asked for through Defender for Cloud, and Defender for Servers Plan 2, which that takes, is not on.',
      `Turn the plan on for the subscription, or go by rules of Latchkey’s own: \`latchkey settings --jit ${subscription}=direct\`.`,
      about.subject,
    );
  return ok(
    'plan',
    'Defender for Servers Plan 2 is not on: ports are opened by rules of Latchkey’s own, which takes no plan.',
    about.subject,
  );
}

async function hasPlan(arm: Arm, path: string, signal?: AbortSignal): Promise<boolean> {
  try {
    const { pricingTier, subPlan } = pricing.parse(
      await arm.request({ method: 'GET', path, signal }),
    ).properties;
    return pricingTier.toLowerCase() === 'standard' && (subPlan ?? 'P2').toUpperCase() === 'P2';
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

const locks = z.object({
  value: z.array(
    z.object({
      id: z.string(),
      name: z.string(),
      properties: z.object({ level: z.string(), notes: z.string().nullish() }),
    }),
  ),
});

/**
 * The resource locks that hold for a resource, its own and those above it. `what`: the resource, and what is written to it:
 * tags, rules that are resources of their own, or itself as a whole (a firewall, which is never deleted).
 */
export async function lockFindings(
  arm: Arm,
  id: string,
  what: { name: string; holds: 'tags' | 'rules' | 'itself' },
  signal?: AbortSignal,
): Promise<Finding[]> {
  const path = `${armPath(id)}/providers/Microsoft.Authorization/locks?api-version=2020-05-01&$filter=atScope()`;
  const { value } = locks.parse(await arm.request({ method: 'GET', path, signal }));
  return value.flatMap(({ id: lock, name, properties }) => {
    const at = lock.slice(0, lock.toLowerCase().lastIndexOf('/providers/microsoft.authorization/locks/'));
    const place = at.split('/').slice(-2).join('/');
    const fix = `Have the lock “${name}” taken off ${place}, or put on what Latchkey does not write to.`;
    switch (properties.level.toLowerCase()) {
      case 'readonly':
        return what.holds !== 'tags'
          ? [
              problem(
                'locks',
                `The read-only lock “${name}” at ${place} lets no rule be written: nothing can be opened or shut.`,
                fix,
                what.name,
              ),
            ]
          : [
              warning(
                'locks',
                `The read-only lock “${name}” at ${place} lets no policy be written.`,
                fix,
                what.name,
              ),
            ];
      case 'cannotdelete':
        // A rule is a resource below its NSG: what is opened could not be shut.
        return what.holds === 'rules'
          ? [
              problem(
                'locks',
                `The delete lock “${name}” at ${place} keeps rules from being removed: what is opened can’t be shut.`,
                fix,
                what.name,
              ),
            ]
          : [];
      default:
        return [];
    }
  });
}

/**
 * What kind of address somebody connects to. Basic ones (retired in September 2025) are open to all where no NSG
 * stands; a dynamic one is another one after the VM was stopped (learn.microsoft.com/azure/virtual-network/ip-services).
 */
export function publicAddressFindings(addresses: PublicIPAddress[]): Finding[] {
  return addresses.flatMap(({ name, sku, ipAddress, publicIPAllocationMethod }) => {
    const findings: Finding[] = [];
    if (sku?.name === 'Basic')
      findings.push(
        warning(
          'address',
          `${ipAddress ?? name ?? ''} is a basic public address, which Azure has retired.`,
          'Upgrade it to a standard one.',
          name,
        ),
      );
    if (publicIPAllocationMethod === 'Dynamic')
      findings.push(
        warning(
          'address',
          `${ipAddress ?? name ?? ''} is dynamic: the VM has another one after it was stopped.`,
          'Make it static, if clients keep its address.',
          name,
        ),
      );
    return findings;
  });
}
