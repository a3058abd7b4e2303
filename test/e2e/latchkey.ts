/** A Latchkey of a spec file's own: the built product in processes of its own, as a person starts it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { access, readFile, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from '@playwright/test';
import { type Connection, connectBroker } from '../../main/doors/client.ts';
import type { PracticeInfo } from '../../main/os/ports.ts';
import { socketPath } from '../../main/os/socketPath.ts';
import type { FaultInput } from '../../main/practice/server/faults.ts';
import type { VmRow } from '../../shared/contract/vms.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'latchkey.js');

/**
 * One for the tests of the calling file: started before the first, ended after the last. What a test opened is shut
 * after it. `practice`: the practice cloud is signed in to before the first test.
 */
export function latchkeyOfThisFile({
  practice,
  env = {},
}: {
  practice: boolean;
  /** More of the environment it is started in. */
  env?: Record<string, string>;
}): Latchkey {
  const latchkey = new Latchkey(env);
  test.beforeAll(async () => {
    await latchkey.start();
    if (!practice) return;
    await latchkey.client.accounts.addPractice({});
    await latchkey.client.vms.list({ refresh: true });
  });
  test.afterEach(() => latchkey.calm());
  test.afterAll(() => latchkey.end());
  return latchkey;
}

export class Latchkey {
  #folder: string | undefined;
  #host: ChildProcess | undefined;
  #connection: Connection | undefined;
  #badDays = false;
  readonly #env: Record<string, string>;

  constructor(env: Record<string, string> = {}) {
    this.#env = env;
  }

  get folder(): string {
    return there(this.#folder);
  }

  /** The broker's contract through its local socket: what any other door would do. */
  get client(): Connection['client'] {
    return there(this.#connection).client;
  }

  /** Runs `latchkey ui` and gives the one-time address it prints. The data directory is made at the first start. */
  async start(): Promise<string> {
    if (this.#folder === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), 'latchkey-e2e-'));
      mkdirSync(this.#programs);
      // No terminal and no RDP client of this computer is ever started; ssh is looked for and used.
      for (const name of ['ssh', 'ssh-keyscan']) await this.#lend(name);
    }
    const host = spawn(process.execPath, [bin, '--data-dir', this.folder, 'ui', '--no-open'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      // The practice cloud, a process of its own, leaves by itself so long after the broker that started it.
      env: { ...process.env, ...this.#env, PATH: this.#programs, LATCHKEY_IDLE: '15s' },
    });
    this.#host = host;
    let complaint = '';
    host.stderr?.on('data', (piece: Buffer) => (complaint += piece.toString()));
    const address = await Promise.race([
      once(createInterface(there(host.stdout ?? undefined)), 'line').then(([line]) => String(line)),
      once(host, 'exit').then(() => Promise.reject(new Error(`it did not start: ${complaint}`))),
    ]);
    this.#connection = there(await connectBroker(this.folder));
    return address;
  }

  /** A new one-time address of the window. */
  address(): Promise<string> {
    return there(this.#connection).webAddress();
  }

  /** Ends the broker as a crash would: no goodbye. */
  async crash(): Promise<void> {
    const { pid } = await this.client.app.info({});
    const ended = once(there(this.#host), 'exit');
    process.kill(pid, 'SIGKILL');
    await ended;
  }

  /** Good days, and every door shut. */
  async calm(): Promise<void> {
    if (this.#badDays) await this.goodDays();
    await this.client.grants.revoke({ all: true });
  }

  /** Ends everything and leaves nothing behind. */
  async end(): Promise<void> {
    this.#connection?.close();
    if (this.#host !== undefined && this.#host.exitCode === null && this.#host.signalCode === null) {
      const ended = once(this.#host, 'exit');
      this.#host.kill('SIGTERM');
      await ended;
    }
    if (this.#folder === undefined) return;
    // Where a failed test left a door open, a broker in the background has taken over: its ledger goes, so may it.
    const next = await connectBroker(this.#folder);
    if (next !== undefined) {
      const { pid } = await next.client.app.info({});
      const gone = new Promise<void>(resolve => next.onClose(resolve));
      process.kill(pid, 'SIGKILL');
      await gone;
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Puts a shell script where the broker looks for programs. */
  addProgram(name: string, script: string): void {
    writeFileSync(join(this.#programs, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }

  /** Switches a fault of the practice cloud on (main/practice/server/faults.ts). */
  badDay(fault: FaultInput): Promise<void> {
    this.#badDays = true;
    return this.#practiceControl('POST', fault);
  }

  /** Takes every fault away. */
  goodDays(): Promise<void> {
    this.#badDays = false;
    return this.#practiceControl('DELETE');
  }

  /** What the list knows of a VM. */
  async vm(name: string): Promise<VmRow> {
    const { vms } = await this.client.vms.list({});
    return there(vms.find(vm => vm.name === name));
  }

  /** What somebody else does in Azure, with az or the portal, behind Latchkey's back. */
  async arm(method: string, path: string, body?: unknown): Promise<void> {
    const { armEndpoint } = (await this.#practice()).azure;
    await this.#ask(`${armEndpoint}${path}?api-version=2024-05-01`, method, body);
  }

  /** Rows of Azure's activity log show so late from now on. */
  async lag(lagMs: number): Promise<void> {
    await this.#ask(`${(await this.#practice()).control}/activity-log`, 'PUT', { lagMs });
  }

  async #practiceControl(method: 'POST' | 'DELETE', body?: FaultInput): Promise<void> {
    await this.#ask(`${(await this.#practice()).control}/faults`, method, body);
  }

  async #practice(): Promise<PracticeInfo> {
    // The practice cloud tells every process of this user where it is.
    const socket = connect(socketPath(this.folder, 'practice'));
    const [line] = (await once(createInterface(socket), 'line')) as [string];
    socket.destroy();
    return JSON.parse(line) as PracticeInfo;
  }

  async #ask(url: string, method: string, body: unknown): Promise<void> {
    const { azure, caFile } = await this.#practice();
    const asked = request(url, { method, ca: await readFile(caFile) });
    asked.setHeader('authorization', `Bearer ${azure.token}`);
    if (body === undefined) asked.end();
    else asked.setHeader('content-type', 'application/json').end(JSON.stringify(body));
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.resume();
    if ((answer.statusCode ?? 500) > 299) throw new Error(`the practice cloud said ${answer.statusCode}`);
  }

  get #programs(): string {
    return join(this.folder, 'programs');
  }

  async #lend(name: string): Promise<void> {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const program = join(folder, name);
      const found = await access(program).then(
        () => true,
        () => false,
      );
      if (found) return symlinkSync(program, join(this.#programs, name));
    }
  }
}

function there<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('it is not there');
  return value;
}
