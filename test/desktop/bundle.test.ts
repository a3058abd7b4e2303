/** The desktop app as it is built, loaded against a stand-in for Electron: the security rules hold in what is shipped. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

interface Seen {
  asked: [string, ...unknown[]][];
  tip: string;
  info: { host: string };
  refusedPorts: unknown[];
  windowOpen: unknown;
  prevented: Record<string, boolean>;
  permissions: boolean[];
  served: Record<string, { status: number; policy?: string | null }>;
  menu: string[];
}

let folder: string;
let seen: Seen;
const call = (name: string) => seen.asked.find(([asked]) => asked === name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-desktop-'));
  const env = { ...process.env, LATCHKEY_DATA_DIR: folder };
  const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, 'smoke.mjs')], {
    env,
  });
  seen = JSON.parse(stdout) as Seen;
}, 30_000);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('the built desktop app', () => {
  test('starts in the sandbox, once, with its own scheme, and opens its own page', () => {
    const order = seen.asked.map(([name]) => name);
    expect(order.indexOf('enableSandbox')).toBe(0);
    expect(order).toContain('requestSingleInstanceLock');
    expect(call('registerSchemesAsPrivileged')?.[1]).toMatchObject([
      { scheme: 'app', privileges: { standard: true, secure: true } },
    ]);
    expect(call('loadURL')).toEqual(['loadURL', 'app://latchkey/index.html']);
    const options = call('BrowserWindow')?.[1] as { webPreferences: Record<string, unknown> };
    expect(options.webPreferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
    });
  });

  test('carries the contract over the port it hands to its own page', () => {
    expect(seen.info.host).toBe('desktop');
  });

  test('hands no port to a stranger, a frame inside the page, or nobody', () => {
    expect(seen.refusedPorts).toEqual([null, null, null]);
  });

  test('refuses navigation, new windows, web views and permissions', () => {
    expect(seen.windowOpen).toEqual({ action: 'deny' });
    expect(Object.keys(seen.prevented)).toHaveLength(4);
    expect(seen.permissions).toEqual([false, false, false, false]);
  });

  test('serves the built interface with a strict policy, and nothing outside it', () => {
    const { 'index.html': page, ...others } = seen.served;
    expect(page?.status).toBe(200);
    expect(page?.policy).toContain("default-src 'none'");
    expect(Object.values(others).map(({ status }) => status)).toEqual([404, 404, 404, 404, 404]);
  });

  test('has a tray that says what is open, and leaves in order', () => {
    expect(seen.tip).toBe('Latchkey: everything is shut');
    expect(seen.menu).toEqual([
      'Everything is shut',
      'separator',
      'Revoke all',
      'separator',
      'Show Latchkey',
      'Activity',
      'Quit',
    ]);
    expect(seen.asked.map(([name]) => name)).toEqual(
      expect.arrayContaining(['quit held back', 'tray destroyed']),
    );
    expect(call('showErrorBox')).toBeUndefined();
  });
});
