import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseGrantId, parseVmId } from '../../../shared/domain/ids.ts';
import { isLock, lockDescription, lockRuleName, parseLock } from '../../../shared/domain/lockMark.ts';
import { formatMark, grantRuleName, isOurs, parseMark } from '../../../shared/domain/ruleMark.ts';

const grant = parseGrantId('abcd2345efgh');
const end = Date.parse('2026-11-23T14:52:00Z');
const text = 'Latchkey grant abcd2345efgh until 2026-11-23T14:52:00Z for a.berg@contoso.com on web-1';

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 220 }),
  fc.constantFrom(
    '',
    ' ',
    'x'.repeat(200),
    'a until 2030-01-01T00:00:00Z for b on c',
    '\u202Eevil"\'|<>',
    '=cmd|x',
    '-oProxyCommand=sh',
    'Åsa Öberg',
    '日本語',
    'on on on for',
    '\n\r\t',
  ),
);
const grants = fc
  .string({
    unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz234567'.split('')),
    minLength: 12,
    maxLength: 12,
  })
  .map(parseGrantId);
const ends = fc.integer({ min: 0, max: Date.parse('9999-12-31T23:59:59.999Z') });

describe('the mark of a grant', () => {
  test('is a sentence a person understands', () => {
    const mark = { grant, end, owner: 'a.berg@contoso.com', vmName: 'web-1' };
    expect(formatMark(mark)).toBe(text);
    expect(parseMark(text)).toEqual(mark);
  });

  test('gives grant and end back exactly, whatever owner and VM are called', () => {
    fc.assert(
      fc.property(
        grants,
        ends,
        hostile,
        hostile,
        fc.integer({ min: 140, max: 255 }),
        (id, at, owner, vmName, limit) => {
          const description = formatMark({ grant: id, end: at, owner, vmName }, limit);
          expect(description.length).toBeLessThanOrEqual(limit);
          expect(description).toMatch(/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]*$/);
          const read = parseMark(description);
          expect(read).toMatchObject({ grant: id, end: at });
          // What was read can be written again and stays the same: extending a rule never wears its mark down.
          if (read !== undefined) expect(formatMark(read, limit)).toBe(description);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('keeps as much of both names as fits', () => {
    const long = formatMark({ grant, end, owner: 'o'.repeat(200), vmName: 'v'.repeat(200) });
    expect(long).toHaveLength(140);
    expect(long).toMatch(/for o{30,}\.\. on v{30,}\.\.$/);
    expect(formatMark({ grant, end, owner: 'me', vmName: 'v'.repeat(200) })).toMatch(/for me on v{60,}\.\.$/);
    expect(formatMark({ grant, end, owner: 'o'.repeat(200), vmName: 'web-1' })).toMatch(
      /for o{60,}\.\. on web-1$/,
    );
  });

  test.each([
    undefined,
    '',
    'Latchkey',
    `${text} `,
    ` ${text}`,
    `${text}\n`,
    text.toUpperCase(),
    text.replace('abcd2345efgh', 'abcd2345efg'),
    text.replace('abcd2345efgh', 'abcd1345efgh'),
    text.replace('11-23', '02-31'),
    text.replace('14:52:00Z', '14:52:00.000Z'),
    text.replace('14:52:00Z', '14:52:00+02:00'),
    text.replace('14:52:00Z', '24:00:00Z'),
    text.replace('web-1', 'web 1'),
    text.replace('web-1', 'wéb'),
    text.replace(' on web-1', ''),
    `Please read: ${text}`,
    'MDC JIT Network Access rule created by an initiation request for policy ‘default’ of VM ‘WIN’.',
  ])('%j is not ours', description => expect(parseMark(description)).toBeUndefined());

  test('random text is never ours', () => {
    fc.assert(
      fc.property(hostile, other => {
        expect(parseMark(other)).toBeUndefined();
      }),
    );
  });
});

test('a rule is ours only if name and description say the same grant', () => {
  const name = grantRuleName(grant, 0);
  expect(name).toBe('latchkey-abcd2345efgh-0');
  expect(name).toMatch(/^\w[\w.-]{0,78}\w$/);
  expect(isOurs(name, text)).toBe(true);
  expect(isOurs(grantRuleName(parseGrantId('zzzz2345efgh'), 0), text)).toBe(false);
  expect(isOurs('allow-ssh', text)).toBe(false);
  expect(isOurs(`${name}-x`, text)).toBe(false);
  expect(isOurs(name, undefined)).toBe(false);
  expect(isOurs(name, 'mine')).toBe(false);
});

describe('the mark of a lock', () => {
  const vm = parseVmId('/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web-1');
  const other = parseVmId(
    '/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/web-2',
  );
  const ports = [22, 3389].map(port => ({ port, protocol: 'tcp' as const }));

  test('has a name of its own for each VM', () => {
    expect(lockRuleName(vm)).toMatch(/^latchkey-lock-[0-9a-z]{13}$/);
    expect(lockRuleName(vm)).toBe(lockRuleName(vm));
    expect(lockRuleName(vm)).not.toBe(lockRuleName(other));
  });

  test('says what it shuts', () => {
    const description = lockDescription('web-1', ports);
    expect(description).toBe('Latchkey lock of web-1: ports 22/tcp 3389/tcp');
    expect(parseLock(description)).toEqual({ vmName: 'web-1', ports, more: 0 });
    expect(isLock(lockRuleName(vm), description)).toBe(true);
    expect(isLock('deny-ssh', description)).toBe(false);
    expect(isLock(lockRuleName(vm), 'Deny SSH')).toBe(false);
    expect(isOurs(lockRuleName(vm), description)).toBe(false);
  });

  test('fits and reads back with any name and up to 64 ports', () => {
    const manyPorts = fc.array(
      fc.record({
        port: fc.integer({ min: 1, max: 65_535 }),
        protocol: fc.constantFrom('tcp' as const, 'udp' as const, 'any' as const),
      }),
      { minLength: 1, maxLength: 64 },
    );
    fc.assert(
      fc.property(hostile, manyPorts, (name, many) => {
        const description = lockDescription(name, many);
        expect(description.length).toBeLessThanOrEqual(140);
        const read = parseLock(description);
        expect(read?.ports).toEqual(many.slice(0, read?.ports.length));
        expect((read?.ports.length ?? 0) + (read?.more ?? 0)).toBe(many.length);
      }),
    );
  });

  test('random text is never a lock', () => {
    fc.assert(
      fc.property(hostile, other => {
        expect(parseLock(other)).toBeUndefined();
      }),
    );
    expect(parseLock('Latchkey lock of web-1: ports 99999/tcp')).toBeUndefined();
    expect(parseLock('Latchkey lock of web-1: ports 22/icmp')).toBeUndefined();
  });
});
