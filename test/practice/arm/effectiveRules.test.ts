/** The rules in force on an interface, as clients read them: the official SDK (and through it `az network nic list-effective-nsg`). */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PracticeArm, startArm } from './setup.ts';

let practice: PracticeArm;
beforeAll(async () => {
  practice = await startArm();
});
afterAll(async () => practice.stop());

const ask = async (subscription: string, group: string, nic: string) =>
  practice
    .network(subscription)
    .networkInterfaces.listEffectiveNetworkSecurityGroups(group, nic)
    .pollUntilDone();

test('both NSGs, subnet first, with their default rules', async () => {
  const { value } = await ask(practice.production, 'rg-web', 'web-1-nic');
  expect(value.map(one => one.networkSecurityGroup?.id?.split('/').at(-1))).toEqual([
    'web-subnet-nsg',
    'web-1-nsg',
  ]);
  expect(value.map(one => (one.association?.subnet ? 'subnet' : 'nic'))).toEqual(['subnet', 'nic']);
  const names = value[0]?.effectiveSecurityRules?.map(rule => rule.name) ?? [];
  expect(names).toEqual(
    expect.arrayContaining(['securityRules/allow-https', 'defaultSecurityRules/DenyAllInBound']),
  );
});

test('an application security group stands in a rule as the addresses of its members', async () => {
  const { value } = await ask(practice.production, 'rg-tiers', 'tier-2-nic');
  const ssh = value[0]?.effectiveSecurityRules?.find(rule => rule.name?.endsWith('/ssh-to-admin-hosts'));
  expect(ssh).toMatchObject({ access: 'Allow', destinationAddressPrefixes: ['10.72.1.4/32'] });
});

test('only of a VM that runs', async () => {
  await expect(ask(practice.test, 'rg-test', 'build-agent-07-nic')).rejects.toMatchObject({
    code: 'NetworkInterfaceNotAttachedToRunningVM',
  });
});
