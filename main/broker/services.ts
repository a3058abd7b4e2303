/**
 * What the broker's concerns know of each other: the narrow side each shows the others. Each is made by its own
 * folder (`createInventory`, `createGrants`, …) and put together in broker.ts; none imports another's folder.
 */
import type {
  Account,
  AccountScope,
  AwsProfile,
  NewAccount,
  Settings,
  SignInStep,
  SignInWay,
} from '../../shared/contract/accounts.ts';
import type { ActivityFilter, ActivityKind, ActivityRow } from '../../shared/contract/activity.ts';
import type { CloudKind } from '../../shared/contract/common.ts';
import type { Examination } from '../../shared/contract/doctor.ts';
import type { MyIp } from '../../shared/contract/egress.ts';
import type { Grant, GrantChange, GrantRequest, RequestPreview } from '../../shared/contract/grants.ts';
import type { AccountGuardPlan, Guard, GuardPlan } from '../../shared/contract/guard.ts';
import type { Plan, PolicyPort } from '../../shared/contract/policies.ts';
import type { ValueSource, VmChange, VmDetail, VmList, VmRow } from '../../shared/contract/vms.ts';
import type { AccountId, GateId, GrantId, VmId } from '../../shared/domain/ids.ts';
import type { Vm } from '../../shared/domain/vm.ts';
import type { ErrorData } from '../../shared/errors.ts';
import type { Cloud, CloudEvent, Scope } from '../clouds/cloud.ts';
import type { Instant } from '../os/ports.ts';

export interface Accounts {
  list(): Account[];
  /** The cloud of a signed-in account. Throws ACCOUNT_NOT_FOUND. */
  cloud(account: AccountId): Cloud;
  clouds(): Cloud[];
  /** Who we are in this account; the owner in marks. */
  user(account: AccountId): string;
  addPractice(): Promise<Account[]>;
  /** Signs in, step by step; the signal cancels. `open`: who opens the browser. */
  add(account: NewAccount, open: 'broker' | 'caller', signal: AbortSignal): AsyncGenerator<SignInStep>;
  signIn(
    id: AccountId,
    way: SignInWay | undefined,
    open: 'broker' | 'caller',
    signal: AbortSignal,
  ): AsyncGenerator<SignInStep>;
  /** Answers a question of a sign-in that is going on. Throws BAD_INPUT for one that nobody asks (any more). */
  answer(question: string, text: string): void;
  /** The AWS profiles of this machine. */
  profiles(files: { config?: string | undefined; credentials?: string | undefined }): Promise<AwsProfile[]>;
  /** All scopes of an account, chosen or not. */
  scopes(id: AccountId): Promise<AccountScope[]>;
  /** Undefined: all there are. */
  choose(id: AccountId, scopes: string[] | undefined): Promise<Account[]>;
  remove(id: AccountId): Promise<Account[]>;
  watch(signal: AbortSignal): AsyncGenerator<{ accounts: Account[] }>;
  /** Calls back after an account was added, removed or became ready. */
  onChange(run: () => void): Disposable;
}

export interface Inventory {
  /** The VM a person means. Throws VM_NOT_FOUND, VM_AMBIGUOUS with the candidates in `detail`. Lists its scopes first if nothing was ever listed. */
  find(ref: string): Promise<Vm>;
  get(id: VmId): Vm | undefined;
  /** Known VMs that this gate stands in front of. */
  behind(gate: GateId): Vm[];
  /** A fresh look in the cloud; what it finds replaces what was known. Throws VM_NOT_FOUND when it is gone. */
  fresh(id: VmId): Promise<Vm>;
  /** Takes what was just written as known. */
  put(vm: Vm): void;
  /** Until disposed, what changes on this VM is our own doing, and nobody is told that somebody else did it. */
  changing(id: VmId): Disposable;
  scopes(): { account: AccountId; scope: Scope }[];
  row(vm: Vm): VmRow;
  list(filter: {
    tab?: VmRow['tab'] | undefined;
    search?: string | undefined;
    refresh?: boolean | undefined;
  }): Promise<VmList>;
  detail(ref: string): Promise<VmDetail>;
  refresh(): Promise<void>;
  /** The settings say anew which way VMs go: what is known of them follows, without asking a cloud. */
  waysChanged(): void;
  watch(signal: AbortSignal): AsyncGenerator<VmChange>;
}

export interface Grants {
  preview(
    request: GrantRequest,
  ): Promise<{ previews: RequestPreview[]; failures: { vm: string; error: ErrorData }[] }>;
  request(request: GrantRequest): Promise<{ grants: Grant[]; failures: { vm: string; error: ErrorData }[] }>;
  list(all: boolean): Grant[];
  /** Live (not closed, not failed) grants of a VM. */
  liveOn(vm: VmId): Grant[];
  extend(id: GrantId, change: { forMs?: number | undefined; byMs?: number | undefined }): Promise<Grant>;
  revoke(which: { grants: GrantId[] } | { all: true }): Promise<Grant[]>;
  sweep(): Promise<{ removed: string[]; left: string[]; failures: { vm: string; error: ErrorData }[] }>;
  /** Writes the ends of an account's open grants again: who ends them has changed. Never throws for one that can't be. */
  writeEndsAgain(account: AccountId): Promise<void>;
  watch(signal: AbortSignal): AsyncGenerator<GrantChange>;
  /** Calls back with each grant that changed. */
  onChange(run: (grant: Grant) => void): Disposable;
}

