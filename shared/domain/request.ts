/** A request held against a VM's policy before anything is sent. Every error names the limit; nothing is widened. */
import type { Protocol } from '../contract/common.ts';
import type { Policy, PolicyPort } from '../contract/policies.ts';
import { LatchkeyError } from '../errors.ts';
import { canonicalCidr } from './cidr.ts';
import { isEmpty, setOf, subtract } from './effective/addressSet.ts';
import { formatDuration } from './time.ts';

export interface Wanted {
  /** Default: the port that fits the VM's system (22, 3389) if the policy has it, else all of the policy's. */
  ports?: readonly { port: number; protocol?: Protocol | undefined }[] | undefined;
  /** Addresses and CIDRs, already found out: `my-ip` and `policy` are not words of this function. */
  sources: readonly string[];
  /** Milliseconds. Default: an hour, or the policy's maximum if that is less. */
  forMs?: number | undefined;
}

export interface Checked {
  ports: { port: number; protocol: Protocol }[];
  /** Canonical CIDRs, each once. */
  sources: string[];
  forMs: number;
}

const defaultTime = 3_600_000;

/**
 * What a request comes to under a policy. Throws PORT_NOT_IN_POLICY, TIME_TOO_LONG, SOURCE_NOT_ALLOWED, BAD_CIDR, and
 * BAD_INPUT for a request without ports, sources or time.
 */
export function checkRequest(policy: Policy, os: 'linux' | 'windows' | 'unknown', wanted: Wanted): Checked {
  const asked = askedPorts(policy, os, wanted.ports);
  if (asked.length === 0) throw empty('no port');
  const ports = unique(asked.map(port => settle(policy, port)));
  if (wanted.sources.length === 0) throw empty('no source');
  const longest = maxTime(policy, ports);
  const forMs = wanted.forMs ?? Math.min(defaultTime, longest);
  if (!(forMs > 0)) throw empty('no time');
  checkTime(policy, ports, forMs);
  const sources = [...new Set(wanted.sources.map(canonicalCidr))];
  for (const port of ports) checkSources(entriesFor(policy, port), port, sources);
  return { ports, sources, forMs };
}

/** The longest a grant of these ports may last from now, in ms. Throws PORT_NOT_IN_POLICY. */
export function maxTime(policy: Policy, ports: readonly { port: number; protocol: Protocol }[]): number {
  return Math.min(...ports.flatMap(port => entriesFor(policy, port).map(entry => entry.maxMs)));
}

/** Throws TIME_TOO_LONG if one of these ports may not be open for so long. */
export function checkTime(
  policy: Policy,
  ports: readonly { port: number; protocol: Protocol }[],
  forMs: number,
): void {
  const tight = ports.flatMap(port => entriesFor(policy, port)).filter(entry => entry.maxMs < forMs);
  const [first] = tight.toSorted((a, b) => a.maxMs - b.maxMs);
  if (first === undefined) return;
  const limit = formatDuration(first.maxMs);
  // An extension is asked from now on, to the millisecond: nobody wants to read those.
  const asked = formatDuration(Math.ceil(forMs / 1_000) * 1_000);
  throw new LatchkeyError({
    code: 'TIME_TOO_LONG',
    message: `${asked} is too long: the policy opens port ${name(first)} for at most ${limit}.`,
    fix: `Ask for ${limit} or less; you can extend while it is open.`,
    detail: { port: first.port, protocol: first.protocol, maxMs: first.maxMs, askedMs: forMs },
  });
}

/** The ports a request means: those it names, else the one that fits the VM's system, else all of the policy's. */
export function askedPorts(
  policy: Policy,
  os: 'linux' | 'windows' | 'unknown',
  named: Wanted['ports'],
): Wanted['ports'] & object {
  return named ?? defaultPorts(policy, os);
}

function defaultPorts(policy: Policy, os: 'linux' | 'windows' | 'unknown'): Wanted['ports'] & object {
  const fitting = { linux: 22, windows: 3389, unknown: undefined }[os];
  const found = policy.ports.filter(entry => entry.port === fitting && entry.protocol !== 'udp');
  const all = found.length > 0 ? found : policy.ports;
  return all.map(({ port, protocol }) => ({ port, protocol: protocol === 'any' ? undefined : protocol }));
}

/** Gives a port its protocol: as asked, else TCP where the policy has it (also as `any`), else what it has. */
function settle(
  policy: Policy,
  asked: { port: number; protocol?: Protocol | undefined },
): { port: number; protocol: Protocol } {
  const entries = policy.ports.filter(entry => entry.port === asked.port);
  const protocol = asked.protocol ?? (entries.every(entry => entry.protocol === 'udp') ? 'udp' : 'tcp');
  const port = { port: asked.port, protocol: entries.length === 0 ? (asked.protocol ?? 'tcp') : protocol };
  entriesFor(policy, port);
  return port;
}

/** The policy's entries that allow a port: one, or TCP's and UDP's together for `any`. Throws PORT_NOT_IN_POLICY. */
function entriesFor(policy: Policy, { port, protocol }: { port: number; protocol: Protocol }): PolicyPort[] {
  const has = (wanted: Protocol): PolicyPort | undefined =>
    policy.ports.find(entry => entry.port === port && entry.protocol === wanted);
  const whole = has(protocol) ?? has('any');
  if (whole !== undefined) return [whole];
  const tcp = has('tcp');
  const udp = has('udp');
  if (protocol === 'any' && tcp !== undefined && udp !== undefined) return [tcp, udp];
  const allowed = policy.ports.map(name);
  throw new LatchkeyError({
    code: 'PORT_NOT_IN_POLICY',
    message: `Port ${name({ port, protocol })} is not in the VM's policy, which has ${allowed.join(', ')}.`,
    fix: 'Ask for one of these, or lock the VM again with a policy that has this port.',
    detail: { port, protocol, allowed },
  });
}

function checkSources(
  entries: PolicyPort[],
  port: { port: number; protocol: Protocol },
  sources: string[],
): void {
  for (const entry of entries) {
    if (entry.sources.length === 0) continue;
    const allowed = setOf(...entry.sources);
    const refused = sources.filter(source => !isEmpty(subtract(setOf(source), allowed)));
    if (refused.length === 0) continue;
    throw new LatchkeyError({
      code: 'SOURCE_NOT_ALLOWED',
      message: `The policy does not open port ${name(port)} to ${refused.join(', ')}, only to ${entry.sources.join(', ')}.`,
      fix: 'Ask from an allowed address or a part of an allowed range; ports with different ranges are asked for one by one.',
      detail: { port: entry.port, protocol: entry.protocol, refused, allowed: entry.sources },
    });
  }
}

function unique(ports: { port: number; protocol: Protocol }[]): { port: number; protocol: Protocol }[] {
  return [...new Map(ports.map(port => [name(port), port])).values()];
}

function name({ port, protocol }: { port: number; protocol: Protocol }): string {
  return `${port}/${protocol}`;
}

function empty(what: string): LatchkeyError {
  return new LatchkeyError({
    code: 'BAD_INPUT',
    message: `The request names ${what}.`,
    fix: 'Name one, or leave that out and get the default.',
  });
}
