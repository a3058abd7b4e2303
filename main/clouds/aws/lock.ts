/**
 * Locking: the VM gets its own group on every interface, the rules that let others in to its protected ports are
 * revoked, and the policy is written to the instance. In that order, so that a crash at any point leaves either less
 * done than planned, or all that was taken away remembered.
 */
import type { SecurityGroupRule } from '@aws-sdk/client-ec2';
import type { Policy } from '../../../shared/contract/policies.ts';
import { cidrFamily } from '../../../shared/domain/cidr.ts';
import { inTheWay } from '../../../shared/domain/effective/inTheWay.ts';
import { policyTagKeys, policyTags } from '../../../shared/domain/policyTag.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { isNotFound } from '../calls.ts';
import type { Connection } from './connection.ts';
import { exposes, reaches } from './exposure.ts';
import { alsoBehind, type Fresh, lookAt, outboundOf } from './fresh.ts';
import { nameOf } from './instances.ts';
import { setGroups } from './interfaces.ts';
import { ownGroupName, ownGroupTag, tagList } from './names.ts';
import { refuseUnsupported } from './orders.ts';
import { freeKey, rememberText } from './remembered.ts';
import { gateRule, ruleText, settled, without } from './rules.ts';
import type { Draft, Step } from './steps.ts';
import { removeTags, writeTags } from './tags.ts';

/** More than this many groups on an interface needs a raised quota (reference 8.1). */
const usualGroups = 5;
/** Waits between looks for something just made, milliseconds. */
const listedWithin = [0, 200, 500, 1000, 2000];

/** What there is to do, from a fresh look. */
export async function draftLock(
  aws: Connection,
  vm: Vm,
  policy: Policy,
  signal?: AbortSignal,
): Promise<Draft> {
  refuseUnsupported(vm);
  const fresh = await lookAt(aws, vm, signal);
  const name = nameOf(fresh.instance);
  const own = { id: fresh.own?.id, tags: { ...fresh.own?.tags } };
  const exposing = fresh.rules.filter(rule => exposes(rule, policy));
  const shared = new Set(exposing.flatMap(rule => rule.GroupId ?? []).filter(id => id !== own.id));
  return {
    vm: vm.id,
    vmName: name,
    cloud: 'aws',
    kind: 'lock',
    policy,
    steps: [
      ...createStep(aws, fresh, own),
      ...shutOutboundStep(aws, fresh, own),
      ...attachSteps(aws, fresh, own),
      ...exposing.map(rule => revokeStep(aws, fresh, own, rule)),
      ...policyStep(aws, fresh, policy, name),
    ],
    warnings: [...warnings(fresh, policy, exposing), ...shutByAcl(vm, policy)],
    alsoAffects: (await alsoBehind(aws, fresh.ref, [...shared], signal)).names,
  };
}

/** The own group while a draft is carried out: known from the start, or from its creation on. */
interface Own {
  id: string | undefined;
  tags: Record<string, string>;
}

function createStep(aws: Connection, fresh: Fresh, own: Own): Step[] {
  if (own.id !== undefined) return [];
  const { region, instance } = fresh.ref;
  const GroupName = ownGroupName(instance);
  const tags = { [ownGroupTag]: instance };
  return [
    {
      action: 'create',
      target: GroupName,
      what: `Create the security group ${GroupName}, empty: grants for this VM alone go there.`,
      foreign: false,
      async run(signal) {
        const input = {
          GroupName,
          Description: `Latchkey: opens ${instance} only`,
          VpcId: fresh.instance.VpcId,
          TagSpecifications: [{ ResourceType: 'security-group' as const, Tags: tagList(tags) }],
        };
        const answer = await aws.ec2(
          region,
          'CreateSecurityGroup',
          (ec2, options) => ec2.createSecurityGroup(input, options),
          signal,
        );
        Object.assign(own, { id: answer.GroupId, tags });
      },
    },
  ];
}