export interface NewActivity {
  kind: ActivityKind;
  outcome?: 'ok' | 'failed';
  vm?: VmId | undefined;
  vmName?: string | undefined;
  account?: AccountId | undefined;
  grant?: GrantId | undefined;
  ports?: string | undefined;
  source?: string | undefined;
  text: string;
  reason?: string | undefined;
  correlation?: string | undefined;
  /** Who did it, if not this computer's user. */
  user?: string | undefined;
  /** More of them, where several writes to the cloud are one row. */
  correlations?: string[] | undefined;
  error?: ErrorData | undefined;
}

/** An event of a cloud's log, and whose it is as far as this Latchkey knows. */
export interface ToldByCloud {
  event: CloudEvent;
  account: AccountId;
  vm?: VmId | undefined;
  vmName?: string | undefined;
  grant?: GrantId | undefined;
  /** Of the event's gate, where it is known by a better one than the log tells. */
  gateName?: string | undefined;
}

export interface VmSummary {
  /** Approved requests per day, oldest first, the last 7 days. */
  week: number[];
  requestsFrom: ValueSource;
  last?: { at: Instant; user: string; from: ValueSource } | undefined;
  /** What somebody else changed on it in these days, unless it was locked or unlocked since. */
  changed?: { at: Instant; text: string } | undefined;
}

export interface Activity {
  /** Writes one row, now (in its account's cloud's time), by this computer's user. Never throws for a full disk: it logs and goes on (the ledger is what must not fail). */
  write(row: NewActivity): void;
  list(
    filter: ActivityFilter & {
      vmId?: VmId | undefined;
      before?: number | undefined;
      limit?: number | undefined;
    },
  ): { rows: ActivityRow[]; more: boolean };
  csv(filter: ActivityFilter & { vmId?: VmId | undefined }): AsyncGenerator<string>;
  watch(signal: AbortSignal): AsyncGenerator<ActivityRow>;
  summary(vm: VmId): VmSummary;
  /** Merges what a cloud's log tells with what is known; gives the VMs whose summary changed. Throws DISK_FULL. */
  merge(told: ToldByCloud[]): { vms: VmId[] };
  /** Accounts in whose log a row since then still waits to be seen. */
  awaitedSince(at: Instant): AccountId[];
}

export interface Egress {
  get(refresh: boolean): Promise<MyIp>;
  watch(signal: AbortSignal): AsyncGenerator<MyIp>;
  /**
   * The source CIDRs a request means, for this VM: `my-ip` by the observers that see us as this VM's cloud does, in an
   * address family the VM has; `policy` what its policy allows for all of `ports`; a CIDR as typed, canonical. Throws
   * MY_IP_UNKNOWN, MY_IP_DISAGREES (with all answers in `detail`), BAD_CIDR, SOURCE_FAMILY, SOURCE_NOT_ALLOWED.
   */
  sources(vm: Vm, choices: string[], ports: number[]): Promise<string[]>;
}

/** All accounts of a cloud, or the one. */
export interface GuardOf {
  cloud: CloudKind;
  account?: string | undefined;
}

export interface Guards {
  /** One per account; an account that can't tell has the error. Throws NO_ACCOUNT, ACCOUNT_NOT_FOUND. */
  status(which: GuardOf): Promise<Guard[]>;
  plan(which: GuardOf, kind: GuardPlan['kind']): Promise<AccountGuardPlan[]>;
  /** Throws PLAN_CHANGED unless every plan, as made now, is among the confirmed fingerprints. */
  apply(which: GuardOf, kind: GuardPlan['kind'], fingerprints: string[]): Promise<Guard[]>;
}

export interface Policies {
  planLock(vms: string[], ports?: PolicyPort[]): Promise<Plan[]>;
  planUnlock(vms: string[]): Promise<Plan[]>;
  lock(vms: string[], ports: PolicyPort[] | undefined, fingerprints: string[]): Promise<Plan[]>;
  unlock(vms: string[], fingerprints: string[]): Promise<Plan[]>;
  /** Finishes locks and unlocks that a crash cut off. */
  recover(): Promise<void>;
}

export interface Doctor {
  /** What stands in the way; reads only. Throws as `Inventory.find` for a VM that nobody knows. */
  examine(vm?: string): Promise<Examination>;
}

export interface SettingsStore {
  get(): Settings;
  set(change: { [K in keyof Settings]?: Settings[K] | undefined }): Settings;
}
