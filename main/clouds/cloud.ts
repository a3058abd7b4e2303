/**
 * What a cloud can do: the only thing the broker knows of Azure and AWS. One `Cloud` is one account signed in to.
 * Every method throws LatchkeyError (codes CLOUD_*), already retried as the cloud asks (Retry-After, conflicts,
 * throttling); a method that was cut off by `signal` throws CANCELLED.
 */
import type { CloudKind, Protocol } from '../../shared/contract/common.ts';
import type { Finding } from '../../shared/contract/doctor.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import type { GuardPlan, GuardState } from '../../shared/contract/guard.ts';
import type { Plan, PolicyPort } from '../../shared/contract/policies.ts';
import type { Endpoint } from '../../shared/contract/vms.ts';
import type { AccountId, GateId, GrantId, VmId } from '../../shared/domain/ids.ts';
import type { RuleMark } from '../../shared/domain/ruleMark.ts';
import type { Vm } from '../../shared/domain/vm.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import type { Instant } from '../os/ports.ts';

/** A piece of an account that is listed (and can fail) by itself: a subscription, or an account's region. */
export interface Scope {
  id: string;
  name: string;
}

/** One write to one gate: what carries a grant there. One order is one call to the cloud, however many ports. */
export interface RuleOrder {
  vm: VmId;
  gate: GateId;
  gateName: string;
  /** Unique within the grant; with the grant's id it makes the rule's name. 0, 1, 2 … */
  index: number;
  protocol: Protocol;
  ports: number[];
  /** CIDRs or single addresses, canonical text. */
  sources: string[];
  /** The VM's private addresses behind this gate (NSG), or its id (Defender, whose policies name VMs); empty for security groups. */
  destinations: string[];
  mark: RuleMark;
  /** Known before it is written: who will end it. */
  endedBy?: Grant['endedBy'] | undefined;
  /** The person's words, where the gate has room for them. */
  reason?: string | undefined;
  /**
   * The firewall on the way: its own order opens a port there, and the orders for NSGs behind it let its subnet through, not the
   * client, so none of them is written while a rule of others would lead a stranger in with it.
   */
  via?: Via | undefined;
}

export interface Via {
  /** The firewall's gate. */
  gate: GateId;
  /** Its public address that clients connect to. */
  address: string;
  /** The VM's private address that it leads to. */
  to: string;
  /** Whom it lets in: the clients. */
  sources: string[];
}

/** A rule of ours as it stands in the cloud. What the ledger keeps, and all that closing needs. */
export interface StandingRule {
  gate: GateId;
  /** Rule name (NSG) or `sgr-…` ids. Those that stood there before and are not ours are in `foreign`. */
  names: string[];
  foreign: string[];
  notes: string[];
  /** Who ends it if nobody does anything; this computer where it is not told. */
  endedBy?: Grant['endedBy'] | undefined;
  /** Where rules have one (NSG): at which it stands. */
  priority?: number | undefined;
  /** Where clients connect to by this rule, if not at the VM's own address: known only once it stands. */
  endpoints?: Endpoint[] | undefined;
  /** The cloud's correlation or request id of the write. */
  correlation?: string | undefined;
}

/** A rule found in a gate that proves to be ours by its own description. */
export interface FoundRule {
  gate: GateId;
  gateName: string;
  name: string;
  mark: RuleMark;
  /** Every live mark on the rule: on AWS one rule may carry marks of several Latchkeys. */
  marks: RuleMark[];
  protocol: Protocol;
  ports: number[];
  sources: string[];
  /** As in the order that made the rule. */
  index: number;
  destinations: string[];
  vm?: VmId | undefined;
  /** As in the order. */
  endedBy?: Grant['endedBy'] | undefined;
  /** What else somebody may change on it, where the gate is of that kind (NSG). `ports`: ascending, `22,3389-3390`. */
  stands?: { access: 'allow' | 'deny'; priority: number; ports: string } | undefined;
  via?: Via | undefined;
  endpoints?: Endpoint[] | undefined;
}

/** Result of closing one rule. `gone`: it is not there any more (also when it was not there before). `kept`: others still need it. */
export interface Closed {
  name: string;
  outcome: 'gone' | 'kept';
  correlation?: string | undefined;
  /** How it was closed, where a person should know: one sentence. */
  note?: string | undefined;
}

