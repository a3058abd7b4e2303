import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFiles } from '../../main/os/files.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';

const files = createFiles();

describe('files', () => {
  it('writes whole, for this user alone, and leaves nothing beside it', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'a.json');
    writeFileSync(path, 'before', { mode: 0o644 });
    await files.writeText(path, 'after');
    expect(readFileSync(path, 'utf8')).toBe('after');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder)).toEqual(['a.json']);
  });

  it('cleans up what it could not put in place', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken', 'by'), { recursive: true });
    await expect(files.writeText(join(folder, 'taken'), 'text')).rejects.toThrow();
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  it('makes folders this user’s alone, also one that was open', async () => {
    const folder = join(temporaryFolder(), 'run');
    mkdirSync(folder, { mode: 0o755 });
    chmodSync(folder, 0o755);
    await files.ensureFolder(folder);
    expect(statSync(folder).mode & 0o777).toBe(0o700);
  });

  it('knows what is not there', async () => {
    const path = join(temporaryFolder(), 'none');
    expect(await files.readText(path)).toBeUndefined();
    expect(await files.exists(path)).toBe(false);
    await files.remove(path);
    await files.writeText(path, '');
    expect(await files.exists(path)).toBe(true);
    expect(await files.readText(path)).toBe('');
  });
});
