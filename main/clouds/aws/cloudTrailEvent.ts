/** An event of CloudTrail, read: what was done, by whom, with what. Pure; whatever stands in it is data. */
import { parseMark } from '../../../shared/domain/ruleMark.ts';
import type { CloudEvent } from '../cloud.ts';
import { type TrailRecord, trailRecord } from './cloudTrailRecord.ts';
import { entriesOf, portsText, sourcesText } from './cloudTrailRules.ts';
import { callerOf, clientOf } from './cloudTrailWho.ts';
import { gateOf, instanceOfGroup, vmIdOf } from './names.ts';
import { nobodys } from './tryOut.ts';

/** What happens to security groups and what is behind them, by EC2's own names. */
export const trailEvents = [
  'AuthorizeSecurityGroupIngress',
  'RevokeSecurityGroupIngress',
  'ModifySecurityGroupRules',
  'CreateSecurityGroup',
  'DeleteSecurityGroup',
  'ModifyNetworkInterfaceAttribute',
] as const;
type TrailName = (typeof trailEvents)[number];

/** Refusals after which nothing is other than it was, and was not meant to be: tries, and what was done already. */
const nothingDone = [
  'DryRunOperation',
  'InvalidPermission.Duplicate',
  'InvalidGroup.Duplicate',
  'InvalidPermission.NotFound',
  'InvalidSecurityGroupRuleId.NotFound',
  'RequestLimitExceeded',
];

/** The event in a CloudTrailEvent's JSON; undefined where it is not about a gate, `unread` where it makes no sense. */
export function eventOf(json: string | undefined, region: string): CloudEvent | 'unread' | undefined {
  const read = trailRecord.safeParse(parse(json));
  const at = Date.parse(read.data?.eventTime ?? '');
  if (!read.success || Number.isNaN(at)) return 'unread';
  const record = read.data;
  const name = trailEvents.find(one => one === record.eventName);
  if (name === undefined || nothingDone.some(code => record.errorCode?.endsWith(code))) return undefined;
  const done = doing(name, record, region);
  // A try that was refused is told as a refusal like any other.
  if (done === undefined || (record.errorCode !== undefined && done.source === nobodys)) return undefined;
  return {
    id: record.eventID,
    correlation: record.requestID ?? record.eventID,
    at,
    operation: name,
    outcome: record.errorCode === undefined ? 'ok' : 'failed',
    caller: callerOf(record.userIdentity),
    client: clientOf(record),
    removed: false,
    ...done,
  };
}

type Doing = Pick<CloudEvent, 'did' | 'name' | 'resource'> & Partial<CloudEvent>;

function doing(name: TrailName, record: TrailRecord, region: string): Doing | undefined {
  const { requestParameters: asked, responseElements: came } = record;
  const group =
    asked.groupId ?? asked.ModifySecurityGroupRulesRequest?.GroupId ?? came.groupId ?? asked.groupName ?? '';
  const gate = { gate: gateOf(region, group), gateName: group };
  switch (name) {
    case 'AuthorizeSecurityGroupIngress':
      return { did: 'rule-written', resource: group, ...gate, ...rules(record), access: 'allow' };
    case 'RevokeSecurityGroupIngress':
      return { did: 'rule-removed', resource: group, ...gate, ...rules(record), removed: true };
    case 'ModifySecurityGroupRules':
      return {
        did: 'gate-changed',
        resource: group,
        name: group,
        ...gate,
        words: `Rules of ${group} were changed.`,
      };
    case 'CreateSecurityGroup':
    case 'DeleteSecurityGroup': {
      const removed = name === 'DeleteSecurityGroup';
      const shown = asked.groupName ?? group;
      const words = `The security group ${shown} was ${removed ? 'deleted' : 'made'}.`;
      const vms = vmsOf(asked.groupName, record, region);
      return { did: 'gate-changed', resource: group, name: shown, removed, words, ...gate, ...vms };
    }
    case 'ModifyNetworkInterfaceAttribute': {
      const groups = asked.groupSet.flatMap(({ groupId }) => groupId ?? []);
      const last = groups.at(-1);
      // Something else about the interface: its description, or where it may send to.
      if (last === undefined) return undefined;
      const nic = asked.networkInterfaceId ?? '';
      const words = `The security groups of the network interface ${nic} were set to ${groups.join(', ')}.`;
      // Whoever attaches a VM's own group puts it last, and that one is of this VM alone.
      return { did: 'gate-changed', resource: nic, name: nic, words, gate: gateOf(region, last) };
    }
  }
}

/** What the answer says was written or removed; where there is none (refused, or an older record) what was asked for. */
function rules({ requestParameters: asked, responseElements: came }: TrailRecord) {
  const entries = entriesOf(asked, [...came.securityGroupRuleSet, ...came.revokedSecurityGroupRuleSet]);
  const told = asked.securityGroupRuleIds.flatMap(({ securityGroupRuleId: id }) => id ?? []);
  const ids = [...new Set([...entries.flatMap(({ id }) => id ?? []), ...told])];
  const [first = `for ${portsText(entries) || 'any port'}`] = ids;
  const mark = entries.map(({ description }) => parseMark(description)).find(one => one !== undefined);
  return {
    name: first,
    more: Math.max(ids.length - 1, 0),
    ports: portsText(entries),
    source: sourcesText(entries),
    ...(mark === undefined ? {} : { mark }),
  };
}

/** A VM's own group names the VM. */
function vmsOf(groupName: string | undefined, record: TrailRecord, region: string): Pick<CloudEvent, 'vms'> {
  const instance = instanceOfGroup(groupName, undefined);
  const account = record.recipientAccountId;
  if (instance === undefined || account === undefined || !/^\d{12}$/.test(account)) return {};
  return { vms: [vmIdOf(region, account, instance)] };
}

function parse(json: string | undefined): unknown {
  try {
    return JSON.parse(json ?? '') as unknown;
  } catch {
    // Cut short by the log: nothing is known of it then.
    return undefined;
  }
}
