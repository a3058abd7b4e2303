/** The adapter against moto's server, an EC2-compatible one that people use: lock, open, extend, close, unlock, guard, doctor. */
import { spawn, spawnSync } from 'node:child_process';
import { EC2 } from '@aws-sdk/client-ec2';
import { expect, onTestFinished, test } from 'vitest';
import { createAwsCloud } from '../../../main/clouds/aws/index.ts';
import { type Cloud, guardOf, pushKey } from '../../../main/clouds/cloud.ts';
import { newAgentKey } from '../../../main/os/agentKey.ts';
import { createClock } from '../../../main/os/clock.ts';
import { createRandom } from '../../../main/os/random.ts';
import { parseAccountId, parseGrantId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { collect, quiet } from './practiceEc2.ts';

const isThere = spawnSync('python3', ['-c', 'import moto.server'], { stdio: 'ignore' }).status === 0;
const region = 'eu-north-1';
const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
const port = { port: 22, protocol: 'tcp' as const };
/** A Linux image that moto knows; its usual one is Windows. */
const linux = 'ami-760aaa0f';

async function startMoto(): Promise<string> {
  const server = spawn('python3', ['-m', 'moto.server', '-H', '127.0.0.1', '-p', '0']);
  onTestFinished(() => void server.kill());
  return new Promise((resolve, reject) => {
    const read = (bytes: Buffer): void => {
      const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(bytes.toString()) ?? [];
      if (url !== undefined) resolve(url);
    };
    server.stdout.on('data', read);
    server.stderr.on('data', read);
    server.once('exit', status => reject(new Error(`moto ended with ${status}`)));
  });
}

/** Two instances that share a group which lets everybody in. */
async function seed(ec2: EC2): Promise<void> {
  const { Vpcs } = await ec2.describeVpcs({});
  const shared = await ec2.createSecurityGroup({
    GroupName: 'shared',
    Description: 'shared',
    VpcId: Vpcs?.[0]?.VpcId,
  });
  const from = [{ CidrIp: '0.0.0.0/0', Description: 'everybody' }];
  await ec2.authorizeSecurityGroupIngress({
    GroupId: shared.GroupId,
    IpPermissions: [22, 443].map(one => ({ IpProtocol: 'tcp', FromPort: one, ToPort: one, IpRanges: from })),
  });
  const { Instances } = await ec2.runInstances({
    ImageId: linux,
    MinCount: 2,
    MaxCount: 2,
    InstanceType: 't3.micro',
    SecurityGroupIds: [shared.GroupId ?? ''],
  });
  const [id = ''] = (Instances ?? []).map(one => one.InstanceId ?? '');
  await ec2.createTags({ Resources: [id], Tags: [{ Key: 'Name', Value: 'one' }] });
}

async function inbound(ec2: EC2): Promise<string[]> {
  const { SecurityGroupRules: rules = [] } = await ec2.describeSecurityGroupRules({});
  const texts = rules
    .filter(rule => !rule.IsEgress)
    .map(rule => `${rule.FromPort} ${rule.CidrIpv4} ${rule.Description ?? ''}`);
  return texts.toSorted();
}

const vmOf = async (cloud: Cloud, id: Vm['id']): Promise<Vm> => {
  const vm = await cloud.vm(id);
  if (!vm) throw new Error('no VM');
  return vm;
};

test.skipIf(!isThere)(
  `everything Latchkey does with an instance${isThere ? '' : ' (missing: Python’s moto with its server)'}`,
  async () => {
    const endpoint = await startMoto();
    const ec2 = new EC2({ region, endpoint, credentials });
    await seed(ec2);
    const before = await inbound(ec2);
    const cloud = createAwsCloud({
      account: parseAccountId('aws:moto'),
      credentials: async () => credentials,
      regions: 'all',
      home: region,
      endpoint,
      clock: createClock(),
      random: createRandom(),
      log: quiet,
    });
    onTestFinished(() => cloud.dispose());
    const scopes = await cloud.scopes();
    const scope = scopes.find(({ name }) => name === region);
    expect(scopes.length).toBeGreaterThan(10);
    if (!scope) throw new Error(`no ${region}`);
    const all = (await collect(cloud.inventory(scope))).flat();
    const vm = all.find(({ name }) => name === 'one');
    if (!vm) throw new Error('no VM');
    expect(all).toHaveLength(2);

    const plan = await cloud.planLock(vm, [{ ...port, sources: [], maxMs: 3_600_000 }]);
    expect(plan.alsoAffects).toHaveLength(1);
    await cloud.apply(plan, vm, async () => undefined);
    expect(await inbound(ec2)).toEqual(['443 0.0.0.0/0 everybody']);
    const locked = await vmOf(cloud, vm.id);

    const install = await guardOf(cloud).plan('install');
    await guardOf(cloud).apply(install);
    expect(await guardOf(cloud).state()).toMatchObject({ state: 'installed' });

    const mark = {
      grant: parseGrantId('aaaaaaaaaaaa'),
      owner: 'jo',
      vmName: 'one',
      end: Date.now() + 3_600_000,
    };
    const [order] = cloud.orders(locked, { ports: [port], sources: ['203.0.113.77/32'], mark });
    if (!order) throw new Error('no order');
    const opened = await cloud.open(order);
    expect(opened).toMatchObject({ foreign: [], endedBy: 'cloud' });
    await cloud.extend({ ...order, mark: { ...mark, end: mark.end + 600_000 } }, opened);
    expect(await collect(cloud.ours({ scope }))).toMatchObject([{ mark: { grant: mark.grant } }]);
    expect((await inbound(ec2)).filter(rule => rule.startsWith('22 203.0.113.77/32 Latchkey'))).toHaveLength(
      1,
    );
    expect(await cloud.close(order.gate, opened.names, [mark.grant])).toMatchObject([{ outcome: 'gone' }]);
    expect(await guardOf(cloud).state()).toMatchObject({ holds: 0 });
    expect((await cloud.examine(locked)).filter(({ state }) => state !== 'ok')).toEqual([]);
    const publicKey = `ssh-ed25519 ${newAgentKey().blob.toString('base64')}`;
    await pushKey(cloud, locked, { user: 'ubuntu', publicKey });

    const unlock = await cloud.planUnlock(locked);
    await cloud.apply(unlock, locked, async () => undefined);
    expect(await inbound(ec2)).toEqual(before);
    const { SecurityGroups } = await ec2.describeSecurityGroups({});
    expect(SecurityGroups?.map(({ GroupName }) => GroupName).toSorted()).toEqual(['default', 'shared']);
  },
);
