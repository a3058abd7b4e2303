/** The checks and the preview of a request as the fake makes them. */
import { ORPCError } from '@orpc/server';
import type { GrantRequest, RequestPreview } from '../../../shared/contract/grants.ts';
import type { Policy } from '../../../shared/contract/policies.ts';
import type { VmRow } from '../../../shared/contract/vms.ts';
import type { ErrorData } from '../../../shared/errors.ts';

/** Throws as the contract says errors travel. */
export function fail(data: ErrorData): never {
  throw new ORPCError('LATCHKEY', { status: 422, data });
}

export function previewOf(request: GrantRequest, row: VmRow, found: Policy | undefined): RequestPreview {
  const policy =
    found ??
    fail({ code: 'NOT_CONFIGURED', message: `${row.name} is not configured.`, fix: 'Lock it first.' });
  const usual =
    policy.ports.find(({ port }) => port === (row.os === 'windows' ? 3389 : 22)) ?? policy.ports[0];
  const ports = request.ports ?? (usual === undefined ? [] : [usual]);
  for (const { port } of ports) {
    if (!policy.ports.some(each => each.port === port))
      fail({
        code: 'PORT_NOT_IN_POLICY',
        message: `Port ${port} is not in the policy of ${row.name}.`,
        fix: 'Choose one that is, or edit the policy.',
      });
  }
  const sources = (request.sources ?? ['my-ip']).map(source =>
    source === 'my-ip' ? '203.0.113.7/32' : source === 'policy' ? '198.51.100.0/24' : source,
  );
  for (const source of sources) {
    if (!/^[0-9a-f.:]+(\/\d+)?$/i.test(source))
      fail({
        code: 'BAD_CIDR',
        message: `“${source}” is neither an address nor a CIDR.`,
        fix: 'Write it like 203.0.113.7 or 203.0.113.0/28.',
      });
  }
  const gates =
    row.cloud === 'azure'
      ? ['NSG nsg-web', `NSG ${row.name.slice(0, 30)}-nic`]
      : [`security group latchkey-${row.name.slice(0, 30)}`];
  return {
    vm: row.id,
    vmName: row.name,
    ports: ports.map(({ port }) => ({ port, protocol: 'tcp' })),
    sources,
    forMs: request.forMs ?? 3_600_000,
    writes: gates.map(
      gate => `${gate}: let ${sources.join(', ')} in to port ${ports.map(({ port }) => port).join(', ')}`,
    ),
    notes:
      row.cloud === 'azure'
        ? ['This computer shuts it again; if it is off then, the next Latchkey that looks does.']
        : [],
  };
}
