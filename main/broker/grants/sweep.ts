/**
 * Looking at what really stands in the clouds: rules of ours past their end that no ledger here knows go (a colleague's
 * laptop was closed), rules that somebody took away are noticed and told, and after a lost ledger ours are found again.
 */
import type { AccountId, VmId } from '../../../shared/domain/ids.ts';
import { markWord } from '../../../shared/domain/ruleMark.ts';
import { type ErrorData, toErrorData } from '../../../shared/errors.ts';
import type { Cloud, FoundRule, Scope } from '../../clouds/cloud.ts';
import type { Closer } from './closing.ts';
import type { GrantsContext } from './context.ts';
import { type GrantRecord, liveStates } from './records.ts';

/** A stranger's rule is left this long after its end: its own Latchkey goes first, and clocks differ a little. */
const graceMs = 2 * 60_000;

export interface SweepResult {
  removed: string[];
  left: string[];
  failures: { vm: string; error: ErrorData }[];
}

export interface Sweeper {
  sweep: () => Promise<SweepResult>;
  /** For adopted grants that seem over: the rule's own description decides. */
  confirmOver: (grants: GrantRecord[]) => Promise<GrantRecord[]>;
}

/** `adopting`: the ledger was lost, so live rules with our name as their owner are taken up as grants. */
export function createSweeper(context: GrantsContext, closer: Closer, adopting: boolean): Sweeper {
  const { ledger, clock } = context;

  async function sweepScope(account: AccountId, scope: Scope, result: SweepResult): Promise<void> {
    const cloud = context.accounts.cloud(account);
    const begun = clock.now();
    const known = new Set(ledger.liveRules().flatMap(rule => rule.names.map(name => `${rule.gate} ${name}`)));
    const seen = new Set<string>();
    for await (const found of cloud.ours({ scope })) {
      const place = `${found.gate} ${found.name}`;
      seen.add(place);
      // Ours to end, by its grants; the watch does that.
      if (known.has(place) || ledger.ruleNamed(found.gate, found.name))
        result.left.push(`${found.gateName} ${found.name}`);
      else await judge(cloud, account, found, result);
    }
    await noticeRemoved(account, scope, seen, begun);
  }

  async function judge(
    cloud: Cloud,
    account: AccountId,
    found: FoundRule,
    result: SweepResult,
  ): Promise<void> {
    const label = `${found.gateName} ${found.name}`;
    const known = ledger.grant(found.mark.grant);
    // Ours in the middle of a change: its own turn at the gate decides.
    if (known && liveStates.includes(known.state)) {
      result.left.push(label);
      return;
    }
    const now = context.cloudNow(account);
    const end = Math.max(...found.marks.map(mark => mark.end));
    if (end + (known ? 0 : graceMs) > now) {
      if (adopting && end > now && isWord(found.mark.owner, context.accounts.user(account)))
        adopt(account, cloud, found);
      result.left.push(label);
      return;
    }
    try {
      const closed = await cloud.close(
        found.gate,
        [found.name],
        found.marks.map(mark => mark.grant),
      );
      if (closed.some(one => one.outcome === 'gone')) {
        result.removed.push(label);
        context.activity.write({
          kind: 'swept',
          account,
          vm: found.vm,
          vmName: found.mark.vmName,
          grant: found.mark.grant,
          ports: found.ports.join(' '),
          source: found.sources.join(' '),
          correlation: closed[0]?.correlation,
          text: `Rule ${label} of ${found.mark.owner} was past its end and has been removed.`,
        });
      }
    } catch (error) {
      result.failures.push({ vm: label, error: toErrorData(error) });
    }
  }

  function adopt(account: AccountId, cloud: Cloud, found: FoundRule): void {
    const { mark } = found;
    const vm = found.vm ?? behind(found);
    if (!vm) return;
    const protocol = found.protocol;
    const grant: GrantRecord = {
      id: mark.grant,
      vm,
      vmName: mark.vmName,
      cloud: cloud.kind,
      account,
      owner: mark.owner,
      state: 'open',
      ports: found.ports.map(port => ({ port, protocol })),
      sources: found.sources,
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
      gate: found.gate,
      gateName: found.gateName,
      index: 0,
      protocol,
      ports: found.ports,
      sources: found.sources,
      destinations: [],
      mark,
    };
    const existing = ledger.grant(mark.grant);
    if (existing) return;
    ledger.together(() => ledger.insert(grant, [order], { names: [found.name], writtenEnd: mark.end }));
    context.tell(grant, 'recovered', {
      text: `The grant for ${mark.vmName} was found again by its rule's description.`,
    });
    context.changed(grant.id);
    context.wake();
  }

  /** The VM a rule is about, by the name in its mark among those its gate stands in front of; undefined in doubt. */
  function behind(found: FoundRule): VmId | undefined {
    const named = context.inventory.behind(found.gate).filter(vm => isWord(found.mark.vmName, vm.name));
    return named.length === 1 ? named[0]?.id : undefined;
  }

  /** Rules that stood before this look began and are not there now: told, not fought. */
  async function noticeRemoved(
    account: AccountId,
    scope: Scope,
    seen: Set<string>,
    begun: number,
  ): Promise<void> {
    const rules = ledger
      .liveRules()
      .filter(
        rule =>
          rule.account === account && rule.state === 'standing' && (rule.standingSince ?? begun) < begun,
      )
      .filter(
        rule =>
          inScope(context, rule.order.vm, scope) &&
          !rule.names.some(name => seen.has(`${rule.gate} ${name}`)),
      );
    for (const rule of rules) {
      const grants = ledger.grantsOf(rule.id).filter(grant => grant.state === 'open');
      // Looked at again on its own: a list may lag behind a write, a single gate does not.
      if (grants.length === 0 || (await stands(context.accounts.cloud(account), rule.gate, rule.names)))
        continue;
      await closer.shut(
        grants.map(grant => grant.id),
        'removed',
      );
    }
  }

  return {
    async sweep() {
      const result: SweepResult = { removed: [], left: [], failures: [] };
      const failed = (vm: string) => (error: unknown) =>
        void result.failures.push({ vm, error: toErrorData(error) });
      // Which VM a rule is about is only known once the VMs are.
      if (adopting) await context.inventory.refresh().catch(failed('inventory'));
      const clouds = context.accounts.clouds().filter(cloud => context.usable(cloud.account));
      await Promise.all(
        clouds.map(async cloud => {
          try {
            const scopes = await cloud.scopes();
            await Promise.all(
              scopes.map(scope => sweepScope(cloud.account, scope, result).catch(failed(scope.name))),
            );
          } catch (error) {
            failed(cloud.account)(error);
          }
        }),
      );
      return result;
    },
    async confirmOver(grants) {
      const over: GrantRecord[] = [];
      for (const grant of grants) {
        const end = grant.adopted ? await endInCloud(context, grant) : undefined;
        if (end !== undefined && end > context.cloudNow(grant.account)) {
          ledger.updateGrant(grant.id, { endsAt: end });
          context.changed(grant.id);
        } else over.push(grant);
      }
      return over;
    },
  };
}

