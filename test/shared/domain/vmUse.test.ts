import { expect, test } from 'vitest';
import { gateId } from '../../../shared/domain/ids.ts';
import type { DefenderEntry, DefenderRequest } from '../../../shared/domain/vm.ts';
import { type VmUse, withDefender } from '../../../shared/domain/vmUse.ts';

const hour = 3_600_000;
const now = Date.UTC(2026, 10, 23, 12);
const request = (change: Partial<DefenderRequest>): DefenderRequest => ({
  start: now - hour,
  end: now + hour,
  requestor: 'k.holm@contoso.example',
  port: 22,
  source: '203.0.113.7/32',
  status: 'Initiated',
  ...change,
});
const entry = (...requests: DefenderRequest[]): DefenderEntry => ({
  policy: gateId('/p'),
  policyName: 'default',
  requests,
});
const nothing: VmUse = { week: [0, 0, 0, 0, 0, 0, 0], requestsFrom: 'ledger' };

test('what Defender knows fills what nobody here does; ports of one request are one', () => {
  const use = withDefender(
    nothing,
    entry(request({}), request({ port: 3389 }), request({ start: now - 30 * hour, end: now - 29 * hour })),
    now,
  );
  expect(use).toEqual({
    week: [0, 0, 0, 0, 0, 1, 1],
    requestsFrom: 'defender',
    last: { at: now - hour, user: 'k.holm@contoso.example', from: 'defender' },
    activeUntil: now + hour,
  });
});

test('what is known here stays where it says as much, and later', () => {
  const known: VmUse = {
    week: [0, 0, 0, 0, 0, 0, 2],
    requestsFrom: 'activity-log',
    last: { at: now - 60_000, user: 'jo', from: 'ledger' },
  };
  expect(withDefender(known, entry(request({ end: now - 1, status: 'Revoked' })), now)).toEqual(known);
  expect(withDefender(known, undefined, now)).toBe(known);
  expect(withDefender(known, entry(), now)).toBe(known);
});

test('a revoked request holds nothing open', () => {
  expect(withDefender(nothing, entry(request({ status: 'Revoked' })), now).activeUntil).toBeUndefined();
});
