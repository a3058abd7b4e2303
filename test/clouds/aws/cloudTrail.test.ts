/** CloudTrail as the adapter reads it: records of every kind, hostile ones, and whole histories from the practice cloud. */
import { expect, test } from 'vitest';
import { eventOf } from '../../../main/clouds/aws/cloudTrailEvent.ts';
import { nobodys } from '../../../main/clouds/aws/tryOut.ts';
import type { Cloud, CloudEvent } from '../../../main/clouds/cloud.ts';
import { troubles } from '../../../main/practice/ec2/troubles.ts';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import { formatMark } from '../../../shared/domain/ruleMark.ts';
import { createJumpClock, type JumpClock } from '../../broker/grants/clock.ts';
import { collect, type PracticeEc2, startPracticeEc2 } from './practiceEc2.ts';

const north = 'eu-north-1';
const grant = parseGrantId('aaaaaaaaaaaa');

function trail(change: object): CloudEvent | 'unread' | undefined {
  return eventOf(
    JSON.stringify({
      eventVersion: '1.10',
      userIdentity: { type: 'IAMUser', arn: 'arn:aws:iam::467201983345:user/lena', userName: 'lena' },
      eventTime: '2026-11-20T10:00:00Z',
      eventSource: 'ec2.amazonaws.com',
      awsRegion: north,
      sourceIPAddress: '203.0.113.9',
      userAgent: 'aws-cli/2.31.1 md/awscrt#0.26.1 ua/2.1',
      requestID: 'r-1',
      eventID: 'e-1',
      recipientAccountId: '467201983345',
      ...change,
    }),
    north,
  );
}
const authorize = (more: object) => trail({ eventName: 'AuthorizeSecurityGroupIngress', ...more });

test('rules that were written: their ids, ports, sources, the mark, by whom and with what', () => {
  const mark = { grant, owner: 'lena', vmName: 'pay-db', end: Date.parse('2026-11-20T11:00:00Z') };
  const rule = (id: string, to: number, more: object) => ({
    securityGroupRuleId: id,
    groupId: 'sg-0a',
    isEgress: false,
    ipProtocol: 'tcp',
    fromPort: 22,
    toPort: to,
    description: formatMark(mark, 255),
    ...more,
  });
  expect(
    authorize({
      requestParameters: { groupId: 'sg-0a', ipPermissions: { items: [{ ipProtocol: 'tcp' }] } },
      responseElements: {
        requestId: 'r-1',
        _return: true,
        securityGroupRuleSet: {
          items: [
            rule('sgr-1', 22, { cidrIpv4: '203.0.113.9/32' }),
            rule('sgr-2', 25, { cidrIpv6: '2001:db8::/64' }),
          ],
        },
      },
    }),
  ).toEqual({
    id: 'e-1',
    correlation: 'r-1',
    at: Date.parse('2026-11-20T10:00:00Z'),
    operation: 'AuthorizeSecurityGroupIngress',
    resource: 'sg-0a',
    did: 'rule-written',
    outcome: 'ok',
    caller: 'lena',
    client: 'AWS CLI at 203.0.113.9',
    name: 'sgr-1',
    more: 1,
    removed: false,
    gate: 'eu-north-1/sg-0a',
    gateName: 'sg-0a',
    ports: '22/tcp 22-25/tcp',
    source: '203.0.113.9/32 2001:db8::/64',
    access: 'allow',
    mark,
  });
});

test.each([
  [
    'what was refused, from what was asked for',
    {
      errorCode: 'Client.UnauthorizedOperation',
      requestParameters: {
        groupId: 'sg-0a',
        ipPermissions: {
          items: [
            {
              ipProtocol: '-1',
              groups: { items: [{ groupId: 'sg-0b' }] },
              ipRanges: { items: [{ cidrIp: '0.0.0.0/0' }] },
              ipv6Ranges: {},
              prefixListIds: {},
            },
          ],
        },
      },
      responseElements: null,
    },
    { outcome: 'failed', name: 'for */any', ports: '*/any', source: '0.0.0.0/0 sg-0b' },
  ],
  [
    'the short form of one permission',
    {
      requestParameters: {
        groupId: 'sg-0a',
        ipProtocol: 'udp',
        fromPort: 53,
        toPort: 53,
        cidrIp: '10.0.0.0/8',
      },
    },
    { ports: '53/udp', source: '10.0.0.0/8' },
  ],
])('%s', (_name, more, expected) => {
  expect(authorize(more)).toMatchObject(expected);
});

