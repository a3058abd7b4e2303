/** Signing in to AWS accounts by the command line: profiles, IAM Identity Center, a code; and where the secrets are afterwards. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { connectBroker } from '../../main/doors/client.ts';
import { mfaCodeAt } from '../../main/practice/ec2/mfa.ts';
import type { Account } from '../../shared/contract/accounts.ts';
import type { VmList } from '../../shared/contract/vms.ts';
import { startAwsForSignIn } from '../fakes/awsSignIn.ts';
import { missingForSecretService, startSecretService } from '../fakes/secretService.ts';
import { whereFound } from './whereFound.ts';
import type { Ran } from './world.ts';

const bin = join(import.meta.dirname, '..', '..', 'bin', 'latchkey.js');
const begun = Date.now();
const folder = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
const practice = await startAwsForSignIn(folder);
const { core, world, shop, sso, serial } = practice;
const data = join(folder, 'data');
const aws = { ...practice.files, AWS_CA_BUNDLE: practice.caFile, AWS_ENDPOINT_URL: practice.url };
const missing = missingForSecretService.join(', ');
const ends: (() => void)[] = [];
let keychain: Record<string, string> = { DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nonexistent/bus' };
const outputs: Ran[] = [];

afterAll(async () => {
  await endBroker();
  for (const end of ends) end();
  await core.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

async function endBroker(): Promise<void> {
  const connection = await connectBroker(data);
  if (!connection) return;
  const { pid } = await connection.client.app.info({});
  connection.close();
  process.kill(pid, 'SIGKILL');
  for (let still = await connectBroker(data); still; still = await connectBroker(data)) still.close();
}

/** Runs the command; `act` answers what it says on stderr, line by line, with what to type. */
async function latchkey(
  args: string[],
  act: (said: string) => Promise<string | undefined> | undefined = () => undefined,
) {
  const child = spawn(process.execPath, [bin, '--data-dir', data, '--json', ...args], {
    env: { ...process.env, ...aws, ...keychain },
  });
  const ran: Ran = { status: null, signal: null, stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (ran.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    ran.stderr += text;
    void act(text)?.then(answer => answer !== undefined && child.stdin.write(`${answer}\n`));
  });
  const [status] = (await once(child, 'close')) as [number | null];
  outputs.push(Object.assign(ran, { status }));
  return { ...ran, json: <T>() => JSON.parse(ran.stdout) as T };
}

/** Allows a sign-in in the browser; the address has the code in it. */
async function allow(said: string): Promise<undefined> {
  const [url] = /https:\/\/\S+/.exec(said) ?? [];
  if (url === undefined) return;
  await practice.allow(url);
}

test.skipIf(missing !== '')(
  `two profiles by one sign-in, a third by a code; the next broker goes on${missing && ` (missing: ${missing})`}`,
  async () => {
    keychain = await startSecretService(folder, end => ends.push(end));
    const both = ['--profile', 'payments', '--profile', 'shop', '--no-open'];
    const added = await latchkey(['accounts', 'add', 'aws', ...both], allow);
    expect(added.status).toBe(0);
    const { accounts } = added.json<{ accounts: Account[] }>();
    expect(accounts.map(({ aws: facts, user, state }) => [facts?.account, user, state])).toEqual([
      [world.account, 'ada@contoso.example', 'ready'],
      ['210987654321', 'ada@contoso.example', 'ready'],
    ]);
    expect(added.stderr.match(/the code/g)).toHaveLength(1);

    const device = world.mfa.get(serial);
    const guarded = await latchkey(
      ['accounts', 'add', 'aws', '--profile', 'guarded', '--regions', 'us-east-1'],
      async said =>
        device && said.includes('Code of the MFA device') ? mfaCodeAt(device, core.now()) : undefined,
    );
    expect(guarded.status).toBe(0);
    expect(guarded.json()).toMatchObject({ account: { aws: { mfa: true, regions: ['us-east-1'] } } });

    const { vms, scopes } = (await latchkey(['vms', '--refresh'])).json<VmList>();
    expect(vms).toHaveLength(11 + 4);
    expect(scopes.map(({ scopeName, state }) => [scopeName, state])).toContainEqual(['eu-west-1', 'fresh']);

    await endBroker();
    await latchkey(['vms']);
    const later = (await latchkey(['accounts'])).json<{ accounts: Account[] }>().accounts;
    // A session with a code is nobody's but the broker's that was killed.
    expect(later.map(({ state }) => state)).toEqual(['ready', 'ready', 'sign-in-needed']);
    expect((await latchkey(['accounts', 'remove', accounts[0]?.id ?? ''])).status).toBe(0);
    expect((await latchkey(['accounts', 'scopes', accounts[1]?.id ?? ''])).status).toBe(0);

    const secrets = new Set([
      ...sso.tokens.keys(),
      ...sso.refreshes.keys(),
      ...[...sso.clients.values()].map(client => client.secret),
      ...[world, shop].flatMap(({ keys }) =>
        [...keys.values()].flatMap(one => (one.session ? [one.secret, one.session.token] : [])),
      ),
    ]);
    expect(secrets.size).toBeGreaterThan(8);
    expect(whereFound(secrets, outputs, { folder, begun })).toEqual([]);
  },
);

