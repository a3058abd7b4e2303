import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { connectBroker } from '../../main/doors/client.ts';
import { startHost } from '../../main/host.ts';
import { takeLock } from '../../main/os/lock.ts';
import { askSession } from '../doors/doors.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';
import { latchkey, leavesAfterTest, staying } from './latchkey.ts';

async function info(folder: string) {
  const connection = await connectBroker(folder);
  try {
    return await connection?.client.app.info({});
  } finally {
    connection?.close();
  }
}

describe('one broker per data directory', () => {
  it('many commands at once start one', async () => {
    const folder = temporaryFolder();
    leavesAfterTest(folder);
    const all = await Promise.all([1, 2, 3].map(() => latchkey(folder, '--json', 'accounts')));
    expect(all.map(({ status, stderr }) => [status, stderr])).toEqual([
      [0, ''],
      [0, ''],
      [0, ''],
    ]);
    expect(takeLock(join(folder, 'broker.lock'))).toBeUndefined();
  });

  it('a second one says so, and the first is not disturbed', async () => {
    const folder = temporaryFolder();
    const first = await staying(folder, 'broker');
    const second = await latchkey(folder, '--json', 'broker');
    expect(second.status).toBe(1);
    expect(JSON.parse(second.stderr)).toMatchObject({ error: { code: 'BROKER_RUNNING' } });
    expect(await latchkey(folder, 'broker', '--background')).toMatchObject({ status: 0, stderr: '' });
    expect((await info(folder))?.pid).toBe(first.pid);
  });

  it('the next one goes on after a SIGKILL, over what was left behind', async () => {
    const folder = temporaryFolder();
    const first = await staying(folder, 'broker');
    first.kill('SIGKILL');
    await once(first, 'exit');
    const next = await staying(folder, 'broker');
    expect((await info(folder))?.pid).toBe(next.pid);
    next.kill('SIGTERM');
    await once(next, 'exit');
    expect(next.output).toMatchObject({ status: 0, stderr: '' });
    expect(await info(folder)).toBeUndefined();
  });

  it('a desktop app takes over from a headless one, and not from another desktop app', async () => {
    const folder = temporaryFolder();
    const headless = await staying(folder, 'broker');
    const desktop = await startHost({ dataDirectory: folder, kind: 'desktop' });
    try {
      await vi.waitFor(() => expect(headless.output.status).toBe(0));
      expect((await info(folder))?.host).toBe('desktop');
      await expect(startHost({ dataDirectory: folder, kind: 'desktop' })).rejects.toMatchObject({
        code: 'BROKER_RUNNING',
      });
      expect((await info(folder))?.host).toBe('desktop');
    } finally {
      await desktop.stop();
    }
  });

  it('a headless one leaves when nobody talks to it, and stays while somebody is connected', async () => {
    const folder = temporaryFolder();
    const host = await startHost({ dataDirectory: folder, kind: 'headless', idleMs: 100 });
    try {
      let left = false;
      void host.leaving.then(() => (left = true));
      const connection = await connectBroker(folder);
      await new Promise(resolve => setTimeout(resolve, 300));
      expect(left).toBe(false);
      connection?.close();
      expect(await host.leaving).toBe('idle');
    } finally {
      await host.stop();
    }
  });
});

describe('latchkey ui', () => {
  it('is the host itself, gives an address that works once, and another when it is run again', async () => {
    const folder = temporaryFolder();
    const ui = await staying(folder, 'ui', '--no-open');
    const address = ui.output.stdout.trim();
    expect((await askSession(address)).status).toBe(200);
    expect((await askSession(address)).status).toBe(403);
    const again = await latchkey(folder, '--json', 'ui', '--no-open');
    const other = (JSON.parse(again.stdout) as { address: string }).address;
    expect(new URL(other).origin).toBe(new URL(address).origin);
    expect((await askSession(other)).status).toBe(200);
    ui.kill('SIGINT');
    await once(ui, 'exit');
    expect(ui.output.status).toBe(0);
  });
});
