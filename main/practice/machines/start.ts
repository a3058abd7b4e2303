/** Turns practice machines into real listeners. */
import type { MachineNet, PracticeMachine } from '../machine.ts';
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
}

/** Starts listening for the machines in the order given. Rejects if this computer has no port left. */
export async function startMachines(
  machines: PracticeMachine[],
  options: MachineOptions = {},
): Promise<MachineNet> {
  const listeners = new Listeners(options.onConnection ?? (() => undefined));
  const keys = new HostKeys();
  const known = new Map(machines.map(machine => [machine.id, machine]));
  const wanted = machines.flatMap(machine => machine.services.map(service => ({ machine, service })));
  await Promise.all(
    wanted
      .slice(0, options.mostPorts ?? mostPorts)
      .map(({ machine, service }) =>
        listeners.open(machine, service.port, server(machine, service.speaks, keys)),
      ),
  );
  return {
    endpoints: () => listeners.endpoints(),
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