/** Is this word of a mark what a mark writes for `text`, perhaps cut? */
function isWord(word: string, text: string): boolean {
  const whole = markWord(text);
  return word === whole || (word.endsWith('..') && whole.startsWith(word.slice(0, -2)));
}

function inScope(context: GrantsContext, vm: GrantRecord['vm'], scope: Scope): boolean {
  return context.inventory.get(vm)?.scope === scope.id;
}

async function stands(cloud: Cloud, gate: FoundRule['gate'], names: string[]): Promise<boolean> {
  for await (const found of cloud.ours({ gate })) if (names.includes(found.name)) return true;
  return false;
}

/** The end the rules' own marks say, extended perhaps by this person's other computer; undefined when none stands. */
async function endInCloud(context: GrantsContext, grant: GrantRecord): Promise<number | undefined> {
  const ends: number[] = [];
  try {
    for (const rule of context.ledger.rulesOf(grant.id)) {
      for await (const found of context.accounts.cloud(grant.account).ours({ gate: rule.gate })) {
        ends.push(...found.marks.filter(mark => mark.grant === grant.id).map(mark => mark.end));
      }
    }
  } catch (error) {
    // Not to be seen: then the end that is known counts, and the door is shut.
    context.log.warn(
      { error: toErrorData(error), grant: grant.id },
      'could not read the end of an adopted grant',
    );
  }
  return ends.length === 0 ? undefined : Math.max(...ends);
}
