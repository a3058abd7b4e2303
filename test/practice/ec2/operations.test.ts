/** What people who run machines ask EC2 for, beyond what Latchkey itself needs: by the official client. */
import {
  AuthorizeSecurityGroupEgressCommand,
  DescribeAddressesCommand,
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeKeyPairsCommand,
  DescribeNetworkInterfaceAttributeCommand,
  DescribeNetworkInterfacesCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupReferencesCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  GetSecurityGroupsForVpcCommand,
  ModifyInstanceAttributeCommand,
  ModifySecurityGroupRulesCommand,
  RebootInstancesCommand,
  RevokeSecurityGroupEgressCommand,
  StopInstancesCommand,
  UpdateSecurityGroupRuleDescriptionsEgressCommand,
} from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { groupNamed, instanceNamed, startAws, tcp } from './setup.ts';

let aws: Awaited<ReturnType<typeof startAws>>;

beforeAll(async () => {
  aws = await startAws();
});
afterAll(() => aws.stop());

test('an elastic address is the account’s, and stays while its instance is stopped', async () => {
  const hub = instanceNamed(aws.east, 'pay-hub');
  const { Addresses } = await aws.ec2East.send(new DescribeAddressesCommand({}));
  const [address] = Addresses ?? [];
  expect(Addresses).toHaveLength(1);
  expect(address).toMatchObject({ InstanceId: hub.id, Domain: 'vpc', NetworkInterfaceId: hub.interfaceId });
  await aws.ec2East.send(new StopInstancesCommand({ InstanceIds: [hub.id] }));
  const filter = { Name: 'association.allocation-id', Values: [address?.AllocationId ?? ''] };
  const { NetworkInterfaces } = await aws.ec2East.send(
    new DescribeNetworkInterfacesCommand({ Filters: [filter] }),
  );
  expect(NetworkInterfaces?.[0]?.Association).toMatchObject({
    PublicIp: address?.PublicIp,
    IpOwnerId: aws.world.account,
  });
  await expect(
    aws.ec2East.send(new DescribeAddressesCommand({ PublicIps: ['203.0.113.9'] })),
  ).rejects.toMatchObject({ name: 'InvalidAddress.NotFound' });
});

test('rules outwards are added, described, changed and revoked', async () => {
  const { id: GroupId } = groupNamed(aws.north, 'default');
  const permission = tcp(443, '10.0.0.0/8');
  const made = await aws.ec2.send(
    new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: [permission] }),
  );
  const [rule] = made.SecurityGroupRules ?? [];
  expect(rule).toMatchObject({ IsEgress: true, FromPort: 443, CidrIpv4: '10.0.0.0/8' });
  await expect(
    aws.ec2.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: [permission] })),
  ).rejects.toMatchObject({ name: 'InvalidPermission.Duplicate' });
  const SecurityGroupRuleId = rule?.SecurityGroupRuleId ?? '';
  await aws.ec2.send(
    new UpdateSecurityGroupRuleDescriptionsEgressCommand({
      GroupId,
      SecurityGroupRuleDescriptions: [{ SecurityGroupRuleId, Description: 'partners' }],
    }),
  );
  const changed = { IpProtocol: 'tcp', FromPort: 444, ToPort: 444, CidrIpv4: '10.0.0.0/8' };
  await aws.ec2.send(
    new ModifySecurityGroupRulesCommand({
      GroupId,
      SecurityGroupRules: [
        { SecurityGroupRuleId, SecurityGroupRule: { ...changed, Description: 'partners' } },
      ],
    }),
  );
  const ask = new DescribeSecurityGroupRulesCommand({ SecurityGroupRuleIds: [SecurityGroupRuleId] });
  const { SecurityGroupRules } = await aws.ec2.send(ask);
  expect(SecurityGroupRules?.[0]).toMatchObject({ IsEgress: true, FromPort: 444, Description: 'partners' });
  const outwards = { Name: 'egress.ip-permission.to-port', Values: ['444'] };
  const found = await aws.ec2.send(new DescribeSecurityGroupsCommand({ Filters: [outwards] }));
  expect(found.SecurityGroups?.map(group => group.GroupId)).toEqual([GroupId]);
  const revoke = { GroupId, SecurityGroupRuleIds: [SecurityGroupRuleId] };
  await aws.ec2.send(new RevokeSecurityGroupEgressCommand(revoke));
  await expect(aws.ec2.send(ask)).rejects.toMatchObject({ name: 'InvalidSecurityGroupRuleId.NotFound' });
});

