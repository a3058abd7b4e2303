/** Finding and removing the rules of grants. Only rules that prove to be ours as read now are ever removed. */
import type { NetworkSecurityGroup, SecurityRule } from '@azure/arm-network';
import { type GateId, type GrantId, gateId } from '../../../shared/domain/ids.ts';
import { isOurs, parseMark } from '../../../shared/domain/ruleMark.ts';
import type { AddressSpec, PortRange } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode, isNotFound } from '../calls.ts';
import type { Closed, FoundRule } from '../cloud.ts';
import { type Arm, abort } from './armClients.ts';
import { readGate } from './freshVm.ts';
import { mapRule } from './mapRules.ts';
import { disarmed, saysTheSame } from './rules.ts';
import type { RuleWriter } from './ruleWriter.ts';

/**
 * Removes rules of ours from one gate. All are read and judged first: if one is not ours, or carries a grant that is not
 * among `grants`, CLOUD_CONFLICT names it and nothing is touched. What is gone already is `gone`.
 */
export async function closeRules(
  ask: { arm: Arm; writer: RuleWriter },
  gate: GateId,
  names: string[],
  grants: GrantId[],
  signal?: AbortSignal,
): Promise<Closed[]> {
  return await ask.writer.inTurn(gate, async () => {
    const standing = await readRules(ask, gate, names, signal);
    for (const rule of standing.values()) mustBeOurs(rule, gate, grants);
    const closed: Closed[] = [];
    for (const name of names) {
      const there = standing.has(name.toLowerCase());
      const correlation = there ? await removeOrDisarm(ask.writer, gate, name, grants, signal) : undefined;
      closed.push({ name, outcome: 'gone', correlation });
    }
    return closed;
  });
}

/**
 * Removes a rule of ours. Under a lock that forbids removing (CanNotDelete) it can still be changed: it is made a rule that lets
 * nobody in and stops nobody, and the refusal is thrown all the same, so that it goes when the lock is gone.
 */
async function removeOrDisarm(
  writer: RuleWriter,
  gate: GateId,
  name: string,
  grants: GrantId[],
  signal?: AbortSignal,
): Promise<string | undefined> {
  try {
    return await writer.remove(gate, name, signal);
  } catch (error) {
    if (cloudCode(error) !== 'ScopeLocked' || !(error instanceof LatchkeyError)) throw error;
    // It may be gone in spite of the answer: nothing is put in again.
    const stands = await writer.read(gate, name, signal);
    if (stands === undefined) return undefined;
    mustBeOurs(stands, gate, grants);
    const harmless = disarmed(stands);
    if (!saysTheSame(stands, harmless)) await writer.put(gate, name, harmless, signal);
    const message = `${error.message} The rule ${name} lets nobody in any more, and stands until the lock is gone.`;
    throw new LatchkeyError({ ...error.toData(), message }, { cause: error });
  }
}

/** The named rules that stand, by name in lower case: one read, however many. */
async function readRules(
  ask: { arm: Arm; writer: RuleWriter },
  gate: GateId,
  names: string[],
  signal?: AbortSignal,
): Promise<Map<string, SecurityRule>> {
  const [only, ...more] = names;
  let rules: (SecurityRule | undefined)[] = [];
  if (only !== undefined && more.length === 0) {
    rules = [await ask.writer.read(gate, only, signal)];
  } else {
    try {
      rules = (await readGate(ask.arm, gate, signal)).securityRules ?? [];
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
  const wanted = new Set(names.map(name => name.toLowerCase()));
  return new Map(
    rules.flatMap(rule => {
      const name = rule?.name?.toLowerCase() ?? '';
      return rule !== undefined && wanted.has(name) ? [[name, rule]] : [];
    }),
  );
}

/** Throws CLOUD_CONFLICT unless name and description prove that the rule carries one of these grants. */
export function mustBeOurs(rule: SecurityRule, gate: GateId, grants: GrantId[]): void {
  const name = rule.name ?? '';
  const mark = isOurs(name, rule.description) ? parseMark(rule.description) : undefined;
  if (mark !== undefined && grants.includes(mark.grant)) return;
  throw new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message:
      mark === undefined
        ? `The rule ${name} does not prove to be Latchkey's any more; it was left alone.`
        : `The rule ${name} carries another grant; it was left alone.`,
    fix: 'Look at the rule in Azure and remove it by hand if nobody needs it.',
    detail: { gate, rule: name, description: rule.description },
  });
}

/** Every grant's rule in the subscription's NSGs, or in one NSG, read from ARM itself. A gate that is gone has none. */
export async function* ourRules(
  arm: Arm,
  where: { subscription: string } | { gate: GateId },
  signal?: AbortSignal,
): AsyncGenerator<FoundRule> {
  if ('gate' in where) {
    try {
      yield* foundIn(await readGate(arm, where.gate, signal));
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return;
  }
  const network = await arm.network(where.subscription);
  for await (const nsg of network.networkSecurityGroups.listAll({ ...abort(signal) })) yield* foundIn(nsg);
}

function* foundIn(nsg: NetworkSecurityGroup): Generator<FoundRule> {
  for (const raw of nsg.securityRules ?? []) {
    const name = raw.name ?? '';
    const mark = isOurs(name, raw.description) ? parseMark(raw.description) : undefined;
    if (mark === undefined) continue;
    const rule = mapRule(raw, () => undefined, false);
    yield {
      gate: gateId(nsg.id ?? ''),
      gateName: nsg.name ?? '',
      name,
      mark,
      marks: [mark],
      protocol: rule.protocol === 'tcp' || rule.protocol === 'udp' ? rule.protocol : 'any',
      ports: rule.ports.map(range => range.from),
      sources: rule.sources.map(specText),
      index: Number(name.slice(name.lastIndexOf('-') + 1)),
      destinations: rule.destinations.map(specText),
      stands: {
        access: rule.access === 'deny' ? 'deny' : 'allow',
        priority: rule.priority ?? 0,
        ports: portsText(rule.ports),
      },
    };
  }
}

function portsText(ranges: PortRange[]): string {
  return ranges
    .toSorted((a, b) => a.from - b.from)
    .map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`))
    .join(',');
}

function specText(spec: AddressSpec): string {
  switch (spec.kind) {
    case 'any':
      return '*';
    case 'cidr':
      return spec.cidr;
    case 'tag':
      return spec.tag;
    case 'group':
      return spec.id;
  }
}
