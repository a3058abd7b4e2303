/** Amazon's own command line against the practice cloud, where it is installed. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { awsActionOf, awsErrorBody, registerEc2 } from '../../../main/practice/ec2/register.ts';
import { createAwsWorld } from '../../../main/practice/ec2/seed.ts';
import { createServerCore, type ServerCore } from '../../../main/practice/server/core.ts';
import { groupNamed, instanceNamed } from './setup.ts';

const run = promisify(execFile);
const program = await findAws();

/** The first `aws` on PATH that starts: a shim may stand in front of the real one. */
async function findAws(): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, 'aws');
    const works = await run(path, ['--version'], { timeout: 15_000 }).then(
      () => true,
      () => false,
    );
    if (works) return path;
  }
  return undefined;
}

const world = createAwsWorld({ now: () => Date.now(), lagMs: 0 });
let core: ServerCore;
let folder: string;
let env: NodeJS.ProcessEnv;
let endpoint: string;

beforeAll(async () => {
  core = await createServerCore();
  const door = await core.open({
    cloud: 'aws',
    actionOf: awsActionOf,
    errorBody: awsErrorBody,
    routes: app => registerEc2(app, { world, hostKeys: () => [] }),
  });
  endpoint = door.url;
  folder = await mkdtemp(join(tmpdir(), 'latchkey-aws-'));
  await writeFile(join(folder, 'ca.pem'), core.certificates.ca);
  const key = [...world.keys.values()].find(each => each.role === 'operator');
  env = {
    PATH: process.env.PATH,
    HOME: folder,
    AWS_CONFIG_FILE: join(folder, 'config'),
    AWS_ACCESS_KEY_ID: key?.id,
    AWS_SECRET_ACCESS_KEY: key?.secret,
    AWS_DEFAULT_REGION: 'eu-north-1',
    AWS_CA_BUNDLE: join(folder, 'ca.pem'),
    AWS_MAX_ATTEMPTS: '1',
  };
});
afterAll(async () => {
  await core.close();
  await rm(folder, { recursive: true, force: true });
});

async function aws(...args: string[]) {
  const { stdout } = await run(program ?? '', ['--endpoint-url', endpoint, '--output', 'json', ...args], {
    env,
    timeout: 30_000,
  });
  return stdout === '' ? {} : JSON.parse(stdout);
}

test.skipIf(!program)(
  'aws lists instances, and adds, lists and removes a rule',
  { timeout: 60_000 },
  async () => {
    const region = world.regions.get('eu-north-1');
    if (!region) throw new Error('no region');
    const { Reservations } = await aws('ec2', 'describe-instances');
    expect(Reservations).toHaveLength(region.instances.size);

    const group = groupNamed(region, `latchkey-${instanceNamed(region, 'pay-db').id}`).id;
    const where = ['--group-id', group];
    const rule = ['--protocol', 'tcp', '--port', '22', '--cidr', '127.0.0.1/32'];
    const made = await aws('ec2', 'authorize-security-group-ingress', ...where, ...rule);
    const id = made.SecurityGroupRules[0].SecurityGroupRuleId;
    const listed = await aws(
      'ec2',
      'describe-security-group-rules',
      '--filters',
      `Name=group-id,Values=${group}`,
    );
    expect(listed.SecurityGroupRules).toContainEqual(
      expect.objectContaining({ SecurityGroupRuleId: id, CidrIpv4: '127.0.0.1/32', IsEgress: false }),
    );
    await expect(aws('ec2', 'authorize-security-group-ingress', ...where, ...rule)).rejects.toMatchObject({
      stderr: expect.stringContaining('InvalidPermission.Duplicate'),
    });
    const revoked = await aws(
      'ec2',
      'revoke-security-group-ingress',
      ...where,
      '--security-group-rule-ids',
      id,
    );
    expect(revoked.Return).toBe(true);
    expect(core.log.list().map(request => request.action)).toContain('RevokeSecurityGroupIngress');
  },
);

test.skipIf(!program)('aws makes a role, and a schedule that acts with it', { timeout: 60_000 }, async () => {
  const trust = {
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'scheduler.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  };
  const role = ['--role-name', 'runner'];
  await aws('iam', 'create-role', ...role, '--assume-role-policy-document', JSON.stringify(trust));
  const { Role } = await aws('iam', 'get-role', ...role);
  expect(Role).toMatchObject({ RoleName: 'runner', AssumeRolePolicyDocument: trust });
  const target = {
    Arn: 'arn:aws:scheduler:::aws-sdk:ec2:revokeSecurityGroupIngress',
    RoleArn: Role.Arn,
    Input: '{}',
  };
  const name = ['--name', 'latchkey-sgr-1'];
  const at = `at(${new Date(Date.now() + 3_600_000).toISOString().slice(0, 19)})`;
  const when = ['--schedule-expression', at, '--flexible-time-window', 'Mode=OFF'];
  const what = ['--target', JSON.stringify(target)];
  const made = await aws('scheduler', 'create-schedule', ...name, ...when, ...what);
  expect(made.ScheduleArn).toContain(':schedule/default/latchkey-sgr-1');
  const { Schedules } = await aws('scheduler', 'list-schedules', '--name-prefix', 'latchkey-');
  expect(Schedules).toEqual([expect.objectContaining({ Name: 'latchkey-sgr-1', State: 'ENABLED' })]);
  await aws('scheduler', 'delete-schedule', ...name);
  expect((await aws('scheduler', 'list-schedules')).Schedules).toEqual([]);
});

test.skipIf(!program)('aws knows who it is', { timeout: 30_000 }, async () => {
  expect(await aws('sts', 'get-caller-identity')).toMatchObject({ Account: world.account });
});

test.runIf(!program)('aws is not installed here: its test was left out', () => {
  expect(program).toBeUndefined();
});
