/** `npm ci` on a fresh clone: npm refuses a lock file that leaves out a package, be it one for another system. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

interface Locked {
  version?: string;
  dependencies?: Record<string, string>;
  devDependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

const root = join(import.meta.dirname, '..', '..');
const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8')) as Locked;
const { packages } = read('package-lock.json') as unknown as { packages: Record<string, Locked> };

/** Node's own look-up: beside the package, then in every folder above it. */
function isLocked(from: string, name: string): boolean {
  for (let folder = from; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true;
    if (folder === '') return false;
  }
}

test('package-lock.json has every package that one of its packages wants, on every system', () => {
  const missing = Object.entries(packages).flatMap(([folder, { dependencies, optionalDependencies }]) =>
    Object.keys({ ...dependencies, ...optionalDependencies })
      .filter(name => !isLocked(folder, name))
      .map(name => `${folder} wants ${name}`),
  );
  expect(Object.keys(packages).length).toBeGreaterThan(300);
  expect(missing).toEqual([]);
});

test('package-lock.json is of this package.json', () => {
  const { dependencies, devDependencies } = read('package.json');
  expect({ dependencies, devDependencies }).toEqual({
    dependencies: packages['']?.dependencies,
    devDependencies: packages['']?.devDependencies,
  });
});
