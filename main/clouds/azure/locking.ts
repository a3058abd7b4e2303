/** Locks and unlocks: plans made from a fresh look, and carried out step by step. */
import { createHash } from 'node:crypto';
import type { Plan, PlanStep, PolicyPort } from '../../../shared/contract/policies.ts';
import { defenderOf } from '../../../shared/domain/defender.ts';
import type { AccountId } from '../../../shared/domain/ids.ts';
import { gatesOf, type Vm } from '../../../shared/domain/vm.ts';
import { assertNever, LatchkeyError } from '../../../shared/errors.ts';
import type { Clock, Logger } from '../../os/ports.ts';
import { cloudCode } from '../calls.ts';
import type { AdminRules } from './adminRules.ts';
import { type Arm, abort } from './armClients.ts';
import { sameId } from './armIds.ts';
import type { DefenderApi } from './defender/api.ts';
import { draftDefenderLock, draftDefenderUnlock, type PolicyChange } from './defender/lockPlan.ts';
import type { PolicyWriter } from './defender/writing.ts';
import { readNat } from './firewall/place.ts';
import type { NatWriter } from './firewall/writer.ts';
import { type FreshVm, freshVm } from './freshVm.ts';
import { type Change, type Draft, draftLock } from './lockPlan.ts';
import { reaches } from './overlap.ts';
import type { RuleWriter } from './ruleWriter.ts';
import { changeTags, type TagChange } from './tags.ts';
import { draftUnlock } from './unlockPlan.ts';

export interface LockAsk {
  arm: Arm;
  admin: AdminRules;
  clock: Clock;
  writer: RuleWriter;
  jit: { api: DefenderApi; writer: PolicyWriter };
  natWriter: NatWriter;
  account: AccountId;
  /** Told the correlation id of each write to a gate. */
  onWritten?: ((correlation: string) => void) | undefined;
  log: Logger;
}

/** Fresh plans, made again, when another Latchkey takes a priority while ours is carried out. */
const tries = 8;

/** What a lock with this policy would change, by a fresh look. Throws VM_NOT_FOUND, and as `draftLock`. */
export async function planLock(
  ask: LockAsk,
  vm: Vm,
  ports: PolicyPort[],
  signal?: AbortSignal,
): Promise<Plan> {
  const fresh = await look(ask, vm, signal);
  return await asPlan(ask, fresh, draftOf('lock', fresh, ports), { kind: 'lock', policy: { ports } }, signal);
}

/** What an unlock would change, by a fresh look. Throws VM_NOT_FOUND. */
export async function planUnlock(ask: LockAsk, vm: Vm, signal?: AbortSignal): Promise<Plan> {
  const fresh = await look(ask, vm, signal);
  return await asPlan(ask, fresh, draftOf('unlock', fresh), { kind: 'unlock' }, signal);
}

/**
 * Carries out what is left of a plan, as a fresh look sees it: so it may run again after a crash at any point. Throws
 * PLAN_CHANGED before anything is written if a fresh plan would touch something foreign that the given one does not name.
 */
export async function applyPlan(
  ask: LockAsk,
  plan: Plan,
  vm: Vm,
  onStep: (index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const gates = vm.interfaces.flatMap(gatesOf).map(({ id }) => id);
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask.writer.planning(gates, () => applyOnce(ask, plan, vm, onStep, signal));
    } catch (error) {
      if (cloudCode(error) !== 'SecurityRuleConflict' || attempt >= tries) throw error;
    }
  }
}

