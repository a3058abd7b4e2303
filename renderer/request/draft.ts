/** What the request dialog holds while a person fills it in, and the request it becomes. Pure. */
import type { Protocol } from '../../shared/contract/common.ts';
import type { GrantRequest } from '../../shared/contract/grants.ts';
import type { Policy, PolicyPort } from '../../shared/contract/policies.ts';
import type { VmRow } from '../../shared/contract/vms.ts';
import type { ErrorCode, ErrorData } from '../../shared/errors.ts';

export interface RequestDraft {
  /** Ports as `22 tcp`; undefined leaves it to the broker: each VM's usual port. */
  ports: readonly string[] | undefined;
  source: 'my-ip' | 'range' | 'policy';
  range: string;
  forMs: number;
  reason: string;
}

const hourMs = 3_600_000;

/** The key of a port in a draft. */
export function portKey({ port, protocol }: { port: number; protocol: Protocol }): string {
  return `${port} ${protocol}`;
}

/** The ports every one of the policies has, with the shortest of their longest times. */
export function commonPorts(policies: readonly Policy[]): PolicyPort[] {
  const [first, ...others] = policies;
  if (first === undefined) return [];
  return first.ports.flatMap(port => {
    const same = others.map(({ ports }) => ports.find(other => portKey(other) === portKey(port)));
    if (same.includes(undefined)) return [];
    return [{ ...port, maxMs: Math.min(port.maxMs, ...same.map(other => other?.maxMs ?? port.maxMs)) }];
  });
}

/** The longest time that fits: of the chosen ports, or of all when the choice is the broker's. */
export function longestMs(ports: readonly PolicyPort[], chosen: readonly string[] | undefined): number {
  const counted = chosen === undefined ? ports : ports.filter(port => chosen.includes(portKey(port)));
  return counted.length === 0 ? hourMs : Math.min(...counted.map(({ maxMs }) => maxMs));
}

/** The draft a dialog begins with: the usual port, my IP, an hour or the policy's maximum. */
export function firstDraft(rows: readonly VmRow[], ports: readonly PolicyPort[]): RequestDraft {
  const [only] = rows;
  const usual = only?.os === 'windows' ? 3389 : 22;
  const fitting = ports.filter(({ port }) => port === usual);
  const chosen =
    rows.length > 1 ? undefined : (fitting.length > 0 ? fitting : ports).map(port => portKey(port));
  return {
    ports: chosen,
    source: 'my-ip',
    range: '',
    forMs: Math.min(hourMs, longestMs(ports, chosen)),
    reason: '',
  };
}

/** The request a draft stands for. */
export function requestOf(vms: string[], draft: RequestDraft): GrantRequest {
  const typed = draft.range.split(/[\s,]+/).filter(Boolean);
  const reason = draft.reason.trim();
  const ports = draft.ports?.map(key => {
    const [port = '', protocol = 'tcp'] = key.split(' ');
    return { port: Number(port), protocol: protocol as Protocol };
  });
  return {
    vms,
    sources: draft.source === 'range' ? typed : [draft.source],
    forMs: draft.forMs,
    ...(ports === undefined ? {} : { ports }),
    ...(reason === '' ? {} : { reason }),
  };
}

export type RequestField = 'ports' | 'source' | 'time' | 'whole';

const fieldByCode: Partial<Record<ErrorCode, RequestField>> = {
  PORT_NOT_IN_POLICY: 'ports',
  BAD_CIDR: 'source',
  SOURCE_NOT_ALLOWED: 'source',
  SOURCE_FAMILY: 'source',
  MY_IP_UNKNOWN: 'source',
  MY_IP_DISAGREES: 'source',
  TIME_TOO_LONG: 'time',
  BAD_DURATION: 'time',
};

/** The field an error belongs to, by its code. */
export function fieldOf(error: ErrorData): RequestField {
  return fieldByCode[error.code] ?? 'whole';
}
