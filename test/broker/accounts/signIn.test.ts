import { createRouterClient } from '@orpc/server';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createBroker } from '../../../main/broker/broker.ts';
import { createRouter } from '../../../main/broker/router.ts';
import { azureAccounts } from '../../../main/clouds/azure/signIn/kind.ts';
import type { SignInStep } from '../../../shared/contract/accounts.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { openSignInWorld } from '../../clouds/azure/signIn/world.ts';
import { Person } from '../../fakes/person.ts';
import { temporaryFolder } from '../../fakes/temporaryFolder.ts';

/** A broker whose person is `who` when its browser opens. */
async function signInBroker() {
  const world = await openSignInWorld();
  const dataDirectory = temporaryFolder();
  let who = 'admin';
  const browser = {
    open: async (url: string) => {
      void new Person(world.openId.ca).signIn(url, who).catch(() => undefined);
      return true;
    },
  };
  const os = { ...world.os, browser, userName: 'jo' };
  const start = async () => {
    const broker = await createBroker({
      os,
      connectPractice: async () => [],
      accountKinds: [azureAccounts(os)],
      dataDirectory,
      host: 'headless',
      version: '0',
      leave: () => undefined,
    });
    broker.start();
    return broker;
  };
  let broker = await start();
  onTestFinished(() => broker.stop());
  const client = () => createRouterClient(createRouter(broker));
  await client().settings.set({ azureClouds: world.settings.azureClouds });
  const steps = async (stream: AsyncIterable<SignInStep>) => {
    const all: SignInStep[] = [];
    for await (const step of stream) all.push(step);
    return all;
  };
  return {
    ...world,
    client,
    steps,
    as: (name: string) => (who = name),
    services: () => broker.services,
    add: async () => steps(await client().accounts.add({ account: world.wanted, open: 'broker' })),
    async restart() {
      broker.stop();
      broker = await start();
    },
  };
}

test('an account is signed in to step by step, kept for the next start, and forgotten with its sign-in', async () => {
  const broker = await signInBroker();
  const [asked, done, ...rest] = await broker.add();
  expect(asked).toMatchObject({ step: 'browser', opened: true });
  expect(done).toMatchObject({
    step: 'done',
    account: {
      kind: 'azure',
      state: 'ready',
      user: 'admin@contoso.example',
      way: 'browser',
      azure: { cloud: 'Stack' },
    },
    notes: [],
  });
  expect(rest).toEqual([]);
  await broker.restart();
  await broker.services().accounts.settled();
  const { accounts } = await broker.client().accounts.list({});
  expect(accounts.map(({ state }) => state)).toEqual(['ready']);

  const [before] = broker.items.keys();
  await broker.add();
  expect([...broker.items.keys()]).toHaveLength(1);
  expect(broker.items.has(before ?? '')).toBe(false);
  expect((await broker.client().accounts.list({})).accounts).toHaveLength(1);

  await broker.client().accounts.remove({ id: accounts[0]?.id ?? '' });
  expect(broker.items.size).toBe(0);
  expect((await broker.client().accounts.list({})).accounts).toEqual([]);
});

test('of all subscriptions, the chosen ones are looked at', async () => {
  const broker = await signInBroker();
  await broker.add();
  const [account] = (await broker.client().accounts.list({})).accounts;
  const id = account?.id ?? '';
  const { scopes } = await broker.client().accounts.scopes({ id });
  expect(scopes.length).toBeGreaterThan(1);
  expect(scopes.every(({ chosen }) => chosen)).toBe(true);
  const looked = async () => {
    const list = await broker.client().vms.list({ refresh: true });
    return list.scopes.map(({ scope }) => scope).toSorted();
  };
  expect(await looked()).toEqual(scopes.map(scope => scope.id).toSorted());
  const [one] = scopes.map(scope => scope.id);
  await broker.client().accounts.choose({ id, scopes: [one ?? ''] });
  expect(await looked()).toEqual([one]);
  await broker.restart();
  await broker.services().accounts.settled();
  expect(await looked()).toEqual([one]);
  await expect(broker.client().accounts.choose({ id, scopes: ['nowhere'] })).rejects.toMatchObject({
    code: 'BAD_INPUT',
  });
  await broker.client().accounts.choose({ id });
  expect(await looked()).toHaveLength(scopes.length);
});

