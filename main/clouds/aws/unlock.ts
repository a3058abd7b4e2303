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
import { ownGroupName } from './names.ts';
import { readRemembered } from './remembered.ts';
import type { Draft, Step } from './steps.ts';
import { removeTags } from './tags.ts';

/** A group stays “in use” for a moment after it was detached. */
const waits = [0, 500, 1000, 2000, 4000, 8000];

/** What there is to do, from a fresh look. */
export async function draftUnlock(aws: Connection, vm: Vm, signal?: AbortSignal): Promise<Draft> {
  const fresh = await lookAt(aws, vm, signal);
  const name = nameOf(fresh.instance);
  const { rules, damaged } = readRemembered(fresh.own?.tags ?? {});
  const grants = fresh.rules.filter(rule => rule.GroupId === fresh.own?.id && readMarks(rule)).length;
  const groups = [...new Set(rules.map(rule => rule.group))].filter(id => id !== fresh.own?.id);
  const others = await alsoBehind(aws, fresh.ref, groups, signal);
  return {
    vm: vm.id,
    vmName: name,
    cloud: 'aws',
    kind: 'unlock',
    steps: [
      ...rules.map(rule => bringBack(aws, fresh, rule, others.instances)),
      ...policyStep(aws, fresh, name),
      ...detachSteps(aws, fresh),
      ...deleteStep(aws, fresh),
    ],
    warnings: [
      ...damaged.map(
        key => `What the tag ${key} of ${ownGroupName(fresh.ref.instance)} remembers can't be read.`,
      ),
      ...(grants > 0 ? [`${grants} rules of grants go with the VM's own group.`] : []),
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

function detachSteps(aws: Connection, fresh: Fresh): Step[] {
  const { own } = fresh;
  const { region, instance } = fresh.ref;
  if (own === undefined) return [];
  return fresh.interfaces
    .filter(({ groups }) => groups.includes(own.id))
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

function deleteStep(aws: Connection, fresh: Fresh): Step[] {
  const { own } = fresh;
  const { region, instance } = fresh.ref;
  if (own === undefined) return [];
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
