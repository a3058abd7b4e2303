/**
 * Time. Inside, an instant is milliseconds since 1970-01-01T00:00Z and a duration is milliseconds; on the wire an
 * instant is ISO 8601 in UTC.
 */
import { LatchkeyError } from '../errors.ts';

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
  ['ms', 1],
] as const;

const short = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+)s)?(?:(\d+)ms)?$/i;
const iso = /^P(?:(\d+)D)?(?:T(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,3}))?S)?)?$/i;
/** The longest a Date can be away from 1970 (ECMA-262 section 21.4.1.1). */
const longest = 8.64e15;

/** Milliseconds of `90s`, `30m`, `1h30m`, `7d`, or ISO 8601's `PT30M`, `P1D`. Throws BAD_DURATION; zero is none. */
export function parseDuration(text: string): number {
  const parts = short.exec(text) ?? isoParts(text);
  const ms = units.reduce((sum, [, unit], i) => sum + Number(parts?.[i + 1] ?? 0) * unit, 0);
  if (ms > 0 && ms <= longest) return ms;
  throw new LatchkeyError({
    code: 'BAD_DURATION',
    message: `“${text.slice(0, 80)}” is not a time span.`,
    fix: 'Write it like 90s, 30m, 3h, 1h30m, 1d or PT30M.',
  });
}

/** `3h`, `1h30m`, `45s`; what `parseDuration` reads back exactly. Milliseconds ≥ 0; zero is `0s`. */
export function formatDuration(ms: number): string {
  return split(ms).join('') || '0s';
}

/** ISO 8601: `PT3H`, `P1D`, `PT1H30M`, `PT0.5S`. Milliseconds > 0. */
export function toIsoDuration(ms: number): string {
  const days = Math.floor(ms / 86_400_000);
  const seconds = (ms % 60_000) / 1000;
  const hours = Math.floor(ms / 3_600_000) % 24;
  const minutes = Math.floor(ms / 60_000) % 60;
  const clock = `${hours ? `${hours}H` : ''}${minutes ? `${minutes}M` : ''}${seconds ? `${seconds}S` : ''}`;
  return `P${days ? `${days}D` : ''}${clock ? `T${clock}` : ''}`;
}

/** An instant as ISO 8601 in UTC with milliseconds. */
export function toWire(instant: number): string {
  return new Date(instant).toISOString();
}

const wire = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?(?:Z|[+-]\d\d:\d\d)$/;

/** The instant of ISO 8601 text with a zone; Azure's seven fractional digits are cut to milliseconds. Throws BAD_INPUT. */
export function fromWire(text: string): number {
  const instant = wire.test(text) ? Date.parse(text) : Number.NaN;
  if (!Number.isNaN(instant)) return instant;
  throw new LatchkeyError({ code: 'BAD_INPUT', message: `“${text.slice(0, 80)}” is not a point in time.` });
}

function split(ms: number): string[] {
  let rest = ms;
  return units.flatMap(([name, unit]) => {
    const count = Math.floor(rest / unit);
    rest -= count * unit;
    return count === 0 ? [] : [`${count}${name}`];
  });
}

function isoParts(text: string): (string | undefined)[] | undefined {
  const found = iso.exec(text);
  return found === null ? undefined : [...found.slice(0, 5), (found[5] ?? '').padEnd(3, '0')];
}

/**
 * The end of a grant that begins at `now` and lasts `forMs`, as every cloud can write it: a whole second, never later than
 * meant. Only below a minute, the least a policy can allow, it is rounded up: a second is a lot of a grant that short.
 */
export function endAfter(now: number, forMs: number): number {
  const round = forMs < 60_000 ? Math.ceil : Math.floor;
  return round((now + forMs) / 1_000) * 1_000;
}
