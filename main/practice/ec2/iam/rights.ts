/**
 * What a user with policies of their own may do: each request is judged action by action, at every resource it names,
 * with the tags those have (service authorization reference of EC2, Scheduler and IAM). Operators and viewers have none.
 */
import { z } from 'zod';
import { AwsError } from '../errors.ts';
import type { Params } from '../query.ts';
import { schedulerAction } from '../scheduler/routes.ts';
import type { AccessKey, Region, World } from '../world.ts';
import { allows, type Question } from './allows.ts';
import { roleArn } from './roles.ts';

/** Throws UnauthorizedOperation (EC2) or AccessDenied unless the key's policies allow all of these. */
export function mustAllow(key: AccessKey, questions: Question[], service: 'ec2' | 'other'): void {
  if (key.policies === undefined) return;
  for (const question of questions) {
    if (allows(key.policies, question)) continue;
    const told = `User: ${key.arn} is not authorized to perform: ${question.action} on resource: ${question.resource} because no identity-based policy allows the ${question.action} action`;
    throw service === 'ec2'
      ? new AwsError(
          'UnauthorizedOperation',
          `You are not authorized to perform this operation. ${told}`,
          403,
        )
      : new AwsError('AccessDeniedException', told, 403);
  }
}

/** What an EC2 request asks for. */
export function ec2Questions(world: World, region: Region, name: string, params: Params): Question[] {
  const action = `ec2:${name}`;
  const at = (id: string): Question => ({
    action,
    resource: arnOf(world, region, id),
    context: tagsOf(region, id),
  });
  const any = (kind: string): Question => ({
    action,
    resource: `arn:${world.partition}:ec2:${region.name}:${world.account}:${kind}/*`,
    context: {},
  });
  const created = tagQuestions(world, region, name, params);
  const group = params.text('GroupId');
  switch (name) {
    case 'AuthorizeSecurityGroupIngress':
    case 'AuthorizeSecurityGroupEgress':
      return [...(group === undefined ? [] : [at(group)]), any('security-group-rule'), ...created];
    case 'RevokeSecurityGroupIngress':
    case 'RevokeSecurityGroupEgress':
    case 'UpdateSecurityGroupRuleDescriptionsIngress':
    case 'UpdateSecurityGroupRuleDescriptionsEgress':
    case 'DeleteSecurityGroup':
      return group === undefined ? [] : [at(group)];
    case 'CreateSecurityGroup':
      return [any('security-group'), ...[params.text('VpcId') ?? []].flat().map(at), ...created];
    case 'ModifyNetworkInterfaceAttribute':
      return [params.required('NetworkInterfaceId'), ...params.texts('SecurityGroupId')].map(at);
    case 'CreateTags':
    case 'DeleteTags': {
      const keys = params.list('Tag').map(tag => tag.required('Key'));
      return params.texts('ResourceId').map(id => {
        const question = at(id);
        return { ...question, context: { ...question.context, 'aws:TagKeys': keys } };
      });
    }
    case 'GetConsoleOutput':
    case 'DescribeInstanceAttribute':
      return [at(params.required('InstanceId'))];
    default:
      return [{ action, resource: '*', context: {} }];
  }
}

/** What an STS or IAM request asks for. Who one is may always be asked. */
export function queryQuestions(
  world: World,
  service: 'sts' | 'iam',
  name: string,
  params: Params,
): Question[] {
  if (name === 'GetCallerIdentity' || name === 'GetSessionToken') return [];
  const role = params.text('RoleArn') ?? roleArn(world, params.text('RoleName') ?? '*');
  return [{ action: `${service}:${name}`, resource: role, context: {} }];
}

/** What a request to Scheduler asks for; a schedule is given a role, which takes a right of its own. */
export function schedulerQuestions(
  world: World,
  call: { region: string; method: string; url: string; body: Buffer },
): Question[] {
  const { region, method, url, body } = call;
  const name = decodeURIComponent(url.split('?')[0]?.split('/')[2] ?? '');
  const schedule = `arn:${world.partition}:scheduler:${region}:${world.account}:schedule/default/${name === '' ? '*' : name}`;
  const action = schedulerAction(method, url) ?? 'Unknown';
  const passed = /^(Create|Update)/.test(action)
    ? targetRole.safeParse(JSON.parse(body.toString()))
    : undefined;
  return [
    { action: `scheduler:${action}`, resource: schedule, context: {} },
    ...(passed?.success
      ? [
          {
            action: 'iam:PassRole',
            resource: passed.data.Target.RoleArn,
            context: { 'iam:PassedToService': 'scheduler.amazonaws.com' },
          },
        ]
      : []),
  ];
}

const targetRole = z.object({ Target: z.object({ RoleArn: z.string() }) });

/** Tags that are given while something is made take the right to tag. */
function tagQuestions(world: World, region: Region, name: string, params: Params): Question[] {
  return params.list('TagSpecification').map(specification => ({
    action: 'ec2:CreateTags',
    resource: `arn:${world.partition}:ec2:${region.name}:${world.account}:${specification.required('ResourceType')}/*`,
    context: {
      'ec2:CreateAction': name,
      'aws:TagKeys': specification.list('Tag').map(tag => tag.required('Key')),
    },
  }));
}

const kinds: Record<string, string> = {
  i: 'instance',
  sg: 'security-group',
  sgr: 'security-group-rule',
  eni: 'network-interface',
  vpc: 'vpc',
};

function arnOf(world: World, region: Region, id: string): string {
  return `arn:${world.partition}:ec2:${region.name}:${world.account}:${kinds[id.split('-')[0] ?? ''] ?? 'unknown'}/${id}`;
}

function tagsOf(region: Region, id: string): Question['context'] {
  const rules = [...region.groups.values()].flatMap(group => [...group.rules.values()]);
  const found =
    region.groups.get(id) ??
    region.instances.get(id) ??
    region.interfaces.get(id) ??
    rules.find(rule => rule.id === id);
  return Object.fromEntries(
    [...(found?.tags ?? [])].map(([key, value]) => [`aws:ResourceTag/${key}`, value]),
  );
}
