import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createProcesses } from '../../main/os/processes.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

const processes = createProcesses();
const node = (code: string, ...more: string[]) => [process.execPath, '-e', code, ...more];

describe('processes', () => {
  it('finds the first program on PATH that may be run, and no folder, file or relative entry', async () => {
    const folder = temporaryFolder();
    for (const name of ['program', 'document']) writeFileSync(join(folder, name), '#!/bin/sh\n');
    chmodSync(join(folder, 'program'), 0o755);
    const here = createProcesses({ PATH: `.:relative:${folder}` });
    expect(await here.find(['document', 'missing', 'program'])).toBe(join(folder, 'program'));
    expect(await here.find(['document'])).toBeUndefined();
    expect(await createProcesses({}).find(['program'])).toBeUndefined();
    expect(await processes.find([process.execPath])).toBe(process.execPath);
  });

  it('runs to the end with input and gives what was printed', async () => {
    const code =
      "process.stdin.on('data', d => process.stdout.write(d)); console.error('told'); process.exitCode = 3";
    expect(await processes.run(node(code), { timeoutMs: 5000, input: 'text' })).toEqual({
      status: 3,
      stdout: 'text',
      stderr: 'told\n',
    });
  });

  it('hands arguments over as they are: nothing is read by a shell', async () => {
    const hostile = ['$(touch x)', '`id`', '; rm -rf /', 'a b', '"', '-oProxyCommand=id'];
    const { stdout } = await processes.run(
      node('console.log(JSON.stringify(process.argv.slice(1)))', '--', ...hostile),
      {
        timeoutMs: 5000,
      },
    );
    expect(JSON.parse(stdout)).toEqual(hostile);
  });

  it('ends what takes too long, and cuts what is too much', async () => {
    expect((await processes.run(node('setInterval(() => {}, 1000)'), { timeoutMs: 100 })).status).toBeNull();
    const { stdout } = await processes.run(node("process.stdout.write('x'.repeat(3e6))"), {
      timeoutMs: 5000,
    });
    expect(stdout).toHaveLength(1024 * 1024);
  });

  it('launches what lives on', async () => {
    const { pid } = await processes.launch(node('setTimeout(() => {}, 5000)'));
    expect(process.kill(pid, 0)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await expect(processes.launch(node(''))).resolves.toMatchObject({ pid: expect.any(Number) as number });
  });

  it('notices what can not start or fails at once', async () => {
    const failed = { code: 'CLIENT_FAILED' };
    await expect(processes.launch(['/nowhere/program'])).rejects.toMatchObject(failed);
    await expect(processes.launch(node('process.exit(7)'))).rejects.toMatchObject({
      ...failed,
      message: expect.stringContaining('status 7') as string,
    });
  });
});