test('rules that were taken away, groups made, deleted and attached, an edit', () => {
  expect(
    trail({
      eventName: 'RevokeSecurityGroupIngress',
      requestParameters: {
        groupId: 'sg-0a',
        securityGroupRuleIds: { items: [{ securityGroupRuleId: 'sgr-1' }] },
      },
      responseElements: { _return: true },
    }),
  ).toMatchObject({ did: 'rule-removed', name: 'sgr-1', more: 0, removed: true, gate: `${north}/sg-0a` });
  expect(
    trail({
      eventName: 'CreateSecurityGroup',
      requestParameters: { groupName: 'latchkey-i-0123456789abcdef0', groupDescription: 'x' },
      responseElements: { groupId: 'sg-0c' },
    }),
  ).toMatchObject({
    did: 'gate-changed',
    gate: `${north}/sg-0c`,
    vms: [`arn:aws:ec2:${north}:467201983345:instance/i-0123456789abcdef0`],
    words: 'The security group latchkey-i-0123456789abcdef0 was made.',
  });
  expect(
    trail({
      eventName: 'ModifyNetworkInterfaceAttribute',
      requestParameters: {
        networkInterfaceId: 'eni-1',
        groupSet: { items: [{ groupId: 'sg-0a' }, { groupId: 'sg-0c' }] },
      },
    }),
  ).toMatchObject({ gate: `${north}/sg-0c`, words: expect.stringContaining('set to sg-0a, sg-0c') });
  const other = { networkInterfaceId: 'eni-1', description: { value: 'x' } };
  expect(trail({ eventName: 'ModifyNetworkInterfaceAttribute', requestParameters: other })).toBeUndefined();
  const edit = { ModifySecurityGroupRulesRequest: { GroupId: 'sg-0a', SecurityGroupRule: { tag: 1 } } };
  expect(trail({ eventName: 'ModifySecurityGroupRules', requestParameters: edit })).toMatchObject({
    did: 'gate-changed',
    gate: `${north}/sg-0a`,
  });
});

test.each(['DryRunOperation', 'InvalidPermission.Duplicate', 'InvalidSecurityGroupRuleId.NotFound'])(
  'nothing is told of a refusal after which all is as it was: %s',
  code => {
    expect(
      authorize({ errorCode: `Client.${code}`, requestParameters: { groupId: 'sg-0a' } }),
    ).toBeUndefined();
  },
);

test('nothing is told of what the doctor tried and was refused', () => {
  const items = [{ ipProtocol: 'tcp', fromPort: 22, toPort: 22, ipRanges: { items: [{ cidrIp: nobodys }] } }];
  const requestParameters = { groupId: 'sg-0a', ipPermissions: { items } };
  const errorCode = 'Client.UnauthorizedOperation';
  expect(authorize({ errorCode, requestParameters })).toBeUndefined();
  expect(authorize({ requestParameters })).toMatchObject({ source: nobodys });
});

test.each([
  [{ type: 'Root', arn: 'arn:aws:iam::467201983345:root' }, 'root'],
  [
    {
      type: 'AssumedRole',
      arn: 'arn:aws:sts::467201983345:assumed-role/AWSReservedSSO_Admin_0/jo@corp.example',
      sessionContext: { sessionIssuer: { userName: 'AWSReservedSSO_Admin_0' } },
    },
    'jo@corp.example',
  ],
  [
    {
      type: 'AssumedRole',
      arn: 'arn:aws:sts::467201983345:assumed-role/latchkey-guard/6f2c',
      sessionContext: { sessionIssuer: { userName: 'latchkey-guard' } },
    },
    'latchkey-guard',
  ],
  [{ type: 'AWSService', invokedBy: 'autoscaling.amazonaws.com' }, 'autoscaling.amazonaws.com'],
  [undefined, 'unknown'],
  [['not', 'one'], 'unknown'],
])('who did it: %j', (userIdentity, caller) => {
  expect(authorize({ userIdentity, requestParameters: { groupId: 'sg-0a' } })).toMatchObject({ caller });
});

