/** The practice CloudTrail as its official client sees it. */
import {
  CloudTrailClient,
  LookupEventsCommand,
  type LookupEventsCommandInput,
} from '@aws-sdk/client-cloudtrail';
import {
  AuthorizeSecurityGroupIngressCommand,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupIngressCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Params } from '../../../main/practice/ec2/query.ts';
import { record } from '../../../main/practice/ec2/trail/record.ts';
import { groupNamed, startAws } from './setup.ts';

let aws: Awaited<ReturnType<typeof startAws>>;
let trail: CloudTrailClient;
let GroupId: string;

beforeAll(async () => {
  aws = await startAws();
  trail = new CloudTrailClient(aws.settings('operator', 'eu-north-1'));
  GroupId = groupNamed(aws.north, 'pay-data').id;
});
beforeEach(() => {
  aws.world.trail.length = 0;
  aws.world.trailLagMs = 0;
  aws.world.trailPerSecond = 1_000;
});
afterAll(() => aws.stop());

const lookUp = (input: LookupEventsCommandInput = {}) => trail.send(new LookupEventsCommand(input));
const named = (AttributeValue: string) => ({
  LookupAttributes: [{ AttributeKey: 'EventName' as const, AttributeValue }],
});
const rule = (port: number, Description = 'for the audit') => [
  { IpProtocol: 'tcp', FromPort: port, ToPort: port, IpRanges: [{ CidrIp: '203.0.113.9/32', Description }] },
];
const open = (port: number) =>
  aws.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: rule(port) }));

/** Events of now, without a request each. */
function write(count: number, atMs: (n: number) => number): void {
  const [key] = aws.world.keys.values();
  if (!key) throw new Error('no key');
  const params = Params.parse(`GroupId=${GroupId}`);
  const done = {
    region: 'eu-north-1',
    key,
    params,
    ip: '203.0.113.9',
    userAgent: 'x',
    answer: { return: true },
  };
  for (let n = 0; n < count; n++) {
    const world = { ...aws.world, trail: aws.world.trail, now: () => atMs(n) };
    record({ ...done, world, name: 'RevokeSecurityGroupIngress', requestId: `r-${n}` });
  }
}

test('what was written is there as EC2 logs it, under the request’s id, by the user who did it', async () => {
  const { SecurityGroupRules, $metadata } = await open(8001);
  const id = SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
  await aws.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, SecurityGroupRuleIds: [id] }));
  const { Events = [] } = await lookUp();
  expect(Events.map(({ EventName }) => EventName)).toEqual([
    'RevokeSecurityGroupIngress',
    'AuthorizeSecurityGroupIngress',
  ]);
  expect(Events[1]).toMatchObject({
    Username: 'lena',
    ReadOnly: 'false',
    EventSource: 'ec2.amazonaws.com',
    Resources: [{ ResourceType: 'AWS::EC2::SecurityGroup', ResourceName: GroupId }],
  });
  const [revoked, written] = Events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent ?? ''));
  expect(written).toMatchObject({
    eventID: Events[1]?.EventId,
    eventName: 'AuthorizeSecurityGroupIngress',
    awsRegion: 'eu-north-1',
    readOnly: false,
    requestID: $metadata.requestId,
    recipientAccountId: aws.world.account,
    sourceIPAddress: '127.0.0.1',
    userAgent: expect.stringContaining('aws-sdk-js'),
    userIdentity: { type: 'IAMUser', userName: 'lena', accountId: aws.world.account },
    requestParameters: {
      groupId: GroupId,
      ipPermissions: {
        items: [
          {
            ipProtocol: 'tcp',
            fromPort: 8001,
            toPort: 8001,
            ipRanges: { items: [{ cidrIp: '203.0.113.9/32', description: 'for the audit' }] },
          },
        ],
      },
    },
    responseElements: {
      requestId: $metadata.requestId,
      _return: true,
      securityGroupRuleSet: { items: [{ securityGroupRuleId: id, cidrIpv4: '203.0.113.9/32' }] },
    },
  });
  expect(written.eventTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  expect(revoked.requestParameters).toMatchObject({
    groupId: GroupId,
    securityGroupRuleIds: { items: [{ securityGroupRuleId: id }] },
  });
});

