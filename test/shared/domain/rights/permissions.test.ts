import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { allows, covers, type PermissionSet } from '../../../../shared/domain/rights/permissions.ts';

const write = 'Microsoft.Network/networkSecurityGroups/securityRules/write';

describe('patterns', () => {
  test.each<[string, string, boolean]>([
    ['*', write, true],
    ['*/write', write, true],
    ['*/read', write, false],
    ['Microsoft.Network/*', write, true],
    ['microsoft.network/NETWORKSECURITYGROUPS/*', write, true],
    ['Microsoft.Network/networkSecurityGroups/*/write', write, true],
    ['Microsoft.Network/*/securityRules/*', write, true],
    ['Microsoft.Network/networkSecurityGroups/write', write, false],
    [write, write, true],
    [write, `${write}/more`, false],
    ['', write, false],
    ['', '', true],
    ['**', '', true],
    // `*/read` needs something with a slash: what is before it may be empty all the same.
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
  ])('%s and %s: %s', (pattern, action, is) => expect(covers(pattern, action)).toBe(is));
});

/** The same by trying every way a star can be read: slow, and written without looking at the real one. */
function slowly(pattern: string, action: string): boolean {
  const [first] = pattern;
  if (first === undefined) return action === '';
  if (first === '*') {
    for (let taken = 0; taken <= action.length; taken++) {
      if (slowly(pattern.slice(1), action.slice(taken))) return true;
    }
    return false;
  }
  return (
    action !== '' &&
    first.toLowerCase() === action[0]?.toLowerCase() &&
    slowly(pattern.slice(1), action.slice(1))
  );
}

const letters = fc.string({ unit: fc.constantFrom('a', 'B', 'b', '/'), maxLength: 8 });
const patterns = fc.string({ unit: fc.constantFrom('a', 'A', 'b', '/', '*'), maxLength: 8 });
const lists = fc.array(patterns, { maxLength: 3 });
const sets = fc.array(fc.record({ actions: lists, notActions: lists }), { maxLength: 3 });

describe('as by brute force', () => {
  test('a pattern', () => {
    fc.assert(
      fc.property(patterns, letters, (pattern, action) => {
        expect(covers(pattern, action)).toBe(slowly(pattern, action));
      }),
      { numRuns: 5_000 },
    );
  });

  test('several permissions: each first on its own, then any', () => {
    fc.assert(
      fc.property(sets, letters, (permissions, action) => {
        let any = false;
        for (const { actions, notActions } of permissions) {
          const given = actions.filter(pattern => slowly(pattern, action)).length;
          const taken = notActions.filter(pattern => slowly(pattern, action)).length;
          if (given > 0 && taken === 0) any = true;
        }
        expect(allows(permissions, action)).toBe(any);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('what one role takes away another may give', () => {
  const noWrites: PermissionSet = { actions: ['*'], notActions: ['*/write'] };
  const rules: PermissionSet = {
    actions: ['Microsoft.Network/networkSecurityGroups/securityRules/*'],
    notActions: [],
  };
  expect([allows([noWrites], write), allows([noWrites, rules], write)]).toEqual([false, true]);
  expect(allows([], write)).toBe(false);
});

test('a pattern made to be slow is not', () => {
  const begun = performance.now();
  expect(covers('*a'.repeat(20_000), 'a'.repeat(19_999))).toBe(false);
  expect(covers(`${'*a'.repeat(10_000)}*b`, 'a'.repeat(20_000))).toBe(false);
  expect(performance.now() - begun).toBeLessThan(10_000);
});
