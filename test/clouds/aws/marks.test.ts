/** What proves a rule to be ours, and what a lock remembers: pure. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endedTag, flagTag, grantTag, lasting, readMarks } from '../../../main/clouds/aws/grantTags.ts';
import {
  permissionOf,
  readRemembered,
  rememberTags,
  rememberText,
} from '../../../main/clouds/aws/remembered.ts';
import { parseGrantId } from '../../../shared/domain/ids.ts';
import { formatMark, markWord, type RuleMark } from '../../../shared/domain/ruleMark.ts';

/** The characters every AWS service takes in tags. */
const legal = /^[\p{L}\p{N} +\-=._:/@]*$/u;
const grants = fc.stringMatching(/^[a-z2-7]{12}$/).map(parseGrantId);
const marks: fc.Arbitrary<RuleMark> = fc.record({
  grant: grants,
  owner: fc.string({ maxLength: 400, unit: 'grapheme' }),
  end: fc.integer({ min: 1, max: 4_000_000_000 }).map(seconds => seconds * 1000),
  vmName: fc.string({ maxLength: 300, unit: 'grapheme' }),
});
const mark: RuleMark = {
  grant: parseGrantId('abcd2345efgh'),
  owner: 'lena',
  end: 1_800_000_000_000,
  vmName: 'pay-db',
};
const other = parseGrantId('zzzz7777yyyy');

describe('marks on a rule', () => {
  it('reads back what it writes, in legal characters, whatever the names hold', () => {
    fc.assert(
      fc.property(marks, mine => {
        const tag = grantTag(mine);
        expect(tag.Value).toMatch(legal);
        expect(tag.Value?.length).toBeLessThanOrEqual(256);
        const read = readMarks({ Description: formatMark(mine, 255), Tags: [tag] });
        expect(read?.grants).toEqual([
          {
            grant: mine.grant,
            owner: markWord(mine.owner).slice(0, 256 - `${mine.end / 1000} `.length),
            end: mine.end,
            vmName: read?.described.vmName,
          },
        ]);
      }),
    );
  });

  it.each([
    ['no tag', { Description: formatMark(mark, 255), Tags: [] }],
    ['another description', { Description: 'ssh for everybody', Tags: [grantTag(mark)] }],
    ['no description', { Tags: [grantTag(mark)] }],
    [
      'a malformed grant',
      { Description: formatMark(mark, 255), Tags: [{ Key: 'latchkey:ABC', Value: '1 a' }] },
    ],
    [
      'a malformed end',
      { Description: formatMark(mark, 255), Tags: [{ Key: 'latchkey:abcd2345efgh', Value: 'x' }] },
    ],
    ['only a flag', { Description: formatMark(mark, 255), Tags: [flagTag('0a', 1000)] }],
  ])('is not ours with %s', (_what, rule) => {
    expect(readMarks(rule)).toBeUndefined();
  });

  it('tells the last of several grants, and leaves out those that have ended', () => {
    const later = { ...mark, grant: other, end: mark.end + 60_000 };
    const both = readMarks({ Description: formatMark(mark, 255), Tags: [grantTag(mark), grantTag(later)] });
    expect(both && lasting(both).mark.grant).toBe(other);
    expect(both && lasting(both).marks).toHaveLength(2);
    const one = readMarks({ Description: formatMark(mark, 255), Tags: [grantTag(mark), endedTag(later)] });
    expect(one && lasting(one).marks.map(({ grant }) => grant)).toEqual([mark.grant]);
    const none = readMarks({ Description: formatMark(mark, 255), Tags: [endedTag(mark)] });
    expect(none && lasting(none).mark.end).toBe(0);
  });

  it('rounds an end up, never down', () => {
    const read = readMarks({ Description: formatMark(mark, 255), Tags: [grantTag({ ...mark, end: 1500 })] });
    expect(read?.grants[0]?.end).toBe(2000);
  });
});

const describable = fc.stringMatching(/^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{0,255}$/);
const revoked = fc.record({
  GroupId: fc.stringMatching(/^sg-[0-9a-f]{17}$/),
  IpProtocol: fc.constantFrom('tcp', 'udp', '-1', '50'),
  ports: fc.tuple(fc.integer({ min: -1, max: 65_535 }), fc.integer({ min: -1, max: 65_535 })),
  source: fc.constantFrom('0.0.0.0/0', '2001:db8::/32', 'pl-0123456789abcdef0'),
  description: describable,
  tags: fc.dictionary(
    fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }),
    fc.string({ maxLength: 30, unit: 'grapheme' }),
    { maxKeys: 3 },
  ),
});

describe('what a lock remembers', () => {
  it('fits into tags, in legal characters, and comes back exactly, however long', () => {
    fc.assert(
      fc.property(revoked, ({ ports: [FromPort, ToPort], source, description, tags, ...rule }) => {
        const place = source.startsWith('pl-')
          ? { PrefixListId: source }
          : source.includes(':')
            ? { CidrIpv6: source }
            : { CidrIpv4: source };
        const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
        const text = rememberText({
          ...rule,
          ...place,
          FromPort,
          ToPort,
          Tags,
          ...(description === '' ? {} : { Description: description }),
        });
        const others = {
          'latchkey-revoked-1': 'sg-0a tcp 22 22 0.0.0.0/0 -',
          'latchkey-revoked-2-2': 'stray',
        };
        const written = rememberTags(others, text) ?? {};
        for (const [key, value] of Object.entries(written)) {
          expect(key in others).toBe(false);
          expect(value.length).toBeLessThanOrEqual(256);
          expect(value).toMatch(legal);
          expect(value.trim()).toBe(value);
        }
        const back = readRemembered({ ...others, ...written }).rules.find(one => one.text === text);
        expect(back).toMatchObject({
          keys: Object.keys(written),
          group: rule.GroupId,
          protocol: rule.IpProtocol,
          from: FromPort,
          to: ToPort,
          source,
        });
        expect(back?.description ?? '').toBe(description);
        expect(back?.tags).toEqual(
          Object.fromEntries(Object.entries(tags).filter(([key]) => !key.startsWith('aws:'))),
        );
        expect(rememberTags({ ...others, ...written }, text)).toEqual({});
      }),
    );
  });

  it('names what it cannot read and never guesses', () => {
    const tags = {
      'latchkey-revoked-1': 'sg-0a tcp 22 22 0.0.0.0/0 -',
      'latchkey-revoked-2': 'sg-0a tcp 22',
      'latchkey-revoked-3': 'sg-0a tcp 22 22 0.0.0.0/0 =ZZ',
      'latchkey-vm': 'i-0a',
    };
    const { rules, damaged } = readRemembered(tags);
    expect(rules.map(({ keys }) => keys)).toEqual([['latchkey-revoked-1']]);
    expect(damaged).toEqual(['latchkey-revoked-2', 'latchkey-revoked-3']);
  });

  it('makes the permission again', () => {
    const [rule] = readRemembered({ 'latchkey-revoked-1': 'sg-0a -1 -1 -1 ::/0 any=20thing team:web' }).rules;
    expect(rule && permissionOf(rule)).toEqual({
      permission: { IpProtocol: '-1', Ipv6Ranges: [{ CidrIpv6: '::/0', Description: 'any thing' }] },
      tags: [{ Key: 'team', Value: 'web' }],
    });
  });
});
