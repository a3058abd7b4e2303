import { createHash, createHmac } from 'node:crypto';
import {
  AuthorizeSecurityGroupIngressCommand,
  DescribeRegionsCommand,
  EC2Client,
  StopInstancesCommand,
} from '@aws-sdk/client-ec2';
import { ListSchedulesCommand, SchedulerClient } from '@aws-sdk/client-scheduler';
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { isSignedBy, readSignature } from '../../../main/practice/ec2/sigv4.ts';
import { groupNamed, instanceNamed, startAws, tcp } from './setup.ts';

let aws: Awaited<ReturnType<typeof startAws>>;

beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.stop());
afterEach(() => {
  aws.clock.aheadMs = 0;
});

const regions = new DescribeRegionsCommand({});
const who = new GetCallerIdentityCommand({});

describe('keys', () => {
  test('GetCallerIdentity tells whose the key is', async () => {
    expect(await aws.sts.send(who)).toMatchObject({
      Account: aws.world.account,
      Arn: `arn:aws:iam::${aws.world.account}:user/lena`,
    });
  });

  test.each([
    ['an unknown key', { accessKeyId: 'AKIA0000000000000000', secretAccessKey: 'x' }],
    ['a wrong secret', { secretAccessKey: 'wrong' }],
  ])('%s is turned away, by each service in its words', async (what, credentials) => {
    const settings = aws.settings('operator', 'eu-north-1');
    const wrong = { ...settings, credentials: { ...settings.credentials, ...credentials } };
    await expect(new EC2Client(wrong).send(regions)).rejects.toMatchObject({
      name: 'AuthFailure',
      $metadata: { httpStatusCode: 401 },
    });
    await expect(new STSClient(wrong).send(who)).rejects.toMatchObject({
      name: what === 'an unknown key' ? 'InvalidClientTokenId' : 'SignatureDoesNotMatch',
    });
    await expect(
      new SchedulerClient({ ...wrong, maxAttempts: 1 }).send(new ListSchedulesCommand({})),
    ).rejects.toMatchObject({
      name: what === 'an unknown key' ? 'UnrecognizedClientException' : 'InvalidSignatureException',
    });
  });

  test('a request without a signature is turned away', async () => {
    const answer = await fetch(`${aws.endpoint}/?Action=DescribeRegions&Version=2016-11-15`);
    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain('<Code>MissingAuthenticationToken</Code>');
  });

  test('a region the account does not have is turned away', async () => {
    const client = new EC2Client(aws.settings('operator', 'mars-west-1'));
    await expect(client.send(regions)).rejects.toMatchObject({ name: 'AuthFailure' });
  });

  test('a signature too far from the cloud’s time is turned away', async () => {
    aws.clock.aheadMs = 16 * 60_000;
    await expect(aws.ec2.send(regions)).rejects.toMatchObject({ name: 'RequestExpired' });
    // The SDK has read the Date header of that answer, so the next one may well get through; a new client does not.
    aws.clock.aheadMs = 14 * 60_000;
    await expect(new EC2Client(aws.settings('operator', 'eu-north-1')).send(regions)).resolves.toBeDefined();
  });
});

