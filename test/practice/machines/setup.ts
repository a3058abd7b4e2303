/** Practice machines with gates that a test opens and shuts, and clients for them. */
import { type Client, type ConnectConfig, default as ssh2 } from 'ssh2';
import type { PracticeMachine } from '../../../main/practice/machine.ts';
import { startMachines } from '../../../main/practice/machines/start.ts';

export interface TestMachine extends PracticeMachine {
  gate: { open: boolean; on: boolean; asked: string[] };
}

export function machine(fields: Partial<PracticeMachine> = {}): TestMachine {
  const gate = { open: true, on: true, asked: [] as string[] };
  return {
    id: 'arn:test/web-1',
    hostName: 'web-1',
    os: 'linux',
    services: [{ port: 22, speaks: 'ssh' }],
    ipv6Only: false,
    running: () => gate.on,
    lets: (source, port) => {
      gate.asked.push(`${source} ${port}`);
      return gate.open;
    },
    gate,
    ...fields,
  };
}

export async function startOne(fields: Partial<PracticeMachine> = {}) {
  const one = machine(fields);
  const net = await startMachines([one]);
  const [endpoint] = net.endpoints();
  if (!endpoint) throw new Error('no endpoint');
  return { one, net, endpoint };
}

/** A client that is logged in. */
export function login(hostPort: number, config: ConnectConfig = {}): Promise<Client> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    client.once('ready', () => resolve(client)).on('error', reject);
    client.connect({ host: '127.0.0.1', port: hostPort, username: 'lena', ...config });
    // ssh2 leaves Nagle's algorithm on, which costs 40 ms at every step.
    client.setNoDelay(true);
  });
}

/** Runs one command, or `undefined` for a shell that is typed into. */
export function exec(
  client: Client,
  command: string | undefined,
  options: { typed?: string; pty?: boolean; env?: Record<string, string> } = {},
): Promise<{ out: string; err: string; status: number }> {
  return new Promise((resolve, reject) => {
    const take = (error: Error | undefined, channel: ssh2.ClientChannel) => {
      if (error) return reject(error);
      const result = { out: '', err: '', status: -1 };
      channel.on('data', (data: Buffer) => {
        result.out += data.toString();
      });
      channel.stderr.on('data', (data: Buffer) => {
        result.err += data.toString();
      });
      channel.on('exit', (status: number) => {
        result.status = status;
      });
      channel.on('close', () => resolve(result));
      if (options.typed !== undefined) channel.end(options.typed);
    };
    const env = options.env ?? {};
    if (command === undefined) client.shell(options.pty ? {} : false, { env }, take);
    else client.exec(command, { env }, take);
  });
}