test('a sign-in that is over is told once, shuts nothing in silence, and goes on after signing in again', async () => {
  const broker = await signInBroker();
  await broker.add();
  const [account] = (await broker.client().accounts.list({})).accounts;
  const id = account?.id ?? '';
  await broker.client().vms.list({ refresh: true });
  const { grants } = await broker
    .client()
    .grants.request({ vms: ['web-1'], sources: ['203.0.113.7/32'], forMs: 4_000 });
  expect(grants[0]?.state).toBe('open');

  broker.openId.mode.refreshOver = true;
  broker.openId.mode.demands = { issuedAfter: Date.now() + 60_000, toldBy: 'refusal' };
  await broker.client().vms.list({ refresh: true });
  const state = async () => (await broker.client().accounts.list({})).accounts[0]?.state;
  expect(await state()).toBe('sign-in-needed');
  const grant = async () => (await broker.client().grants.list({ all: true })).grants[0]?.state;
  // Its end comes, nobody can shut it: everybody is told.
  await vi.waitUntil(async () => (await grant()) === 'stuck', { timeout: 20_000 });
  const { rows } = await broker.client().activity.list({ text: 'sign in again' });
  expect(rows).toHaveLength(1);
  const refused = broker.client().vms.get({ vm: 'web-1' });
  await expect(refused).rejects.toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
    fix: expect.stringContaining(`latchkey accounts sign-in ${id}`),
  });

  broker.openId.mode.demands = undefined;
  broker.as('viewer');
  const other = broker.client().accounts.signIn({ id, open: 'broker' }).then(broker.steps);
  await expect(other).rejects.toMatchObject({ code: 'BAD_INPUT' });
  expect(await state()).toBe('sign-in-needed');
  broker.as('admin');
  const again = await broker.steps(await broker.client().accounts.signIn({ id, open: 'broker' }));
  expect(again.at(-1)).toMatchObject({ step: 'done', account: { id, state: 'ready' } });
  await vi.waitUntil(async () => (await grant()) === 'closed', { timeout: 20_000 });
});

test('leaving the stream cancels; nobody is signed in and nothing listens any more', async () => {
  const broker = await signInBroker();
  const stop = new AbortController();
  const stream = await broker
    .client()
    .accounts.add({ account: broker.wanted, open: 'caller' }, { signal: stop.signal });
  const first = await stream.next();
  expect(first.value).toMatchObject({ step: 'browser', opened: false });
  const url = new URL(first.done === true ? '' : (first.value as { url: string }).url);
  stop.abort();
  await stream.return?.(undefined).catch(() => undefined);
  await vi.waitFor(() =>
    expect(broker.person.open(url.searchParams.get('redirect_uri') ?? '')).rejects.toThrow('ECONNREFUSED'),
  );
  expect((await broker.client().accounts.list({})).accounts).toEqual([]);
});

test('a keychain that refuses leaves the sign-in in memory, and the person is told', async () => {
  const broker = await signInBroker();
  const none = () =>
    Promise.reject(new LatchkeyError({ code: 'NO_KEYCHAIN', message: 'There is no keychain.' }));
  vi.spyOn(broker.os.keychain, 'write').mockImplementation(none);
  vi.spyOn(broker.os.keychain, 'remove').mockImplementation(none);
  const done = (await broker.add()).at(-1);
  expect(done).toMatchObject({ account: { inMemory: true }, notes: [expect.stringContaining('in memory')] });
  const { rows } = await broker.client().activity.list({ text: 'keychain' });
  expect(rows).toHaveLength(1);
  await broker.restart();
  await broker.services().accounts.settled();
  const [account] = (await broker.client().accounts.list({})).accounts;
  expect(account?.state).toBe('sign-in-needed');
  vi.restoreAllMocks();
  const id = account?.id ?? '';
  await broker.steps(await broker.client().accounts.signIn({ id, open: 'broker' }));
  expect((await broker.client().accounts.list({})).accounts[0]?.inMemory).toBeUndefined();
  await broker.restart();
  await broker.services().accounts.settled();
  expect((await broker.client().accounts.list({})).accounts[0]?.state).toBe('ready');

  vi.spyOn(broker.os.keychain, 'remove').mockImplementation(none);
  await broker.client().accounts.remove({ id });
  expect((await broker.client().accounts.list({})).accounts).toEqual([]);
  expect((await broker.client().activity.list({ text: 'could not be taken out' })).rows).toHaveLength(1);
});

test('what two users of a tenant see stands in the list once, through the first who looks at it', async () => {
  const broker = await signInBroker();
  await broker.add();
  broker.as('viewer');
  await broker.add();
  const [first, second] = (await broker.client().accounts.list({})).accounts.map(({ id }) => id);
  const looked = async () => {
    const { scopes } = await broker.client().vms.list({ refresh: true });
    return Object.fromEntries(scopes.map(({ scopeName, account }) => [scopeName, account]));
  };
  expect(await looked()).toEqual({ 'Contoso Production': first, 'Contoso Test': first });
  const { scopes } = await broker.client().accounts.scopes({ id: first ?? '' });
  const production = scopes.filter(({ name }) => name === 'Contoso Production').map(({ id }) => id);
  await broker.client().accounts.choose({ id: first ?? '', scopes: production });
  expect(await looked()).toEqual({ 'Contoso Production': first, 'Contoso Test': second });
  await broker.client().accounts.remove({ id: first ?? '' });
  expect(await looked()).toEqual({ 'Contoso Production': second, 'Contoso Test': second });
});
