/** What security admin rules (Virtual Network Manager) make of a grant or a lock: either may be in vain under them. */
import type { Protocol } from '../../contract/common.ts';
import { LatchkeyError } from '../../errors.ts';
import { cidrFamily } from '../cidr.ts';
import type { GateLayer, GateRule, NetworkInterface, Vm } from '../vm.ts';
import { type AddressSet, everywhere, isEmpty, setOf, subtract, union } from './addressSet.ts';
import { destinations, protocolsOf } from './effective.ts';
import { type Walk, walk } from './layer.ts';
import { internet, sourceCover } from './places.ts';

type Port = { port: number; protocol: Protocol };

/**
 * What a person should know of admin rules before these ports are opened to these sources; a sentence each. Throws
 * ADMIN_RULE_DENIES if they stop all of it on every interface: whatever a gate lets in, nothing would arrive.
 */
export function adminNotes(vm: Vm, wanted: { ports: Port[]; sources: string[] }): string[] {
  const notes = new Set<string>();
  for (const port of wanted.ports) {
    for (const source of wanted.sources) {
      const from = setOf(source);
      const walks = vm.interfaces.flatMap(nic => walksTo(nic, port, from, cidrFamily(source)));
      const stopped = walks.map(({ walked }) => subtract(from, union(walked.mayAllow, walked.mayEnd)));
      if (walks.length > 0 && stopped.every(set => isEmpty(subtract(from, set))))
        throw inVain(vm, port, source, walks);
      if (stopped.some(set => !isEmpty(set))) notes.add(partly(port, source, walks));
      for (const { layer, walked } of walks) {
        if (layer.unread !== undefined)
          notes.add(`Whether an admin rule stops it is not known: ${layer.unread}.`);
        const always = deciding(walked, 'always-allow');
        if (always && isEmpty(subtract(from, walked.mayEnd))) {
          notes.add(
            `Port ${port.port} is open to ${source} already, by the admin rule “${always.name}” of Virtual Network Manager; ending the grant does not shut that.`,
          );
        }
      }
    }
  }
  return [...notes];
}

/** What a lock of these ports can't do because of admin rules: a sentence each. */
export function adminWarnings(vm: Vm, ports: Port[]): string[] {
  const warnings = new Set<string>();
  for (const port of ports) {
    for (const nic of vm.interfaces) {
      for (const { layer, walked } of walksTo(nic, port, everywhere)) {
        if (layer.unread !== undefined) {
          warnings.add(`Whether an admin rule makes this lock useless is not known: ${layer.unread}.`);
        }
        const always = deciding(walked, 'always-allow');
        if (always) {
          warnings.add(
            `The admin rule “${always.name}” of Virtual Network Manager lets sources in to port ${port.port} whatever a lock says.`,
          );
        }
        const denied = subtract(internet, union(walked.mayAllow, walked.mayEnd));
        const deny = deciding(walked, 'deny');
        if (deny && !isEmpty(denied)) {
          warnings.add(
            `The admin rule “${deny.name}” of Virtual Network Manager stops sources from the internet at port ${port.port}: a grant does not open it for them.`,
          );
        }
      }
    }
  }
  return [...warnings];
}

interface AdminWalk {
  layer: GateLayer;
  walked: Walk;
}

/** The walk through an interface's admin rules, if it has any and an address of the family. */
function walksTo(nic: NetworkInterface, port: Port, from: AddressSet, family?: string): AdminWalk[] {
  const [destination] = destinations(nic).filter(one => family === undefined || cidrFamily(one) === family);
  if (destination === undefined) return [];
  const admin = nic.layers.filter(layer => layer.mode === 'admin');
  // An interface without admin rules lets everything on: it counts, so that another one's deny is not the last word.
  const layers: GateLayer[] = admin.length > 0 ? admin : [{ place: 'network', mode: 'admin', gates: [] }];
  return layers.flatMap(layer =>
    protocolsOf(port.protocol).map(protocol => {
      const packet = { protocol, port: port.port, sourcePort: 1, destination: setOf(destination) };
      return { layer, walked: walk(layer, packet, from, { cover: sourceCover }) };
    }),
  );
}

function deciding(walked: Walk, access: GateRule['access']): GateRule | undefined {
  return walked.decisions.find(decision => decision.rule.access === access)?.rule;
}

function denyIn(walks: AdminWalk[]): string {
  const names = walks.flatMap(({ walked }) => deciding(walked, 'deny')?.name ?? []);
  return [...new Set(names)].map(name => `“${name}”`).join(', ');
}

function partly(port: Port, source: string, walks: AdminWalk[]): string {
  return `The admin rule ${denyIn(walks)} of Virtual Network Manager stops a part of ${source} at port ${port.port}, or all of it at one interface.`;
}

function inVain(vm: Vm, port: Port, source: string, walks: AdminWalk[]): LatchkeyError {
  return new LatchkeyError({
    code: 'ADMIN_RULE_DENIES',
    message: `Port ${port.port} of ${vm.name} can’t be opened to ${source}: the admin rule ${denyIn(walks)} of Virtual Network Manager stops it before any network security group is asked.`,
    fix: 'Ask whoever keeps Virtual Network Manager for an exception, or come from an address the rule does not mean.',
    detail: { vm: vm.id, port: port.port, source },
  });
}