describe('rights', () => {
  const stop = () => new StopInstancesCommand({ InstanceIds: [instanceNamed(aws.north, 'pay-api-1').id] });

  test('a viewer reads and does not write', async () => {
    await expect(aws.viewer.send(regions)).resolves.toBeDefined();
    await expect(aws.viewer.send(stop())).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
      $metadata: { httpStatusCode: 403 },
    });
    expect(instanceNamed(aws.north, 'pay-api-1').power.goal).toBe('running');
  });

  test('DryRun says whether one may, and does nothing', async () => {
    const group = groupNamed(aws.north, 'pay-shared');
    const before = group.rules.size;
    const dry = new AuthorizeSecurityGroupIngressCommand({
      GroupId: group.id,
      IpPermissions: [tcp(22, '192.0.2.1/32')],
      DryRun: true,
    });
    await expect(aws.ec2.send(dry)).rejects.toMatchObject({ name: 'DryRunOperation' });
    await expect(aws.viewer.send(dry)).rejects.toMatchObject({ name: 'UnauthorizedOperation' });
    expect(group.rules.size).toBe(before);
  });

  test('a role is taken with AssumeRole, and ends', async () => {
    const RoleArn = `arn:aws:iam::${aws.world.account}:role/LatchkeyViewer`;
    const { Credentials, AssumedRoleUser } = await aws.sts.send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName: 'lena', DurationSeconds: 900 }),
    );
    const arn = `arn:aws:sts::${aws.world.account}:assumed-role/LatchkeyViewer/lena`;
    expect(AssumedRoleUser?.Arn).toBe(arn);
    const credentials = {
      accessKeyId: Credentials?.AccessKeyId ?? '',
      secretAccessKey: Credentials?.SecretAccessKey ?? '',
      sessionToken: Credentials?.SessionToken ?? '',
    };
    const settings = { ...aws.settings('viewer', 'eu-north-1'), credentials };
    expect(await new STSClient(settings).send(who)).toMatchObject({ Arn: arn });
    await expect(new EC2Client(settings).send(stop())).rejects.toMatchObject({
      name: 'UnauthorizedOperation',
    });
    const noToken = { ...settings, credentials: { ...credentials, sessionToken: '' } };
    await expect(new EC2Client(noToken).send(regions)).rejects.toMatchObject({ name: 'AuthFailure' });
    const session = aws.world.keys.get(credentials.accessKeyId)?.session;
    if (session) session.ends = Date.now() - 1;
    await expect(new STSClient(settings).send(who)).rejects.toMatchObject({
      name: 'ExpiredToken',
    });
    const viewer = new STSClient(aws.settings('viewer', 'eu-north-1'));
    const operator = RoleArn.replace('Viewer', 'Operator');
    await expect(
      viewer.send(new AssumeRoleCommand({ RoleArn: operator, RoleSessionName: 'audit' })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
  });
});

test('the signature of AWS’s own example is the one we make', () => {
  // docs.aws.amazon.com, "Signature Version 4 test suite", get-vanilla-query-order-key-case
  const request = {
    method: 'GET',
    url: '/?Param2=value2&Param1=value1',
    headers: {
      host: 'example.amazonaws.com',
      'x-amz-date': '20150830T123600Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    },
    body: Buffer.alloc(0),
  };
  const signature = readSignature(request.headers);
  if (!signature) throw new Error('unread');
  const secret = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
  expect(isSignedBy(secret, request, signature)).toBe(true);
  expect(isSignedBy(secret, { ...request, url: '/?Param2=value2&Param1=other' }, signature)).toBe(false);
  expect(isSignedBy(secret, { ...request, body: Buffer.from('x') }, signature)).toBe(false);
  expect(isSignedBy(`${secret}x`, request, signature)).toBe(false);
});

test('Scheduler is not there yet, and says so as Scheduler does', async () => {
  const { host } = new URL(aws.endpoint);
  const time = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const scope = `${time.slice(0, 8)}/eu-north-1/scheduler/aws4_request`;
  const { accessKeyId, secretAccessKey } = aws.settings('operator', 'eu-north-1').credentials;
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const lines = [
    'GET',
    '/schedules/latchkey',
    '',
    `host:${host}`,
    `x-amz-date:${time}`,
    '',
    'host;x-amz-date',
  ];
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256([...lines, sha256('')].join('\n'))].join('\n');
  const key = [...scope.split('/'), toSign].reduce<Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    Buffer.from(`AWS4${secretAccessKey}`),
  );
  const authorization = `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=host;x-amz-date, Signature=${key.toString('hex')}`;
  const ask = (headers: Record<string, string>) =>
    fetch(`${aws.endpoint}/schedules/latchkey`, { headers: { 'x-amz-date': time, ...headers } });
  const answer = await ask({ authorization });
  expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([404, 'ResourceNotFoundException']);
  const stranger = await ask({ authorization: authorization.replace(accessKeyId, 'AKIA0') });
  expect([stranger.status, (await stranger.json()).__type]).toEqual([403, 'UnrecognizedClientException']);
});