/** One thing that the cloud's own log says was done there, by whomever and with whatever. */
export interface CloudEvent {
  id: string;
  /** The same for everything that came of one request; that of our own writes is in `StandingRule`, `Closed` and `onWritten`. */
  correlation: string;
  /** In the cloud's time. */
  at: Instant;
  /** The cloud's words for what was done and to what; together with the correlation they are one operation. */
  operation: string;
  resource: string;
  did: 'rule-written' | 'rule-removed' | 'gate-changed' | 'requested' | 'policy-changed';
  /** `begun`: its end is an event of its own, or is still to come. */
  outcome: 'begun' | 'ok' | 'failed';
  caller: string;
  /** Application and address the request came from, in words, as far as the log tells them. */
  client?: string | undefined;
  /** Of the rule, the gate or the policy. */
  name: string;
  /** How many further rules the same request wrote or removed. */
  more?: number | undefined;
  /** What was done as a sentence, where that of `did` does not fit. */
  words?: string | undefined;
  /** It is the thing itself that is gone. */
  removed: boolean;
  gate?: GateId | undefined;
  gateName?: string | undefined;
  /** Whose access it is about, where the log says so. */
  vms?: VmId[] | undefined;
  /** `22/tcp 3389/tcp` */
  ports?: string | undefined;
  source?: string | undefined;
  destinations?: string[] | undefined;
  access?: string | undefined;
  priority?: number | undefined;
  /** Of a rule that proves to be a grant's. */
  mark?: RuleMark | undefined;
  /** That a request to Defender names as its own. */
  grant?: GrantId | undefined;
  reason?: string | undefined;
}

export interface Cloud {
  readonly kind: CloudKind;
  readonly account: AccountId;

  /** Who we are there (user principal name, role session): the `owner` of marks. Also proves the sign-in works. */
  identity(signal?: AbortSignal): Promise<{ user: string; name: string }>;
  scopes(signal?: AbortSignal): Promise<Scope[]>;
  /** All VMs of a scope with interfaces, gates and policy, in pages so that the first rows appear early. */
  inventory(scope: Scope, signal?: AbortSignal): AsyncIterable<Vm[]>;
  /** A fresh look at one VM, never from a cache or index that lags. Undefined if there is none. */
  vm(id: VmId, signal?: AbortSignal): Promise<Vm | undefined>;
  /** How many milliseconds the cloud's clock is ahead of this computer's, by the newest `Date` header; 0 before the first. */
  clockOffset(): number;

  /**
   * The orders a grant needs on this VM: pure, from what the broker already knows; no request is made.
   * Throws UNSUPPORTED (no gate, classic), SOURCE_FAMILY (no interface of the source's address family).
   */
  orders(
    vm: Vm,
    wanted: {
      ports: { port: number; protocol: Protocol }[];
      sources: string[];
      mark: RuleMark;
      reason?: string | undefined;
    },
  ): RuleOrder[];
  /**
   * Writes one order: exactly one write and no read before it on the good path; then reads again until the rule is seen.
   * Orders with `via` can't keep to that: a firewall is written as a whole, so it has to be read first.
   * Writing an order whose rule stands already (after a crash) is no error and gives the same result.
   */
  open(order: RuleOrder, signal?: AbortSignal): Promise<StandingRule>;
  /** Rewrites the mark's end (and owner fields) on a standing rule. Puts the rule back if somebody removed it. */
  extend(order: RuleOrder, standing: StandingRule, signal?: AbortSignal): Promise<StandingRule>;
  /**
   * Removes rules of ours from one gate in as few calls as it allows. Each must prove to be ours (name prefix and mark;
   * for AWS our tag) as read now, else CLOUD_CONFLICT and nothing is touched. A rule that is gone already is `gone`.
   * `grants`: the marks that end; a rule that still carries another live mark is `kept`.
   */
  close(gate: GateId, names: string[], grants: GrantId[], signal?: AbortSignal): Promise<Closed[]>;
  /** Every rule in the scope's gates (or the one gate) that proves to be ours, freshly read. */
  ours(where: { scope: Scope } | { gate: GateId }, signal?: AbortSignal): AsyncIterable<FoundRule>;