test.each([
  [{ userAgent: 'console.amazonaws.com' }, 'AWS console at 203.0.113.9'],
  [{ userAgent: 'x', sessionCredentialFromConsole: 'true' }, 'AWS console at 203.0.113.9'],
  [{ userAgent: 'APN/1.0 HashiCorp/1.0 Terraform/1.9' }, 'Terraform at 203.0.113.9'],
  [{ userAgent: 'Boto3/1.38 Python/3.12' }, 'AWS SDK for Python at 203.0.113.9'],
  [
    { userAgent: 'scheduler.amazonaws.com', sourceIPAddress: 'scheduler.amazonaws.com' },
    'scheduler.amazonaws.com',
  ],
  [{ userAgent: undefined, sourceIPAddress: undefined }, undefined],
])('with what: %j', (more, client) => {
  expect(authorize({ ...more, requestParameters: { groupId: 'sg-0a' } })).toMatchObject({ client });
});

test.each([
  undefined,
  '',
  '{"eventID":"e-1","eventTime":"2026-11-20T10:00:00Z","eventNa',
  'null',
  '[]',
  '{"eventID":"e-1","eventTime":"yesterday","eventName":"DeleteSecurityGroup"}',
])('what is cut short, or makes no sense, is no event: %j', json => {
  expect(eventOf(json, north)).toBe('unread');
});

test('parts that are not what they should be count as not told', () => {
  for (const hostile of [null, 7, 'x', [], { items: 'x' }, { items: [null] }, { items: [{ ipRanges: 9 }] }]) {
    expect(
      authorize({
        requestParameters: { groupId: 'sg-0a', ipPermissions: hostile },
        responseElements: hostile,
      }),
    ).toMatchObject({ did: 'rule-written', resource: 'sg-0a' });
  }
  expect(authorize({ requestParameters: 'x' })).toMatchObject({ resource: '' });
});

/** What waits for its turn (two requests a second) is not waited for. */
async function hurried<T>(clock: JumpClock, work: Promise<T>): Promise<T> {
  let isDone = false;
  const over = () => {
    isDone = true;
  };
  work.then(over, over);
  while (!isDone) {
    await new Promise(resolve => setTimeout(resolve, 5));
    await clock.advance(200);
  }
  return work;
}

function startTrail(): Promise<{ practice: PracticeEc2; cloud: Cloud; clock: JumpClock }> {
  return startPracticeEc2({ lagMs: 0 }).then(practice => {
    const clock = createJumpClock();
    practice.world.trailPerSecond = 1_000;
    return { practice, clock, cloud: practice.signIn({ clock }) };
  });
}

test('a grant and a lock are found by the ids that were handed on when they were written', async () => {
  const { practice, cloud, clock } = await startTrail();
  try {
    const history = async () => {
      const scope = { id: `${practice.world.account}/${north}`, name: north };
      return (await hurried(clock, collect(cloud.history(scope, 0)))).flat();
    };
    expect(await history()).toEqual([]);
    const db = await practice.vm(cloud, 'pay-db');
    const mark = { grant, owner: 'lena', vmName: db.name, end: Date.now() + 3_600_000 };
    const wanted = { ports: [{ port: 22, protocol: 'tcp' as const }], sources: ['203.0.113.9/32'], mark };
    const [order] = cloud.orders(db, wanted);
    if (!order) throw new Error('no order');
    const opened = await cloud.open(order);
    const closed = await cloud.close(order.gate, opened.names, [grant]);
    const ours: (string | undefined)[] = [opened.correlation, closed[0]?.correlation];
    const api = await practice.vm(cloud, 'pay-api-1');
    const policy = [{ port: 22, protocol: 'tcp' as const, sources: [], maxMs: 3_600_000 }];
    const lock = await cloud.planLock(api, policy);
    await cloud.apply(
      lock,
      api,
      async () => undefined,
      undefined,
      id => ours.push(id),
    );
    const locked = await practice.vm(cloud, 'pay-api-1');
    const unlock = await cloud.planUnlock(locked);
    await cloud.apply(
      unlock,
      locked,
      async () => undefined,
      undefined,
      id => ours.push(id),
    );
    const found = await history();
    expect(new Set(found.map(({ correlation }) => correlation))).toEqual(new Set(ours));
    expect(ours).toHaveLength(found.length);
    expect(found.find(({ correlation }) => correlation === opened.correlation)).toMatchObject({
      did: 'rule-written',
      name: opened.names[0],
      gate: order.gate,
      ports: '22/tcp',
      source: '203.0.113.9/32',
      caller: 'lena',
      client: 'AWS SDK for JavaScript at 127.0.0.1',
      mark: { grant },
    });
    expect(found.find(({ correlation }) => correlation === closed[0]?.correlation)).toMatchObject({
      did: 'rule-removed',
      mark: { grant },
    });
  } finally {
    await practice.close();
  }
});

