/**
 * Every right in AWS that a job of Latchkey takes, and the IAM policy of a job: statements with what they are for, bound to
 * what is Latchkey's own where the job allows it. Which resources an action is judged at: the service authorization
 * reference of EC2 (docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html) and reference 3.4, 8.
 */
import { type Job, jobs } from './azureActions.ts';

/** `guard`: for grants that AWS ends itself, where the account has a guard; `keys`: for keys that are put on machines (EC2 Instance Connect). */
export type Extra = 'guard' | 'keys';

export interface AwsStatement {
  /** Letters and digits alone (IAM takes no others). */
  sid: string;
  /** The first job that needs it, or what it is an extra for. */
  job: Job | Extra;
  actions: readonly string[];
  resources: readonly string[];
  condition?: Record<string, Record<string, string | readonly string[]>>;
  /** Goes on after “lets you”. */
  use: string;
}

const arn = (kind: string) => `arn:*:ec2:*:*:${kind}/*`;
/** The groups that Latchkey made, one per VM, prove it by this tag. */
const ownGroup = { Null: { 'aws:ResourceTag/latchkey-vm': 'false' } };
const onlyTags = (pattern: string) => ({ 'ForAllValues:StringLike': { 'aws:TagKeys': [pattern] } });

export const awsStatements: readonly AwsStatement[] = [
  {
    sid: 'See',
    job: 'view',
    // AWS judges lists by no resource.
    actions: ['ec2:DescribeInstances', 'ec2:DescribeNetworkAcls', 'ec2:DescribeSecurityGroupRules'],
    resources: ['*'],
    use: 'see instances and who gets in',
  },
  {
    sid: 'Regions',
    job: 'view',
    actions: ['ec2:DescribeRegions'],
    resources: ['*'],
    use: 'see which regions are enabled',
  },
  {
    sid: 'HostKeys',
    job: 'view',
    actions: ['ec2:GetConsoleOutput'],
    resources: [arn('instance')],
    use: 'read SSH host keys from the console',
  },
  {
    sid: 'ReadLog',
    job: 'view',
    // CloudTrail judges it by no resource.
    actions: ['cloudtrail:LookupEvents'],
    resources: ['*'],
    use: 'see in the activity what others changed',
  },
  {
    sid: 'OpenAndShut',
    job: 'request',
    actions: [
      'ec2:AuthorizeSecurityGroupIngress',
      'ec2:RevokeSecurityGroupIngress',
      'ec2:UpdateSecurityGroupRuleDescriptionsIngress',
    ],
    resources: [arn('security-group')],
    condition: ownGroup,
    use: 'open and shut ports in the VMs’ own security groups',
  },
  {
    sid: 'FindRules',
    job: 'request',
    actions: ['ec2:DescribeSecurityGroups'],
    resources: ['*'],
    use: 'find rules past their end',
  },
  {
    sid: 'NewRules',
    job: 'request',
    actions: ['ec2:AuthorizeSecurityGroupIngress'],
    resources: [arn('security-group-rule')],
    use: 'make rules',
  },
  {
    sid: 'MarkRules',
    job: 'request',
    actions: ['ec2:CreateTags', 'ec2:DeleteTags'],
    resources: [arn('security-group-rule')],
    condition: onlyTags('latchkey:*'),
    use: 'write into a rule’s tags whose it is and when it must go',
  },
  {
    sid: 'LookAtInterfaces',
    job: 'configure',
    actions: ['ec2:DescribeNetworkInterfaces'],
    resources: ['*'],
    use: 'find the interfaces that a lock changes',
  },
  {
    sid: 'MakeGroup',
    job: 'configure',
    actions: ['ec2:CreateSecurityGroup'],
    resources: [arn('security-group'), arn('vpc')],
    use: 'make a VM’s own security group',
  },
  {
    sid: 'KeepGroup',
    job: 'configure',
    actions: ['ec2:RevokeSecurityGroupEgress', 'ec2:DeleteSecurityGroup'],
    resources: [arn('security-group')],
    condition: ownGroup,
    use: 'keep and remove a VM’s own security group',
  },
  {
    sid: 'Attach',
    job: 'configure',
    actions: ['ec2:ModifyNetworkInterfaceAttribute'],
    resources: [arn('network-interface'), arn('security-group')],
    use: 'put a VM’s own security group before it',
  },
  {
    sid: 'LockRules',
    job: 'configure',
    // Which groups of others expose a VM shows only when it is locked; the plan names each rule first.
    actions: ['ec2:RevokeSecurityGroupIngress', 'ec2:AuthorizeSecurityGroupIngress'],
    resources: [arn('security-group')],
    use: 'take out rules that expose a VM, and put them back',
  },
  {
    sid: 'Remember',
    job: 'configure',
    actions: ['ec2:CreateTags', 'ec2:DeleteTags'],
    resources: [arn('security-group'), arn('instance')],
    condition: onlyTags('latchkey-*'),
    use: 'keep the policy and what a lock took out in tags',
  },
  {
    sid: 'PutKeys',
    job: 'keys',
    actions: ['ec2-instance-connect:SendSSHPublicKey'],
    resources: [arn('instance')],
    use: 'put a key on a machine for a minute',
  },
  {
    sid: 'EndInTime',
    job: 'guard',
    actions: [
      'scheduler:CreateSchedule',
      'scheduler:GetSchedule',
      'scheduler:UpdateSchedule',
      'scheduler:DeleteSchedule',
    ],
    resources: ['arn:*:scheduler:*:*:schedule/default/latchkey-*'],
    use: 'have AWS shut ports at their end',
  },
  {
    sid: 'GiveGuard',
    job: 'guard',
    actions: ['iam:PassRole'],
    resources: ['arn:*:iam::*:role/latchkey-guard'],
    condition: { StringEquals: { 'iam:PassedToService': 'scheduler.amazonaws.com' } },
    use: 'let such a schedule act as the guard',
  },
];

export interface AwsPolicy {
  Version: '2012-10-17';
  Statement: {
    Sid: string;
    Effect: 'Allow';
    Action: string[];
    Resource: string[];
    Condition?: AwsStatement['condition'];
  }[];
}

/** What a job takes, the jobs it includes too, and these extras. */
export function awsPolicy(job: Job, extras: readonly Extra[] = []): AwsPolicy {
  const included = new Set<AwsStatement['job']>([...jobs.slice(0, jobs.indexOf(job) + 1), ...extras]);
  const statements = awsStatements.filter(one => included.has(one.job));
  return {
    Version: '2012-10-17',
    Statement: statements.flatMap(one => {
      const { sid, resources, condition } = one;
      const Action = one.actions.filter(action => !statements.some(other => covers(other, one, action)));
      if (Action.length === 0) return [];
      const bound = condition === undefined ? {} : { Condition: condition };
      return [
        { Sid: `Latchkey${sid}`, Effect: 'Allow' as const, Action, Resource: [...resources], ...bound },
      ];
    }),
  };
}

/** Does another statement allow this action of one without its condition? */
function covers(other: AwsStatement, one: AwsStatement, action: string): boolean {
  return (
    one.condition !== undefined &&
    other.condition === undefined &&
    other.actions.includes(action) &&
    one.resources.every(resource => other.resources.includes(resource))
  );
}