test('an edit in the console, a refusal and a try are there too', async () => {
  const { SecurityGroupRules } = await open(8002);
  const SecurityGroupRuleId = SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
  const SecurityGroupRule = { IpProtocol: 'tcp', FromPort: 8003, ToPort: 8003, CidrIpv4: '203.0.113.9/32' };
  await aws.ec2.send(
    new ModifySecurityGroupRulesCommand({
      GroupId,
      SecurityGroupRules: [{ SecurityGroupRuleId, SecurityGroupRule }],
    }),
  );
  await expect(open(8003)).rejects.toThrow();
  const tried = new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: rule(1), DryRun: true });
  await expect(aws.ec2.send(tried)).rejects.toThrow();
  await expect(aws.viewer.send(tried)).rejects.toThrow();
  const { Events = [] } = await lookUp();
  const records = Events.map(({ CloudTrailEvent }) => JSON.parse(CloudTrailEvent ?? ''));
  expect(records.map(({ errorCode }) => errorCode)).toEqual([
    'Client.UnauthorizedOperation',
    'Client.DryRunOperation',
    'Client.InvalidPermission.Duplicate',
    undefined,
    undefined,
  ]);
  expect(records[2].responseElements).toBeNull();
  expect(records[3].requestParameters).toMatchObject({
    ModifySecurityGroupRulesRequest: { GroupId, SecurityGroupRule: [{ SecurityGroupRuleId }] },
  });
});

test('one attribute, a time range, pages of 50 over thousands, newest first, in its region alone', async () => {
  const now = Date.now();
  write(2_030, n => now - (2_030 - n) * 1_000);
  const seen: string[] = [];
  let pages = 0;
  let NextToken: string | undefined;
  do {
    const page = await lookUp({ ...named('RevokeSecurityGroupIngress'), NextToken });
    seen.push(...(page.Events ?? []).map(({ EventId }) => EventId ?? ''));
    NextToken = page.NextToken;
    pages++;
  } while (NextToken !== undefined);
  expect(pages).toBe(41);
  expect(seen).toEqual(aws.world.trail.map(({ id }) => id).toReversed());

  const within = await lookUp({ StartTime: new Date(now - 10_000), EndTime: new Date(now - 6_000) });
  expect(within.Events).toHaveLength(5);
  expect((await lookUp({ MaxResults: 7 })).Events).toHaveLength(7);
  expect((await lookUp(named('DeleteSecurityGroup'))).Events).toEqual([]);
  const east = new CloudTrailClient(aws.settings('operator', 'us-east-1'));
  expect((await east.send(new LookupEventsCommand({}))).Events).toEqual([]);
  const [first] = aws.world.trail;
  const attribute = (
    AttributeKey: 'EventId' | 'ResourceName' | 'Username' | 'ReadOnly',
    AttributeValue: string,
  ) => lookUp({ LookupAttributes: [{ AttributeKey, AttributeValue }], MaxResults: 2 });
  expect((await attribute('EventId', first?.id ?? '')).Events).toHaveLength(1);
  expect((await attribute('ResourceName', GroupId)).Events).toHaveLength(2);
  expect((await attribute('Username', 'nobody')).Events).toEqual([]);
  expect((await attribute('ReadOnly', 'true')).Events).toEqual([]);
});

test('90 days and no more; late by as much as it is told', async () => {
  const day = 86_400_000;
  const now = Date.now();
  write(2, n => now - (n === 0 ? 91 : 89) * day);
  expect((await lookUp()).Events).toHaveLength(1);
  aws.world.trailLagMs = 300_000;
  await open(8004);
  expect((await lookUp(named('AuthorizeSecurityGroupIngress'))).Events).toEqual([]);
  aws.world.trailLagMs = 0;
  expect((await lookUp(named('AuthorizeSecurityGroupIngress'))).Events).toHaveLength(1);
});

test('two requests a second, in a region; what is wrong is refused in CloudTrail’s words', async () => {
  aws.world.trailPerSecond = 2;
  aws.clock.aheadMs += 2_000;
  const asked = await Promise.allSettled([lookUp(), lookUp(), lookUp(), lookUp()]);
  const names = asked.flatMap(one => (one.status === 'rejected' ? [(one.reason as Error).name] : []));
  expect(names).toEqual(['ThrottlingException', 'ThrottlingException']);
  aws.world.trailPerSecond = 1_000;
  const east = new CloudTrailClient(aws.settings('operator', 'us-east-1'));
  await east.send(new LookupEventsCommand({}));
  await expect(lookUp({ NextToken: 'made-up' })).rejects.toMatchObject({ name: 'InvalidNextTokenException' });
  await expect(
    lookUp({ StartTime: new Date(), EndTime: new Date(Date.now() - 60_000) }),
  ).rejects.toMatchObject({ name: 'InvalidTimeRangeException' });
  await expect(lookUp({ MaxResults: 51 })).rejects.toMatchObject({ name: 'InvalidMaxResultsException' });
});