test('thousands of events come in pages, never more than two requests a second; what is cut short is left out', async () => {
  const { practice, cloud, clock } = await startTrail();
  try {
    const [key] = practice.world.keys.values();
    const base = { at: Date.now(), region: north, source: 'ec2.amazonaws.com', user: 'lena', resources: [] };
    const name = 'RevokeSecurityGroupIngress';
    for (let n = 0; n < 1_020; n++) {
      const eventTime = new Date(base.at).toISOString();
      const told = { eventID: `e-${n}`, eventName: name, eventTime, requestID: `r-${n}`, userIdentity: key };
      practice.world.trail.push({ ...base, id: `e-${n}`, name, record: n % 100 === 0 ? {} : told });
    }
    practice.actions();
    const began = clock.now();
    const scope = { id: `${practice.world.account}/${north}`, name: north };
    const pages = await hurried(clock, collect(cloud.history(scope, base.at - 60_000)));
    expect(pages).toHaveLength(21);
    expect(pages.flat()).toHaveLength(1_009);
    const asked = practice.actions();
    expect(new Set(asked)).toEqual(new Set(['LookupEvents']));
    // 21 pages of one kind, one look for each of the five others.
    expect(asked).toHaveLength(26);
    expect(clock.now() - began).toBeGreaterThanOrEqual((26 / 2 - 1) * 1_000);
  } finally {
    await practice.close();
  }
});

test.each([
  ['InternalError', 'done'],
  ['Unavailable', 'done'],
  ['no answer', 'done'],
  ['half an answer', 'done'],
  ['Throttling', 'done'],
  ['ExpiredToken', 'CLOUD_UNAUTHORIZED'],
] as const)('in the middle of it: %s; then all of it is read', async (kind, expected) => {
  const { practice, cloud, clock } = await startTrail();
  try {
    const at = practice.world.now();
    const name = 'DeleteSecurityGroup';
    for (let n = 0; n < 120; n++) {
      const record = { eventID: `e-${n}`, eventName: name, eventTime: new Date(at).toISOString() };
      const event = { at, region: north, source: 'ec2.amazonaws.com', user: 'lena', resources: [] };
      practice.world.trail.push({ ...event, id: `e-${n}`, name, record });
    }
    // Other kinds come before it, and its own first page.
    practice.core.faults.add({ cloud: 'aws', action: 'LookupEvents', ...troubles[kind], skip: 5 });
    const scope = { id: `${practice.world.account}/${north}`, name: north };
    const read = () => hurried(clock, collect(cloud.history(scope, 0)));
    const first = await read().then(
      pages => (pages.flat().length === 120 ? 'done' : 'lost'),
      (error: { code: string }) => error.code,
    );
    expect(first).toBe(expected);
    expect((await read()).flat()).toHaveLength(120);
  } finally {
    await practice.close();
  }
});

test('who may not read it is told so, and that nothing else depends on it', async () => {
  const practice = await startPracticeEc2({ lagMs: 0 });
  try {
    const cloud = practice.signIn({ policies: [] });
    const scope = { id: `${practice.world.account}/${north}`, name: north };
    await expect(collect(cloud.history(scope, 0))).rejects.toMatchObject({
      code: 'CLOUD_FORBIDDEN',
      message: expect.stringContaining('LookupEvents'),
    });
  } finally {
    await practice.close();
  }
});
