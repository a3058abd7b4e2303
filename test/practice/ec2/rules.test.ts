import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  ModifySecurityGroupRulesCommand,
  RevokeSecurityGroupIngressCommand,
  UpdateSecurityGroupRuleDescriptionsIngressCommand,
} from '@aws-sdk/client-ec2';
import fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { groupNamed, startAws, tcp } from './setup.ts';

let aws: Awaited<ReturnType<typeof startAws>>;
let group: string;
let serial = 0;

beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.stop());
beforeEach(async () => {
  aws.world.lagMs = 0;
  const made = await aws.ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: `test-${serial++}`,
      Description: 'test',
      VpcId: vpcOf('pay-shared'),
    }),
  );
  group = made.GroupId ?? '';
});

function vpcOf(name: string): string {
  return groupNamed(aws.north, name).vpcId;
}
function allow(...permissions: ReturnType<typeof tcp>[]) {
  return aws.ec2.send(
    new AuthorizeSecurityGroupIngressCommand({ GroupId: group, IpPermissions: permissions }),
  );
}
async function ingress(): Promise<string[]> {
  const { SecurityGroupRules = [] } = await aws.ec2.send(
    new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [group] }] }),
  );
  return SecurityGroupRules.filter(rule => !rule.IsEgress)
    .map(rule => `${rule.FromPort} ${rule.CidrIpv4 ?? rule.CidrIpv6}`)
    .sort();
}

