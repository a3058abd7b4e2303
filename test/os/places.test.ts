import { chmodSync, chownSync, existsSync, mkdirSync, realpathSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { appFolder, appVersion, fitsBroker, latchkeyCommand } from '../../main/os/app.ts';
import { dataDirectory } from '../../main/os/dataDirectory.ts';
import { socketPath } from '../../main/os/socketPath.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

describe('the data directory', () => {
  it('is the named one, else of the environment; practice has its own below', () => {
    const base = join(temporaryFolder(), 'base');
    const env = { LATCHKEY_DATA_DIR: base };
    expect(dataDirectory(undefined, false, env)).toBe(realpathSync(base));
    expect(statSync(base).mode & 0o777).toBe(0o700);
    expect(dataDirectory(undefined, true, env)).toBe(join(realpathSync(base), 'practice'));
    const named = join(base, 'named');
    expect(dataDirectory(named, true, env)).toBe(realpathSync(named));
  });

  it('is the same by any name', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'real'));
    symlinkSync(join(folder, 'real'), join(folder, 'link'));
    expect(dataDirectory(join(folder, 'link'), false, {})).toBe(
      dataDirectory(join(folder, 'real'), false, {}),
    );
  });

  it('says what is wrong when it can not be made', () => {
    expect(() => dataDirectory('/dev/null/x', false, {})).toThrow(
      expect.objectContaining({ code: 'DISK_FULL' }),
    );
  });
});

describe.runIf(process.getuid !== undefined)('a data directory that is not this user’s alone', () => {
  const refused = (folder: string, why: string) =>
    expect(() => dataDirectory(folder, false, {})).toThrow(
      expect.objectContaining({ code: 'BAD_INPUT', message: expect.stringContaining(why) }),
    );

  it('is refused: others could put a ledger, host keys or a socket there', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o777);
    refused(folder, 'everybody');
    chmodSync(folder, 0o1777);
    refused(folder, 'everybody');
    // A link does not hide it.
    const link = join(temporaryFolder(), 'link');
    symlinkSync(folder, link);
    refused(link, 'everybody');
    chmodSync(folder, 0o755);
    expect(dataDirectory(folder, false, {})).toBe(realpathSync(folder));
  });

  // Only the administrator can give a folder away.
  it.runIf(process.getuid?.() === 0)('is refused when it belongs to somebody, or to a group of more', () => {
    const folder = temporaryFolder();
    chownSync(folder, 65_534, 0);
    refused(folder, 'another user');
    chownSync(folder, 0, 65_534);
    chmodSync(folder, 0o770);
    refused(folder, 'group');
    chownSync(folder, 0, 0);
    expect(dataDirectory(folder, false, {})).toBe(realpathSync(folder));
  });
});

describe('the socket path', () => {
  it('is in a private folder of the data directory', () => {
    const folder = temporaryFolder();
    expect(socketPath(folder, 'broker')).toBe(join(folder, 'run', 'broker.sock'));
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
  });

  it('is in a private temporary folder when the other is too long for a socket', () => {
    const folder = join(temporaryFolder(), 'd'.repeat(100));
    const path = socketPath(folder, 'broker');
    expect(path.startsWith(join(tmpdir(), `latchkey-${userInfo().uid}`))).toBe(true);
    expect(Buffer.byteLength(path)).toBeLessThanOrEqual(100);
    expect(socketPath(folder, 'practice')).not.toBe(path);
    expect(socketPath(`${folder}/`, 'broker')).toBe(path);
    expect(socketPath(`${folder}2`, 'broker')).not.toBe(path);
  });

  it('refuses a temporary folder that others can enter', () => {
    const folder = join(temporaryFolder(), 'd'.repeat(100));
    const shared = dirname(socketPath(folder, 'broker'));
    chmodSync(shared, 0o777);
    onTestFinished(() => chmodSync(shared, 0o700));
    expect(() => socketPath(folder, 'broker')).toThrow(
      expect.objectContaining({ code: 'BROKER_UNREACHABLE' }),
    );
  });
});

describe('the app', () => {
  it('knows where it stands and how to start itself', () => {
    expect(existsSync(join(appFolder, 'package.json'))).toBe(true);
    expect(appVersion()).toMatch(/^\d+\.\d+\.\d+/);
    for (const part of latchkeyCommand()) expect(existsSync(part)).toBe(true);
  });

  it.each([
    ['20.20.2', false],
    ['24.14.9', false],
    ['24.15.0', true],
    ['25.0.0', true],
  ])('Node %s fits the broker: %s', (version, fits) => expect(fitsBroker(version)).toBe(fits));
});
