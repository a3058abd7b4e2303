import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  formatDuration,
  fromWire,
  parseDuration,
  toIsoDuration,
  toWire,
} from '../../../shared/domain/time.ts';

test.each([
  ['90s', 90_000],
  ['30m', 1_800_000],
  ['3h', 10_800_000],
  ['1d', 86_400_000],
  ['7d', 604_800_000],
  ['1h30m', 5_400_000],
  ['500ms', 500],
  ['2m1ms', 120_001],
  ['PT30M', 1_800_000],
  ['PT3H', 10_800_000],
  ['P1D', 86_400_000],
  ['P1DT12H', 129_600_000],
  ['PT0.5S', 500],
  ['3H', 10_800_000],
])('%s is %d ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

test.each([
  '',
  ' ',
  '30',
  'h',
  '-3h',
  '1.5h',
  '3 h',
  ' 3h',
  '3h ',
  '30m1h',
  '1h1h',
  'P',
  'PT',
  'P1DT',
  'PT1D',
  'P1M',
  'P1Y',
  'PT-1H',
  '0s',
  'PT0S',
  '3hours',
  '1e3s',
  '٣h',
  '99999999999999999999d',
  '3h\n',
])('“%s” is an error', text => {
  expect(() => parseDuration(text)).toThrowError(expect.objectContaining({ code: 'BAD_DURATION' }));
});

test('both forms read back exactly', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 * 86_400_000 }), ms => {
      expect(parseDuration(formatDuration(ms))).toBe(ms);
      expect(parseDuration(toIsoDuration(ms))).toBe(ms);
    }),
  );
});

test('durations as people and ISO write them', () => {
  expect(formatDuration(10_800_000)).toBe('3h');
  expect(formatDuration(5_400_000)).toBe('1h30m');
  expect(formatDuration(45_000)).toBe('45s');
  expect(formatDuration(0)).toBe('0s');
  expect(toIsoDuration(10_800_000)).toBe('PT3H');
  expect(toIsoDuration(86_400_000)).toBe('P1D');
  expect(toIsoDuration(90_500)).toBe('PT1M30.5S');
});

test('instants read back exactly', () => {
  fc.assert(
    fc.property(fc.date({ min: new Date(0), max: new Date('9999-12-31'), noInvalidDate: true }), date => {
      expect(fromWire(toWire(date.getTime()))).toBe(date.getTime());
    }),
  );
  expect(fromWire('2018-05-17T09:06:45.5691611Z')).toBe(Date.UTC(2018, 4, 17, 9, 6, 45, 569));
});

test.each([
  '',
  '2026',
  '2026-11-23',
  '2026-11-23T14:52',
  '2026-11-23T14:52:00',
  '2026-13-01T00:00:00Z',
  'now',
])('“%s” is not a point in time', text =>
  expect(() => fromWire(text)).toThrowError(expect.objectContaining({ code: 'BAD_INPUT' })),
);
