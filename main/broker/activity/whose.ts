/** Whose an event of a cloud's log is: the VM and the grant it is about, where that is certain. */
import { canonicalCidr } from '../../../shared/domain/cidr.ts';
import type { GrantId } from '../../../shared/domain/ids.ts';
import { grantOfRule, markWord } from '../../../shared/domain/ruleMark.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import type { CloudEvent } from '../../clouds/cloud.ts';
import type { Database } from '../../os/ports.ts';
import type { Inventory, ToldByCloud } from '../services.ts';

type Whose = Pick<ToldByCloud, 'vm' | 'vmName' | 'grant'>;

/** A rule's name alone proves nothing, but which grant it says it is about may be told. */
export function whoseEvent(
  db: Database,
  inventory: Pick<Inventory, 'behind' | 'get'>,
  event: CloudEvent,
): Whose {
  const grant =
    event.mark?.grant ?? event.grant ?? (event.did === 'rule-removed' ? grantOfRule(event.name) : undefined);
  const vm = vmOf(inventory, event);
  if (vm) return { vm: vm.id, vmName: vm.name, grant };
  const [named] = event.vms ?? [];
  if (named !== undefined) return { vm: named, vmName: named.split('/').at(-1), grant };
  return { ...(grant === undefined ? {} : ofGrant(db, grant)), grant };
}

function vmOf(inventory: Pick<Inventory, 'behind' | 'get'>, event: CloudEvent): Vm | undefined {
  const { gate, destinations = [], mark } = event;
  const named = event.vms?.length === 1 ? event.vms[0] : undefined;
  if (named !== undefined) return inventory.get(named);
  if (gate === undefined) return undefined;
  const behind = inventory.behind(gate);
  if (behind.length === 1) return behind[0];
  const meant = mark ? behind.filter(vm => markWord(vm.name) === mark.vmName) : behind;
  if (meant.length === 1) return meant[0];
  const at = meant.filter(vm => isAt(vm, destinations));
  return at.length === 1 ? at[0] : undefined;
}

function isAt(vm: Vm, addresses: string[]): boolean {
  const own = vm.interfaces.flatMap(nic => nic.privateAddresses).map(canonicalCidr);
  return addresses.length > 0 && addresses.every(address => own.some(one => one === plain(address)));
}

/** `*` and service tags are no address. */
function plain(address: string): string {
  return /^[\da-f.:]+(?:\/\d+)?$/i.test(address) ? canonicalCidr(address) : address;
}

/** What an approved request of this grant was about. */
function ofGrant(db: Database, grant: GrantId): Whose {
  const row = db.get('SELECT vm, vm_name FROM activity WHERE grant_id = ? AND approved = 1 LIMIT 1', grant);
  return typeof row?.vm === 'string' ? { vm: row.vm as Whose['vm'], vmName: String(row.vm_name) } : {};
}
