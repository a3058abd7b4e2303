/**
 * Gates are kept once, in memory and in the file, however many VMs they stand in front of: an NSG with the locks of a
 * hundred VMs would otherwise be kept a hundred times. They are told apart by their content, so every VM keeps the
 * gates it was last seen with.
 */
import { createHash } from 'node:crypto';
import type { Firewall, Gate, GateLayer, NetworkInterface, Vm } from '../../../shared/domain/vm.ts';

export interface Taken {
  /** The same VM, with the gates that are kept. */
  vm: Vm;
  /** How the file holds it: keys stand for gates. */
  json: string;
  /** Gates that no VM had before. */
  added: StoredGate[];
}

export interface StoredGate {
  key: string;
  json: string;
}

export interface Gates {
  /** Equal for two VMs that are equal in everything: adapters build VMs in one order of keys. */
  jsonOf(vm: Vm): string;
  /** Takes a VM in: from now on it has its gates. */
  take(vm: Vm): Taken;
  /** Lets a VM go; gives the keys of gates that nobody has any more. */
  release(vm: Vm): string[];
  /** Reads a VM of the file and takes it in; undefined if a gate of it is missing. */
  read(json: string): Vm | undefined;
  /** Keys of gates of the file that nobody has. */
  unused(): string[];
}

/** `stored`: the gates of the file. */
export function createGates(stored: StoredGate[]): Gates {
  const kept = new Map<string, { gate: Gate; users: number }>();
  /** Gates are values and never changed in place: a key is worked out once. */
  const keys = new WeakMap<Gate, string>();
  for (const { key, json } of stored) {
    const gate = JSON.parse(json) as Gate;
    keys.set(gate, key);
    kept.set(key, { gate, users: 0 });
  }

  function keyOf(gate: Gate): string {
    const known = keys.get(gate);
    if (known !== undefined) return known;
    const key = createHash('sha256').update(JSON.stringify(gate)).digest('base64url');
    keys.set(gate, key);
    return key;
  }

  const jsonOf = (vm: Vm): string => JSON.stringify(withGates(vm, keyOf));

  return {
    jsonOf,
    take(vm) {
      const added: StoredGate[] = [];
      const shared = withGates(vm, gate => {
        const key = keyOf(gate);
        const there = kept.get(key) ?? { gate, users: 0 };
        if (!kept.has(key)) added.push({ key, json: JSON.stringify(gate) });
        kept.set(key, there);
        there.users++;
        return there.gate;
      });
      return { vm: shared, json: jsonOf(vm), added };
    },
    release(vm) {
      return gatesOf(vm).flatMap(gate => {
        const key = keyOf(gate);
        const there = kept.get(key);
        if (!there || --there.users > 0) return [];
        kept.delete(key);
        return [key];
      });
    },
    read(json) {
      const packed = JSON.parse(json) as With<string>;
      if (gatesOf(packed).some(key => !kept.has(key))) return undefined;
      return withGates(packed, key => {
        const there = kept.get(key);
        if (!there) throw new Error(`no gate ${key}`);
        there.users++;
        return there.gate;
      });
    },
    unused: () => [...kept].filter(([, { users }]) => users === 0).map(([key]) => key),
  };
}

/** A VM with something in the place of its gates. */
type With<G> = Omit<Vm, 'interfaces' | 'firewall'> & {
  firewall?: (Omit<Firewall, 'gate'> & { gate: G }) | undefined;
  interfaces: (Omit<NetworkInterface, 'layers'> & {
    layers: (Omit<GateLayer, 'gates'> & { gates: G[] })[];
  })[];
};

function withGates<From, To>(vm: With<From>, change: (gate: From) => To): With<To> {
  const { firewall, ...rest } = vm;
  return {
    ...rest,
    ...(firewall ? { firewall: { ...firewall, gate: change(firewall.gate) } } : {}),
    interfaces: vm.interfaces.map(nic => ({
      ...nic,
      layers: nic.layers.map(layer => ({ ...layer, gates: layer.gates.map(change) })),
    })),
  };
}

function gatesOf<G>(vm: With<G>): G[] {
  const inside = vm.interfaces.flatMap(nic => nic.layers.flatMap(layer => layer.gates));
  return vm.firewall ? [vm.firewall.gate, ...inside] : inside;
}
