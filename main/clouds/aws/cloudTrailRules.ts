/** The rules of a CloudTrail record, one per source, in the words of the activity. */
import type { TrailParameters, TrailRule } from './cloudTrailRecord.ts';

/** One protocol, one range of ports, one source. */
export interface TrailEntry {
  id?: string | undefined;
  protocol: string;
  from?: number | undefined;
  to?: number | undefined;
  source: string;
  description?: string | undefined;
}

/** Those of the answer, or, if it names none, those of the request. */
export function entriesOf(asked: TrailParameters, came: TrailRule[]): TrailEntry[] {
  if (came.length > 0) {
    return came.map(rule => ({
      id: rule.securityGroupRuleId,
      protocol: rule.ipProtocol ?? '-1',
      from: rule.fromPort,
      to: rule.toPort,
      source:
        rule.cidrIpv4 ??
        rule.cidrIpv6 ??
        rule.prefixListId ??
        rule.referencedGroupId ??
        rule.referencedGroupInfo?.groupId ??
        '',
      description: rule.description,
    }));
  }
  const { cidrIp, ipProtocol, fromPort, toPort } = asked;
  const short =
    cidrIp === undefined
      ? []
      : [{ protocol: ipProtocol ?? '-1', from: fromPort, to: toPort, source: cidrIp }];
  const long = asked.ipPermissions.flatMap(one =>
    [
      ...one.ipRanges.map(({ cidrIp: source, description }) => ({ source, description })),
      ...one.ipv6Ranges.map(({ cidrIpv6: source, description }) => ({ source, description })),
      ...one.prefixListIds.map(({ prefixListId: source, description }) => ({ source, description })),
      ...one.groups.map(({ groupId: source, description }) => ({ source, description })),
    ].map(
      ({ source = '', description }): TrailEntry => ({
        protocol: one.ipProtocol ?? '-1',
        from: one.fromPort,
        to: one.toPort,
        source,
        description,
      }),
    ),
  );
  return [...short, ...long];
}

/** `22/tcp 8000-8080/tcp`; `*` for all ports, `any` for all protocols. Empty where nothing is told. */
export function portsText(entries: TrailEntry[]): string {
  return distinct(
    entries.map(({ protocol, from, to }) => {
      const name = protocol === '-1' ? 'any' : protocol;
      if (protocol === '-1' || from === undefined || from === -1) return `*/${name}`;
      return `${to === undefined || to === from ? from : `${from}-${to}`}/${name}`;
    }),
  );
}

export function sourcesText(entries: TrailEntry[]): string {
  return distinct(entries.map(({ source }) => source).filter(source => source !== ''));
}

function distinct(texts: string[]): string {
  return [...new Set(texts)].join(' ');
}