test('one attribute at a time, of an instance and of an interface', async () => {
  const { id: InstanceId, interfaceId: NetworkInterfaceId } = instanceNamed(aws.north, 'pay-api-1');
  const Groups = [{ GroupName: 'pay-shared', GroupId: groupNamed(aws.north, 'pay-shared').id }];
  const ofInstance = { InstanceId, Attribute: 'groupSet' as const };
  expect(await aws.ec2.send(new DescribeInstanceAttributeCommand(ofInstance))).toMatchObject({ Groups });
  const ofInterface = { NetworkInterfaceId, Attribute: 'groupSet' as const };
  expect(await aws.ec2.send(new DescribeNetworkInterfaceAttributeCommand(ofInterface))).toMatchObject({
    Groups,
  });
});

test('groups of an instance with two interfaces are changed at an interface only', async () => {
  const instance = instanceNamed(aws.north, 'pay-batch');
  const first = aws.north.interfaces.get(instance.interfaceId);
  if (!first) throw new Error('no interface');
  const second = { ...first, id: 'eni-0123456789abcdef0', publicAddress: undefined };
  aws.north.interfaces.set(second.id, second);
  instance.moreInterfaceIds = [second.id];
  const change = { InstanceId: instance.id, Groups: first.groupIds };
  await expect(aws.ec2.send(new ModifyInstanceAttributeCommand(change))).rejects.toMatchObject({
    name: 'InvalidInstanceID',
  });
  const { Reservations } = await aws.ec2.send(new DescribeInstancesCommand({ InstanceIds: [instance.id] }));
  const nics = Reservations?.[0]?.Instances?.[0]?.NetworkInterfaces;
  expect(nics?.map(nic => nic.Association?.PublicIp)).toEqual([first.publicAddress, undefined]);
});

test('the way from the internet, and the groups of a VPC', async () => {
  const [vpc] = aws.north.vpcs.values();
  const Filters = [{ Name: 'vpc-id', Values: [vpc?.id ?? ''] }];
  const tables = await aws.ec2.send(new DescribeRouteTablesCommand({ Filters }));
  const gateways = await aws.ec2.send(new DescribeInternetGatewaysCommand({}));
  const gateway = gateways.InternetGateways?.[0]?.InternetGatewayId;
  expect(tables.RouteTables?.[0]?.Routes?.map(route => route.GatewayId)).toEqual(['local', gateway, gateway]);
  const here = await aws.ec2.send(new GetSecurityGroupsForVpcCommand({ VpcId: vpc?.id }));
  expect(here.SecurityGroupForVpcs).toHaveLength(aws.north.groups.size);
  const GroupId = [groupNamed(aws.north, 'default').id];
  const refers = await aws.ec2.send(new DescribeSecurityGroupReferencesCommand({ GroupId }));
  expect(refers.SecurityGroupReferenceSet).toEqual([]);
});

test('a stopped instance is not restarted', async () => {
  const reboot = (name: string) =>
    aws.ec2.send(new RebootInstancesCommand({ InstanceIds: [instanceNamed(aws.north, name).id] }));
  await reboot('pay-api-1');
  await expect(reboot('pay-report')).rejects.toMatchObject({ name: 'IncorrectState' });
});

test('images and key pairs are those of the instances', async () => {
  const desk = instanceNamed(aws.east, 'pay-desk');
  const { Images } = await aws.ec2East.send(new DescribeImagesCommand({ ImageIds: [desk.imageId] }));
  expect(Images).toEqual([expect.objectContaining({ Platform: 'windows', State: 'available' })]);
  expect((await aws.ec2East.send(new DescribeImagesCommand({ Owners: ['self'] }))).Images).toEqual([]);
  const { KeyPairs } = await aws.ec2East.send(new DescribeKeyPairsCommand({}));
  expect(KeyPairs?.map(({ KeyName }) => KeyName)).toEqual([desk.keyName]);
  await expect(aws.ec2East.send(new DescribeKeyPairsCommand({ KeyNames: ['nobody'] }))).rejects.toMatchObject(
    { name: 'InvalidKeyPair.NotFound' },
  );
});
