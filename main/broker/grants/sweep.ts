/**
 * Looking at what really stands in the clouds: rules of ours past their end that no ledger here knows go (a colleague's
 * laptop was closed), so does what a grant of ours left behind; what somebody else did to rules of ours: noticing.ts.
 */
import type { AccountId, GateId, GrantId } from '../../../shared/domain/ids.ts';
import { type ErrorData, toErrorData } from '../../../shared/errors.ts';
import type { Cloud, FoundRule, Scope } from '../../clouds/cloud.ts';
import type { Adopter } from './adopting.ts';
import type { Closer } from './closing.ts';
import type { GrantsContext } from './context.ts';
import { createLostLook } from './lost.ts';
import { createNoticer } from './noticing.ts';
import { closeEach } from './removing.ts';

/** A rule is left this long after its end: its own Latchkey goes first, and lists lag behind. */
const graceMs = 2 * 60_000;

export interface SweepResult {
  removed: string[];
  left: string[];
  failures: { vm: string; error: ErrorData }[];
}

/** Gives the sweep over all accounts that are ready. */
export function createSweep(
  context: GrantsContext,
  closer: Closer,
  adopter: Adopter,
): () => Promise<SweepResult> {
  const { ledger, clock } = context;
  const lookForLost = createLostLook(context, closer);
  const noticer = createNoticer(context, closer);

  async function sweepScope(account: AccountId, scope: Scope, result: SweepResult): Promise<void> {
    const cloud = context.accounts.cloud(account);
    const begun = clock.now();
    const known = new Set(ledger.liveRules().flatMap(rule => rule.names.map(name => `${rule.gate} ${name}`)));
    const seen = new Map<string, FoundRule>();
    const due: FoundRule[] = [];
    const unknown: FoundRule[] = [];
    let cutOff: { error: unknown } | undefined;
    try {
      for await (const found of cloud.ours({ scope })) {
        const place = `${found.gate} ${found.name}`;
        seen.set(place, found);
        // Ours to end, by its grants; the watch does that.
        const ours = known.has(place) || ledger.knows(found.gate, found.name, found.mark.grant);
        if (!ours && mustGo(account, found)) due.push(found);
        else result.left.push(label(found));
        if (!ours && adopter.active()) unknown.push(found);
      }
    } catch (error) {
      // One gate that can't be read must not keep another's door open: what was found to be due goes all the same.
      cutOff = { error };
    }
    await adopter.adopt(account, cloud, unknown);
    await Promise.all(
      [...Map.groupBy(due, found => found.gate)].map(([gate, rules]) => remove(cloud, gate, rules, result)),
    );
    // Of half a look nobody can say that a rule is missing.
    if (cutOff) throw cutOff.error;
    await noticer.notice(cloud, scope, seen, begun);
  }

  function mustGo(account: AccountId, { marks }: FoundRule): boolean {
    const end = Math.max(...marks.map(mark => mark.end));
    return end + graceMs <= context.cloudNow(account) || marks.every(mark => isOver(mark.grant));
  }

  /** A grant of this ledger that ended long enough ago for every list to know: whatever still stands of it goes. */
  function isOver(id: GrantId): boolean {
    const grant = ledger.grant(id);
    return grant?.closedAt !== undefined && grant.closedAt + graceMs <= clock.now();
  }

  async function remove(cloud: Cloud, gate: GateId, rules: FoundRule[], result: SweepResult): Promise<void> {
    const names = rules.map(rule => rule.name);
    const grants = rules.flatMap(rule => rule.marks.map(mark => mark.grant));
    try {
      const { closed, refused } = await closeEach(cloud, gate, names, grants);
      for (const rule of rules) {
        const error = refused.get(rule.name);
        const outcome = closed.find(one => one.name === rule.name);
        if (error) result.failures.push({ vm: label(rule), error });
        else if (outcome?.outcome === 'kept') result.left.push(label(rule));
        else {
          result.removed.push(label(rule));
          tell(cloud.account, rule, outcome?.correlation);
        }
      }
    } catch (error) {
      for (const rule of rules) result.failures.push({ vm: label(rule), error: toErrorData(error) });
    }
  }

  function tell(account: AccountId, rule: FoundRule, correlation: string | undefined): void {
    const { mark } = rule;
    const why = ledger.grant(mark.grant) ? 'was left behind by a grant that is over' : 'was past its end';
    context.activity.write({
      kind: 'swept',
      account,
      vm: rule.vm,
      vmName: mark.vmName,
      grant: mark.grant,
      ports: rule.ports.map(port => `${port}/${rule.protocol}`).join(' '),
      source: rule.sources.join(' '),
      correlation,
      text: `Rule ${label(rule)} of ${mark.owner} ${why} and has been removed.`,
    });
  }

  return async () => {
    const result: SweepResult = { removed: [], left: [], failures: [] };
    const failed = (vm: string) => (error: unknown) =>
      void result.failures.push({ vm, error: toErrorData(error) });
    const clouds = context.accounts.clouds().filter(cloud => context.usable(cloud.account));
    await Promise.all(
      clouds.map(async cloud => {
        try {
          const scopes = await cloud.scopes();
          await Promise.all(
            scopes.map(scope => sweepScope(cloud.account, scope, result).catch(failed(scope.name))),
          );
          await lookForLost(cloud.account);
        } catch (error) {
          failed(cloud.account)(error);
        }
      }),
    );
    return result;
  };
}

function label(found: FoundRule): string {
  return `${found.gateName} ${found.name}`;
}
