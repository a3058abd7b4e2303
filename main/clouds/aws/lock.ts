/**
 * Locking: the VM gets its own group on every interface, the rules that let others in to its protected ports are
 * revoked, and the policy is written to the instance. In that order, so that a crash at any point leaves either less
 * done than planned, or all that was taken away remembered.
 */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Policy } from '../../../shared/contract/policies.ts';
import { policyTagKeys, policyTags } from '../../../shared/domain/policyTag.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { isNotFound } from '../calls.ts';
import { shutByAcl } from './aclWarnings.ts';
import type { Connection } from './connection.ts';
import { exposes, reaches } from './exposure.ts';
import { alsoBehind, type Fresh, lookAt } from './fresh.ts';
import { nameOf } from './instances.ts';
import { tagList } from './names.ts';
import { mostGroups, refuseUnsupported } from './orders.ts';
import type { OwnGroup } from './own.ts';
import { chooseWhereFull, type Full, ownSteps } from './ownSteps.ts';
import { rememberTags } from './remembered.ts';
import { gateRule, ruleText, settled, without } from './rules.ts';
import type { Draft, Step } from './steps.ts';
import { removeTags, writeTags } from './tags.ts';

/** What there is to do, from a fresh look. Throws UNSUPPORTED, CLOUD_QUOTA where what is revoked can't be remembered. */
export async function draftLock(
  aws: Connection,
  vm: Vm,
  policy: Policy,
  signal?: AbortSignal,
): Promise<Draft> {
  const fresh = await lookAt(aws, vm, signal);
  if (fresh.interfaces.length === 0) refuseUnsupported(vm);
  const { own, full } = await chooseWhereFull(aws, fresh, signal);
  if (full.some(({ groups, instead }) => instead === undefined && groups >= mostGroups))
    refuseUnsupported(vm);
  const name = nameOf(fresh.instance);
  const exposing = fresh.rules.filter(rule => exposes(rule, policy));
  const ownIds = own.flatMap(({ id }) => id ?? []);
  const shared = new Set(exposing.flatMap(rule => rule.GroupId ?? []).filter(id => !ownIds.includes(id)));
  checkRoom(fresh, own, exposing);
  return {
    vm: vm.id,
    vmName: name,
    cloud: 'aws',
    kind: 'lock',
    policy,
    steps: [
      ...own.flatMap(each => ownSteps(aws, fresh, each, full)),
      ...exposing.map(rule => revokeStep(aws, fresh, keeperOf(fresh, own, rule), rule)),
      ...policyStep(aws, fresh, policy, name),
    ],
    warnings: [...warnings(fresh, policy, exposing, full), ...shutByAcl(vm, policy)],
    alsoAffects: (await alsoBehind(aws, fresh.ref, [...shared], signal)).names,
  };
}

/** The own group that remembers a rule: the one of its VPC. */
function keeperOf(fresh: Fresh, own: OwnGroup[], rule: SecurityGroupRule): OwnGroup {
  const nic = fresh.interfaces.find(({ groups }) => groups.includes(rule.GroupId ?? ''));
  const keeper = own.find(({ vpc }) => vpc === nic?.vpc) ?? own[0];
  if (keeper === undefined) throw new Error('an instance without interfaces has no rules');
  return keeper;
}

/** Before anything is revoked: is there room to remember all of it? */
function checkRoom(fresh: Fresh, own: OwnGroup[], exposing: SecurityGroupRule[]): void {
  for (const each of own) {
    const tags = { ...each.tags };
    for (const rule of exposing.filter(one => keeperOf(fresh, own, one) === each)) {
      const more = rememberTags(tags, rule);
      if (more === undefined) throw noRoom(each.name);
      Object.assign(tags, more);
    }
  }
}