  /** What a lock with this policy would change, from a fresh look. Pure reads. */
  planLock(vm: Vm, ports: PolicyPort[], signal?: AbortSignal): Promise<Plan>;
  planUnlock(vm: Vm, signal?: AbortSignal): Promise<Plan>;
  /**
   * Carries out a plan step by step; `onStep(index)` before each step. Safe to run again after a crash at any point.
   * Throws PLAN_CHANGED if a fresh plan names a foreign change the given one does not. `onWritten` is told the cloud's
   * correlation id of each write to a gate.
   */
  apply(
    plan: Plan,
    vm: Vm,
    onStep: (index: number) => Promise<void>,
    signal?: AbortSignal,
    onWritten?: (correlation: string) => void,
  ): Promise<void>;

  /**
   * What the cloud's own log says of gates and just-in-time access since then, in pages, in any order; the same event may
   * come twice. Events come late, by minutes.
   */
  history(scope: Scope, since: Instant, signal?: AbortSignal): AsyncIterable<CloudEvent[]>;

  /**
   * What may stand in the way, found by reading only: of this VM as it was just looked at, or of the whole account. What
   * could not be looked at is a finding as well. Throws when the sign-in or the way to the cloud fails.
   */
  examine(vm: Vm | undefined, signal?: AbortSignal): Promise<Finding[]>;

  /** Where a client really connects to for a port of this VM (public address, or the practice cloud's listener). */
  endpoints(vm: Vm, ports: number[]): Endpoint[];
  /** SSH host keys known through the control plane, in known_hosts form (`ssh-ed25519 AAAA…`); empty if the cloud has none. */
  hostKeys(vm: Vm, signal?: AbortSignal): Promise<string[]>;
  /**
   * Lets a key in at the VM's SSH server for a minute, so that nobody needs one that stays. Throws UNSUPPORTED for a VM that
   * can't have one. Absent where the cloud has no such thing.
   */
  pushKey?(vm: Vm, key: { user: string; publicKey: string }, signal?: AbortSignal): Promise<void>;
  /** How else one gets to a VM, without a port that Latchkey opens; empty where nobody needs that. Absent where the cloud has none. */
  otherWays?(vm: Vm, signal?: AbortSignal): Promise<OtherWay[]>;
  /** HTTPS addresses of observers that see us as the VMs of this cloud do (practice cloud); empty: use the internet's. */
  observers(): string[];
  /** What in this cloud ends grants by itself, and can be installed there. Absent where nothing can. */
  readonly guard?: CloudGuard | undefined;
  dispose(): void;
}

/** A guard: something in the cloud that shuts ports at their end, also when no computer of ours is on. */
export interface CloudGuard {
  /** Fresh. Throws only what says nothing about the guard (no answer, signed out). */
  state(signal?: AbortSignal): Promise<GuardState>;
  /** Exactly what would be made or taken away; no steps if there is nothing to do. Pure reads. */
  plan(kind: GuardPlan['kind'], signal?: AbortSignal): Promise<GuardPlan>;
  /** Carries out a plan. Safe to run again. Throws PLAN_CHANGED if there is something else to do by now. */
  apply(plan: GuardPlan, signal?: AbortSignal): Promise<void>;
}

/** A cloud's guard. Throws UNSUPPORTED where it has none. */
export function guardOf(cloud: Cloud): CloudGuard {
  if (cloud.guard) return cloud.guard;
  throw new LatchkeyError({
    code: 'UNSUPPORTED',
    message: `There is no guard for ${cloud.account}: its grants are ended by the computer that opened them.`,
  });
}

/** A way that the cloud has itself. */
export interface OtherWay {
  name: string;
  /** One sentence: what it leads to, and what it takes. */
  text: string;
  /** How a person goes it: a program and its arguments. */
  command: string[];
}

/** Puts a key on a VM. Throws UNSUPPORTED where its cloud can't. */
export function pushKey(cloud: Cloud, ...args: Parameters<NonNullable<Cloud['pushKey']>>): Promise<void> {
  if (cloud.pushKey) return cloud.pushKey(...args);
  throw new LatchkeyError({
    code: 'UNSUPPORTED',
    message: `A key can be put on machines of AWS only, and ${args[0].name} is none.`,
    fix: 'Sign in with a key or password of your own.',
  });
}