describe('AuthorizeSecurityGroupIngress', () => {
  test('gives the rules it made, with canonical ranges, description and tags', async () => {
    const answer = await aws.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [
          { ...tcp(22), IpRanges: [{ CidrIp: '100.68.0.18/18', Description: 'Latchkey: lena, until 2026' }] },
          tcp(22, '2001:DB8:0::1/64'),
        ],
        TagSpecifications: [
          { ResourceType: 'security-group-rule', Tags: [{ Key: 'latchkey-grant', Value: 'abc' }] },
        ],
      }),
    );
    expect(answer.Return).toBe(true);
    expect(answer.SecurityGroupRules).toMatchObject([
      {
        GroupId: group,
        GroupOwnerId: aws.world.account,
        IsEgress: false,
        IpProtocol: 'tcp',
        FromPort: 22,
        ToPort: 22,
        CidrIpv4: '100.68.0.0/18',
        Description: 'Latchkey: lena, until 2026',
        Tags: [{ Key: 'latchkey-grant', Value: 'abc' }],
      },
      { CidrIpv6: '2001:db8::/64', Tags: [{ Key: 'latchkey-grant', Value: 'abc' }] },
    ]);
    const id = answer.SecurityGroupRules?.[0]?.SecurityGroupRuleId;
    expect(id).toMatch(/^sgr-0[0-9a-f]{16}$/);
    expect(answer.SecurityGroupRules?.[0]?.SecurityGroupRuleArn).toBe(
      `arn:aws:ec2:eu-north-1:${aws.world.account}:security-group-rule/${id}`,
    );

    const byTag = await aws.ec2.send(
      new DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'tag:latchkey-grant', Values: ['a*'] }] }),
    );
    expect(byTag.SecurityGroupRules?.map(rule => rule.CidrIpv4 ?? rule.CidrIpv6)).toHaveLength(2);
    const { SecurityGroups } = await aws.ec2.send(new DescribeSecurityGroupsCommand({ GroupIds: [group] }));
    expect(SecurityGroups?.[0]?.IpPermissions).toMatchObject([
      {
        FromPort: 22,
        IpRanges: [{ CidrIp: '100.68.0.0/18', Description: 'Latchkey: lena, until 2026' }],
        Ipv6Ranges: [{ CidrIpv6: '2001:db8::/64' }],
      },
    ]);
  });

  test('refuses the same canonical rule again, and then none of the call is done', async () => {
    await allow(tcp(22, '100.68.0.0/18'));
    await expect(allow(tcp(3389, '192.0.2.1/32'), tcp(22, '100.68.63.255/18'))).rejects.toMatchObject({
      name: 'InvalidPermission.Duplicate',
      message: expect.stringContaining('peer: 100.68.0.0/18, TCP, from port: 22, to port: 22, ALLOW'),
    });
    expect(await ingress()).toEqual(['22 100.68.0.0/18']);
    await expect(allow(tcp(80, '192.0.2.1/32', '192.0.2.1/32'))).rejects.toMatchObject({
      name: 'InvalidParameterValue',
    });
  });

  test('holds 60 rules of each address family', async () => {
    const many = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, n) => `192.0.2.${from + n}/32`);
    await allow(tcp(22, ...many(0, 59)));
    await expect(allow(tcp(22, ...many(59, 61)))).rejects.toMatchObject({
      name: 'RulesPerSecurityGroupLimitExceeded',
    });
    await allow(tcp(22, ...many(59, 60)));
    await allow(tcp(22, '2001:db8::1/128'));
    await expect(allow(tcp(22, ...many(60, 61)))).rejects.toMatchObject({
      name: 'RulesPerSecurityGroupLimitExceeded',
    });
  });

  test.each([
    ['a range with too many bits', tcp(22, '192.0.2.0/33'), 'InvalidParameterValue'],
    ['a bare address', tcp(22, '192.0.2.0'), 'InvalidParameterValue'],
    ['an address that is none', tcp(22, '192.0.2.256/32'), 'InvalidParameterValue'],
    ['ports that run backwards', { ...tcp(22, '192.0.2.0/32'), ToPort: 21 }, 'InvalidParameterValue'],
    ['a port beyond 65535', { ...tcp(65_536, '192.0.2.0/32') }, 'InvalidParameterValue'],
    ['an unknown protocol', { ...tcp(22, '192.0.2.0/32'), IpProtocol: 'tpc' }, 'InvalidPermission.Malformed'],
    ['no source', tcp(22), 'InvalidPermission.Malformed'],
  ])('refuses %s', async (_what, permission, code) => {
    await expect(allow(permission)).rejects.toMatchObject({ name: code });
    expect(await ingress()).toEqual([]);
  });

  test.each([
    ['|', 'InvalidParameterValue'],
    ["'", 'InvalidParameterValue'],
    ['ü', 'InvalidParameterValue'],
    ['x'.repeat(256), 'InvalidParameterValue'],
    ['x'.repeat(255), undefined],
    ['a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*', undefined],
  ])('description %j: %s', async (Description, code) => {
    const attempt = aws.ec2.send(
      new AuthorizeSecurityGroupIngressCommand({
        GroupId: group,
        IpPermissions: [{ ...tcp(22), IpRanges: [{ CidrIp: '192.0.2.7/32', Description }] }],
      }),
    );
    if (code === undefined) await expect(attempt).resolves.toBeDefined();
    else await expect(attempt).rejects.toMatchObject({ name: code });
  });

  test('any range becomes its network address', async () => {
    await fc.assert(
      fc.asyncProperty(fc.ipV4(), fc.integer({ min: 0, max: 32 }), async (address, bits) => {
        const answer = await allow(tcp(22, `${address}/${bits}`));
        const rule = answer.SecurityGroupRules?.[0];
        const network = ipaddr.IPv4.networkAddressFromCIDR(`${address}/${bits}`).toString();
        await aws.ec2.send(
          new RevokeSecurityGroupIngressCommand({
            GroupId: group,
            SecurityGroupRuleIds: [rule?.SecurityGroupRuleId ?? ''],
          }),
        );
        expect(rule?.CidrIpv4).toBe(`${network}/${bits}`);
      }),
      { numRuns: 25 },
    );
  });
});

describe('RevokeSecurityGroupIngress', () => {
  const revoke = (GroupId: string, rest: object, client = aws.ec2) =>
    client.send(new RevokeSecurityGroupIngressCommand({ GroupId, ...rest }));

  test('by id: takes that rule and tells which', async () => {
    const made = await allow(tcp(22, '192.0.2.1/32', '192.0.2.2/32'));
    const id = made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
    const answer = await revoke(group, { SecurityGroupRuleIds: [id] });
    expect(answer).toMatchObject({
      Return: true,
      RevokedSecurityGroupRules: [{ SecurityGroupRuleId: id, CidrIpv4: '192.0.2.1/32' }],
    });
    expect(await ingress()).toEqual(['22 192.0.2.2/32']);
    await expect(revoke(group, { SecurityGroupRuleIds: [id] })).rejects.toMatchObject({
      name: 'InvalidSecurityGroupRuleId.NotFound',
    });
  });

  test('by permission: what is not there is an error outside the default VPC, and is told inside it', async () => {
    await allow(tcp(22, '192.0.2.1/32'));
    await expect(
      revoke(group, { IpPermissions: [tcp(22, '192.0.2.1/32', '192.0.2.9/32')] }),
    ).rejects.toMatchObject({ name: 'InvalidPermission.NotFound' });
    expect(await ingress()).toEqual(['22 192.0.2.1/32']);
    await revoke(group, { IpPermissions: [tcp(22, '192.0.2.1/24'.replace('/24', '/32'))] });
    expect(await ingress()).toEqual([]);

    const inside = groupNamed(aws.east, 'pay-inside').id;
    const answer = await revoke(inside, { IpPermissions: [tcp(22, '192.0.2.9/32')] }, aws.ec2East);
    expect(answer.UnknownIpPermissions).toMatchObject([
      { FromPort: 22, IpRanges: [{ CidrIp: '192.0.2.9/32' }] },
    ]);
    expect(answer.RevokedSecurityGroupRules ?? []).toEqual([]);
  });

  test('a rule with one id wrong leaves all of them', async () => {
    const made = await allow(tcp(22, '192.0.2.1/32'));
    const id = made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
    await expect(
      revoke(group, { SecurityGroupRuleIds: [id, 'sgr-00000000000000000'] }),
    ).rejects.toMatchObject({ name: 'InvalidSecurityGroupRuleId.NotFound' });
    expect(await ingress()).toEqual(['22 192.0.2.1/32']);
  });
});

