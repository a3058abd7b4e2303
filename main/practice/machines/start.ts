/** Turns practice machines into real listeners. */
import type { MachineNet, PracticeFirewalls, PracticeMachine } from '../machine.ts';
import { Listeners, type Serve } from '../network/listeners.ts';
import { HostKeys } from './hostKeys.ts';
import { serveHttp } from './http.ts';
import { serveRdp } from './rdp.ts';
import { serveSsh } from './ssh.ts';

/**
 * How many ports listen at most. Machines beyond it are in the inventory but have no endpoint: a big practice cloud is there
 * for its lists, and every listener costs a file descriptor.
 */
const mostPorts = 2000;

export interface MachineOptions {
  /** Called for every connection. */
  onConnection?: (() => void) | undefined;
  mostPorts?: number | undefined;
  /** The firewalls in front of some of them. */
  firewalls?: PracticeFirewalls | undefined;
}

/** Starts listening for the machines in the order given. Rejects if this computer has no port left. */
export async function startMachines(
  machines: PracticeMachine[],
  options: MachineOptions = {},
): Promise<MachineNet> {
  const listeners = new Listeners(options.onConnection ?? (() => undefined));
  const keys = new HostKeys();
  const known = new Map(machines.map(machine => [machine.id, machine]));
  const wanted = machines.flatMap(machine =>
    machine.services
      .filter(service => machine.listens?.(service.port) !== false)
      .map(service => ({ machine, service })),
  );
  await Promise.all(
    wanted
      .slice(0, options.mostPorts ?? mostPorts)
      .map(({ machine, service }) =>
        listeners.open(machine, service.port, server(machine, service.speaks, keys)),
      ),
  );
  /** What a firewall's port leads to for a client at `source`, at this moment. */
  function behind(address: string, port: number, source: string): Serve | 'hold' | undefined {
    const way = options.firewalls?.way(address, port, source);
    const machine = way?.through ? known.get(way.machine ?? '') : undefined;
    const service = machine?.services.find(one => one.port === way?.port);
    if (way === undefined) return undefined;
    return machine?.running() && service ? server(machine, service.speaks, keys) : 'hold';
  }
  const expose = (address: string, port: number): Promise<void> =>
    listeners.openMapped({ address, port }, source => behind(address, port, source));
  await Promise.all(options.firewalls?.ports().map(({ address, port }) => expose(address, port)) ?? []);

  return {
    endpoints: () => listeners.endpoints(),
    mapped: () => listeners.mapped(),
    expose(address, port) {
      expose(address, port).catch((error: unknown) => process.emitWarning(String(error)));
    },
    hostKeys: id => {
      const speaksSsh = known.get(id)?.services.some(service => service.speaks === 'ssh');
      return speaksSsh ? [keys.of(id).public] : [];
    },
    stop: () => listeners.stop(),
  };
}

function server(
  machine: PracticeMachine,
  speaks: PracticeMachine['services'][number]['speaks'],
  keys: HostKeys,
): Serve {
  switch (speaks) {
    case 'ssh':
      return serveSsh(machine, () => keys.of(machine.id).private);
    case 'rdp':
      return serveRdp(machine);
    case 'http':
      return serveHttp(machine);
  }
}
