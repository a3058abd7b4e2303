import { createIntl } from 'react-intl';
import { describe, expect, it } from 'vitest';
import { en } from '../../renderer/i18n/en.ts';
import { sourcesText } from '../../renderer/i18n/source.ts';
import { clockTime, countdown, duration, relativeTime } from '../../renderer/i18n/time.ts';

const intl = createIntl({ locale: 'en', messages: en });
const text = (id: keyof typeof en, values?: Record<string, string>): string =>
  intl.formatMessage({ id }, values);
const plain = (words: string): string => words.replaceAll(/\u202f|\u00a0/g, ' ');

describe('times', () => {
  it('count down in whole seconds, rounded up, never below zero', () => {
    expect([2_472_000, 3_723_000, 999, 0, -5_000, 59_001].map(countdown)).toEqual([
      '41:12',
      '1:02:03',
      '0:01',
      '0:00',
      '0:00',
      '1:00',
    ]);
  });

  it('say lengths in the unit a person would', () => {
    const said = [12, 400, 20_000, 900_000, 3_600_000, 5_400_000].map(ms => plain(duration(intl, ms)));
    expect(said).toEqual(['12 ms', '0.4 sec', '20 sec', '15 min', '1 hr', '1 hr 30 min']);
  });

  it('are relative while near, then a day, then a date', () => {
    const now = new Date(2026, 10, 23, 15, 0, 0).getTime();
    const at = (...parts: [number, number, number, number, number]): string =>
      plain(relativeTime(intl, text, new Date(...parts).getTime(), now));
    expect(at(2026, 10, 23, 15, 0)).toBe('now');
    expect(at(2026, 10, 23, 14, 55)).toBe('5m ago');
    expect(at(2026, 10, 23, 8, 11)).toBe('today 08:11');
    expect(at(2026, 10, 22, 0, 0)).toBe('yesterday 00:00');
    expect(at(2026, 10, 21, 23, 59)).toBe('Nov 21');
    expect(at(2025, 10, 21, 23, 59)).toBe('Nov 21, 2025');
    expect(clockTime(intl, new Date(2026, 10, 23, 23, 5).getTime(), now)).toBe('23:05');
    expect(plain(clockTime(intl, new Date(2026, 10, 24, 0, 5).getTime(), now))).toBe('Nov 24, 00:05');
  });
});

describe('texts from outside', () => {
  it('are sources without the length of a single address', () => {
    expect(sourcesText(['203.0.113.7/32', '2001:db8::1/128', '10.0.0.0/8', '2001:db8::/32'])).toBe(
      '203.0.113.7, 2001:db8::1, 10.0.0.0/8, 2001:db8::/32',
    );
  });
});

describe('messages', () => {
  it('all parse, with every plural in order', () => {
    const values = { count: 2, all: 3, asked: 2, agree: 2, ms: 5, done: 1 };
    const anyValue = new Proxy(values, {
      get: (known, name) => Reflect.get(known, name) ?? 'x',
      has: () => true,
    });
    for (const [id, message] of Object.entries(en)) {
      const names = [...message.matchAll(/\{(\w+)/g)].map(([, name = '']) => name);
      const given = Object.fromEntries(names.map(name => [name, Reflect.get(anyValue, name)]));
      expect(intl.formatMessage({ id }, given), id).not.toMatch(/[{}]/);
    }
  });
});
