/** The Azure of Contoso: two subscriptions and the VMs that are worth trying things on. */
import { parseVmId } from '../../../shared/domain/ids.ts';
import { lockDescription, lockRuleName } from '../../../shared/domain/lockMark.ts';
import { defaultPolicy, policyTags } from '../../../shared/domain/policyTag.ts';
import { Builder, idOf, type Place, rule, type VmSpec } from './build.ts';
import { seedDefender } from './defender/seed.ts';
import type { NetworkSecurityGroup } from './resources.ts';
import { seedBalanced } from './seedBalanced.ts';
import { firewalled } from './seedFirewalls.ts';
import { seedGoverned } from './seedGoverned.ts';
import { seedTiers } from './seedTiers.ts';
import { guidOf, type World } from './world.ts';

/**
 * How a lock of Latchkey leaves a VM: one deny rule for all protected ports in every NSG, and one more for IPv6 where
 * the VM has it, as no rule holds both families. The policy is in the VM's tags (`policyTag`).
 */
function configure(
  vm: { id: string; privateAddresses: string[] },
  name: string,
  nsgs: NetworkSecurityGroup[],
): void {
  const id = parseVmId(vm.id);
  for (const nsg of nsgs) {
    for (const family of ['ipv4', 'ipv6']) {
      const destinations = vm.privateAddresses.filter(one => one.includes(':') === (family === 'ipv6'));
      if (destinations.length === 0) continue;
      const locks = nsg.properties.rules.filter(one => one.name.startsWith('latchkey-lock-'));
      nsg.properties.rules.push(
        rule(family === 'ipv4' ? lockRuleName(id) : lockRuleName(id, '#ipv6'), 200 + locks.length, 'Deny', {
          ports: defaultPolicy.ports.map(({ port }) => String(port)),
          destinations,
          description: lockDescription(name, defaultPolicy.ports),
        }),
      );
    }
  }
}

const policyTag = policyTags(defaultPolicy);

