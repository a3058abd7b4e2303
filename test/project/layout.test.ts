/** What DESIGN asks of the tree itself: files one can read in one go, a README in every folder, no word of one machine. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..', '..');
const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter(file => file !== '' && existsSync(join(root, file)));
const text = (file: string) => readFileSync(join(root, file), 'utf8');
const lines = (file: string) => text(file).split('\n').length - 1;
const sources = files.filter(file => /^(main|preload|renderer|shared)\/.*\.(ts|tsx|css)$/.test(file));

test('production files are short: median ≤ 70 lines, ninetieth percentile ≤ 250, none over 400', () => {
  const sizes = sources.map(lines).toSorted((a, b) => a - b);
  const at = (share: number) => sizes[Math.floor(sizes.length * share)] ?? 0;
  expect(sizes.length).toBeGreaterThan(100);
  expect({ median: at(0.5) <= 70, ninetieth: at(0.9) <= 250 }).toEqual({ median: true, ninetieth: true });
  expect(sources.filter(file => lines(file) > 400)).toEqual([]);
});

test('every folder of the product, and every top folder of the tests, has a README of at most 30 lines', () => {
  const folders = new Set(
    files.filter(file => /^(main|preload|renderer|shared|build|bin)\//.test(file)).map(dirname),
  );
  for (const file of files)
    if (/^test\/[^/]+\//.test(file)) folders.add(file.split('/').slice(0, 2).join('/'));
  const covered = (folder: string) => existsSync(join(root, folder, 'README.md'));
  // A folder of tests that mirrors one of the product is described there.
  const mirrors = (folder: string) =>
    folder.startsWith('test/') && existsSync(join(root, folder.replace('test/', 'main/')));
  const top = (folder: string) =>
    folder.startsWith('test/') && existsSync(join(root, folder.replace('test/', '')));
  expect([...folders].filter(folder => !covered(folder) && !mirrors(folder) && !top(folder))).toEqual([]);
  const readmes = files.filter(file => /.\/README\.md$/.test(file));
  expect(readmes.filter(file => lines(file) > 30)).toEqual([]);
});

test('nothing names a path of one machine or a registry', () => {
  const words = new RegExp(['/work/' + 'main', 'registry\\.' + 'npmjs', '/root/' + '\\.'].join('|'));
  const readable = files.filter(file => /\.(ts|tsx|js|mjs|json|md|html|css|yml|sh)$|^\.ci\/run$/.test(file));
  expect(readable.filter(file => words.test(text(file)))).toEqual([]);
});

test('every file that a README names is there, in its own top folder or by its whole path', () => {
  const missing = files
    .filter(file => file.endsWith('README.md'))
    .flatMap(readme => {
      const top = readme.slice(0, readme.indexOf('/') + 1);
      const named = [...text(readme).matchAll(/`(?:\.\.\/)*([\w./-]+\.(?:tsx?|m?js|css|html|jsonc?))`/g)];
      return named
        .filter(
          ([, name = '']) =>
            !files.some(file => file === name || (file.startsWith(top) && file.endsWith(`/${name}`))),
        )
        .map(([, name]) => `${readme}: ${name}`);
    });
  expect(missing).toEqual([]);
});
