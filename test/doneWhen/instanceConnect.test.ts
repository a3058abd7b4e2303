/** EC2 Instance Connect with the real ssh: a machine that lets in nobody but who has a key that was put on it a moment ago. */
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:https';
import { join } from 'node:path';
import { EC2 } from '@aws-sdk/client-ec2';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { expect, test } from 'vitest';
import { openWorld, runWords } from './world.ts';

const world = await openWorld();
const { info } = world;

async function onlyPushedKeys(name: string): Promise<void> {
  const [region = ''] = info.aws.regions;
  const { endpoint, accessKeyId, secretAccessKey } = info.aws;
  const ec2 = new EC2({
    region,
    endpoint,
    credentials: { accessKeyId, secretAccessKey },
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: readFileSync(info.caFile) }) }),
  });
  const { Reservations } = await ec2.describeInstances({ Filters: [{ Name: 'tag:Name', Values: [name] }] });
  const id = Reservations?.[0]?.Instances?.[0]?.InstanceId ?? '';
  await ec2.createTags({ Resources: [id], Tags: [{ Key: 'practice-login', Value: 'pushed-key' }] });
  ec2.destroy();
}

const ssh = await runWords(['ssh', '-V']).catch(() => undefined);

test.skipIf(ssh === undefined)(
  `a key is put there for the connection, and nothing of it is left in a file${ssh ? '' : ' (missing: ssh)'}`,
  async () => {
    await onlyPushedKeys('pay-db');
    await world.run('vms', '--refresh');
    const quiet = ['--', '-oBatchMode=yes', '-oIdentityFile=none'];
    const refused = await world.run('connect', 'pay-db', ...quiet);
    expect(refused.status).toBe(255);
    expect(refused.stderr).toContain('Permission denied');

    const one = await world.run('connect', 'pay-db', '--instance-connect', '--', 'hostname');
    expect([one.status, one.stdout]).toEqual([0, 'pay-db\n']);
    expect(one.stderr).toContain('Putting a key for ec2-user on pay-db.');

    // As this machine is always connected to, also by plain ssh.
    await setPushKey('ubuntu');
    const config = join(world.folder, 'cfg');
    writeFileSync(config, (await world.run('ssh-config')).stdout);
    const plain = await runWords(['ssh', '-F', config, '-oBatchMode=yes', 'pay-db', 'whoami']);
    expect([plain.status, plain.stdout]).toEqual([0, 'ubuntu\n']);

    const rdp = await world.error('connect', 'pay-desk', '--instance-connect', '--ssh');
    expect(rdp.status).not.toBe(0);
    const azure = await world.run('connect', 'web-1', '--instance-connect', '--', 'hostname');
    expect(azure.status).not.toBe(0);
    expect(azure.stderr).toContain('A key can be put on machines of AWS only');
  },
);

/** By the window's own door: the command line has no settings of one VM. */
async function setPushKey(user: string): Promise<void> {
  const { connectBroker } = await import('../../main/doors/client.ts');
  const connection = await connectBroker(world.data);
  await connection?.client.connect.settings.set({ vm: 'pay-db', settings: { pushKey: true, user } });
  connection?.close();
}
