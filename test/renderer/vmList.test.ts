import { describe, expect, it } from 'vitest';
import { byText, countTabs, groupRows, matcher, noFilter } from '../../renderer/state/vmList.ts';
import { rowOf, type Seed } from './fake/names.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const row = (seed: Seed, n: number) => rowOf(seed, n, now);
const rows = [
  row({ name: 'web-1', place: 'prod' }, 1),
  row({ name: 'Web-10', place: 'test', power: 'stopped' }, 2),
  row({ name: 'pay-db', place: 'payments', exposed: [22] }, 3),
  row({ name: 'legacy', place: 'prod', tab: 'not-configured', exposed: [22, 3389] }, 4),
];
const found = (change: Partial<typeof noFilter>): string[] =>
  rows.filter(matcher({ ...noFilter, ...change })).map(({ name }) => name);

describe('filtering VMs', () => {
  it('finds words anywhere, in any case, all of them', () => {
    expect(found({ text: 'WEB' })).toEqual(['web-1', 'Web-10']);
    expect(found({ text: '  web   test ' })).toEqual(['Web-10']);
    expect(found({ text: '20.50.0.3' })).toEqual(['pay-db']);
    expect(found({ text: 'web payments' })).toEqual([]);
  });

  it('adds clouds up and narrows by the other chips', () => {
    expect(found({ aws: true })).toEqual(['pay-db']);
    expect(found({ aws: true, azure: true })).toHaveLength(4);
    expect(found({ azure: true, running: true })).toEqual(['web-1', 'legacy']);
    expect(found({ exposed: true })).toEqual(['pay-db', 'legacy']);
  });

  it('counts tabs; exposed ones are those without a policy', () => {
    expect(countTabs(rows, matcher(noFilter))).toEqual({
      configured: 3,
      'not-configured': 1,
      unsupported: 0,
      exposed: { configured: 1, 'not-configured': 1, unsupported: 0 },
    });
  });
});

describe('grouping VMs', () => {
  it('puts each scope under its heading, Azure first, rows in the order given', () => {
    expect(
      groupRows(rows).map(({ kind, row: { name, scopeName } }) =>
        kind === 'group' ? `# ${scopeName}` : name,
      ),
    ).toEqual([
      '# Contoso Production',
      'web-1',
      'legacy',
      '# Contoso Test',
      'Web-10',
      '# payments (eu-north-1)',
      'pay-db',
    ]);
  });

  it('sorts numbers in names as numbers', () => {
    expect(['web-10', 'web-2', 'Web-1'].toSorted(byText.compare)).toEqual(['Web-1', 'web-2', 'web-10']);
  });
});
