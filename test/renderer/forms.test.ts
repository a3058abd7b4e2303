import { describe, expect, it } from 'vitest';
import { draftPorts, portsOf, usualPorts } from '../../renderer/lock/ports.ts';
import { commonPorts, fieldOf, firstDraft, longestMs, requestOf } from '../../renderer/request/draft.ts';
import { rowOf } from './fake/names.ts';
import { defaultPolicy } from './fake/world.ts';

const hour = 3_600_000;
const linux = rowOf({ name: 'web-1', place: 'prod', ports: [22, 5986] }, 1, 0);
const windows = rowOf({ name: 'sql', place: 'prod', os: 'windows', ports: [3389, 5986] }, 2, 0);

describe('a request as it is filled in', () => {
  it('begins with the port that fits the system, my IP, and an hour or the maximum', () => {
    const ports = commonPorts([defaultPolicy([22, 5986])]);
    expect(firstDraft([linux], ports)).toMatchObject({ ports: ['22 tcp'], source: 'my-ip', forMs: hour });
    const short = ports.map(port => ({ ...port, maxMs: 60_000 }));
    expect(firstDraft([linux], short).forMs).toBe(60_000);
  });

  it('offers for several VMs only what all policies have, with the shortest maximum', () => {
    const other = defaultPolicy([5986]);
    const ports = commonPorts([
      defaultPolicy([22, 5986]),
      { ports: other.ports.map(port => ({ ...port, maxMs: 600_000 })) },
    ]);
    expect(ports.map(({ port, maxMs }) => [port, maxMs])).toEqual([[5986, 600_000]]);
    expect(firstDraft([linux, windows], ports).ports).toBeUndefined();
  });

  it('has the shortest maximum of the ports that are chosen', () => {
    const ports = commonPorts([defaultPolicy([22, 3389])]);
    expect(longestMs(ports, ['22 tcp'])).toBe(3 * hour);
    expect(longestMs(ports, ['22 tcp', '3389 tcp'])).toBe(hour);
  });

  it('becomes exactly what was chosen', () => {
    const draft = {
      ports: ['22 tcp'],
      source: 'range' as const,
      range: '10.0.0.1, 10.1.0.0/16',
      forMs: hour,
      reason: ' INC-1 ',
    };
    expect(requestOf(['a'], draft)).toEqual({
      vms: ['a'],
      ports: [{ port: 22, protocol: 'tcp' }],
      sources: ['10.0.0.1', '10.1.0.0/16'],
      forMs: hour,
      reason: 'INC-1',
    });
    expect(requestOf(['a'], { ...draft, ports: undefined, source: 'my-ip', reason: '' })).toEqual({
      vms: ['a'],
      sources: ['my-ip'],
      forMs: hour,
    });
  });

  it('shows each error at its field', () => {
    const at = (code: Parameters<typeof fieldOf>[0]['code']) => fieldOf({ code, message: '' });
    expect([at('PORT_NOT_IN_POLICY'), at('BAD_CIDR'), at('TIME_TOO_LONG'), at('CLOUD_FORBIDDEN')]).toEqual([
      'ports',
      'source',
      'time',
      'whole',
    ]);
  });
});

describe('a policy as it is edited', () => {
  it('comes back as it was', () => {
    expect(portsOf(draftPorts(usualPorts))).toEqual(usualPorts);
  });

  it('is not a policy while a port or a time can’t be read', () => {
    const [first, ...others] = draftPorts(usualPorts);
    if (first === undefined) throw new Error('no port');
    expect(portsOf([{ ...first, port: '70000' }, ...others])).toBeUndefined();
    expect(portsOf([{ ...first, hours: 'long' }, ...others])).toBeUndefined();
    expect(portsOf([])).toBeUndefined();
    expect(portsOf([{ ...first, hours: '0,5', sources: '10.0.0.0/8 192.0.2.1' }])).toEqual([
      { port: 22, protocol: 'tcp', sources: ['10.0.0.0/8', '192.0.2.1'], maxMs: hour / 2 },
    ]);
  });
});
