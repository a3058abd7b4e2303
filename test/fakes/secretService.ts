/** A real keychain of Linux (GNOME Keyring on a message bus of its own), where both are installed. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const programs = { bus: 'dbus-daemon', send: 'dbus-send', keyring: 'gnome-keyring-daemon' };

/** The programs of this that are missing here. */
export const missingForSecretService = Object.values(programs).filter(
  name => spawnSync(name, ['--version'], { stdio: 'ignore' }).error !== undefined,
);

/** What processes need in their environment to find it. Its files are below `folder`; `until` is told how to end it. */
export async function startSecretService(
  folder: string,
  until: (end: () => void) => void,
): Promise<Record<string, string>> {
  const home = { HOME: folder, XDG_DATA_HOME: join(folder, 'data'), XDG_RUNTIME_DIR: join(folder, 'run') };
  for (const path of Object.values(home)) mkdirSync(path, { recursive: true, mode: 0o700 });
  const bus = spawn(programs.bus, ['--session', '--nofork', '--print-address'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...process.env, ...home },
  });
  until(() => void bus.kill());
  const [line] = (await once(bus.stdout, 'data')) as [Buffer];
  const env = { DBUS_SESSION_BUS_ADDRESS: line.toString().trim(), ...home };
  const keyring = spawn(
    programs.keyring,
    ['--foreground', '--unlock', '--components=secrets', `--control-directory=${join(folder, 'run')}`],
    { stdio: ['pipe', 'ignore', 'ignore'], env: { ...process.env, ...env } },
  );
  until(() => void keyring.kill());
  keyring.stdin.end('a password of the keyring');
  const deadline = Date.now() + 20_000;
  while (!hasCollection(env)) {
    if (keyring.exitCode !== null || Date.now() > deadline) throw new Error('the keyring does not start');
    await new Promise(resolve => setTimeout(resolve, 20));
  }
  return env;
}

/** Is the collection there that new secrets go to? The keyring answers before it is. */
function hasCollection(env: Record<string, string>): boolean {
  const ask = (to: string, path: string, ...call: string[]) =>
    spawnSync(programs.send, ['--session', '--print-reply', `--dest=${to}`, path, ...call], {
      env: { ...process.env, ...env },
      encoding: 'utf8',
    }).stdout;
  const name = 'org.freedesktop.secrets';
  const bus = 'org.freedesktop.DBus';
  // First whether anybody is there: a question to nobody would have the bus start one that stays locked.
  return (
    ask(bus, '/', `${bus}.NameHasOwner`, `string:${name}`).includes('true') &&
    ask(
      name,
      '/org/freedesktop/secrets',
      'org.freedesktop.Secret.Service.ReadAlias',
      'string:default',
    ).includes('/org/freedesktop/secrets/collection/')
  );
}
