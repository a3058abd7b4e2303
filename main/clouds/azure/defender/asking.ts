/** Asking Defender to open: checked against the policy first, and seen to stand after. */

import { bareAddress } from '../../../../shared/domain/cidr.ts';
import { toWire } from '../../../../shared/domain/time.ts';
import type { Instant } from '../../../os/ports.ts';
import type { RuleOrder, StandingRule } from '../../cloud.ts';
import type { AllowRules } from './allowRules.ts';
import { about, cloudNow, type DefenderAsk } from './ask.ts';
import { checkOrder } from './check.ts';
import { entryOf, type JitPolicy, type PolicyVm } from './policy.ts';
import { type Asked, askedIn, inForce, isAbout, justificationOf, requestName } from './record.ts';
import { notInPolicy, refused } from './refusals.ts';
import { seen } from './seen.ts';

/**
 * Opens what these orders want, all of one VM, grant, source and end, by one request. Reads the policy before: a request
 * replaces whoever's stands for the same port and source. Where somebody else's lasts as long, that one serves.
 */
export async function askFor(
  ask: DefenderAsk,
  orders: RuleOrder[],
  signal: AbortSignal,
): Promise<StandingRule[]> {
  const [first] = orders;
  if (first === undefined) return [];
  const policy = await ask.api.find(first.gate, signal);
  const entry = entryOf(policy, first.vm);
  if (policy === undefined || entry === undefined) throw notInPolicy(first);
  const now = cloudNow(ask);
  const standing = new Map<RuleOrder, Asked>();
  const wanted: { order: RuleOrder; end: Instant }[] = [];
  for (const order of orders) {
    const end = checkOrder(order, entry, now);
    const known = askedIn(policy).filter(one => inForce(one, now) && isAbout(one, about(order)));
    const own = known.find(one => one.grant === order.mark.grant && one.end === end);
    const others = known.find(one => one.grant !== order.mark.grant && one.end >= end);
    const serves = own ?? others;
    if (serves) standing.set(order, serves);
    else wanted.push({ order, end });
  }
  const correlation = wanted.length === 0 ? undefined : await initiate(ask, policy, entry, wanted, signal);
  const { rules } = await seen(ask, first, wanted, signal);
  return orders.map(order => told(order, standing.get(order), rules, correlation));
}

async function initiate(
  ask: DefenderAsk,
  policy: JitPolicy,
  entry: PolicyVm,
  wanted: { order: RuleOrder; end: Instant }[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const [first] = wanted;
  if (first === undefined) return undefined;
  try {
    return await ask.api.initiate(
      policy.id,
      {
        virtualMachines: [
          {
            id: entry.id,
            ports: wanted.map(({ order, end }) => ({
              number: order.ports[0] ?? 0,
              endTimeUtc: toWire(end),
              allowedSourceAddressPrefix: sourceText(order.sources[0] ?? ''),
            })),
          },
        ],
        justification: justificationOf(first.order.mark.grant, first.order.reason),
      },
      signal,
    );
  } catch (error) {
    throw refused(error, policy, entry, first, cloudNow(ask));
  }
}

/** An address alone, a range as CIDR: as the public example writes them. */
export function sourceText(source: string): string {
  return bareAddress(source);
}

function told(
  order: RuleOrder,
  serves: Asked | undefined,
  rules: AllowRules | undefined,
  correlation: string | undefined,
): StandingRule {
  const notes: string[] = [];
  if (rules === undefined)
    notes.push(
      'This sign-in may not read the network security groups: whether Defender’s rule stands was not seen.',
    );
  for (const name of rules !== undefined && rules.rules.length > 0 ? rules.without : [])
    notes.push(
      `Defender wrote no rule into ${name}, which stands in front of the VM too: if it denies the port, nothing gets through.`,
    );
  if (serves === undefined || serves.grant === order.mark.grant) {
    return {
      gate: order.gate,
      names: [requestName(order.mark.grant, about(order))],
      foreign: [],
      notes,
      endedBy: 'cloud',
      correlation,
    };
  }
  notes.push(
    `A request of ${serves.requestor || 'somebody else'} lets ${serves.source} in to port ${serves.port} until ${toWire(serves.end)} already; it is used and left as it is.`,
  );
  const foreign = [`${serves.port} from ${serves.source} by ${serves.requestor}`];
  return { gate: order.gate, names: [], foreign, notes };
}
