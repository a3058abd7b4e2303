/** Where this program itself stands, and how to start it once more. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** The oldest Node the broker and the practice cloud run on: SQLite without a flag, and a proxy in the HTTP agents. */
const oldestNode = [24, 15] as const;

/** The folder of package.json: the same from the sources and from the bundles in `out/`. */
export const appFolder = findFolder(import.meta.dirname);

/** The built interface, which the loopback web door serves. */
export const rendererFolder = join(appFolder, 'out', 'renderer');

/** The version in package.json. */
export function appVersion(): string {
  const text = readFileSync(join(appFolder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

/** Is this Node new enough for the broker? Electron is never used as a Node: its fuse for that is off. */
export function fitsBroker(version = process.versions.node): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor, wantedMinor] = oldestNode;
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}

/** A program and its first arguments that start the `latchkey` command on a Node that fits the broker. */
export function latchkeyCommand(): string[] {
  const fromSources = import.meta.filename.endsWith('.ts');
  const script = fromSources ? join('main', 'cli', 'index.ts') : join('bin', 'latchkey.js');
  const own = fitsBroker() && process.versions['electron'] === undefined;
  return [own ? process.execPath : bundledNode(), join(appFolder, script)];
}

/**
 * How a process is started that stays for days and mostly waits: the heap stays near what is alive (V8 otherwise lets it grow
 * to several times that), and glibc keeps one arena for all threads instead of one for each. A burst of work takes longer.
 */
export const frugal = {
  flags: ['--max-semi-space-size=1', '--optimize-for-size'],
  env: { MALLOC_ARENA_MAX: '1' },
};

/** The Node that npm installed beside us, for computers whose own is older. */
function bundledNode(): string {
  const folder = dirname(createRequire(join(appFolder, 'package.json')).resolve('node/package.json'));
  return join(folder, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

function findFolder(from: string): string {
  for (let folder = from; dirname(folder) !== folder; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
  }
  throw new Error(`no package.json above ${from}`);
}
