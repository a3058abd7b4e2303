/** What brings a VM its own group in each VPC: made, emptied, attached; or, where there is no room for one, chosen. */
import { cloudCode, isNotFound } from '../calls.ts';
import type { Connection } from './connection.ts';
import { alsoBehind, type Fresh } from './fresh.ts';
import { setGroups } from './interfaces.ts';
import { chosenGroups, chosenGroupTag, ownGroupTag, tagList } from './names.ts';
import { groupsPerInterface, type OwnGroup, outboundOf, ownGroups } from './own.ts';
import { settled, without } from './rules.ts';
import type { Step } from './steps.ts';
import { writeTags } from './tags.ts';

/** Waits between looks for something just made, milliseconds. */
const listedWithin = [0, 200, 500, 1000, 2000];

/** A VPC in which an interface has no room for the VM's own group. */
export interface Full {
  nic: string;
  groups: number;
  most: number;
  /** The group that only this VM has, which is used instead; undefined if there is none. */
  instead: string | undefined;
}

/** Looks where there is no room, and takes an existing group for the VM's own there, if one is this VM's alone. */
export async function chooseWhereFull(
  aws: Connection,
  fresh: Fresh,
  signal?: AbortSignal,
): Promise<{ own: OwnGroup[]; full: Full[] }> {
  const full: Full[] = [];
  const own: OwnGroup[] = [];
  for (const each of fresh.own) {
    const nics = fresh.interfaces.filter(({ vpc }) => vpc === each.vpc);
    const bare = nics.filter(({ groups }) => each.id === undefined || !groups.includes(each.id));
    const fullest = bare.toSorted((a, b) => b.groups.length - a.groups.length)[0];
    const most =
      fullest === undefined || fullest.groups.length < 5
        ? Number.POSITIVE_INFINITY
        : await groupsPerInterface(aws, fresh.ref.region, signal);
    if (fullest === undefined || fullest.groups.length < most) {
      own.push(each);
      continue;
    }
    const instead = each.id === undefined ? await aloneBehind(aws, fresh, nics, signal) : undefined;
    full.push({ nic: fullest.id, groups: fullest.groups.length, most, instead });
    own.push(
      instead === undefined
        ? each
        : { ...each, id: instead, name: fresh.names.get(instead) ?? instead, chosen: true },
    );
  }
  return { own, full };
}

/** A group that all these interfaces have and nothing else has: the one with the fewest rules. */
async function aloneBehind(
  aws: Connection,
  fresh: Fresh,
  nics: Fresh['interfaces'],
  signal?: AbortSignal,
): Promise<string | undefined> {
  const [first, ...others] = nics;
  const common = (first?.groups ?? []).filter(id => others.every(({ groups }) => groups.includes(id)));
  const rules = (id: string) => fresh.rules.filter(rule => rule.GroupId === id).length;
  for (const id of common.toSorted((a, b) => rules(a) - rules(b) || (a < b ? -1 : 1))) {
    const { names } = await alsoBehind(aws, fresh.ref, [id], signal);
    if (names.length === 0 && fresh.names.get(id) !== 'default') return id;
  }
  return undefined;
}

/** The steps for one VPC. `label` names the VPC where the VM is in several. */
export function ownSteps(aws: Connection, fresh: Fresh, own: OwnGroup, full: Full[]): Step[] {
  const known = fresh.own.find(({ vpc }) => vpc === own.vpc);
  return [
    ...(own.chosen && (known?.id === undefined || !chosenGroups(fresh.tags).includes(known.id))
      ? [chooseStep(aws, fresh, own, full)]
      : []),
    ...(own.id === undefined ? [createStep(aws, fresh, own)] : []),
    ...(own.chosen || (own.id !== undefined && own.outbound.length === 0)
      ? []
      : [shutOutboundStep(aws, fresh, own)]),
    ...attachSteps(aws, fresh, own),
  ];
}

