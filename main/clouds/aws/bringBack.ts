/**
 * Bringing back a rule that a lock revoked. While another VM behind the same group is locked, the rule would open that
 * one too: then it stays out, and the other VM's own group remembers it from now on. The last unlock puts it back.
 */
import type { Instance, SecurityGroupRule } from '@aws-sdk/client-ec2';
import { readPolicy } from '../../../shared/domain/policyTag.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode, isNotFound } from '../calls.ts';
import type { Connection } from './connection.ts';
import { reaches } from './exposure.ts';
import type { Fresh } from './fresh.ts';
import { nameOf } from './instances.ts';
import { ownGroupName, tagList, tagRecord } from './names.ts';
import { listGroups } from './ours.ts';
import { groupsOf, ownIdsOf } from './own.ts';
import { permissionOf, type Remembered, rememberTags } from './remembered.ts';
import { settled } from './rules.ts';
import type { Step } from './steps.ts';
import { removeTags, writeTags } from './tags.ts';

/** The step for one remembered rule. `others`: instances that share groups with this VM. */
export function bringBack(aws: Connection, fresh: Fresh, rule: Remembered, others: Instance[]): Step {
  const heir = others.find(other => staysLocked(other, rule));
  return heir === undefined ? putBackStep(aws, fresh, rule) : handOverStep(aws, fresh, rule, heir);
}

function putBackStep(aws: Connection, fresh: Fresh, rule: Remembered): Step {
  const { region } = fresh.ref;
  const name = fresh.names.get(rule.group);
  const what = words(rule);
  return {
    action: 'create',
    target: name ? `${name} (${rule.group})` : rule.group,
    what: `Put back ${what}, as it was before the lock.`,
    foreign: true,
    after: `${what}${rule.description ? `: ${rule.description}` : ''}`,
    async run(signal) {
      const { permission, tags } = permissionOf(rule);
      const input = {
        GroupId: rule.group,
        IpPermissions: [permission],
        ...(tags.length === 0
          ? {}
          : { TagSpecifications: [{ ResourceType: 'security-group-rule' as const, Tags: tags }] }),
      };
      try {
        const answer = await aws.ec2(
          region,
          'AuthorizeSecurityGroupIngress',
          (ec2, options) => ec2.authorizeSecurityGroupIngress(input, options),
          signal,
        );
        const id = answer.SecurityGroupRules?.[0]?.SecurityGroupRuleId;
        const listed = (rules: SecurityGroupRule[]) =>
          rules.some(({ SecurityGroupRuleId }) => SecurityGroupRuleId === id);
        if (id !== undefined) await settled(aws, region, rule.group, listed, signal);
      } catch (error) {
        // Somebody put it back, or deleted the group it was in: either way there is nothing left to do.
        if (cloudCode(error) !== 'InvalidPermission.Duplicate' && !isNotFound(error)) throw error;
      }
      // Kept until the rule stands: a crash in between only writes it again.
      await forget(aws, fresh, rule, signal);
    },
  };
}

function handOverStep(aws: Connection, fresh: Fresh, rule: Remembered, heir: Instance): Step {
  const { region } = fresh.ref;
  const id = heir.InstanceId ?? '';
  const target = ownGroupName(id);
  return {
    action: 'tag',
    target,
    what: `Leave out ${words(rule)}, which would open ${nameOf(heir)} too: it is locked. ${target} remembers the rule from now on.`,
    foreign: false,
    async run(signal) {
      const ids = ownIdsOf(heir);
      const found = await listGroups(aws, region, { Name: 'group-id', Values: ids }, signal);
      // The one in the rule's own VPC, where it has several.
      const group = found.find(one => one.VpcId === vpcOf(heir, rule.group)) ?? found[0];
      const tags = rememberTags(tagRecord(group?.Tags), rule.text);
      if (group?.GroupId === undefined || tags === undefined) throw noHeir(target);
      if (Object.keys(tags).length > 0) await writeTags(aws, region, [group.GroupId], tagList(tags), signal);
      await forget(aws, fresh, rule, signal);
    },
  };
}

async function forget(aws: Connection, fresh: Fresh, rule: Remembered, signal?: AbortSignal) {
  const keeper = fresh.own.find(({ tags }) => rule.keys.map(key => tags[key]).join('') === rule.text);
  const keys = rule.keys.map(Key => ({ Key }));
  await removeTags(aws, fresh.ref.region, [keeper?.id ?? ''], keys, signal);
}

/** Is this VM locked, behind the rule's group, and would the rule open one of its protected ports? */
function staysLocked(instance: Instance, rule: Remembered): boolean {
  const groups = groupsOf(instance);
  if (!groups.has(rule.group) || ownIdsOf(instance).length === 0) return false;
  const { protocol: IpProtocol, from: FromPort, to: ToPort } = rule;
  try {
    const policy = readPolicy(tagRecord(instance.Tags));
    return policy !== undefined && reaches({ IpProtocol, FromPort, ToPort }, policy);
  } catch (error) {
    // A policy nobody can read is still a lock.
    if (error instanceof LatchkeyError) return true;
    throw error;
  }
}

/** The VPC of the instance's interface that has this group. */
function vpcOf(instance: Instance, group: string): string | undefined {
  return instance.NetworkInterfaces?.find(nic => nic.Groups?.some(({ GroupId }) => GroupId === group))?.VpcId;
}

function words(rule: Remembered): string {
  const ports = rule.from === rule.to ? `${rule.from}` : `${rule.from}-${rule.to}`;
  const what = rule.protocol === '-1' ? 'every protocol' : `${rule.protocol.toUpperCase()} ${ports}`;
  return `${what} from ${rule.source}`;
}

function noHeir(group: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `${group} can't remember the rule that has to stay out.`,
    fix: 'Unlock again: it may have been unlocked itself just now.',
  });
}
