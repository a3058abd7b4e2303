import { buildGroup } from '../../main/practice/ec2/build.ts';
import { ec2Machines } from '../../main/practice/ec2/machines.ts';
import type { Instance, Region } from '../../main/practice/ec2/world.ts';
import { parseVmId } from '../../shared/domain/ids.ts';
import { snapshotOf, startPracticeEc2 } from '../clouds/aws/practiceEc2.ts';
import { type GateBench, gateContract } from './gate.ts';

gateContract('security group', async (): Promise<GateBench> => {
  const practice = await startPracticeEc2({ lagMs: 0 });
  const { world } = practice;
  const machines = ec2Machines(world);
  const all = [...world.regions.values()].flatMap(region =>
    [...region.instances.values()].map(instance => ({ region, instance })),
  );
  const place = (name: string) => {
    const found = all.find(
      ({ instance }) => (instance.tags.get('Name') ?? instance.tags.get('team')) === name,
    );
    if (!found) throw new Error(`no ${name}`);
    return found;
  };
  const id = ({ region, instance }: { region: Region; instance: Instance }) =>
    parseVmId(`arn:aws:ec2:${region.name}:${world.account}:instance/${instance.id}`);
  const full = place('pay-hub');
  fill(full.region, full.instance);

  return {
    signIn: async () => practice.signIn(),
    lets: (vm, source, port) => machines.find(machine => machine.id === vm)?.lets(source, port) ?? false,
    snapshot: () => snapshotOf(world),
    vms: {
      exposed: id(place('pay-api-1')),
      locked: id(place('pay-db')),
      neighbour: id(place('payments')),
      ipv6: id(place('pay-edge6')),
      unsupported: id(full),
    },
    spoil(standing) {
      for (const { groups } of world.regions.values())
        for (const { rules } of groups.values())
          for (const name of standing.names) Object.assign(rules.get(name) ?? {}, { description: 'by hand' });
    },
    stop: () => practice.close(),
  };
});

/** Sixteen groups, the most that any account can have, each of which another machine has too. */
function fill(region: Region, instance: Instance): void {
  const nic = region.interfaces.get(instance.interfaceId);
  const vpc = region.vpcs.get(nic?.vpcId ?? '');
  const [v4, v6] = region.subnets.values();
  if (!nic || !vpc || !v4 || !v6) throw new Error('no network');
  while (nic.groupIds.length < 16) {
    nic.groupIds.push(buildGroup(region, { vpc, v4, v6 }, `more-${nic.groupIds.length}`, 'more', []).id);
  }
  const other = [...region.interfaces.values()].find(each => each !== nic);
  other?.groupIds.push(...nic.groupIds);
}
