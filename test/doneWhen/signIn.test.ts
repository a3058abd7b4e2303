/** Signing in to an Azure by browser and by code, by the command line, and where the tokens are afterwards: nowhere. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { connectBroker } from '../../main/doors/client.ts';
import { startPractice } from '../../main/practice/practice.ts';
import type { Account } from '../../shared/contract/accounts.ts';
import type { VmList } from '../../shared/contract/vms.ts';
import { clientId, startOpenId } from '../fakes/openId.ts';
import { Person } from '../fakes/person.ts';
import { missingForSecretService, startSecretService } from '../fakes/secretService.ts';
import { whereFound } from './whereFound.ts';
import { type Ran, runWords, start } from './world.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'latchkey.js');
const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const openId = await startOpenId(afterAll);
const practice = await startPractice({ dataDirectory: folder, latencyMs: 0, trust: openId.trust });
afterAll(() => practice.stop());
const caFile = join(folder, 'authorities.pem');
writeFileSync(caFile, openId.ca + readFileSync(practice.info.caFile, 'utf8'));
const clouds = [
  { name: 'Stack', armEndpoint: practice.info.azure.armEndpoint, authority: openId.origin, caFile },
];

const begun = Date.now();
const missing = missingForSecretService.join(', ');
const cases: [string, boolean][] = [
  [`with the system’s keychain${missing && ` (missing: ${missing})`}`, true],
  ['without a keychain', false],
];

describe.each(cases)('%s', (_name, keychain) => {
  const data = join(folder, keychain ? 'kept' : 'memory', 'latchkey');
  const home = join(folder, keychain ? 'kept' : 'memory');
  const outputs: Ran[] = [];
  let env: Record<string, string> = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
  const words = (...args: string[]) => [process.execPath, bin, '--data-dir', data, ...args];
  const run = async (...args: string[]) => {
    const ran = await runWords(words(...args), env);
    outputs.push(ran);
    return ran;
  };
  const json = async <T>(...args: string[]): Promise<T> => {
    const { status, stdout, stderr } = await run('--json', ...args);
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}: ${stderr}`);
    return JSON.parse(stdout) as T;
  };
  /** Runs a sign-in that tells what the person has to do on stderr. */
  const signIn = async (args: string[], act: (said: string) => Promise<unknown>): Promise<Ran> => {
    const { child, ran, ended } = start(words('--json', ...args), env);
    const said = new RegExp('https://\\S+[\\s\\S]*\n');
    while (!said.test(ran.stderr)) await Promise.race([once(child.stderr ?? child, 'data'), ended]);
    await act(ran.stderr);
    outputs.push(await ended);
    return ran;
  };
  const endBroker = async () => {
    const connection = await connectBroker(data);
    if (!connection) return;
    const { pid } = await connection.client.app.info({});
    connection.close();
    process.kill(pid, 'SIGKILL');
    for (let still = await connectBroker(data); still; still = await connectBroker(data)) still.close();
  };

  const ends: (() => void)[] = [];
  afterAll(async () => {
    await endBroker();
    for (const end of ends) end();
  });

  test.skipIf(keychain && missing !== '')(
    'both ways lead to VMs, and no token is found anywhere',
    async () => {
      if (keychain) env = await startSecretService(home, end => ends.push(end));
      await json('settings', `azureClouds=${JSON.stringify(clouds)}`);
      const common = ['accounts', 'add', 'azure', '--cloud', 'Stack', '--client-id', clientId];

      const person = new Person(openId.ca);
      const byBrowser = await signIn([...common, '--no-open'], said =>
        person.signIn(/https:\/\/\S+/.exec(said)?.[0] ?? '', 'admin'),
      );
      expect(byBrowser.status).toBe(0);
      const { account } = JSON.parse(byBrowser.stdout) as { account: Account };
      expect(account).toMatchObject({ state: 'ready', user: 'admin@contoso.example', way: 'browser' });
      expect(account.inMemory ?? false).toBe(!keychain);
      expect(byBrowser.stderr.includes('kept in memory')).toBe(!keychain);

      const byCode = await signIn([...common, '--device-code'], said => {
        const [, url = '', code = ''] = /(https:\/\/\S+).*code (\S+)/.exec(said) ?? [];
        return new Person(openId.ca).typeCode(url, code, 'viewer');
      });
      expect(byCode.status).toBe(0);
      expect(JSON.parse(byCode.stdout)).toMatchObject({
        account: { user: 'viewer@contoso.example', way: 'device-code' },
      });

      const { accounts } = await json<{ accounts: Account[] }>('accounts');
      expect(accounts.map(one => one.user)).toEqual(['admin@contoso.example', 'viewer@contoso.example']);
      const { vms, scopes } = await json<VmList>('vms', '--refresh');
      expect(vms.find(vm => vm.name === 'web-1')).toBeDefined();
      expect(scopes.every(one => one.state === 'fresh')).toBe(true);

      // The next broker has the sign-in where there is a keychain, and asks for it where there is none.
      await endBroker();
      await json('vms');
      const later = (await json<{ accounts: Account[] }>('accounts')).accounts.map(one => one.state);
      expect(new Set(later)).toEqual(new Set([keychain ? 'ready' : 'sign-in-needed']));

      expect(openId.secrets.size).toBeGreaterThan(5);
      expect(whereFound(openId.secrets, outputs, { folder, begun })).toEqual([]);
    },
  );
});
