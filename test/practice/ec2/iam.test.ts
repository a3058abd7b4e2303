/** Roles and who may take them, codes of MFA devices, keys that end: by the official clients of IAM and STS. */
import { DescribeInstancesCommand, DescribeRegionsCommand, EC2Client } from '@aws-sdk/client-ec2';
import {
  CreateRoleCommand,
  GetUserCommand,
  IAMClient,
  ListMFADevicesCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AssumeRoleCommand,
  type AssumeRoleCommandInput,
  type Credentials,
  GetAccessKeyInfoCommand,
  GetCallerIdentityCommand,
  GetSessionTokenCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { expect, onTestFinished, test } from 'vitest';
import { mfaCodeAt } from '../../../main/practice/ec2/mfa.ts';
import { addAccount, type WorldOptions } from '../../../main/practice/ec2/seed.ts';
import type { World } from '../../../main/practice/ec2/world.ts';
import { startAws } from './setup.ts';

async function start(options: Partial<WorldOptions> = {}) {
  const aws = await startAws(options);
  onTestFinished(() => aws.stop());
  const iam = new IAMClient(aws.settings('operator', 'eu-north-1'));
  const holding = (credentials: Credentials | undefined) => ({
    endpoint: aws.endpoint,
    region: 'eu-north-1',
    maxAttempts: 1,
    credentials: {
      accessKeyId: credentials?.AccessKeyId ?? '',
      secretAccessKey: credentials?.SecretAccessKey ?? '',
      ...(credentials?.SessionToken ? { sessionToken: credentials.SessionToken } : {}),
    },
  });
  return {
    ...aws,
    iam,
    holding,
    role: (name: string, world = aws.world) => `arn:${world.partition}:iam::${world.account}:role/${name}`,
    take: (client: STSClient, RoleArn: string, more: Partial<AssumeRoleCommandInput> = {}) =>
      client.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: 'night-shift', ...more })),
    code: () => codeOf(aws.world),
  };
}

/** The device of Lena, and what it shows now. */
function codeOf(world: World): { SerialNumber: string; TokenCode: string } {
  const [found] = world.mfa;
  if (!found) throw new Error('no device');
  const [SerialNumber, device] = found;
  return { SerialNumber, TokenCode: mfaCodeAt(device, world.now()) };
}

const policy = (statement: object) =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', ...statement }] });
const trust = (AWS: string, Condition = {}) =>
  policy({ Principal: { AWS }, Action: 'sts:AssumeRole', Condition });

test('a role is taken by whom its trust policy names, and does what its policies allow', async () => {
  const { iam, sts, take, role, world, holding } = await start();
  const make = (RoleName: string, AssumeRolePolicyDocument: string) =>
    iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  await make('reader', trust(world.account));
  await make('others', trust('210987654321'));
  await iam.send(
    new PutRolePolicyCommand({
      RoleName: 'reader',
      PolicyName: 'reads',
      PolicyDocument: policy({ Action: 'ec2:DescribeInstances', Resource: '*' }),
    }),
  );
  const refused = { name: 'AccessDenied', message: expect.stringContaining('sts:AssumeRole') };
  await expect(take(sts, role('others'))).rejects.toMatchObject(refused);
  await expect(take(sts, role('nobody'))).rejects.toMatchObject(refused);
  const { Credentials, AssumedRoleUser } = await take(sts, role('reader'));
  expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${world.account}:assumed-role/reader/night-shift`);
  const ec2 = new EC2Client(holding(Credentials));
  await ec2.send(new DescribeInstancesCommand({}));
  await expect(ec2.send(new DescribeRegionsCommand({}))).rejects.toMatchObject({
    name: 'UnauthorizedOperation',
  });
});

test('a role that wants a code is taken with one, each code once; so are keys of a user', async () => {
  const { iam, sts, take, role, world, holding, code, clock } = await start();
  const condition = { Bool: { 'aws:MultiFactorAuthPresent': 'true' } };
  const document = trust(`arn:aws:iam::${world.account}:user/lena`, condition);
  await iam.send(new CreateRoleCommand({ RoleName: 'guarded', AssumeRolePolicyDocument: document }));
  await expect(take(sts, role('guarded'))).rejects.toMatchObject({ name: 'AccessDenied' });
  const shown = code();
  await take(sts, role('guarded'), shown);
  await expect(take(sts, role('guarded'), shown)).rejects.toThrow(
    'MultiFactorAuthentication failed with invalid MFA one time pass code.',
  );
  clock.aheadMs += 60_000;
  const { Credentials } = await sts.send(new GetSessionTokenCommand({ ...code(), DurationSeconds: 900 }));
  const lent = new STSClient(holding(Credentials));
  expect((await lent.send(new GetCallerIdentityCommand({}))).Arn).toMatch(/:user\/lena$/);
  await take(lent, role('guarded'));
  await expect(lent.send(new GetSessionTokenCommand({}))).rejects.toThrow('session credentials');
  const session = world.keys.get(Credentials?.AccessKeyId ?? '')?.session;
  expect(session?.ends).toBeCloseTo(world.now() + 900_000, -4);
  if (session) session.ends = world.now();
  await expect(lent.send(new GetCallerIdentityCommand({}))).rejects.toMatchObject({ name: 'ExpiredToken' });
});

test('roles are taken one with another, into other accounts, for an hour at most', async () => {
  const { sts, take, role, world, holding } = await start();
  const shop = addAccount(world, {
    account: '210987654321',
    name: 'shop',
    regions: ['eu-north-1'],
    perRegion: 1,
  });
  const first = await take(sts, role('LatchkeyOperator'), { SourceIdentity: 'ada', DurationSeconds: 7200 });
  expect(first.SourceIdentity).toBe('ada');
  const chained = new STSClient(holding(first.Credentials));
  await expect(take(chained, role('LatchkeyViewer', shop), { DurationSeconds: 3601 })).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining('role chaining'),
  });
  const second = await take(chained, role('LatchkeyViewer', shop));
  expect(second).toMatchObject({
    SourceIdentity: 'ada',
    AssumedRoleUser: { Arn: 'arn:aws:sts::210987654321:assumed-role/LatchkeyViewer/night-shift' },
  });
  const AccessKeyId = second.Credentials?.AccessKeyId;
  expect(await sts.send(new GetAccessKeyInfoCommand({ AccessKeyId }))).toMatchObject({
    Account: '210987654321',
  });
  await expect(take(sts, role('LatchkeyViewer'), { DurationSeconds: 899 })).rejects.toMatchObject({
    name: 'ValidationError',
    message: expect.stringContaining('greater than or equal to 900'),
  });
});

test('one asks about oneself: name and devices', async () => {
  const { iam, world } = await start();
  const { User } = await iam.send(new GetUserCommand({}));
  expect(User).toMatchObject({ UserName: 'lena', Arn: `arn:aws:iam::${world.account}:user/lena` });
  const { MFADevices } = await iam.send(new ListMFADevicesCommand({}));
  expect(MFADevices?.map(device => device.SerialNumber)).toEqual([...world.mfa.keys()]);
  await expect(iam.send(new GetUserCommand({ UserName: 'nobody' }))).rejects.toMatchObject({
    name: 'NoSuchEntityException',
  });
});
