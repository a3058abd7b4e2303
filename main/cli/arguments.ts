/** The words of the command line, parsed. Every parser throws a LatchkeyError of the kind `usage`. */
import type { Protocol } from '../../shared/contract/common.ts';
import type { PolicyPort } from '../../shared/contract/policies.ts';
import { fromWire, parseDuration, toWire } from '../../shared/domain/time.ts';
import { LatchkeyError } from '../../shared/errors.ts';
import { usage } from './output.ts';

const portWords = /^(\d{1,5})(?:\/(tcp|udp|any))?$/i;
const shortestMaxMs = 60_000;
const longestMs = 86_400_000;

/** `22` or `22/tcp`. */
export function parsePort(text: string): { port: number; protocol?: Protocol } {
  const [, digits = '', protocol] = portWords.exec(text) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65535) {
    throw usage(`“${text}” is not a port.`, 'Write it like 22 or 22/tcp, from 1 to 65535.');
  }
  return { port, ...(protocol === undefined ? {} : { protocol: protocol.toLowerCase() as Protocol }) };
}

/** `22[/tcp]:3h[:CIDR,…]`: a port of a policy with its longest time and the sources it may be asked for. IPv6 has colons of its own. */
export function parsePolicyPort(text: string): PolicyPort {
  const [head = '', time, ...rest] = text.split(':');
  const { port, protocol } = parsePort(head);
  const maxMs = parseDuration(time ?? '3h');
  if (maxMs < shortestMaxMs || maxMs > longestMs) {
    throw new LatchkeyError({
      code: 'BAD_DURATION',
      message: `The longest time of a port is between a minute and a day; “${time}” is not.`,
      fix: 'Write it like 22:90m or 22:3h.',
    });
  }
  const sources = rest.length === 0 ? [] : rest.join(':').split(',');
  if (sources.includes('')) {
    throw usage(
      `“${text}” names no source after its colon.`,
      'Write it like 22:3h:10.0.0.0/8,2001:db8::/32.',
    );
  }
  return { port, protocol: protocol ?? 'tcp', sources, maxMs };
}

/** A time a grant may last, in milliseconds. */
export function parseFor(text: string): number {
  const ms = parseDuration(text);
  if (ms >= 1000 && ms <= longestMs) return ms;
  throw new LatchkeyError({
    code: 'BAD_DURATION',
    message: `A grant lasts from a second to a day; “${text}” is not in between.`,
    fix: 'Write it like 90s, 30m, 3h or PT30M.',
  });
}

/** `7d` before `now`, or a point in time (ISO 8601), as an instant on the wire. */
export function parseSince(text: string, now: number): string {
  if (/^\d{4}-\d\d-\d\d$/.test(text)) return toWire(fromWire(`${text}T00:00:00Z`));
  if (/^\d{4}-/.test(text)) return toWire(fromWire(text));
  return toWire(now - parseDuration(text));
}

/** Collects a repeatable option. */
export function many<T>(parse: (text: string) => T): (text: string, before: T[] | undefined) => T[] {
  return (text, before) => [...(before ?? []), parse(text)];
}