function revokeStep(aws: Connection, fresh: Fresh, own: OwnGroup, rule: SecurityGroupRule): Step {
  const { region } = fresh.ref;
  const id = rule.SecurityGroupRuleId ?? '';
  const group = groupText(fresh, rule.GroupId ?? '');
  return {
    action: 'remove',
    target: group,
    what: `Revoke ${ruleText(rule)} (${id}). Unlock puts it back.`,
    foreign: true,
    before: `${ruleText(rule)}${rule.Description ? `: ${rule.Description}` : ''}`,
    async run(signal) {
      // After a crash between the two calls it is remembered already: then there is nothing to write.
      const tags = rememberTags(own.tags, rule);
      if (tags === undefined) throw noRoom(own.name);
      if (Object.keys(tags).length > 0) await writeTags(aws, region, [own.id ?? ''], tagList(tags), signal);
      Object.assign(own.tags, tags);
      const input = { GroupId: rule.GroupId, SecurityGroupRuleIds: [id] };
      try {
        await aws.ec2(
          region,
          'RevokeSecurityGroupIngress',
          (ec2, options) => ec2.revokeSecurityGroupIngress(input, options),
          signal,
        );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      await settled(aws, region, rule.GroupId ?? '', without([id]), signal);
    },
  };
}

function policyStep(aws: Connection, fresh: Fresh, policy: Policy, name: string): Step[] {
  const tags = policyTags(policy);
  const left = policyTagKeys.filter(key => !(key in tags) && key in fresh.tags);
  if (left.length === 0 && Object.entries(tags).every(([key, value]) => fresh.tags[key] === value)) return [];
  const { region, instance } = fresh.ref;
  const before = policyTagKeys.flatMap(key => fresh.tags[key] ?? []).join('');
  return [
    {
      action: 'tag',
      target: name,
      what: `Write the policy to the instance's tags (${Object.keys(tags).join(', ')}).`,
      foreign: false,
      ...(before === '' ? {} : { before }),
      after: Object.values(tags).join(''),
      async run(signal) {
        await writeTags(aws, region, [instance], tagList(tags), signal);
        if (left.length > 0)
          await removeTags(
            aws,
            region,
            [instance],
            left.map(Key => ({ Key })),
            signal,
          );
      },
    },
  ];
}

function warnings(fresh: Fresh, policy: Policy, exposing: SecurityGroupRule[], full: Full[]): string[] {
  const wide = exposing.filter(rule => {
    const { protocol, ports } = gateRule(rule);
    const covered = policy.ports.filter(({ port }) =>
      ports.some(({ from, to }) => from <= port && port <= to),
    );
    const size = ports.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    return protocol === 'any' || size > new Set(covered.map(({ port }) => port)).size;
  });
  const members = fresh.rules.filter(rule => rule.ReferencedGroupInfo !== undefined && reaches(rule, policy));
  return [
    ...wide.map(
      rule =>
        `${rule.SecurityGroupRuleId} in ${groupText(fresh, rule.GroupId ?? '')} lets in more than the protected ports: ${ruleText(rule)}. All of it will be shut.`,
    ),
    ...members.map(
      rule =>
        `${rule.SecurityGroupRuleId} in ${groupText(fresh, rule.GroupId ?? '')} goes on letting in the members of ${rule.ReferencedGroupInfo?.GroupId}: ${ruleText(rule)}.`,
    ),
    ...full.map(({ nic, groups, most, instead }) =>
      instead === undefined
        ? `The interface ${nic} has ${groups} security groups, and your quota is ${most}: the lock will be refused before anything is revoked, because every group it has is another VM's too. Detach a group it does not need first, or ask AWS for more.`
        : `The interface ${nic} has ${groups} security groups, and your quota is ${most}. To have one of the VM's own instead of ${instead}, detach a group it does not need first, then plan again.`,
    ),
  ];
}

function groupText(fresh: Fresh, id: string): string {
  const name = fresh.names.get(id);
  return name ? `${name} (${id})` : id;
}

function noRoom(group: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_QUOTA',
    message: `There is no room left in the tags of ${group} to remember what is revoked.`,
    fix: 'Remove rules for the protected ports by hand that nobody needs back, then lock again.',
  });
}
