import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { many, parseFor, parsePolicyPort, parsePort, parseSince } from '../../main/cli/arguments.ts';
import { parseSettings } from '../../main/cli/commands/accounts.ts';
import { alignTable } from '../../main/cli/output.ts';
import { left, portsText } from '../../main/cli/words.ts';

const hour = 3_600_000;
const code = (expected: string) => expect.objectContaining({ name: 'LatchkeyError', code: expected });

describe('--port of a lock', () => {
  it.each([
    ['22', { port: 22, protocol: 'tcp', maxMs: 3 * hour, sources: [] }],
    ['22:1h', { port: 22, protocol: 'tcp', maxMs: hour, sources: [] }],
    ['53/udp:90m', { port: 53, protocol: 'udp', maxMs: 1.5 * hour, sources: [] }],
    ['3389/TCP:PT30M', { port: 3389, protocol: 'tcp', maxMs: hour / 2, sources: [] }],
    ['22:3h:10.0.0.0/8', { port: 22, protocol: 'tcp', maxMs: 3 * hour, sources: ['10.0.0.0/8'] }],
    ['22:3h:2001:db8::/32', { port: 22, protocol: 'tcp', maxMs: 3 * hour, sources: ['2001:db8::/32'] }],
    [
      '22/any:3h:2001:db8::/32,10.0.0.1,::1',
      { port: 22, protocol: 'any', maxMs: 3 * hour, sources: ['2001:db8::/32', '10.0.0.1', '::1'] },
    ],
  ])('%s', (text, expected) => expect(parsePolicyPort(text)).toEqual(expected));

  it.each([
    ['', 'BAD_INPUT'],
    ['ssh', 'BAD_INPUT'],
    ['0:3h', 'BAD_INPUT'],
    ['65536', 'BAD_INPUT'],
    ['22/icmp', 'BAD_INPUT'],
    ['-22', 'BAD_INPUT'],
    ['22.5', 'BAD_INPUT'],
    ['22:', 'BAD_DURATION'],
    ['22:long', 'BAD_DURATION'],
    ['22:59s', 'BAD_DURATION'],
    ['22:25h', 'BAD_DURATION'],
    ['22:3h:', 'BAD_INPUT'],
    ['22:3h:10.0.0.1,', 'BAD_INPUT'],
  ])('%s is refused', (text, expected) => expect(() => parsePolicyPort(text)).toThrow(code(expected)));

  it('never takes a source apart, whatever colons it has', () => {
    fc.assert(
      fc.property(fc.array(fc.ipV6(), { minLength: 1, maxLength: 4 }), sources => {
        expect(parsePolicyPort(`22:3h:${sources.join(',')}`).sources).toEqual(sources);
      }),
    );
  });
});

describe('other words', () => {
  it('ports of a request', () => {
    expect(parsePort('22')).toEqual({ port: 22 });
    expect(parsePort('22/tcp')).toEqual({ port: 22, protocol: 'tcp' });
    for (const bad of ['22/', '/tcp', '22:3h', '22/tcp/udp', '٢٢'])
      expect(() => parsePort(bad), bad).toThrow(code('BAD_INPUT'));
  });

  it('times of a grant', () => {
    expect(parseFor('20s')).toBe(20_000);
    for (const bad of ['500ms', '25h', '2d', '1', '', '-5m'])
      expect(() => parseFor(bad), bad).toThrow(code('BAD_DURATION'));
  });

  it('since', () => {
    const now = Date.parse('2026-11-23T12:00:00Z');
    expect(parseSince('7d', now)).toBe('2026-11-16T12:00:00.000Z');
    expect(parseSince('2026-11-01', now)).toBe('2026-11-01T00:00:00.000Z');
    expect(parseSince('2026-11-01T10:00:00+02:00', now)).toBe('2026-11-01T08:00:00.000Z');
    expect(() => parseSince('2026-13-01', now)).toThrow(code('BAD_INPUT'));
    expect(() => parseSince('yesterday', now)).toThrow(code('BAD_DURATION'));
  });

  it('repeated options', () => {
    const ports = many(parsePort);
    expect(ports('3389', ports('22', undefined))).toEqual([{ port: 22 }, { port: 3389 }]);
  });

  it('settings', () => {
    expect(
      parseSettings(['theme=dark', 'warnBeforeMs=5m', 'organisationRanges=10.0.0.0/8,::/0', 'observers=']),
    ).toEqual({
      theme: 'dark',
      warnBeforeMs: 300_000,
      organisationRanges: ['10.0.0.0/8', '::/0'],
      observers: [],
    });
    for (const bad of ['theme', 'colour=red', '__proto__=x', '=x'])
      expect(() => parseSettings([bad]), bad).toThrow(code('BAD_INPUT'));
  });
});

describe('words of a table', () => {
  it('time left', () => {
    const now = Date.parse('2026-11-23T12:00:00Z');
    expect(left('2026-11-23T12:00:19.100Z', now)).toBe('20s');
    expect(left('2026-11-23T14:29:30Z', now)).toBe('2h30m');
    expect(left('2026-11-23T12:00:00Z', now)).toBe('over');
  });

  it('ports', () => {
    expect(
      portsText([
        { port: 22, protocol: 'tcp' },
        { port: 53, protocol: 'udp' },
      ]),
    ).toBe('22, 53/udp');
  });

  it('columns stand under each other, whatever the names do', () => {
    const names = ['web-1', '\u001b[2Jgone', 'invoice-\u202efdp.exe', 'a\nb', '日本', 'x'.repeat(300)];
    const lines = alignTable([['NAME', 'OS'], ...names.map(name => [name, 'linux'])]);
    for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    expect(lines).toHaveLength(names.length + 1);
    expect(lines[5]).toMatch(/^日本 {58}linux$/);
    expect(lines[6]).toMatch(/^x{59}… {2}linux$/);
  });
});
