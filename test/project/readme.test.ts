/**
 * Every command of the README, run as it stands there: the quick ones here, in a data directory of their own, the long
 * ones by `.ci/run`. `npx latchkey` is this tree's own command.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { connectBroker } from '../../main/doors/client.ts';
import { takeLock } from '../../main/os/lock.ts';
import type { PracticeInfo } from '../../main/os/ports.ts';
import { has, type Ran, runWords, start } from '../doneWhen/world.ts';

const root = join(import.meta.dirname, '..', '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');
const readme = read('README.md');
const { bin, scripts } = JSON.parse(read('package.json')) as Record<
  'bin' | 'scripts',
  Record<string, string>
>;

/** The lines of the README's `sh` blocks, without their comments. */
const commands = [...readme.matchAll(/^```sh\n(.*?)^```$/gms)].flatMap(([, block = '']) =>
  block
    .split('\n')
    .map(line => line.replace(/\s+# .*$/, '').trim())
    .filter(line => line !== ''),
);

let folder: string;
let env: Record<string, string>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'latchkey-readme-'));
  // No screen: what opens a window opens none here.
  env = { LATCHKEY_DATA_DIR: folder, LATCHKEY_IDLE: '3s', DISPLAY: '', WAYLAND_DISPLAY: '' };
});
afterAll(async () => {
  const data = join(folder, 'practice');
  const broker = await connectBroker(data);
  if (broker) {
    const { pid } = await broker.client.app.info({});
    broker.close();
    process.kill(pid, 'SIGKILL');
  }
  // The practice cloud leaves by itself once nobody uses it.
  await vi.waitUntil(
    () => {
      using lock = takeLock(join(data, 'practice.lock'));
      return lock !== undefined;
    },
    { timeout: 30_000, interval: 200 },
  );
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}, 40_000);

/** A line of the README in a shell, in the data directory's folder. */
function line(text: string): string[] {
  const words = `npx() { shift; "$NODE" "$LATCHKEY" "$@"; }; cd "$LATCHKEY_DATA_DIR"; ${text}`;
  Object.assign(env, { NODE: process.execPath, LATCHKEY: join(root, bin['latchkey'] ?? '') });
  return ['sh', '-c', words];
}
const shell = (text: string): Promise<Ran> => runWords(line(text), env);

/** What each line has to do; run in this order, one after the other. */
const here: Record<string, (ran: Ran) => void> = {
  'npx latchkey --practice vms': ({ status, stdout }) => {
    expect(status).toBe(0);
    expect(stdout).toMatch(/^web-1 /m);
  },
  'npx latchkey --practice request web-1 --for 5m --reason "disk full"': ({ status, stdout }) => {
    expect(status).toBe(0);
    expect(stdout).toMatch(/^web-1: 22 is open .* Grant [a-z2-7]{12}$/m);
  },
  'npx latchkey --practice connect web-1 -- hostname': ({ status, stdout }) =>
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'web-1\n' }),
  'npx latchkey --practice grants': ({ status, stdout }) => {
    expect(status).toBe(0);
    expect(stdout).toMatch(/^[a-z2-7]{12} +web-1 +open /m);
  },
  'npx latchkey --practice revoke --all': ({ status, stdout }) => {
    expect(status).toBe(0);
    expect(stdout).toMatch(/^web-1: closed\.$/m);
  },
  'npx latchkey --practice ssh-config > cfg': ({ status }) => expect(status).toBe(0),
  'ssh -F cfg web-1 hostname': ({ status, stdout }) =>
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'web-1\n' }),
};
const byCi = ['npm ci && npm test', 'npm run tour'];
/** Want an account of a real cloud; `test/doneWhen/signIn.test.ts` and `awsSignIn.test.ts` do the same with providers of their own. */
const realClouds = [
  'npx latchkey accounts add azure',
  'npx latchkey accounts add azure --credential managed-identity',
  'npx latchkey vms --refresh',
  'npx latchkey accounts add aws --profile payments --regions eu-north-1,us-east-1',
  'npx latchkey accounts add aws --all-profiles',
  'npx latchkey accounts add aws --sso-start-url https://contoso.awsapps.com/start --sso-region eu-west-1',
];
const staying = ['npm ci && npm start', 'npx latchkey practice --json'];

test('no command is left out, and none is tested that is not there', () => {
  expect(commands.toSorted()).toEqual([...Object.keys(here), ...byCi, ...realClouds, ...staying].toSorted());
  // The two commands for a bare machine come first.
  expect(commands.slice(0, 2)).toEqual(['npm ci && npm start', 'npm ci && npm test']);
});

test(`run by .ci/run: ${byCi.join(', ')}`, () => {
  const ci = read('.ci/run');
  expect(ci).toContain("grep -m1 -oE '^npm ci && npm test' README.md");
  expect(ci).toMatch(/ npm run tour$/m);
});

test('every npm script it names is there', () => {
  const named = [...readme.matchAll(/npm run ([\w:-]+)/g)].map(([, name = '']) => name);
  expect(named.filter(name => scripts[name] === undefined)).toEqual([]);
});

test('every file it names is there', () => {
  const named = [...readme.matchAll(/`((?:main|shared|docs)\/[\w./-]+)`|\]\(([\w./-]+)\)/g)];
  expect(named.length).toBeGreaterThan(2);
  for (const [, path, link] of named) expect(has('ls', join(root, path ?? link ?? ''))).toBe(true);
});

test('npx latchkey is this tree’s command', async () => {
  const { status, stdout } = await runWords(['npx', '--prefix', root, 'latchkey', '--version'], env);
  expect({ status, stdout }).toEqual({ status: 0, stdout: `${JSON.parse(read('package.json')).version}\n` });
});

const ssh = has('ssh', '-V');
for (const [text, check] of Object.entries(here)) {
  const missing = !ssh && /^ssh | connect /.test(text);
  test.skipIf(missing)(missing ? `${text} (skipped: there is no ssh here)` : text, async () => {
    check(await shell(text));
  });
}

test('npx latchkey practice --json', async () => {
  const { child, ran, ended } = start(line('exec "$NODE" "$LATCHKEY" practice --json'), env);
  await Promise.race([once(child.stdout ?? child, 'data'), ended]);
  const info = JSON.parse(ran.stdout) as PracticeInfo;
  expect(new URL(info.azure.armEndpoint).hostname).toMatch(/^(localhost|127\.0\.0\.1)$/);
  expect(info.aws.regions).toHaveLength(2);
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 0, stderr: '' });
});

test('npm start (with no screen): prints an address, and the interface is there', async () => {
  const [program, ...args] = (scripts['start'] ?? '').split(' ');
  expect(program).toBe('node');
  const { child, ran, ended } = start([process.execPath, ...args.map(file => join(root, file))], env);
  await vi.waitUntil(() => /^http:.*$/m.test(ran.stdout) || child.exitCode !== null, { timeout: 15_000 });
  const address = /^http:.*$/m.exec(ran.stdout)?.[0] ?? '';
  const page = await fetch(address);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain('<title>Latchkey</title>');
  child.kill('SIGTERM');
  expect(await ended).toMatchObject({ status: 0 });
});
