/**
 * EC2-compatible servers that other people use answer a little otherwise than AWS: written by hand after such servers' known
 * shapes (no request ids, no namespaces, elements left out or empty, words for booleans, tags of new rules forgotten).
 */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { createAwsCloud } from '../../../main/clouds/aws/index.ts';
import { createClock } from '../../../main/os/clock.ts';
import { createRandom } from '../../../main/os/random.ts';
import { makeCertificates } from '../../../main/practice/server/certificates.ts';
import { parseAccountId, parseGrantId } from '../../../shared/domain/ids.ts';
import { collect, quiet } from './practiceEc2.ts';

const certificates = await makeCertificates(Date.now());
const account = '123456789012';

interface Rule {
  id: string;
  port: string;
  cidr: string;
  description: string;
  tags: Map<string, string>;
}

/** What differs between them. */
interface Manner {
  /** The answer to AuthorizeSecurityGroupIngress lists the new rules. */
  tellsNewRules: boolean;
  /** Tags given with a new rule are kept. */
  keepsTagsOfNewRules: boolean;
}

/** A server with one instance, whose own group has an id but no owner and no ARN. */
async function serve(manner: Manner) {
  const rules = new Map<string, Rule>();
  const asked: string[] = [];
  const answers: Record<string, (q: URLSearchParams) => string> = {
    GetCallerIdentity: () =>
      `<GetCallerIdentityResult><Arn>arn:aws:sts::${account}:user/moto</Arn><UserId>A</UserId><Account>${account}</Account></GetCallerIdentityResult>`,
    DescribeInstances: () =>
      `<reservationSet><item><reservationId>r-1</reservationId><ownerId>${account}</ownerId><instancesSet><item><instanceId>i-0a1b</instanceId><instanceState><code>16</code><name>running</name></instanceState><vpcId>vpc-1</vpcId><platform></platform><tagSet><item><key>latchkey-policy</key><value>22/tcp:3h</value></item></tagSet><networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId><groupSet><item><groupId>sg-0a</groupId><groupName>latchkey-i-0a1b</groupName></item></groupSet><attachment><deviceIndex>0</deviceIndex></attachment><privateIpAddressesSet><item><privateIpAddress>10.0.0.4</privateIpAddress></item></privateIpAddressesSet><ipv6AddressesSet/></item></networkInterfaceSet></item></instancesSet></item></reservationSet>`,
    DescribeNetworkAcls: () =>
      `<networkAclSet><item><networkAclId>acl-1</networkAclId><vpcId>vpc-1</vpcId><default>true</default><entrySet><item><ruleNumber>100</ruleNumber><protocol>-1</protocol><ruleAction>allow</ruleAction><egress>true</egress><cidrBlock>0.0.0.0/0</cidrBlock></item><item><ruleNumber>100</ruleNumber><protocol>-1</protocol><ruleAction>allow</ruleAction><egress>false</egress><cidrBlock>0.0.0.0/0</cidrBlock></item></entrySet><associationSet><item><subnetId>subnet-1</subnetId></item></associationSet></item></networkAclSet>`,
    DescribeSecurityGroups: () =>
      `<securityGroupInfo><item><ownerId>${account}</ownerId><groupId>sg-0a</groupId><groupName>latchkey-i-0a1b</groupName><vpcId>vpc-1</vpcId><tagSet><item><key>latchkey-vm</key><value>i-0a1b</value></item></tagSet></item></securityGroupInfo>`,
    DescribeSecurityGroupRules: () =>
      `<securityGroupRuleSet>${[...rules.values()].map(item).join('')}</securityGroupRuleSet>`,
    AuthorizeSecurityGroupIngress(q) {
      const id = `sgr-0${(rules.size + 1).toString(16).padStart(16, '0')}`;
      const range = 'IpPermissions.1.IpRanges.1';
      const rule: Rule = {
        id,
        port: q.get('IpPermissions.1.FromPort') ?? '',
        cidr: q.get(`${range}.CidrIp`) ?? '',
        description: q.get(`${range}.Description`) ?? '',
        tags: new Map(),
      };
      const tag = 'TagSpecification.1.Tag.1';
      if (manner.keepsTagsOfNewRules) rule.tags.set(q.get(`${tag}.Key`) ?? '', q.get(`${tag}.Value`) ?? '');
      rules.set(id, rule);
      const told = manner.tellsNewRules ? `<securityGroupRuleSet>${item(rule)}</securityGroupRuleSet>` : '';
      return `<return>true</return>${told}`;
    },
    CreateTags(q) {
      for (let n = 1; q.has(`Tag.${n}.Key`); n++)
        rules
          .get(q.get('ResourceId.1') ?? '')
          ?.tags.set(q.get(`Tag.${n}.Key`) ?? '', q.get(`Tag.${n}.Value`) ?? '');
      return '<return>true</return>';
    },
    RevokeSecurityGroupIngress(q) {
      rules.delete(q.get('SecurityGroupRuleId.1') ?? '');
      return '<return>true</return>';
    },
  };
  const server = createServer({ key: certificates.key, cert: certificates.cert }, (request, response) => {
    let form = '';
    request.on('data', chunk => (form += chunk));
    request.on('end', () => {
      const q = new URLSearchParams(form);
      const action = q.get('Action') ?? `${request.method} ${request.url}`;
      asked.push(action);
      const answer = answers[action];
      if (answer) response.end(`<${action}Response>${answer(q)}</${action}Response>`);
      else response.writeHead(404, { 'content-type': 'text/html' }).end('<html>Not found</html>');
    });
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const cloud = createAwsCloud({
    account: parseAccountId('aws:other'),
    endpoint: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    regions: ['us-east-1'],
    credentials: async () => ({ accessKeyId: 'testing', secretAccessKey: 'testing' }),
    caCertificate: certificates.ca,
    clock: createClock(),
    random: createRandom(),
    log: quiet,
  });
  onTestFinished(() => {
    cloud.dispose();
    server.closeAllConnections();
    server.close();
  });
  return { cloud, rules, asked };
}

function item({ id, port, cidr, description, tags }: Rule): string {
  const set = [...tags]
    .map(([key, value]) => `<item><key>${key}</key><value>${value}</value></item>`)
    .join('');
  return `<item><securityGroupRuleId>${id}</securityGroupRuleId><groupId>sg-0a</groupId><isEgress>false</isEgress><ipProtocol>tcp</ipProtocol><fromPort>${port}</fromPort><toPort>${port}</toPort><cidrIpv4>${cidr}</cidrIpv4><description>${description}</description><tagSet>${set}</tagSet></item>`;
}

it.each([
  { tellsNewRules: true, keepsTagsOfNewRules: true },
  { tellsNewRules: true, keepsTagsOfNewRules: false },
  { tellsNewRules: false, keepsTagsOfNewRules: true },
  { tellsNewRules: false, keepsTagsOfNewRules: false },
])('a grant is opened, found as ours and closed: %o', async manner => {
  const { cloud, rules, asked } = await serve(manner);
  const [scope] = await cloud.scopes();
  if (!scope) throw new Error('no scope');
  const [vm] = (await collect(cloud.inventory(scope))).flat();
  if (!vm) throw new Error('no VM');
  expect(vm).toMatchObject({
    os: 'linux',
    power: 'running',
    interfaces: [{ layers: [{ gates: [{ own: true }] }] }],
  });
  const mark = {
    grant: parseGrantId('minemineminn'),
    owner: 'moto',
    end: Date.now() + 600_000,
    vmName: vm.name,
  };
  const wanted = { ports: [{ port: 22, protocol: 'tcp' as const }], sources: ['203.0.113.7/32'], mark };
  const [order] = cloud.orders(vm, wanted);
  if (!order) throw new Error('no order');

  const standing = await cloud.open(order);
  // There is neither IAM nor Scheduler: this computer ends it, and opening says no more about that.
  expect(standing).toMatchObject({
    names: [...rules.keys()],
    foreign: [],
    notes: [],
    endedBy: 'this-computer',
  });
  expect(rules.size).toBe(1);
  expect(await collect(cloud.ours({ scope }))).toMatchObject([
    { name: standing.names[0], vm: vm.id, ports: [22] },
  ]);
  const closed = await cloud.close(standing.gate, standing.names, [mark.grant]);
  expect(closed).toMatchObject([{ outcome: 'gone' }]);
  expect(rules.size).toBe(0);
  expect(asked.filter(action => action.includes('/schedules'))).toEqual([]);
});

it('a rule of somebody else with a description like ours is not taken for ours', async () => {
  const { cloud, rules } = await serve({ tellsNewRules: true, keepsTagsOfNewRules: true });
  const description =
    'Latchkey grant abcd2345efgh until 2026-11-23T14:52:00Z for a.berg@contoso.com on web-1';
  rules.set('sgr-0f', { id: 'sgr-0f', port: '22', cidr: '203.0.113.7/32', description, tags: new Map() });
  const scope = { id: `${account}/us-east-1`, name: 'us-east-1' };
  expect(await collect(cloud.ours({ scope }))).toEqual([]);
  const gate = 'us-east-1/sg-0a' as never;
  await expect(cloud.close(gate, ['sgr-0f'], [parseGrantId('abcd2345efgh')])).rejects.toMatchObject({
    code: 'CLOUD_CONFLICT',
  });
  expect(rules.size).toBe(1);
});