/** Fills an empty world; `limit`: at most so many VMs. Gives the builder, for more. */
export function seed(world: World, limit = Number.POSITIVE_INFINITY): Builder {
  const builder = new Builder(world);
  const [production, test] = ['Contoso Production', 'Contoso Test'].map(name => {
    const id = guidOf(`subscription ${name}`);
    world.subscriptions.push({ id, name });
    return id;
  }) as [string, string];
  const place = (subscription: string, group: string, location: string): Place => {
    world.addGroup({ subscription, name: group, location });
    return { subscription, group, location };
  };
  let left = limit;
  const vm = (where: Place, spec: VmSpec, configuredIn?: NetworkSecurityGroup[]) => {
    if (left-- <= 0) return undefined;
    const made = builder.vm(where, configuredIn ? { ...spec, tags: { ...spec.tags, ...policyTag } } : spec);
    if (configuredIn) configure(made, spec.name, configuredIn);
    return made.id;
  };
  const https = () => rule('allow-https', 400, 'Allow', { ports: ['443'], sources: ['Internet'] });
  const openSsh = (priority: number) =>
    rule('default-allow-ssh', priority, 'Allow', { ports: ['22'], sources: ['Internet'] });

  const web = place(production, 'rg-web', 'westeurope');
  const webNsg = builder.nsg(web, 'web-subnet-nsg', [https()]);
  const webNet = builder.network(web, 'web-vnet', ['10.10.0.0/16', 'fd00:db8:10::/48']);
  const webSubnet = builder.subnet(webNet, 'web', ['10.10.1.0/24'], webNsg);
  const dualSubnet = builder.subnet(webNet, 'dual', ['10.10.2.0/24', 'fd00:db8:10:2::/64']);
  const web1Nsg = builder.nsg(web, 'web-1-nsg', [https()]);
  vm(web, { name: 'web-1', os: 'Linux', subnet: webSubnet, nsg: web1Nsg, tags: { env: 'prod' } }, [
    web1Nsg,
    webNsg,
  ]);
  vm(web, { name: 'web-2', os: 'Linux', subnet: webSubnet, tags: { env: 'prod' } }, [webNsg]);

  const data = place(production, 'rg-data', 'westeurope');
  const dataSubnet = builder.subnet(builder.network(data, 'data-vnet', ['10.20.0.0/16']), 'sql', [
    '10.20.1.0/24',
  ]);
  const sqlNsg = builder.nsg(data, 'sql-prod-1-nsg', [
    rule('allow-app', 300, 'Allow', { ports: ['1433'], sources: ['10.10.0.0/16'] }),
  ]);
  vm(data, { name: 'sql-prod-1', os: 'Windows', subnet: dataSubnet, nsg: sqlNsg, size: 'Standard_E8s_v5' }, [
    sqlNsg,
  ]);

  const edge = place(production, 'rg-edge', 'northeurope');
  const edgeSubnet = builder.subnet(builder.network(edge, 'edge-vnet', ['10.30.0.0/16']), 'edge', [
    '10.30.1.0/24',
  ]);
  const nicNsg = (where: Place, name: string, rules: Parameters<Builder['nsg']>[2]) =>
    builder.nsg(where, `${name}-nsg`, rules);
  vm(edge, {
    name: 'jump-eu',
    os: 'Linux',
    subnet: edgeSubnet,
    nsg: nicNsg(edge, 'jump-eu', [openSsh(300)]),
  });
  const vendor = rule('AllowBackupVendor', 150, 'Allow', {
    ports: ['22', '10000-10010'],
    sources: ['Internet'],
    protocol: '*',
    description: 'Backup vendor, ticket 4711',
  });
  vm(edge, { name: 'backup-1', os: 'Linux', subnet: edgeSubnet, nsg: nicNsg(edge, 'backup-1', [vendor]) });

  const lab = place(test, 'rg-test', 'westeurope');
  const labNet = builder.network(lab, 'test-vnet', ['10.40.0.0/16']);
  const labSubnet = builder.subnet(labNet, 'test', ['10.40.1.0/24']);
  const agentNsg = nicNsg(lab, 'build-agent-07', []);
  vm(lab, { name: 'build-agent-07', os: 'Linux', subnet: labSubnet, nsg: agentNsg, power: 'deallocated' }, [
    agentNsg,
  ]);
  const rdp = rule('default-allow-rdp', 1000, 'Allow', { ports: ['3389'] });
  vm(lab, { name: 'win-golden', os: 'Windows', subnet: labSubnet, nsg: nicNsg(lab, 'win-golden', [rdp]) });
  vm(lab, { name: 'scratch-3', os: 'Linux', subnet: labSubnet });

  const dualNsg = nicNsg(web, 'dual-1', [https()]);
  vm(web, { name: 'dual-1', os: 'Linux', subnet: dualSubnet, nsg: dualNsg, family: 'dual' }, [dualNsg]);
  const v6Nsg = nicNsg(web, 'v6-only-1', []);
  vm(web, { name: 'v6-only-1', os: 'Linux', subnet: dualSubnet, nsg: v6Nsg, family: 'ipv6' }, [v6Nsg]);
  vm(web, { name: 'app-1', os: 'Linux', subnet: dualSubnet, nsg: nicNsg(web, 'app-1', [openSsh(300)]) });
  vm(lab, { name: 'app-1', os: 'Linux', subnet: labSubnet, nsg: nicNsg(lab, 'app-1', [https()]) });

  for (const { where, spec, locked } of firewalled(builder, { production, test })) {
    vm(where, spec, locked ? (spec.nsg ? [spec.nsg] : []) : undefined);
  }
  if (left-- > 0) addClassic(world, place(production, 'rg-legacy', 'westeurope'), 'old-crm');
  seedHostile(builder, place(test, 'rg-lab', 'northeurope'), vm, openSsh(300));
  seedBalanced(builder, place(production, 'rg-api', 'northeurope'), vm);
  world.defender.plans.add(production);
  seedDefender(builder, place(production, 'rg-crm', 'westeurope'), vm);
  seedGoverned(builder, place(production, 'rg-governed', 'northeurope'), vm);
  seedTiers(builder, place(production, 'rg-tiers', 'northeurope'), vm);
  return builder;
}

