/**
 * After the ledger was lost: rules with our name as their owner that are still live are taken up as grants again, by what
 * their descriptions say. Such a grant may have been extended by this person's other computer, so its end is looked up
 * before it is ended.
 */
import { canonicalCidr } from '../../../shared/domain/cidr.ts';
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import { markWord, type RuleMark } from '../../../shared/domain/ruleMark.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { toErrorData } from '../../../shared/errors.ts';
import type { Cloud, FoundRule } from '../../clouds/cloud.ts';
import type { Instant } from '../../os/ports.ts';
import type { GrantsContext } from './context.ts';
import type { GrantRecord } from './records.ts';

/** No grant is asked for longer than this (contract): after it, none from before the ledger was lost can be live. */
const adoptForMs = 24 * 3_600_000;

export interface Adopter {
  /** Was the ledger lost so lately that a grant of before may still be live? */
  active: () => boolean;
  /** Takes up what is ours and live of rules that the ledger does not know. */
  adopt: (account: AccountId, cloud: Cloud, found: FoundRule[]) => Promise<void>;
  /** For adopted grants that seem over: moves their ends to what their rules say; gives those that are really over. */
  confirmOver: (grants: GrantRecord[]) => Promise<GrantRecord[]>;
}

/** `begunAnew`: when the ledger was lost; undefined if it was not. */
export function createAdopter(context: GrantsContext, begunAnew: Instant | undefined): Adopter {
  const { ledger, clock } = context;

  /** A grant has a rule per gate, in AWS one per port and source: the first makes the grant, the others join it. */
  function adopt(account: AccountId, cloud: Cloud, found: FoundRule, mark: RuleMark): void {
    if (mark.end <= context.cloudNow(account) || !isWord(mark.owner, context.accounts.user(account))) return;
    const vm = vmOf(found);
    const before = ledger.grant(mark.grant);
    if (!vm || (before && !(before.adopted && before.state === 'open'))) return;
    const { gate, gateName, index, protocol, destinations, endedBy, via } = found;
    // An NSG behind a firewall lets the firewall through: who may come stands in the firewall's own rule.
    const sources = !via && context.inventory.get(vm)?.firewall ? [] : found.sources;
    const ports = found.ports.map(port => ({ port, protocol }));
    const grant: GrantRecord = before ?? {
      id: mark.grant,
      vm,
      vmName: context.inventory.get(vm)?.name ?? mark.vmName,
      cloud: cloud.kind,
      account,
      owner: mark.owner,
      state: 'open',
      ports,
      sources,
      reason: undefined,
      requestedAt: clock.now(),
      openedAt: clock.now(),
      endsAt: mark.end,
      extendingTo: undefined,
      closedAt: undefined,
      adopted: true,
      notes: ['Found again in the cloud after the ledger was lost.'],
      error: undefined,
      cause: undefined,
    };
    const order = {
      vm,
      gate,
      gateName,
      index,
      protocol,
      ports: found.ports,
      sources: found.sources,
      destinations,
      mark,
      endedBy,
      ...(via === undefined ? {} : { via }),
    };
    ledger.together(() => {
      ledger.adopt(grant, order, found);
      if (!before) return;
      ledger.updateGrant(grant.id, {
        ports: union(before.ports, ports).toSorted((a, b) => a.port - b.port),
        sources: union(before.sources, sources),
        endsAt: Math.max(before.endsAt, mark.end),
      });
    });
    if (!before)
      context.tell(grant, 'recovered', {
        text: `The grant for ${grant.vmName} was found again by its rule's description.`,
      });
    context.changed(grant.id);
    context.wake();
  }

  /** The VM a rule is about, by the name in its mark (and its address) among those its gate stands in front of; undefined in doubt. */
  function vmOf(found: FoundRule): VmId | undefined {
    if (found.vm) return found.vm;
    const named = context.inventory.behind(found.gate).filter(vm => isWord(found.mark.vmName, vm.name));
    const meant = named.length === 1 ? named : named.filter(vm => isAt(vm, found.destinations));
    return meant.length === 1 ? meant[0]?.id : undefined;
  }

  return {
    active: () => begunAnew !== undefined && clock.now() - begunAnew < adoptForMs,
    async adopt(account, cloud, found) {
      // Which VM a rule is about is only known once the VMs are.
      if (found.some(rule => vmOf(rule) === undefined)) await context.inventory.refresh();
      for (const rule of found) for (const mark of rule.marks) adopt(account, cloud, rule, mark);
    },
    async confirmOver(grants) {
      const looked = await Promise.all(
        grants.map(async grant => ({ grant, end: await endInCloud(context, grant) })),
      );
      return looked.flatMap(({ grant, end }) => {
        if (end === undefined || end <= context.cloudNow(grant.account)) return [grant];
        ledger.updateGrant(grant.id, { endsAt: end });
        context.changed(grant.id);
        return [];
      });
    },
  };
}

/** Is this word of a mark what a mark writes for `text`, perhaps cut? */
function isWord(word: string, text: string): boolean {
  const whole = markWord(text);
  return word === whole || (word.endsWith('..') && whole.startsWith(word.slice(0, -2)));
}

function isAt(vm: Vm, addresses: string[]): boolean {
  const own = vm.interfaces.flatMap(nic => nic.privateAddresses).map(canonicalCidr);
  return addresses.length > 0 && addresses.every(address => own.includes(canonicalCidr(address)));
}

/** Of plain data: equal text is equal. */
function union<T>(a: T[], b: T[]): T[] {
  return [...new Map([...a, ...b].map(one => [JSON.stringify(one), one])).values()];
}

/** The latest end that the rules' own marks say; undefined when none stands, or none can be read. */
async function endInCloud(context: GrantsContext, grant: GrantRecord): Promise<number | undefined> {
  const ends: number[] = [];
  try {
    for (const gate of new Set(context.ledger.rulesOf(grant.id).map(rule => rule.gate))) {
      for await (const found of context.accounts.cloud(grant.account).ours({ gate })) {
        ends.push(...found.marks.filter(mark => mark.grant === grant.id).map(mark => mark.end));
      }
    }
  } catch (error) {
    // Then the end that is known counts, and the door is shut.
    context.log.warn(
      { error: toErrorData(error), grant: grant.id },
      'could not read the end of an adopted grant',
    );
  }
  return ends.length === 0 ? undefined : Math.max(...ends);
}
