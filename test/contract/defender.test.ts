/** Defender's just-in-time access as a gate. What nobody can take back, a policy's record of requests, is no part of the snapshot. */
import { jitWorld } from '../clouds/azure/defender/world.ts';
import { fixed } from '../clouds/azure/practice.ts';
import { type GateBench, gateContract } from './gate.ts';

gateContract('Defender JIT', async (): Promise<GateBench> => {
  const jit = await jitWorld();
  const { practice } = jit;
  const { world, machines } = practice.arm;
  for (const name of ['web-1', 'web-2', 'v6-only-1']) jit.keep(name);
  let computers = 0;
  return {
    signIn: () => practice.signIn({ random: fixed(computers++ % 256) }),
    lets: (vm, source, port) => machines.find(machine => machine.id === vm)?.lets(source, port) ?? false,
    // Those that no policy names yet get into one; the others are in one.
    way: vm => (vm === practice.vm('jump-eu') || vm === practice.vm('backup-1') ? 'defender' : 'auto'),
    snapshot: () =>
      JSON.stringify([
        [...world.defender.policies.values()].map(policy => [policy.id, policy.virtualMachines]),
        [...world.all()].map(resource => [
          resource.id,
          Object.entries(resource.tags ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
          resource.type === 'Microsoft.Network/networkSecurityGroups'
            ? resource.properties.rules.map(rule => [rule.name, rule.state, rule.properties])
            : [],
        ]),
      ]),
    vms: {
      exposed: practice.vm('jump-eu'),
      stubborn: practice.vm('backup-1'),
      locked: practice.vm('web-1'),
      neighbour: practice.vm('web-2'),
      ipv6: practice.vm('v6-only-1'),
      unsupported: practice.vm('scratch-3'),
    },
    spoil(standing) {
      const requests = world.defender.policy(standing.gate)?.requests ?? [];
      for (const request of requests) request.justification = 'by hand';
    },
    stop: () => practice.stop(),
  };
});
