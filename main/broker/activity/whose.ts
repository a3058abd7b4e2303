/** Whose an event of a cloud's log is: the VM and the grant it is about, where that is certain. */
import { canonicalCidr } from '../../../shared/domain/cidr.ts';
import type { GrantId } from '../../../shared/domain/ids.ts';
import { grantOfRule, markWord } from '../../../shared/domain/ruleMark.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import type { CloudEvent } from '../../clouds/cloud.ts';
import type { Database } from '../../os/ports.ts';
import type { Inventory, ToldByCloud } from '../services.ts';

type Whose = Pick<ToldByCloud, 'vm' | 'vmName' | 'grant' | 'gateName'>;

/** A rule's name alone proves nothing, but which grant it says it is about may be told. */
export function whoseEvent(
  db: Database,
  inventory: Pick<Inventory, 'behind' | 'get'>,
  event: CloudEvent,
): Whose {
  const grant =
    event.mark?.grant ?? event.grant ?? (event.did === 'rule-removed' ? grantOfRule(event.name) : undefined);
  const behind = event.gate === undefined ? [] : inventory.behind(event.gate);
  const gateName = nameOf(behind, event.gate);
  const named = event.vms?.length === 1 ? event.vms[0] : undefined;
  const vm = named === undefined ? vmOf(behind, event) : inventory.get(named);
  if (vm) return { vm: vm.id, vmName: vm.name, grant, gateName };
  const [first] = event.vms ?? [];
  if (first !== undefined) return { vm: first, vmName: first.split('/').at(-1), grant, gateName };
  return { ...(grant === undefined ? {} : ofGrant(db, grant)), grant, gateName };
}

/** What the inventory calls a gate: AWS's log tells its id alone. */
function nameOf(behind: Vm[], gate: CloudEvent['gate']): string | undefined {
  const gates = behind.slice(0, 1).flatMap(vm => vm.interfaces.flatMap(nic => nic.layers));
  return gates.flatMap(layer => layer.gates).find(({ id }) => id === gate)?.name;
}

function vmOf(behind: Vm[], { destinations = [], mark }: CloudEvent): Vm | undefined {
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
