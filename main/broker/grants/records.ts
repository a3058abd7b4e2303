/** Grants and rules as the ledger keeps them, and how rows become records. Instants are epoch milliseconds. */
import type { CloudKind, Protocol } from '../../../shared/contract/common.ts';
import type { Grant, GrantState } from '../../../shared/contract/grants.ts';
import type { Endpoint } from '../../../shared/contract/vms.ts';
import type { AccountId, GateId, GrantId, VmId } from '../../../shared/domain/ids.ts';
import type { ErrorData } from '../../../shared/errors.ts';
import type { RuleOrder } from '../../clouds/cloud.ts';
import type { Instant, SqlRow, SqlValue } from '../../os/ports.ts';

/**
 * Why a grant closed. `removed`: somebody took its rule away in the cloud. `vm-gone`: its VM is not there any more.
 * `moved`: its VM stands behind other gates than those with its rules.
 */
export type Cause = 'revoked' | 'expired' | 'failed' | 'removed' | 'vm-gone' | 'moved';

export interface GrantRecord {
  id: GrantId;
  vm: VmId;
  vmName: string;
  cloud: CloudKind;
  account: AccountId;
  owner: string;
  state: GrantState;
  ports: { port: number; protocol: Protocol }[];
  sources: string[];
  reason: string | undefined;
  requestedAt: Instant;
  openedAt: Instant | undefined;
  /** In the cloud's time. */
  endsAt: Instant;
  /** The new end, from before it is written to the gates until it stands there. */
  extendingTo: Instant | undefined;
  closedAt: Instant | undefined;
  /** Found again in a cloud after the ledger was lost: its rule's description is the truth about its end. */
  adopted: boolean;
  notes: string[];
  error: ErrorData | undefined;
  cause: Cause | undefined;
}

export interface RuleRecord {
  id: number;
  account: AccountId;
  gate: GateId;
  /** Same gate, protocol, ports, sources and destinations give the same text: such grants share one rule. */
  share: string;
  order: RuleOrder;
  names: string[];
  foreign: string[];
  /** writing: meant, perhaps there · standing: seen there · foreign: somebody else's rule serves · removing: meant to go · gone. */
  state: 'writing' | 'standing' | 'foreign' | 'removing' | 'gone';
  /** The end its description carries; undefined when that is not known for sure. */
  writtenEnd: Instant | undefined;
  standingSince: Instant | undefined;
  /** Who ends it, as its last write told. */
  endedBy: Grant['endedBy'];
  /** Where rules have one: at which it was written. */
  priority: number | undefined;
  /** What somebody else changed on it, as last told (drift.ts). */
  drift: string[];
  /** Where clients connect to by it, if not at the VM's own address. */
  endpoints: Endpoint[];
}

/** True while the grant wants its rules to stand. */
export function wantsRules(grant: GrantRecord): boolean {
  return grant.state === 'opening' || grant.state === 'open' || grant.state === 'extending';
}

/** The end the grant's rules should carry. */
export function wantedEnd(grant: GrantRecord): Instant {
  return grant.extendingTo ?? grant.endsAt;
}

/** Does the cloud end all of it by itself? */
export function endsByCloud(orders: readonly RuleOrder[]): boolean {
  return orders.length > 0 && orders.every(order => order.endedBy === 'cloud');
}

export function shareKey(order: RuleOrder): string {
  const sorted = [
    order.ports.toSorted((a, b) => a - b),
    order.sources.toSorted(),
    order.destinations.toSorted(),
  ];
  return JSON.stringify([order.gate, order.protocol, ...sorted]);
}

export function endFromRow(row: SqlRow) {
  return {
    id: row.id as GrantId,
    account: row.account as AccountId,
    state: row.state as GrantState,
    endsAt: Number(row.ends_at),
    extendingTo: optionalNumber(row.extending_to),
  };
}

export function grantFromRow(row: SqlRow): GrantRecord {
  return {
    ...endFromRow(row),
    vm: row.vm as VmId,
    vmName: String(row.vm_name),
    cloud: row.cloud as CloudKind,
    owner: String(row.owner),
    ports: JSON.parse(String(row.ports)),
    sources: JSON.parse(String(row.sources)),
    reason: row.reason === null ? undefined : String(row.reason),
    requestedAt: Number(row.requested_at),
    openedAt: optionalNumber(row.opened_at),
    closedAt: optionalNumber(row.closed_at),
    adopted: row.adopted === 1,
    notes: JSON.parse(String(row.notes)),
    error: row.error === null ? undefined : JSON.parse(String(row.error)),
    cause: row.cause === null ? undefined : (row.cause as Cause),
  };
}

export function ruleFromRow(row: SqlRow): RuleRecord {
  return {
    id: Number(row.id),
    account: row.account as AccountId,
    gate: row.gate as GateId,
    share: String(row.share),
    order: JSON.parse(String(row.rule_order)),
    names: JSON.parse(String(row.names)),
    foreign: JSON.parse(String(row.foreign_names)),
    state: row.state as RuleRecord['state'],
    writtenEnd: optionalNumber(row.written_end),
    standingSince: optionalNumber(row.standing_since),
    priority: optionalNumber(row.priority),
    drift: JSON.parse(String(row.drift)),
    endedBy: row.ended_by === 'cloud' ? 'cloud' : 'this-computer',
    endpoints: JSON.parse(String(row.endpoints)),
  };
}

function optionalNumber(value: SqlValue | undefined): number | undefined {
  return value === null || value === undefined ? undefined : Number(value);
}
