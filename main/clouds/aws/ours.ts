/** Finding the rules in AWS that are ours by their own marks, whoever's Latchkey wrote them. */
import type { SecurityGroup } from '@aws-sdk/client-ec2';
import type { GateId } from '../../../shared/domain/ids.ts';
import { isNotFound } from '../calls.ts';
import type { FoundRule } from '../cloud.ts';
import type { Connection } from './connection.ts';
import { lasting, readMarks } from './grantTags.ts';
import { gateOf, gateRef, instanceOfGroup, ownGroupPattern, ownGroupTag, vmIdOf } from './names.ts';
import { chunks, listRules, ruleEntry } from './rules.ts';

/** Every rule of ours in a region or one group. Grants only ever live in VMs' own groups, so only those are read. */
export async function* findOurs(
  aws: Connection,
  where: { region: string } | { gate: GateId },
  signal?: AbortSignal,
): AsyncGenerator<FoundRule> {
  const region = 'gate' in where ? gateRef(where.gate).region : where.region;
  const filters =
    'gate' in where
      ? [{ Name: 'group-id', Values: [gateRef(where.gate).group] }]
      : // By either: a name can't be changed by hand, a tag can, and a chosen group has only the tag.
        [
          { Name: 'group-name', Values: [ownGroupPattern] },
          { Name: 'tag-key', Values: [ownGroupTag] },
        ];
  const groups = (await Promise.all(filters.map(filter => listGroups(aws, region, filter, signal)))).flat();
  const byId = new Map(groups.map(group => [group.GroupId ?? '', group]));
  for (const ids of chunks([...byId.keys()])) {
    const rules = await listRules(aws, region, ids, signal).catch(error => {
      // A group that was deleted between the two reads: the next sweep sees the others again.
      if (isNotFound(error)) return [];
      throw error;
    });
    for (const rule of rules) {
      const group = byId.get(rule.GroupId ?? '');
      const marks = readMarks(rule);
      const entry = ruleEntry(rule);
      if (group === undefined || marks === undefined || entry === undefined) continue;
      const instance = instanceOfGroup(group.GroupName, group.Tags);
      const owner = group.OwnerId ?? rule.GroupOwnerId;
      yield {
        gate: gateOf(region, group.GroupId ?? ''),
        gateName: group.GroupName ?? '',
        name: rule.SecurityGroupRuleId ?? '',
        ...lasting(marks),
        protocol: entry.protocol,
        ports: [entry.port],
        sources: [entry.cidr],
        index: 0,
        destinations: [],
        vm: instance && owner ? vmIdOf(region, owner, instance) : undefined,
      };
    }
  }
}

/** Security groups that fit one filter. */
export async function listGroups(
  aws: Connection,
  region: string,
  filter: { Name: string; Values: string[] },
  signal?: AbortSignal,
): Promise<SecurityGroup[]> {
  const groups: SecurityGroup[] = [];
  let NextToken: string | undefined;
  do {
    const input = { Filters: [filter], MaxResults: 1000, NextToken };
    const answer = await aws.ec2(
      region,
      'DescribeSecurityGroups',
      (ec2, options) => ec2.describeSecurityGroups(input, options),
      signal,
    );
    groups.push(...(answer.SecurityGroups ?? []));
    NextToken = answer.NextToken || undefined;
  } while (NextToken !== undefined);
  return groups;
}
