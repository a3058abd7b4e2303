/** A grant to test with: open for an hour from 2026-11-23T12:00Z, anything else as said. */
import type { Grant } from '../../shared/contract/grants.ts';

export const noon = Date.parse('2026-11-23T12:00:00.000Z');

export function makeGrant(change: Partial<Grant> = {}): Grant {
  return {
    id: 'abcd2345efgh',
    vm: '/subscriptions/s/resourcegroups/g/providers/microsoft.compute/virtualmachines/web-1',
    vmName: 'web-1',
    cloud: 'azure',
    account: 'practice-azure',
    owner: 'a.berg@contoso.com',
    state: 'open',
    ports: [{ port: 22, protocol: 'tcp' }],
    sources: ['203.0.113.7/32'],
    requestedAt: new Date(noon).toISOString(),
    endsAt: new Date(noon + 3_600_000).toISOString(),
    endedBy: 'this-computer',
    rules: [],
    notes: [],
    ...change,
  };
}
