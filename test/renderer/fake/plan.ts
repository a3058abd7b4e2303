/** The plan of a lock or unlock as the fake tells it. */
import type { Plan } from '../../../shared/contract/policies.ts';
import type { VmRow } from '../../../shared/contract/vms.ts';

export function planOf(row: VmRow, kind: 'lock' | 'unlock'): Plan {
  return {
    vm: row.id,
    vmName: row.name,
    cloud: row.cloud,
    kind,
    steps: [
      {
        action: 'tag',
        target: row.name,
        what: 'The policy is written to the VM’s tag latchkey-policy.',
        foreign: false,
      },
      {
        action: 'create',
        target: 'nsg-web',
        what: 'A deny rule latchkey-lock-9c1e at 200 for ports 22, 3389, 5985, 5986.',
        foreign: false,
      },
      ...(row.exposedPorts.length > 0
        ? [
            {
              action: 'move' as const,
              target: 'nsg-web / AllowSshFromAnywhere',
              what: 'The rule would let everybody through above the lock, so it moves below it.',
              foreign: true,
              before: 'priority 120',
              after: 'priority 310',
            },
          ]
        : []),
    ],
    warnings: row.power === 'stopped' ? ['The VM is stopped; the lock holds from its next start.'] : [],
    alsoAffects: row.name.includes('shared') ? ['data-shared-b', 'spark-driver'] : [],
    fingerprint: `${row.id}-${kind}`,
  };
}
