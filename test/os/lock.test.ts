import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { takeLock } from '../../main/os/lock.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

/** A process that tries to take a lock, says whether it has it, and stays. */
async function contender(path: string) {
  const code = `
    import { takeLock } from ${JSON.stringify(new URL('../../main/os/lock.ts', import.meta.url).href)};
    globalThis.lock = takeLock(${JSON.stringify(path)});
    process.stdout.write(globalThis.lock ? 'mine' : 'taken');
    process.stdin.resume();`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const [said] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    said: said.toString(),
    kill: async () => {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('the lock', () => {
  it('is one process’s of many that try at once', async () => {
    const path = join(temporaryFolder(), 'broker.lock');
    const all = await Promise.all([1, 2, 3, 4].map(() => contender(path)));
    expect(all.map(({ said }) => said).sort()).toEqual(['mine', 'taken', 'taken', 'taken']);
  });

  it('goes back when its holder is killed', async () => {
    const path = join(temporaryFolder(), 'broker.lock');
    const holder = await contender(path);
    expect(holder.said).toBe('mine');
    expect(takeLock(path)).toBeUndefined();
    await holder.kill();
    const lock = takeLock(path);
    expect(lock).toBeDefined();
    lock?.[Symbol.dispose]();
  });

  it('is given back by its holder, also twice', () => {
    const path = join(temporaryFolder(), 'broker.lock');
    const first = takeLock(path);
    first?.[Symbol.dispose]();
    first?.[Symbol.dispose]();
    const second = takeLock(path);
    expect(second).toBeDefined();
    second?.[Symbol.dispose]();
  });

  it('says so when its file is something else', () => {
    const path = join(temporaryFolder(), 'broker.lock');
    writeFileSync(path, 'no database, and long enough to be seen as none '.repeat(50));
    expect(() => takeLock(path)).toThrow(expect.objectContaining({ code: 'LEDGER_DAMAGED' }));
  });
});
