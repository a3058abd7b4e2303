import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { activityColumns, cell } from '../../../shared/domain/csv.ts';

describe('a cell', () => {
  test.each([
    'web-1',
    'a.berg@contoso.com',
    '22/tcp 3389/tcp',
    '2026-11-23T14:52:00.000Z',
    'a=b',
    '',
    'x - y',
    '日本',
  ])('%j stays as it is', text => expect(cell(text)).toBe(text));

  test.each([
    ['=1+1', "'=1+1"],
    ['+1', "'+1"],
    ['-oProxyCommand=x', "'-oProxyCommand=x"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['  =1', "'  =1"],
    ['\t=1', "' =1"],
    ['\tx', "' x"],
    ['\r\nx', "' x"],
    ['\u200B=1', "'\u200B=1"],
    ['\uFEFF=1', "'\uFEFF=1"],
    ['\u00A0=1', "'\u00A0=1"],
    ['＝1+1', "'＝1+1"],
    ['＠x', "'＠x"],
    ['−1', "'−1"],
    ['"=1', '\'"=1'],
    ["'=1", "''=1"],
    ['a;=cmd|x', "a;'=cmd|x"],
    ['a; =cmd', "a;' =cmd"],
    ['a\n=cmd', 'a =cmd'],
  ])('%j becomes %j', (text, safe) => expect(cell(text)).toBe(safe));

  test('no reading of it begins a formula', () => {
    const nasty = fc.string({
      unit: fc.constantFrom(...'=+-@ \t\r\n;|"\'a1＝＋\u200B\u202E\u0000'.split('')),
      maxLength: 12,
    });
    fc.assert(
      fc.property(fc.oneof(nasty, fc.string({ unit: 'binary' })), text => {
        const safe = cell(text);
        expect(safe).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        for (const part of safe.split(/[;|]/)) expect(part).not.toMatch(/^["\s\p{Cf}]*[=+\-@＝＋－＠]/u);
      }),
      { numRuns: 1000 },
    );
  });
});

test('every column has a heading of its own and text for a row with nothing in it', () => {
  const headings = activityColumns.map(column => column.heading);
  expect(new Set(headings).size).toBe(headings.length);
  const row = {
    id: 1,
    at: '2026-11-23T14:52:00.000Z',
    kind: 'broker',
    outcome: 'ok',
    user: 'me',
    text: 'Began.',
    origin: 'local',
  } as const;
  expect(activityColumns.map(column => column.text(row)).filter(text => text !== '')).toEqual([
    row.at,
    'broker',
    'ok',
    'me',
    'Began.',
    'local',
  ]);
});
