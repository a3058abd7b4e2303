/** Times as people read them. All take epoch milliseconds or ISO text, and say times in this computer's zone. */
import type { IntlShape } from 'react-intl';
import type { MessageId } from './text.tsx';

const two = new Intl.NumberFormat('en', { minimumIntegerDigits: 2 });
const dayMs = 86_400_000;

/** What is left, as `41:12` or `1:02:03`; never below zero. Rounds up, so that 0:00 means over. */
export function countdown(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor((seconds % 3_600) / 60);
  const rest = two.format(seconds % 60);
  return hours > 0 ? `${hours}:${two.format(minutes)}:${rest}` : `${minutes}:${rest}`;
}

function unit(intl: IntlShape, value: number, name: 'hour' | 'minute' | 'second' | 'millisecond'): string {
  return intl.formatNumber(value, {
    style: 'unit',
    unit: name,
    unitDisplay: 'short',
    maximumFractionDigits: 1,
  });
}

/** A length of time in words: `3 hr`, `1 hr 30 min`, `20 sec`, `0.4 sec`, `12 ms`. */
export function duration(intl: IntlShape, ms: number): string {
  if (ms < 100) return unit(intl, Math.round(ms), 'millisecond');
  if (ms < 60_000)
    return unit(intl, ms < 10_000 ? Math.round(ms / 100) / 10 : Math.round(ms / 1_000), 'second');
  const minutes = Math.round(ms / 60_000);
  const hours = Math.floor(minutes / 60);
  const parts = [
    ...(hours > 0 ? [unit(intl, hours, 'hour')] : []),
    ...(minutes % 60 > 0 ? [unit(intl, minutes % 60, 'minute')] : []),
  ];
  return parts.join(' ');
}

function midnight(at: number): number {
  const day = new Date(at);
  day.setHours(0, 0, 0, 0);
  return day.getTime();
}

const clockStyle = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;

/** Clock time, with the day when it is not today: `14:52`, `Nov 24, 14:52`. */
export function clockTime(intl: IntlShape, at: number, now: number): string {
  if (midnight(at) === midnight(now)) return intl.formatTime(at, clockStyle);
  return intl.formatDate(at, { ...clockStyle, month: 'short', day: 'numeric' });
}

/** The whole truth, for titles: date, time to the second, zone. */
export function absoluteTime(intl: IntlShape, at: number): string {
  return intl.formatDate(at, {
    year: 'numeric',
    month: 'short',
    day: 'numeric',
    ...clockStyle,
    second: '2-digit',
    timeZoneName: 'short',
  });
}

type Message = (id: MessageId, values?: Record<string, string>) => string;

/** How long ago, as people say it: now, 5 min. ago, today 08:11, yesterday 16:20, Nov 19, Nov 19, 2025. */
export function relativeTime(intl: IntlShape, text: Message, at: number, now: number): string {
  const age = now - at;
  if (age < 10_000) return text('time.now');
  if (age < 60_000) return intl.formatRelativeTime(-Math.floor(age / 1_000), 'second', { style: 'narrow' });
  if (age < 3_600_000)
    return intl.formatRelativeTime(-Math.floor(age / 60_000), 'minute', { style: 'narrow' });
  const time = intl.formatTime(at, clockStyle);
  const today = midnight(now);
  if (at >= today) return text('time.today', { time });
  if (at >= midnight(today - dayMs / 2)) return text('time.yesterday', { time });
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? {} : { year: 'numeric' as const };
  return intl.formatDate(at, { month: 'short', day: 'numeric', ...year });
}
