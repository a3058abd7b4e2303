import { fixed, type Practice, startPractice } from '../clouds/azure/practice.ts';
import { type GateBench, gateContract } from './gate.ts';

gateContract('NSG', async (): Promise<GateBench> => {
  const practice: Practice = await startPractice();
  const { world, machines } = practice.arm;
  let computers = 0;
  return {
    signIn: () => practice.signIn({ random: fixed(computers++ % 256) }),
    lets: (vm, source, port) => machines.find(machine => machine.id === vm)?.lets(source, port) ?? false,
    snapshot: () =>
      JSON.stringify(
        [...world.all()].map(resource => [
          resource.id,
          Object.entries(resource.tags ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
          resource.type === 'Microsoft.Network/networkSecurityGroups'
            ? resource.properties.rules.map(rule => [rule.name, rule.state, rule.properties])
            : [],
        ]),
      ),
    vms: {
      exposed: practice.vm('jump-eu'),
      stubborn: practice.vm('backup-1'),
      locked: practice.vm('web-1'),
      neighbour: practice.vm('web-2'),
      ipv6: practice.vm('v6-only-1'),
      unsupported: practice.vm('scratch-3'),
    },
    spoil(standing) {
      for (const rule of world.nsg(standing.gate)?.properties.rules ?? []) {
        if (standing.names.includes(rule.name))
          rule.properties = { ...rule.properties, description: 'by hand' };
      }
    },
    stop: () => practice.stop(),
  };
});