function chooseStep(aws: Connection, fresh: Fresh, own: OwnGroup, full: Full[]): Step {
  const { region, instance } = fresh.ref;
  const id = own.id ?? '';
  const why = full.find(({ instead }) => instead === id);
  return {
    action: 'tag',
    target: `${own.name} (${id})`,
    what: `Use the security group ${own.name} (${id}) for grants, ${why ? `because ${why.nic} has ${why.groups} of ${why.most} groups and no room for one of the VM's own: nothing but this VM has it, so a grant opens this VM only` : 'as before'}. It is tagged ${ownGroupTag}, the instance ${chosenGroupTag}.`,
    foreign: true,
    async run(signal) {
      // The group's own tag comes last, as it is what counts: cut off before it, nothing is chosen yet.
      const chosen = [...new Set([...chosenGroups(fresh.tags), id])].join(' ');
      await writeTags(aws, region, [instance], tagList({ [chosenGroupTag]: chosen }), signal);
      await writeTags(aws, region, [id], tagList({ [ownGroupTag]: instance }), signal);
      fresh.tags[chosenGroupTag] = chosen;
      own.tags[ownGroupTag] = instance;
    },
  };
}

function createStep(aws: Connection, fresh: Fresh, own: OwnGroup): Step {
  const { region, instance } = fresh.ref;
  const tags = { [ownGroupTag]: instance };
  return {
    action: 'create',
    target: own.name,
    what: `Create the security group ${own.name}${inVpc(fresh, own)}, empty: grants for this VM alone go there.`,
    foreign: false,
    async run(signal) {
      const input = {
        GroupName: own.name,
        Description: `Latchkey: opens ${instance} only`,
        VpcId: own.vpc || undefined,
        TagSpecifications: [{ ResourceType: 'security-group' as const, Tags: tagList(tags) }],
      };
      try {
        const answer = await aws.ec2(
          region,
          'CreateSecurityGroup',
          (ec2, options) => ec2.createSecurityGroup(input, options),
          signal,
        );
        Object.assign(own, { id: answer.GroupId, tags });
      } catch (error) {
        if (cloudCode(error) !== 'InvalidGroup.Duplicate') throw error;
        // Our own answer was lost, or a colleague locks it too: what stands there is looked at like any other.
        const made = await ownGroups(aws, fresh.ref, fresh.instance, [own.vpc], signal);
        if (made[0]?.id === undefined) throw error;
        Object.assign(own, made[0]);
      }
    },
  };
}

/** A new group lets everything out, and groups add up: attached as it is it would widen what the VM may reach. */
function shutOutboundStep(aws: Connection, fresh: Fresh, own: OwnGroup): Step {
  const { region } = fresh.ref;
  return {
    action: 'update',
    target: own.name,
    what: `Take the outbound rules off ${own.name}${inVpc(fresh, own)}: what the VM may reach stays as it is.`,
    foreign: false,
    async run(signal) {
      const SecurityGroupRuleIds =
        own.outbound.length > 0 ? own.outbound : await outboundRules(aws, region, own.id ?? '', signal);
      if (SecurityGroupRuleIds.length === 0) return;
      const input = { GroupId: own.id, SecurityGroupRuleIds };
      try {
        await aws.ec2(
          region,
          'RevokeSecurityGroupEgress',
          (ec2, options) => ec2.revokeSecurityGroupEgress(input, options),
          signal,
        );
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      await settled(aws, region, own.id ?? '', without(SecurityGroupRuleIds), signal);
    },
  };
}

/** Looks again while there are none: AWS gives every new group one, and lists it a moment later. */
async function outboundRules(aws: Connection, region: string, group: string, signal?: AbortSignal) {
  for (const wait of listedWithin) {
    if (wait > 0) await aws.pause(wait, signal);
    const ids = await outboundOf(aws, region, group, signal);
    if (ids.length > 0) return ids;
  }
  return [];
}

function attachSteps(aws: Connection, fresh: Fresh, own: OwnGroup): Step[] {
  const bare = fresh.interfaces.filter(
    ({ vpc, groups }) => vpc === own.vpc && (own.id === undefined || !groups.includes(own.id)),
  );
  return bare.map(({ id }) => ({
    action: 'attach',
    target: id,
    what: `Attach ${own.name} to the network interface ${id}; the groups it has stay.`,
    foreign: false,
    run: signal => setGroups(aws, fresh.ref.region, id, groups => [...groups, own.id ?? ''], signal),
  }));
}

/** Told only where the VM is in several. */
function inVpc(fresh: Fresh, own: OwnGroup): string {
  return fresh.own.length > 1 ? ` in ${own.vpc}` : '';
}