/** Names made to hurt. The practice cloud takes any name, also those that Azure would refuse. */
function seedHostile(
  builder: Builder,
  where: Place,
  vm: (where: Place, spec: VmSpec, configuredIn?: NetworkSecurityGroup[]) => unknown,
  exposing: ReturnType<typeof rule>,
): void {
  const nsg = builder.nsg(where, 'lab-nsg', [exposing]);
  const subnet = builder.subnet(
    builder.network(where, 'lab-vnet', ['10.50.0.0/16']),
    'lab',
    ['10.50.1.0/24'],
    nsg,
  );
  vm(where, { name: '-oProxyCommand=touch pwned', os: 'Linux', subnet }, [nsg]);
  // A slash would be a level of the resource's id: the one thing a name can't hold even here.
  vm(where, { name: "=cmd|' -C calc'!A0", os: 'Windows', subnet });
  vm(where, { name: '<img src=x onerror=alert(1)>', os: 'Linux', subnet });
  vm(where, { name: 'invoice-\u202Efdp.exe', os: 'Linux', subnet }, [nsg]);
  vm(where, { name: `long-${'name-'.repeat(39)}`.slice(0, 200), os: 'Linux', subnet });
}

function addClassic(world: World, where: Place, name: string): void {
  world.add({
    id: idOf(where, 'Microsoft.ClassicCompute/virtualMachines', name),
    name,
    type: 'Microsoft.ClassicCompute/virtualMachines',
    location: where.location,
    properties: {
      hardwareProfile: { size: 'Standard_A2' },
      storageProfile: { operatingSystemDisk: { operatingSystem: 'Windows' } },
      instanceView: { status: 'ReadyRole', powerState: 'Started', publicIpAddresses: ['203.0.113.251'] },
    },
  });
}

/** VMs made by rule, so that a world of any size is the same every time. Every 100 share a group, a subnet and its NSG (so its locks fit into 200–299). */
export function generate(builder: Builder, count: number): void {
  const { world } = builder;
  const perSubnet = 100;
  for (let first = 0; first < count; first += perSubnet) {
    const block = first / perSubnet;
    const subscription = world.subscriptions[block % 2]?.id ?? '';
    const where: Place = {
      subscription,
      group: `rg-fleet-${block}`,
      location: block % 3 === 0 ? 'northeurope' : 'westeurope',
    };
    world.addGroup({ subscription, name: where.group, location: where.location });
    const shared = builder.nsg(where, `fleet-${block}-nsg`, [
      rule('allow-web', 400, 'Allow', { ports: ['80', '443'], sources: ['Internet'] }),
    ]);
    const octet = 64 + (block >> 8);
    const vnet = builder.network(where, `fleet-${block}-vnet`, [`10.${octet}.${block & 255}.0/24`]);
    const subnet = builder.subnet(vnet, 'fleet', [`10.${octet}.${block & 255}.0/24`], shared);
    for (let index = first; index < Math.min(first + perSubnet, count); index++) {
      const name = `vm-${String(index + 1).padStart(5, '0')}`;
      const os = index % 4 === 3 ? 'Windows' : 'Linux';
      const own = index % 3 === 0 ? builder.nsg(where, `${name}-nsg`, []) : undefined;
      const configured = index % 5 < 3;
      const power = index % 17 === 16 ? ('deallocated' as const) : undefined;
      const spec: VmSpec = { name, os, subnet, nsg: own, power };
      const made = builder.vm(where, configured ? { ...spec, tags: { ...policyTag } } : spec);
      if (configured) configure(made, name, own ? [shared, own] : [shared]);
    }
  }
}