async function applyOnce(
  ask: LockAsk,
  plan: Plan,
  vm: Vm,
  onStep: (index: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const fresh = await look(ask, vm, signal);
  const draft = draftOf(plan.kind, fresh, plan.policy?.ports);
  // An unlock touches of others only what the plan of a lock named and was confirmed for: whether this one or another VM's
  // is the last to need it out of the way, and puts it back, shows when several are unlocked at once.
  if (plan.kind === 'lock') mustBeNamed(plan, draft);
  for (const change of draft.changes) {
    await onStep(indexOf(plan, change.step));
    await carryOut(ask, change, signal);
  }
}

/** Which way the VM goes decides what is written: its Defender policy, or tags and rules of our own. */
function draftOf(kind: Plan['kind'], fresh: FreshVm, ports: PolicyPort[] = []): Draft {
  const { vm } = fresh;
  const byPolicy = vm.jitWay === 'defender' || defenderOf(vm) !== undefined;
  if (kind === 'lock') return byPolicy ? draftDefenderLock(fresh, ports) : draftLock(fresh, ports);
  return byPolicy ? draftDefenderUnlock(fresh) : draftUnlock(fresh);
}

async function look(ask: LockAsk, vm: Vm, signal?: AbortSignal): Promise<FreshVm> {
  const fresh = await freshVm(ask, vm.id, vm.jitWay, signal);
  if (fresh !== undefined) {
    const { firewall } = fresh.vm;
    return firewall === undefined ? fresh : { ...fresh, nat: await readNat(ask.arm, firewall, signal) };
  }
  throw new LatchkeyError({
    code: 'VM_NOT_FOUND',
    message: `“${vm.name}” is not there any more.`,
    fix: 'Refresh the list.',
  });
}

async function carryOut(ask: LockAsk, change: Change, signal?: AbortSignal): Promise<void> {
  switch (change.kind) {
    case 'tags':
      return await changeTags(ask, change.resource, change.tags, signal);
    case 'put': {
      const written = await ask.writer.inTurn(change.gate, () =>
        ask.writer.put(change.gate, change.name, change.rule, signal),
      );
      tellWritten(ask, written.correlation);
      return;
    }
    case 'remove':
      tellWritten(
        ask,
        await ask.writer.inTurn(change.gate, () => ask.writer.remove(change.gate, change.name, signal)),
      );
      return;
    case 'nat':
      await changeTagsIfAny(ask, change.holder, change.before, signal);
      await ask.natWriter.change(change.place, change.change, signal);
      return;
    case 'move':
      return await move(ask, change, signal);
    case 'defender':
      return await changePolicy(ask, change.change, signal);
    default:
      return assertNever(change);
  }
}

async function changePolicy(ask: LockAsk, change: PolicyChange, signal?: AbortSignal): Promise<void> {
  switch (change.kind) {
    case 'protect':
      return await ask.jit.writer.put(change.place, change.vm, change.ports, signal);
    case 'release':
      return await ask.jit.writer.remove(change.place, change.vm, signal);
    default:
      return assertNever(change);
  }
}

function tellWritten(ask: LockAsk, correlation: string | undefined): void {
  if (correlation !== undefined) ask.onWritten?.(correlation);
}

/** Moves somebody else's rule: read now, written back the same in all but its priority. */
async function move(ask: LockAsk, change: Change & { kind: 'move' }, signal?: AbortSignal): Promise<void> {
  const { gate, rule, to } = change;
  await changeTagsIfAny(ask, gate, change.before, signal);
  await ask.writer.inTurn(gate, async () => {
    const now = await ask.writer.read(gate, rule.name, signal);
    if (now === undefined || now.priority !== rule.priority) throw changed([change.step]);
    const written = await ask.writer.put(gate, rule.name, { ...now, priority: to }, signal);
    tellWritten(ask, written.correlation);
  });
  await changeTagsIfAny(ask, gate, change.after, signal);
}

async function changeTagsIfAny(
  ask: LockAsk,
  gate: string,
  tags: TagChange,
  signal?: AbortSignal,
): Promise<void> {
  if (Object.keys(tags.merge).length + Object.keys(tags.remove).length === 0) return;
  await changeTags(ask, gate, tags, signal);
}

async function asPlan(
  ask: LockAsk,
  fresh: FreshVm,
  draft: Draft,
  what: Pick<Plan, 'kind' | 'policy'>,
  signal?: AbortSignal,
): Promise<Plan> {
  const plan = {
    vm: fresh.vm.id,
    vmName: fresh.vm.name,
    cloud: 'azure' as const,
    ...what,
    steps: draft.changes.map(change => change.step),
    warnings: draft.warnings,
    alsoAffects: await alsoAffected(ask, fresh, draft, signal),
  };
  return { ...plan, fingerprint: createHash('sha256').update(JSON.stringify(plan)).digest('hex') };
}

/** Names of other VMs behind the NSGs where a rule of somebody else is moved, as far as that rule reaches them. */
async function alsoAffected(
  ask: LockAsk,
  fresh: FreshVm,
  draft: Draft,
  signal?: AbortSignal,
): Promise<string[]> {
  const moves = draft.changes.filter(change => change.kind === 'move');
  if (moves.length === 0) return [];
  const names = new Set<string>();
  const network = await ask.arm.network(fresh.vm.scope);
  for await (const nic of network.networkInterfaces.listAll({ ...abort(signal) })) {
    const owner = nic.virtualMachine?.id;
    if (owner === undefined || sameId(owner, fresh.vm.id)) continue;
    const configurations = nic.ipConfigurations ?? [];
    for (const { gate, rule } of moves) {
      const subnets = fresh.gates.get(gate)?.subnets ?? [];
      const behind =
        sameId(nic.networkSecurityGroup?.id, gate) ||
        configurations.some(c => subnets.some(subnet => sameId(subnet.id, c.subnet?.id)));
      if (behind && configurations.some(c => c.privateIPAddress && reaches(rule, c.privateIPAddress))) {
        names.add(owner.split('/').at(-1) ?? owner);
      }
    }
  }
  return [...names].toSorted();
}

function mustBeNamed(plan: Plan, draft: Draft): void {
  const named = new Set(plan.steps.filter(step => step.foreign).map(keyOf));
  const news = draft.changes
    .map(change => change.step)
    .filter(step => step.foreign && !named.has(keyOf(step)));
  if (news.length > 0) throw changed(news);
}

function changed(steps: PlanStep[]): LatchkeyError {
  return new LatchkeyError({
    code: 'PLAN_CHANGED',
    message: `The rules have changed since this was planned: ${steps.map(step => step.what).join(' ')}`,
    fix: 'Look at the new plan and confirm it.',
  });
}

function keyOf(step: PlanStep): string {
  return JSON.stringify([step.action, step.target, step.what, step.before, step.after]);
}

/** Where a step of a fresh plan stands in the given one. */
function indexOf(plan: Plan, step: PlanStep): number {
  const exact = plan.steps.findIndex(given => keyOf(given) === keyOf(step));
  const alike = plan.steps.findIndex(given => given.action === step.action && given.target === step.target);
  return Math.max(0, exact === -1 ? alike : exact);
}
