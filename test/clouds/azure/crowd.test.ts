/** More VMs behind one NSG than there are priorities for locks, locked and unlocked all at once. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Cloud } from '../../../main/clouds/cloud.ts';
import { Builder, type Place, rule } from '../../../main/practice/arm/build.ts';
import { letsThrough } from '../../../main/practice/arm/evaluate.ts';
import type { NetworkSecurityGroup } from '../../../main/practice/arm/resources.ts';
import { parseGrantId, type VmId } from '../../../shared/domain/ids.ts';
import { defaultPolicy } from '../../../shared/domain/policyTag.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { mark } from './build.ts';
import { type Practice, startPractice } from './practice.ts';

const ports = defaultPolicy.ports.slice(0, 1);

let practice: Practice;
let cloud: Cloud;
let place: Place;
beforeAll(async () => {
  practice = await startPractice();
  cloud = await practice.signIn();
  const [first] = practice.arm.world.subscriptions;
  place = { subscription: first?.id ?? '', group: 'rg-crowd', location: 'westeurope' };
  practice.arm.world.addGroup({ ...place, name: place.group });
});
afterAll(async () => practice.stop());

/** So many VMs in one subnet behind one NSG with these rules. */
async function crowd(
  name: string,
  count: number,
  rules: NetworkSecurityGroup['properties']['rules'],
): Promise<{ vms: Vm[]; nsg: NetworkSecurityGroup; open: () => string[] }> {
  const builder = new Builder(practice.arm.world);
  const nsg = builder.nsg(place, `${name}-nsg`, rules);
  const network = builder.network(place, `${name}-vnet`, ['10.90.0.0/16']);
  const subnet = builder.subnet(network, name, ['10.90.1.0/24'], nsg);
  const ids = Array.from({ length: count }, (_, i) => {
    const made = builder.vm(place, { name: `${name}-${i}`, os: 'Linux', subnet, isPublic: false });
    return made.id.toLowerCase() as VmId;
  });
  const vms: Vm[] = [];
  for (const id of ids) {
    const vm = await cloud.vm(id);
    if (vm !== undefined) vms.push(vm);
  }
  const open = () => ids.filter(id => letsThrough(practice.arm.world, id, '127.0.0.1', 22));
  return { vms, nsg, open };
}

const standing = (nsg: NetworkSecurityGroup) =>
  nsg.properties.rules
    .map(({ name, properties }) => ({ name, ...properties }))
    .toSorted((a, b) => a.priority - b.priority);
const lock = async (vms: Vm[]) => {
  const plans = await Promise.all(vms.map(async vm => ({ vm, plan: await cloud.planLock(vm, ports) })));
  const done = await Promise.allSettled(plans.map(({ vm, plan }) => cloud.apply(plan, vm, async () => {})));
  return {
    plans: plans.map(({ plan }) => plan),
    refused: vms.filter((_, i) => done[i]?.status === 'rejected'),
  };
};
const unlock = async (vms: Vm[]) => {
  const plans = await Promise.all(vms.map(async vm => ({ vm, plan: await cloud.planUnlock(vm) })));
  await Promise.all(plans.map(({ vm, plan }) => cloud.apply(plan, vm, async () => {})));
};

it('sixty at once: a rule of somebody else makes way once, each lock has its own priority, and all comes back', async () => {
  const early = rule('vendor', 150, 'Allow', { ports: ['22'], sources: ['Internet'] });
  const { vms, nsg, open } = await crowd('sixty', 60, [early, rule('web', 300, 'Allow', { ports: ['443'] })]);
  const before = standing(nsg);
  expect(open()).toHaveLength(60);
  const { plans, refused } = await lock(vms);
  expect(refused).toEqual([]);
  expect(plans.every(plan => plan.steps.some(step => step.foreign && step.what.includes('vendor')))).toBe(
    true,
  );
  expect(open()).toEqual([]);
  expect(new Set(standing(nsg).map(({ priority }) => priority)).size).toBe(62);
  await unlock(vms);
  expect(standing(nsg)).toEqual(before);
  expect(nsg.tags ?? {}).toEqual({});
});

it('more than a hundred: the others go behind 299, before whatever would let their ports through', async () => {
  const { vms, nsg, open } = await crowd('many', 115, [
    rule('portal-ssh', 310, 'Allow', { ports: ['22'], sources: ['Internet'] }),
  ]);
  const before = standing(nsg);
  const first = await lock(vms);
  // Ten found room before the rule at 310; for the others it has to make way, which no plan had named.
  expect(first.refused).toHaveLength(5);
  expect(open()).toHaveLength(5);
  const again = await lock(first.refused);
  expect(again.plans[0]?.steps.find(step => step.foreign)?.what).toContain('from priority 310 to 3000');
  expect(again.plans[0]?.warnings.join()).toContain('from 200 to 299');
  expect(again.refused).toEqual([]);
  expect(open()).toEqual([]);
  await unlock(vms);
  expect(standing(nsg)).toEqual(before);
  expect(nsg.tags ?? {}).toEqual({});
});

it('no priority left for a grant: said with what to do, after a look whether that still holds', async () => {
  const taken = Array.from({ length: 100 }, (_, i) =>
    rule(`theirs-${i}`, 100 + i, 'Allow', { ports: ['443'] }),
  );
  const { vms, nsg } = await crowd('full', 1, taken);
  const [vm] = vms;
  if (vm === undefined) throw new Error('no VM');
  const order = (grant: string) => {
    const [one] = cloud.orders(vm, {
      ports: [{ port: 22, protocol: 'tcp' }],
      sources: ['203.0.113.7/32'],
      mark: { ...mark, grant: parseGrantId(grant) },
    });
    if (one === undefined) throw new Error('no order');
    return one;
  };
  await expect(cloud.open(order('aaaabbbbcccc'))).rejects.toMatchObject({
    code: 'CLOUD_QUOTA',
    fix: expect.stringContaining('latchkey grants'),
  });
  nsg.properties.rules.shift();
  const opened = await cloud.open(order('aaaabbbbcccc'));
  expect(nsg.properties.rules.find(({ name }) => name === opened.names[0])?.properties.priority).toBe(100);
});