/** A new group lets everything out, and groups add up: attached as it is it would widen what the VM may reach. */
function shutOutboundStep(aws: Connection, fresh: Fresh, own: Own): Step[] {
  if (fresh.own !== undefined && fresh.own.outbound.length === 0) return [];
  const { region, instance } = fresh.ref;
  return [
    {
      action: 'update',
      target: ownGroupName(instance),
      what: `Take the outbound rules off ${ownGroupName(instance)}: what the VM may reach stays as it is.`,
      foreign: false,
      async run(signal) {
        const SecurityGroupRuleIds =
          fresh.own?.outbound ?? (await outboundRules(aws, region, own.id ?? '', signal));
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
    },
  ];
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

function attachSteps(aws: Connection, fresh: Fresh, own: Own): Step[] {
  const bare = fresh.interfaces.filter(({ groups }) => own.id === undefined || !groups.includes(own.id));
  const { region, instance } = fresh.ref;
  return bare.map(({ id }) => ({
    action: 'attach',
    target: id,
    what: `Attach ${ownGroupName(instance)} to the network interface ${id}; the groups it has stay.`,
    foreign: false,
    run: signal => setGroups(aws, region, id, groups => [...groups, own.id ?? ''], signal),
  }));
}

function revokeStep(aws: Connection, fresh: Fresh, own: Own, rule: SecurityGroupRule): Step {
  const { region } = fresh.ref;
  const id = rule.SecurityGroupRuleId ?? '';
  const group = groupText(fresh, rule.GroupId ?? '');
  const { text, whole } = rememberText(rule);
  return {
    action: 'remove',
    target: group,
    what: `Revoke ${ruleText(rule)} (${id}). Unlock puts it back${whole ? '' : ', with its description cut short and without its tags'}.`,
    foreign: true,
    before: `${ruleText(rule)}${rule.Description ? `: ${rule.Description}` : ''}`,
    async run(signal) {
      // After a crash between the two calls it is remembered already.
      if (!Object.values(own.tags).includes(text)) {
        const key = freeKey(own.tags);
        if (key === undefined) throw noRoom(ownGroupName(fresh.ref.instance));
        await writeTags(aws, region, [own.id ?? ''], [{ Key: key, Value: text }], signal);
        own.tags[key] = text;
      }
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

function warnings(fresh: Fresh, policy: Policy, exposing: SecurityGroupRule[]): string[] {
  const wide = exposing.filter(rule => {
    const { protocol, ports } = gateRule(rule);
    const covered = policy.ports.filter(({ port }) =>
      ports.some(({ from, to }) => from <= port && port <= to),
    );
    const size = ports.reduce((sum, { from, to }) => sum + to - from + 1, 0);
    return protocol === 'any' || size > new Set(covered.map(({ port }) => port)).size;
  });
  const members = fresh.rules.filter(rule => rule.ReferencedGroupInfo !== undefined && reaches(rule, policy));
  const full = fresh.interfaces.filter(
    ({ groups }) => !(fresh.own && groups.includes(fresh.own.id)) && groups.length >= usualGroups,
  );
  return [
    ...wide.map(
      rule =>
        `${rule.SecurityGroupRuleId} in ${groupText(fresh, rule.GroupId ?? '')} lets in more than the protected ports: ${ruleText(rule)}. All of it will be shut.`,
    ),
    ...members.map(
      rule =>
        `${rule.SecurityGroupRuleId} in ${groupText(fresh, rule.GroupId ?? '')} goes on letting in the members of ${rule.ReferencedGroupInfo?.GroupId}: ${ruleText(rule)}.`,
    ),
    ...full.map(
      ({ id, groups }) =>
        `The interface ${id} has ${groups.length} security groups already. Unless AWS has raised your quota (5 is the default), the lock will be refused before anything is revoked: detach a group it does not need first.`,
    ),
  ];
}

/** Protected ports that the subnet's network ACL keeps shut: a grant would open nothing there. */
function shutByAcl(vm: Vm, policy: Policy): string[] {
  const families = new Set(vm.interfaces.flatMap(nic => nic.privateAddresses).map(cidrFamily));
  return policy.ports.flatMap(({ port, protocol, sources }) => {
    const anywhere = [...families].map(family => (family === 'ipv4' ? '0.0.0.0/0' : '::/0'));
    const asked = { ports: [{ port, protocol }], sources: sources.length > 0 ? sources : anywhere };
    const found = inTheWay(vm, asked, new Set()).filter(({ gate }) => gate.kind === 'network-acl');
    return found.map(
      ({ gate, rule, source }) =>
        `The network ACL ${gate.name} stops ${protocol.toUpperCase()} ${port} from ${source === '0.0.0.0/0' || source === '::/0' ? 'some or all of the internet' : source}${rule?.priority === undefined ? '' : ` (rule ${rule.priority})`}. Latchkey does not change it: where it stops a person, no grant lets them in.`,
    );
  });
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