test('a change is seen later, but the next write sees it at once', async () => {
  const lagMs = 60_000;
  aws.world.lagMs = lagMs;
  try {
    const made = await allow(tcp(22, '192.0.2.1/32'));
    expect(await ingress()).toEqual([]);
    await expect(allow(tcp(22, '192.0.2.1/32'))).rejects.toMatchObject({
      name: 'InvalidPermission.Duplicate',
    });
    aws.clock.aheadMs += lagMs + 1;
    expect(await ingress()).toEqual(['22 192.0.2.1/32']);
    await aws.ec2.send(
      new RevokeSecurityGroupIngressCommand({
        GroupId: group,
        SecurityGroupRuleIds: [made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? ''],
      }),
    );
    expect(await ingress()).toEqual(['22 192.0.2.1/32']);
    await allow(tcp(22, '192.0.2.1/32'));
    aws.clock.aheadMs += lagMs + 1;
    expect(await ingress()).toEqual(['22 192.0.2.1/32']);
  } finally {
    aws.clock.aheadMs = 0;
  }
});

test('ModifySecurityGroupRules changes a rule in its place, and never into one that stands', async () => {
  const made = await allow(tcp(22, '192.0.2.1/32', '192.0.2.2/32'));
  const id = made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
  const modify = (SecurityGroupRule: object) =>
    aws.ec2.send(
      new ModifySecurityGroupRulesCommand({
        GroupId: group,
        SecurityGroupRules: [{ SecurityGroupRuleId: id, SecurityGroupRule }],
      }),
    );
  const rule = { IpProtocol: 'tcp', FromPort: 22, ToPort: 22 };
  await modify({ ...rule, CidrIpv4: '198.51.100.1/32', Description: 'new' });
  const { SecurityGroupRules } = await aws.ec2.send(
    new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] }),
  );
  expect(SecurityGroupRules).toMatchObject([{ CidrIpv4: '198.51.100.1/32', Description: 'new' }]);
  await expect(modify({ ...rule, CidrIpv4: '192.0.2.2/32' })).rejects.toMatchObject({
    name: 'InvalidPermission.Duplicate',
  });
  await expect(modify({ ...rule, CidrIpv6: '2001:db8::/64' })).rejects.toMatchObject({
    name: 'InvalidParameterValue',
  });
});

test('UpdateSecurityGroupRuleDescriptionsIngress changes words only, by permission or by id', async () => {
  const made = await allow(tcp(22, '192.0.2.1/32'));
  const id = made.SecurityGroupRules?.[0]?.SecurityGroupRuleId ?? '';
  const words = async () => {
    const answer = await aws.ec2.send(new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [id] }));
    return answer.SecurityGroupRules?.[0]?.Description;
  };
  await aws.ec2.send(
    new UpdateSecurityGroupRuleDescriptionsIngressCommand({
      GroupId: group,
      IpPermissions: [{ ...tcp(22), IpRanges: [{ CidrIp: '192.0.2.1/32', Description: 'one' }] }],
    }),
  );
  expect(await words()).toBe('one');
  await aws.ec2.send(
    new UpdateSecurityGroupRuleDescriptionsIngressCommand({
      GroupId: group,
      SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId: id, Description: 'two' }],
    }),
  );
  expect(await words()).toBe('two');
});
