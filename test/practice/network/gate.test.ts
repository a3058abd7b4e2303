import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { MachineNet } from '../../../main/practice/machine.ts';
import { startMachines } from '../../../main/practice/machines/start.ts';
import { plainAddress } from '../../../main/practice/network/address.ts';
import { machine } from '../machines/setup.ts';

let net: MachineNet | undefined;
afterEach(() => net?.stop());

/** The first bytes a connection gives, or the code of its error. */
async function knock(host: string, port: number): Promise<string> {
  const socket = connect(port, host);
  try {
    const [data] = (await once(socket, 'data')) as [Buffer];
    return data.toString().trim();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'error';
  } finally {
    socket.destroy();
  }
}

describe('the gate', () => {
  test('asks for each connection, at that moment', async () => {
    const one = machine();
    let connections = 0;
    net = await startMachines([one], { onConnection: () => connections++ });
    const [at] = net.endpoints();
    const tryIt = () => knock(at?.host ?? '', at?.hostPort ?? 0);
    expect(await tryIt()).toMatch(/^SSH-2\.0-/);
    one.gate.open = false;
    expect(await tryIt()).toBe('ECONNRESET');
    one.gate.open = true;
    expect(await tryIt()).toMatch(/^SSH-2\.0-/);
    one.gate.on = false;
    expect(await tryIt()).toBe('ECONNRESET');
    expect(one.gate.asked).toEqual(['127.0.0.1 22', '127.0.0.1 22', '127.0.0.1 22']);
    expect(connections).toBe(4);
  });

  test('sees IPv6 clients of a machine of IPv6 only as what they are', async () => {
    const one = machine({ ipv6Only: true });
    net = await startMachines([one]);
    const [at] = net.endpoints();
    if (!at) return; // This computer has no IPv6: the machine has no endpoint.
    expect(at.host).toBe('::1');
    expect(await knock(at.host, at.hostPort)).toMatch(/^SSH-2\.0-/);
    expect(one.gate.asked).toEqual(['::1 22']);
  });

  test('after stop nobody listens', async () => {
    net = await startMachines([machine()]);
    const [at] = net.endpoints();
    await net.stop();
    expect(await knock('127.0.0.1', at?.hostPort ?? 0)).toBe('ECONNREFUSED');
  });
});

test('only so many ports listen; the rest have no endpoint but a host key', async () => {
  const machines = Array.from({ length: 5 }, (_, n) => machine({ id: `m${n}` }));
  net = await startMachines(machines, { mostPorts: 3 });
  expect(net.endpoints().map(endpoint => endpoint.id)).toEqual(['m0', 'm1', 'm2']);
  expect(net.hostKeys('m4')).toEqual(net.hostKeys('m4'));
  expect(net.hostKeys('m4')).not.toEqual(net.hostKeys('m3'));
  expect(net.hostKeys('unknown')).toEqual([]);
});

test.each([
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['127.0.0.1', '127.0.0.1'],
  ['fe80::1%eth0', 'fe80::1'],
  ['::1', '::1'],
  ['', ''],
])('address %j is %j', (remote, plain) => {
  expect(plainAddress(remote)).toBe(plain);
});
