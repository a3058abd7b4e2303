import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fold } from '../../../shared/domain/fold.ts';
import { matcher } from '../../../shared/domain/search.ts';

const row = {
  id: '/subscriptions/s/resourcegroups/prod/providers/microsoft.compute/virtualmachines/web-1',
  name: 'Wéb-1 \u202Eoffice',
  accountName: 'Contoso GmbH',
  scope: 's',
  scopeName: 'Straße',
  location: 'westeurope',
  resourceGroup: 'prod',
  os: 'linux' as const,
  addresses: { public: ['203.0.113.7'], private: ['10.0.0.4'] },
  lastUser: 'a.berg@contoso.com',
};

test.each([
  '',
  '   ',
  'web',
  'WÉB-1',
  'ｗｅｂ',
  'office',
  'strasse',
  'STRASSE',
  '203.0.113',
  '10.0.0.4 prod',
  'prod   contoso web',
  'berg',
  '\u200Fweb',
  'virtualmachines/web-1',
])('“%s” finds the row', query => expect(matcher(query)(row)).toBe(true));

test.each(['db', 'web db', '203.0.113.70', 'prodweb', 'web zzz', '.*'])('“%s” does not', query =>
  expect(matcher(query)(row)).toBe(false),
);

test('folding twice changes nothing, and what is typed finds itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.nat(), (text, at) => {
      const folded = fold(text);
      expect(fold(folded)).toBe(folded);
      const found = matcher(text)({ ...row, name: text });
      expect({ text, at, found }).toEqual({ text, at, found: true });
    }),
    { numRuns: 1000 },
  );
  expect(fold('ΟΔΟΣ')).toBe(fold('οδος'));
  expect(fold('İstanbul')).toBe('istanbul');
});
