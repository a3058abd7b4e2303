/**
 * What the signed-in user may do with an instance, by asking AWS to try: every call of a job with `DryRun`, which answers
 * DryRunOperation for “you may” and UnauthorizedOperation for “you may not” (reference section 8.1), and does nothing. The
 * calls are such that they would open nothing to anybody either: the only source in them is nobody's (RFC 5737).
 */
import type { EC2, IpPermission } from '@aws-sdk/client-ec2';
import type { Finding } from '../../../shared/contract/doctor.ts';
import { ok, problem, warning } from '../../../shared/domain/doctor/finding.ts';
import { type Job, jobs } from '../../../shared/domain/rights/azureActions.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode } from '../calls.ts';
import type { Connection } from './connection.ts';
import { gateRef, instanceRef, ownGroupName } from './names.ts';

interface Attempt {
  job: Job;
  action: string;
  /** What it is tried on. */
  on: string;
  send: (ec2: EC2, options: { abortSignal?: AbortSignal }) => Promise<unknown>;
}

/** The source that is only ever tried. */
export const nobodys = '192.0.2.1/32';
const nobody: IpPermission[] = [
  { IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: nobodys }] },
];
const DryRun = true;

/** A finding for each job; none for opening ports while the VM has no group of its own to open them in. */
export async function tryOut(aws: Connection, vm: Vm, signal?: AbortSignal): Promise<Finding[]> {
  const { region } = instanceRef(vm.id);
  const tried = await Promise.all(
    attempts(vm).map(async attempt => ({ attempt, may: await may(aws, region, attempt, signal) })),
  );
  return jobs.flatMap(job => {
    const own = tried.filter(({ attempt }) => attempt.job === job);
    return own.length === 0 ? [] : [jobFinding(job, vm.name, own)];
  });
}

async function may(
  aws: Connection,
  region: string,
  { action, send }: Attempt,
  signal?: AbortSignal,
): Promise<'yes' | 'no' | 'unknown'> {
  try {
    await aws.ec2(region, action, send, signal);
    return 'yes';
  } catch (error) {
    if (!(error instanceof LatchkeyError) || error.code === 'CANCELLED') throw error;
    if (cloudCode(error) === 'DryRunOperation') return 'yes';
    return error.code === 'CLOUD_FORBIDDEN' ? 'no' : 'unknown';
  }
}

function attempts(vm: Vm): Attempt[] {
  const { instance } = instanceRef(vm.id);
  const gates = vm.interfaces.flatMap(nic => nic.layers.flatMap(layer => layer.gates));
  const groups = new Map(
    gates.filter(gate => gate.kind === 'security-group').map(gate => [gateRef(gate.id).group, gate]),
  );
  const own = [...groups].find(([, gate]) => gate.own === true)?.[0];
  const list: Attempt[] = [
    {
      job: 'view',
      action: 'DescribeInstances',
      on: '*',
      send: (ec2, o) => ec2.describeInstances({ DryRun }, o),
    },
    {
      job: 'view',
      action: 'DescribeSecurityGroupRules',
      on: '*',
      send: (ec2, o) => ec2.describeSecurityGroupRules({ DryRun }, o),
    },
    {
      job: 'view',
      action: 'DescribeNetworkAcls',
      on: '*',
      send: (ec2, o) => ec2.describeNetworkAcls({ DryRun }, o),
    },
    {
      job: 'view',
      action: 'GetConsoleOutput',
      on: instance,
      send: (ec2, o) => ec2.getConsoleOutput({ InstanceId: instance, DryRun }, o),
    },
    {
      job: 'configure',
      action: 'DescribeNetworkInterfaces',
      on: '*',
      send: (ec2, o) => ec2.describeNetworkInterfaces({ DryRun }, o),
    },
    {
      job: 'configure',
      action: 'CreateSecurityGroup',
      on: ownGroupName(instance),
      send: (ec2, o) =>
        ec2.createSecurityGroup({ GroupName: ownGroupName(instance), Description: 'Latchkey', DryRun }, o),
    },
    {
      job: 'configure',
      action: 'CreateTags',
      on: instance,
      send: (ec2, o) =>
        ec2.createTags({ Resources: [instance], Tags: [{ Key: 'latchkey-policy', Value: '' }], DryRun }, o),
    },
  ];
  for (const nic of vm.interfaces) {
    const id = nic.id.split('/').at(-1) ?? nic.id;
    list.push({
      job: 'configure',
      action: 'ModifyNetworkInterfaceAttribute',
      on: id,
      send: (ec2, o) =>
        ec2.modifyNetworkInterfaceAttribute(
          { NetworkInterfaceId: id, Groups: [...groups.keys()], DryRun },
          o,
        ),
    });
  }
  for (const [GroupId, gate] of groups) {
    if (gate.own === true) continue;
    list.push({
      job: 'configure',
      action: 'RevokeSecurityGroupIngress',
      on: gate.name,
      send: (ec2, o) => ec2.revokeSecurityGroupIngress({ GroupId, IpPermissions: nobody, DryRun }, o),
    });
  }
  if (own !== undefined) list.push(...opening(own));
  return list;
}

function opening(GroupId: string): Attempt[] {
  const input = { GroupId, IpPermissions: nobody, DryRun };
  const tags = [{ ResourceType: 'security-group-rule' as const, Tags: [{ Key: 'latchkey:try', Value: '' }] }];
  return [
    {
      job: 'request',
      action: 'AuthorizeSecurityGroupIngress',
      on: GroupId,
      send: (ec2, o) => ec2.authorizeSecurityGroupIngress({ ...input, TagSpecifications: tags }, o),
    },
    {
      job: 'request',
      action: 'RevokeSecurityGroupIngress',
      on: GroupId,
      send: (ec2, o) => ec2.revokeSecurityGroupIngress(input, o),
    },
    {
      job: 'request',
      action: 'UpdateSecurityGroupRuleDescriptionsIngress',
      on: GroupId,
      send: (ec2, o) => ec2.updateSecurityGroupRuleDescriptionsIngress(input, o),
    },
    {
      job: 'request',
      action: 'DescribeSecurityGroups',
      on: '*',
      send: (ec2, o) => ec2.describeSecurityGroups({ DryRun }, o),
    },
  ];
}

const words: Record<Job, string> = {
  view: 'see all that matters',
  request: 'open and shut ports',
  configure: 'lock and unlock',
};

function jobFinding(
  job: Job,
  subject: string,
  tried: { attempt: Attempt; may: 'yes' | 'no' | 'unknown' }[],
): Finding {
  const named = (which: 'no' | 'unknown') =>
    tried.flatMap(({ attempt, may: is }) => (is === which ? [`ec2:${attempt.action} on ${attempt.on}`] : []));
  const missing = named('no');
  const fix = `Ask for what \`latchkey roles aws --for ${job}\` prints.`;
  if (missing.length > 0) {
    const text = `You may not ${words[job]} here: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`;
    return job === 'configure'
      ? warning('rights', text, fix, subject)
      : problem('rights', text, fix, subject);
  }
  const unknown = named('unknown');
  if (unknown.length > 0)
    return warning(
      'rights',
      `Whether you may ${words[job]} here is not known: AWS does not tell of ${unknown.join(', ')}.`,
      fix,
      subject,
    );
  return ok('rights', `You may ${words[job]} here.`, subject);
}