test('the profiles are listed without a secret', async () => {
  const listed = await latchkey(['accounts', 'profiles']);
  expect(listed.json()).toMatchObject({
    profiles: expect.arrayContaining([
      expect.objectContaining({ name: 'payments', source: 'sso', account: world.account }),
      { name: 'base', source: 'keys' },
    ]),
  });
  for (const { secret } of world.keys.values()) expect(listed.stdout).not.toContain(secret);
});

test('what is asked for and wrong is told at once, with what there is', async () => {
  const unknown = await latchkey(['accounts', 'add', 'aws', '--profile', 'nobody']);
  expect([unknown.status, unknown.stdout]).toEqual([2, '']);
  expect(unknown.stderr).toContain('payments, shop, guarded');
  for (const wrong of [
    ['--regions', 'eu_north'],
    ['--regions', 'a,,b'],
    ['--sso-start-url', 'https://x.example/start'],
    ['--credential', 'magic'],
    ['--profile', 'a', '--credential', 'environment'],
  ])
    expect((await latchkey(['accounts', 'add', 'aws', ...wrong])).status).toBe(2);
  const silent = await latchkey(['accounts', 'add', 'aws', '--profile', 'guarded'], async said =>
    said.includes('Code of the MFA device') ? '' : undefined,
  );
  expect(silent.status).not.toBe(0);
});

test('a session that ends in the middle: nothing is opened, what is open is shut once somebody signed in again', async () => {
  const added = await latchkey(['accounts', 'add', 'aws', '--profile', 'payments', '--no-open'], allow);
  const { account } = added.json<{ account: Account }>();
  await latchkey(['vms', '--refresh']);
  const open = await latchkey(['request', 'pay-db', '--for', '10m', '--source', '203.0.113.9']);
  expect(open.json()).toMatchObject({ grants: [{ state: 'open' }] });
  const standing = () => [...inboundRules()].filter(rule => rule.includes('203.0.113.'));
  expect(standing()).toHaveLength(1);

  sso.tokens.clear();
  sso.refreshes.clear();
  for (const [id, one] of world.keys) if (one.session) world.keys.delete(id);
  const refused = await latchkey(['request', 'pay-edge6', '--for', '10m', '--source', '2001:db8::9']);
  expect(refused.status).toBe(5);
  expect(refused.stderr).toContain('accounts sign-in');
  expect(inboundRules().filter(rule => rule.includes('2001:db8::9'))).toEqual([]);
  const [now] = (await latchkey(['accounts']))
    .json<{ accounts: Account[] }>()
    .accounts.filter(({ id }) => id === account.id);
  expect(now?.state).toBe('sign-in-needed');
  const stuck = await latchkey(['revoke', '--all']);
  expect(stuck.status).not.toBe(0);
  expect(standing()).toHaveLength(1);

  const again = await latchkey(['accounts', 'sign-in', account.id, '--no-open'], allow);
  expect([again.status, again.json<{ account: Account }>().account.state]).toEqual([0, 'ready']);
  await expect.poll(standing, { timeout: 30_000 }).toEqual([]);
});

function inboundRules(): string[] {
  return [...world.regions.values()].flatMap(region =>
    [...region.groups.values()].flatMap(group =>
      [...group.rules.values()].flatMap(({ egress, seenUntil, peer }) =>
        egress || seenUntil !== undefined ? [] : [JSON.stringify(peer)],
      ),
    ),
  );
}
