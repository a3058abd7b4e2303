import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { latchkeyCommand } from '../../main/os/app.ts';
import type { PracticeInfo } from '../../main/os/ports.ts';
import { createPracticeDoor } from '../../main/os/practiceDoor.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';
import { latchkey, staying } from './latchkey.ts';

const door = (dataDirectory: string, command = latchkeyCommand()) =>
  createPracticeDoor({ dataDirectory, command });

describe('latchkey practice', () => {
  it('tells where it listens, once per data directory, and ends when told to', async () => {
    const folder = temporaryFolder();
    const practice = await staying(folder, 'practice', '--json');
    const info = JSON.parse(practice.output.stdout) as PracticeInfo;
    expect(info).toMatchObject({
      azure: { armEndpoint: expect.stringMatching(/^https:\/\/127\.0\.0\.1:/) as string },
      aws: { regions: expect.any(Array) as string[] },
    });
    expect(await door(folder).find()).toEqual(info);
    expect(await door(folder).ensure()).toEqual(info);
    const second = await latchkey(folder, '--json', 'practice');
    expect(second.status).toBe(1);
    expect(JSON.parse(second.stderr)).toMatchObject({ error: { code: 'BROKER_RUNNING' } });
    practice.kill('SIGTERM');
    await once(practice, 'exit');
    expect(practice.output).toMatchObject({ status: 0, stderr: '' });
    expect(await door(folder).find()).toBeUndefined();
  });

  it('is started in the background once, however many want it, and leaves when all are gone', async () => {
    const folder = temporaryFolder();
    vi.stubEnv('LATCHKEY_IDLE', '1s');
    onTestFinished(() => void vi.unstubAllEnvs());
    const wanting = [1, 2].map(() => staying(folder, 'practice', '--background'));
    const [info] = await Promise.all([door(folder).ensure(), ...wanting]);
    const output = readFileSync(join(folder, 'log', 'practice.log'), 'utf8');
    for (const secret of [info.azure.token, info.aws.secretAccessKey]) expect(output).not.toContain(secret);
    // This process stays connected; the practice cloud is still there after its idle time.
    await new Promise(resolve => setTimeout(resolve, 1500));
    expect(await door(folder).find()).toEqual(info);
  });

  it('leaves when nobody wants it', async () => {
    vi.stubEnv('LATCHKEY_IDLE', '200ms');
    onTestFinished(() => void vi.unstubAllEnvs());
    const practice = await staying(temporaryFolder(), 'practice', '--background');
    if (practice.output.status === null) await once(practice, 'exit');
    expect(practice.output).toMatchObject({ status: 0, stderr: '' });
  });

  it('says what kept it from starting', async () => {
    const fails = [process.execPath, '-e', 'console.error("no room at the inn"); process.exit(3)', '--'];
    await expect(door(temporaryFolder(), fails).ensure()).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
      message: expect.stringContaining('no room at the inn') as string,
    });
    await expect(door(temporaryFolder(), ['/nowhere/node']).ensure()).rejects.toMatchObject({
      code: 'BROKER_UNREACHABLE',
      message: expect.stringContaining('ENOENT') as string,
    });
  });
});
