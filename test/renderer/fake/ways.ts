/** The way of the packet as the fake tells it. */
import type { Grant } from '../../../shared/contract/grants.ts';
import type { Hop, VmDetail, VmRow } from '../../../shared/contract/vms.ts';

export function waysOf(row: VmRow, grant: Grant | undefined): VmDetail['ways'] {
  const ports =
    row.protectedPorts.length > 0 ? row.protectedPorts : row.tab === 'unsupported' ? [] : [22, 3389];
  return ports.map(port => {
    const open = grant?.ports.some(each => each.port === port) === true || row.exposedPorts.includes(port);
    const until = grant === undefined ? 'any address' : `until ${grant.endsAt.slice(11, 16)} UTC`;
    const gates: Hop[] =
      row.cloud === 'aws'
        ? [
            {
              kind: 'security-groups',
              title: `latchkey-${row.name.slice(0, 40)}, default`,
              lets: open ? 'yes' : 'no',
              ...(open
                ? { rule: 'sgr-0a1b2c3d4e5f', note: until }
                : { note: 'no rule of any group lets 203.0.113.7 in' }),
            },
          ]
        : [
            {
              kind: 'subnet-nsg',
              title: 'nsg-web',
              lets: 'yes',
              rule: '110 AllowCorp',
              note: open ? until : 'for 203.0.113.0/24',
            },
            open
              ? {
                  kind: 'nic-nsg',
                  title: `${row.name.slice(0, 60)}-nic`,
                  lets: 'yes',
                  rule: '100 latchkey-7f3a-22',
                  note: `${until}; everyone else stops here`,
                }
              : {
                  kind: 'nic-nsg',
                  title: `${row.name.slice(0, 60)}-nic`,
                  lets: 'no',
                  rule: '200 latchkey-lock-9c1e',
                  note: 'locked by Latchkey',
                },
          ];
    return {
      port,
      protocol: 'tcp',
      source: '203.0.113.7',
      reach: open ? 'yes' : 'no',
      hops: [
        {
          kind: 'you',
          title: '203.0.113.7',
          lets: 'yes',
          note: 'inside your organisation’s range 203.0.113.0/24',
        },
        ...gates,
        {
          kind: 'vm',
          title: row.name,
          lets: open ? 'yes' : 'unknown',
          note: `${row.addresses.public[0] ?? ''} · ${row.power}`,
        },
      ],
    };
  });
}
