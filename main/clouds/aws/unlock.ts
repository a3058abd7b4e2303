/** Unlocking: what the lock revoked comes back, the policy goes, and so does the VM's own group. */
import { policyTagKeys } from '../../../shared/domain/policyTag.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { cloudCode, isNotFound } from '../calls.ts';
import { bringBack } from './bringBack.ts';
import type { Connection } from './connection.ts';
import { alsoBehind, type Fresh, lookAt } from './fresh.ts';
import { readMarks } from './grantTags.ts';
import { nameOf } from './instances.ts';
import { setGroups } from './interfaces.ts';
import { chosenGroups, chosenGroupTag, ownGroupName, ownGroupTag, tagList } from './names.ts';
import type { OwnGroup } from './own.ts';
import { readRemembered } from './remembered.ts';
import { settled, without } from './rules.ts';
import type { Draft, Step } from './steps.ts';
import { removeTags, writeTags } from './tags.ts';

/** A group stays “in use” for a moment after it was detached. */
const waits = [0, 500, 1000, 2000, 4000, 8000];

/** What there is to do, from a fresh look. */
export async function draftUnlock(aws: Connection, vm: Vm, signal?: AbortSignal): Promise<Draft> {
  const fresh = await lookAt(aws, vm, signal);
  const name = nameOf(fresh.instance);
  const kept = fresh.own.map(own => readRemembered(own.tags));
  const rules = kept.flatMap(one => one.rules);
  const damaged = kept.flatMap(one => one.damaged);
  const ownIds = fresh.own.flatMap(({ id }) => id ?? []);
  const grants = fresh.rules.filter(rule => ownIds.includes(rule.GroupId ?? '') && readMarks(rule)).length;
  const groups = [...new Set(rules.map(rule => rule.group))].filter(id => !ownIds.includes(id));
  const others = await alsoBehind(aws, fresh.ref, groups, signal);
  return {
    vm: vm.id,
    vmName: name,
    cloud: 'aws',
    kind: 'unlock',
    steps: [
      ...rules.map(rule => bringBack(aws, fresh, rule, others.instances)),
      ...policyStep(aws, fresh, name),
      ...fresh.own.flatMap(own =>
        own.chosen
          ? releaseSteps(aws, fresh, own)
          : [...detachSteps(aws, fresh, own), ...deleteStep(aws, fresh, own)],
      ),
    ],
    warnings: [
      ...damaged.map(
        key => `What the tag ${key} of ${ownGroupName(fresh.ref.instance)} remembers can't be read.`,
      ),
      ...(grants > 0
        ? [`${grants === 1 ? 'The rule of a grant goes' : `${grants} rules of grants go`} too.`]
        : []),
    ],
    alsoAffects: others.names,
  };
}

function policyStep(aws: Connection, fresh: Fresh, name: string): Step[] {
  const keys = policyTagKeys.filter(key => key in fresh.tags);
  if (keys.length === 0) return [];
  const { region, instance } = fresh.ref;
  return [
    {
      action: 'tag',
      target: name,
      what: "Remove the policy from the instance's tags.",
      foreign: false,
      before: keys.map(key => fresh.tags[key]).join(''),
      run: signal =>
        removeTags(
          aws,
          region,
          [instance],
          keys.map(Key => ({ Key })),
          signal,
        ),
    },
  ];
}

/** A chosen group stays as it is, but for what Latchkey put there. */
function releaseSteps(aws: Connection, fresh: Fresh, own: OwnGroup): Step[] {
  const { region, instance } = fresh.ref;
  const id = own.id ?? '';
  const ours = fresh.rules.filter(rule => rule.GroupId === id && readMarks(rule));
  const SecurityGroupRuleIds = ours.flatMap(rule => rule.SecurityGroupRuleId ?? []);
  const revoke: Step = {
    action: 'remove',
    target: `${own.name} (${id})`,
    what: `Revoke the rules of grants in ${own.name}: ${SecurityGroupRuleIds.join(', ')}.`,
    foreign: false,
    async run(signal) {
      await revokeAll(aws, region, id, SecurityGroupRuleIds, signal);
      await settled(aws, region, id, without(SecurityGroupRuleIds), signal);
    },
  };
  const release: Step = {
    action: 'tag',
    target: `${own.name} (${id})`,
    what: `Use ${own.name} for grants no more: take the tags ${ownGroupTag} and ${chosenGroupTag} off. The group stays attached.`,
    foreign: false,
    async run(signal) {
      const others = chosenGroups(fresh.tags).filter(other => other !== id);
      if (others.length > 0)
        await writeTags(aws, region, [instance], tagList({ [chosenGroupTag]: others.join(' ') }), signal);
      else await removeTags(aws, region, [instance], [{ Key: chosenGroupTag }], signal);
      fresh.tags[chosenGroupTag] = others.join(' ');
      await removeTags(aws, region, [id], [{ Key: ownGroupTag }], signal);
    },
  };
  return [...(SecurityGroupRuleIds.length > 0 ? [revoke] : []), release];
}

/** One that ended meanwhile makes AWS refuse the whole call: then each goes by itself, so that none stays. */
async function revokeAll(
  aws: Connection,
  region: string,
  GroupId: string,
  SecurityGroupRuleIds: string[],
  signal?: AbortSignal,
): Promise<void> {
  const input = { GroupId, SecurityGroupRuleIds };
  try {
    await aws.ec2(
      region,
      'RevokeSecurityGroupIngress',
      (ec2, options) => ec2.revokeSecurityGroupIngress(input, options),
      signal,
    );
  } catch (error) {
    if (!isNotFound(error)) throw error;
    if (SecurityGroupRuleIds.length > 1)
      for (const one of SecurityGroupRuleIds) await revokeAll(aws, region, GroupId, [one], signal);
  }
}

function detachSteps(aws: Connection, fresh: Fresh, own: OwnGroup): Step[] {
  const { region, instance } = fresh.ref;
  return fresh.interfaces
    .filter(({ groups }) => own.id !== undefined && groups.includes(own.id))
    .map(({ id }) => ({
      action: 'detach',
      target: id,
      what: `Detach ${ownGroupName(instance)} from the network interface ${id}.`,
      foreign: false,
      run: signal =>
        setGroups(
          aws,
          region,
          id,
          groups => {
            const rest = groups.filter(group => group !== own.id);
            if (rest.length === 0) throw lastGroup(id, ownGroupName(instance));
            return rest;
          },
          signal,
        ),
    }));
}

function deleteStep(aws: Connection, fresh: Fresh, own: OwnGroup): Step[] {
  const { region, instance } = fresh.ref;
  if (own.id === undefined) return [];
  return [
    {
      action: 'remove',
      target: ownGroupName(instance),
      what: `Delete the security group ${ownGroupName(instance)}.`,
      foreign: false,
      async run(signal) {
        for (const [i, wait] of waits.entries()) {
          if (wait > 0) await aws.pause(wait, signal);
          try {
            const input = { GroupId: own.id };
            await aws.ec2(
              region,
              'DeleteSecurityGroup',
              (ec2, options) => ec2.deleteSecurityGroup(input, options),
              signal,
            );
            return;
          } catch (error) {
            if (isNotFound(error)) return;
            if (cloudCode(error) !== 'DependencyViolation' || i === waits.length - 1) throw error;
          }
        }
      },
    },
  ];
}

function lastGroup(id: string, name: string): LatchkeyError {
  return new LatchkeyError({
    code: 'CLOUD_CONFLICT',
    message: `${name} is the only security group of the interface ${id}, and AWS wants at least one.`,
    fix: 'Attach the group it should have, then unlock again.',
  });
}
