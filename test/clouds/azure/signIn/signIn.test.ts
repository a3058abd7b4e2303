import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { expect, onTestFinished, test } from 'vitest';
import { createRedirects } from '../../../../main/os/redirects.ts';
import { tenant } from '../../../fakes/openId.ts';
import { Person } from '../../../fakes/person.ts';
import { nobodyAnswers, openSignInWorld } from './world.ts';

test.each(['Stack', 'Issuer'])('signing in by browser and by code, to an authority like %s', async cloud => {
  const world = await openSignInWorld();
  for (const way of ['browser', 'device-code'] as const) {
    const { kept, open } = await world.add({ cloud, way });
    expect(kept).toMatchObject({ name: `${cloud} contoso.example`, user: 'admin@contoso.example' });
    expect(kept.id).toMatch(new RegExp(`^azure:${tenant}:[0-9a-f]{8}$`));
    expect(await open.cloud.identity()).toMatchObject({ user: 'admin@contoso.example' });
    expect((await open.cloud.scopes()).length).toBeGreaterThan(0);
    expect(world.items.size).toBe(1);
    await open.forget();
    expect(world.items.size).toBe(0);
  }
});

test('several users of a tenant side by side; what the ledger keeps of them is no secret', async () => {
  const world = await openSignInWorld();
  const admin = await world.add();
  const viewer = await world.add({}, ask => new Person(world.openId.ca).signIn(ask.url, 'viewer'));
  expect(admin.kept.id).not.toBe(viewer.kept.id);
  expect(await admin.open.cloud.identity()).toMatchObject({ user: 'admin@contoso.example' });
  expect(await viewer.open.cloud.identity()).toMatchObject({ user: 'viewer@contoso.example' });
  expect([...world.items.keys()].toSorted()).toEqual(
    [admin, viewer].map(({ kept }) => String(kept.facts['item'])).toSorted(),
  );
  const ledger = JSON.stringify([admin.kept, viewer.kept]);
  for (const secret of world.openId.secrets) expect(ledger).not.toContain(secret);
});

test('the next start reads the keychain once, and asks nobody while the token is good', async () => {
  let reads = 0;
  const world = await openSignInWorld(os => {
    const { keychain } = os;
    return { keychain: { ...keychain, read: name => (++reads, keychain.read(name)) } };
  });
  const { kept } = await world.add();
  const open = await world.reopen(JSON.parse(JSON.stringify(kept)));
  world.openId.asked.length = 0;
  reads = 0;
  await open.cloud.identity();
  await open.cloud.scopes();
  await open.cloud.identity();
  expect(reads).toBe(1);
  expect(world.openId.asked.filter(one => one.startsWith('POST'))).toEqual([]);
});

test('a token near its end is renewed in silence', async () => {
  const world = await openSignInWorld();
  world.openId.mode.tokenSeconds = 60;
  const { open } = await world.add();
  const before = world.openId.secrets.size;
  await open.cloud.identity();
  expect(world.openId.secrets.size).toBeGreaterThan(before);
});

test.each(['refusal', 'challenge'] as const)(
  'so is one that ARM takes no more before its time, told by a %s',
  async toldBy => {
    const world = await openSignInWorld();
    const { open } = await world.add();
    await open.cloud.identity();
    // Tokens tell whole seconds: what was given out until now is older than the next one.
    const issuedAfter = Math.floor(Date.now() / 1000) * 1000 + 1000;
    world.openId.mode.demands = { issuedAfter, toldBy };
    const stale = world.openId.secrets.size;
    while (Date.now() < issuedAfter) await new Promise(resolve => setTimeout(resolve, 20));
    await open.cloud.scopes();
    const renewed = world.openId.secrets.size;
    expect(renewed).toBeGreaterThan(stale);
    await open.cloud.scopes();
    expect(world.openId.secrets.size).toBe(renewed);
  },
);

test('a sign-in that is over asks for the person, once more as the same user', async () => {
  const world = await openSignInWorld();
  world.openId.mode.tokenSeconds = 60;
  const { open } = await world.add();
  world.openId.mode.refreshOver = true;
  await expect(open.cloud.scopes()).rejects.toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
    detail: { said: 'AADSTS50173' },
  });
  const how = { settings: world.settings, question: nobodyAnswers, signal: new AbortController().signal };
  const other = open.signIn(undefined, {
    ...how,
    ask: ask => void new Person(world.openId.ca).signIn(ask.url, 'viewer'),
  });
  await expect(other).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('viewer@'),
  });
  const asked: string[] = [];
  await open.signIn(undefined, {
    ...how,
    ask: ask => {
      asked.push(ask.url);
      void world.as('admin')(ask);
    },
  });
  expect(asked[0]).toContain('login_hint=admin%40contoso.example');
  world.openId.mode.refreshOver = false;
  expect((await open.cloud.scopes()).length).toBeGreaterThan(0);
});

test('a claims challenge that only the person can answer is brought along by the next sign-in', async () => {
  const world = await openSignInWorld();
  const { open } = await world.add();
  world.openId.mode.demands = 'step-up';
  await expect(open.cloud.scopes()).rejects.toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
    detail: { said: 'AADSTS50076' },
  });
  const urls: string[] = [];
  await open.signIn(undefined, {
    settings: world.settings,
    question: nobodyAnswers,
    signal: new AbortController().signal,
    ask: ask => {
      urls.push(ask.url);
      void world.as('admin')(ask);
    },
  });
  expect(new URL(urls[0] ?? '').searchParams.get('claims')).toContain('"acrs"');
  expect((await open.cloud.scopes()).length).toBeGreaterThan(0);
  await open.cloud.scopes();
});

test.each(['browser', 'device-code'] as const)(
  'cancelled by %s at any time: nothing is kept, nothing listens',
  async way => {
    const world = await openSignInWorld();
    const stop = new AbortController();
    let redirect = '';
    const added = world.add(
      { way },
      ask => {
        redirect = new URL(ask.url).searchParams.get('redirect_uri') ?? '';
        stop.abort();
      },
      stop.signal,
    );
    await expect(added).rejects.toMatchObject({ code: 'CANCELLED' });
    expect(world.items.size).toBe(0);
    if (way === 'browser') await expect(world.person.open(redirect)).rejects.toThrow('ECONNREFUSED');
  },
);

test('an answer with another state is refused, and the sign-in goes on', async () => {
  const world = await openSignInWorld();
  const pages: string[] = [];
  const { open } = await world.add({}, async ask => {
    const back = new URL(ask.url).searchParams.get('redirect_uri') ?? '';
    for (const query of ['?code=stolen&state=guessed', '?code=stolen', '?error=access_denied', ''])
      pages.push((await world.person.open(`${back}/${query}`)).html);
    pages.push((await world.person.open(back, { code: 'stolen', state: 'guessed' })).html);
    expect((await world.person.open(`${back}/favicon.ico`)).status).toBe(404);
    const last = await world.as('admin')(ask);
    expect(last).toMatchObject({ status: 200, html: expect.stringContaining('You are signed in') });
  });
  for (const page of pages) expect(page).toContain('not the sign-in');
  await open.cloud.identity();
});

test('a person who refuses is told so, in the browser and by the error', async () => {
  const world = await openSignInWorld();
  const last = Promise.withResolvers<string>();
  const added = world.add({}, async ask => {
    const page = await world.person.open(ask.url);
    const cancel = /href="([^"]*abort[^"]*)"/.exec(page.html)?.[1] ?? '';
    const answer = await world.person.open(new URL(cancel, page.url).href);
    last.resolve((await world.person.finish(answer, 'admin')).html);
  });
  await expect(added).rejects.toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
    detail: { said: 'access_denied' },
  });
  expect(await last.promise).toContain('The sign-in was refused');
});

test('a code that nobody types is over after its time', async () => {
  const world = await openSignInWorld();
  world.openId.mode.codeSeconds = 1;
  const added = world.add({ way: 'device-code' }, () => undefined);
  await expect(added).rejects.toMatchObject({ code: 'NO_ANSWER', fix: expect.stringContaining('again') });
});

const families = ['127.0.0.1', '::1'].map(host => {
  const there = Object.values(networkInterfaces()).some(list => list?.some(one => one.address === host));
  return [host, there ? '' : ' (this computer has none)'] as const;
});
for (const [host, missing] of families) {
  test.skipIf(missing !== '')(`a port that somebody has on ${host} is left alone${missing}`, async () => {
    const other = createServer().listen(0, host);
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    const wanted = [port, 0];
    await using redirect = await createRedirects(() => wanted.shift() ?? 0).open('state');
    expect(redirect.url).not.toBe(`http://localhost:${port}`);
    expect(wanted).toEqual([]);
  });
}

test('an authority that nobody can reach, one with a strange certificate, and no such cloud', async () => {
  const world = await openSignInWorld();
  const [stack] = world.settings.azureClouds;
  if (!stack) throw new Error('no cloud');
  world.settings.azureClouds.push(
    { ...stack, name: 'Gone', authority: 'https://localhost:1' },
    { name: 'Strange', armEndpoint: stack.armEndpoint, authority: stack.authority },
    { ...stack, name: 'NoFile', caFile: '/nonexistent.pem' },
  );
  await expect(world.add({ cloud: 'Gone' })).rejects.toMatchObject({ code: 'CLOUD_UNREACHABLE' });
  await expect(world.add({ cloud: 'Strange' })).rejects.toMatchObject({
    code: 'CLOUD_UNREACHABLE',
    fix: expect.stringContaining('certificate'),
  });
  await expect(world.add({ cloud: 'NoFile' })).rejects.toMatchObject({ code: 'BAD_INPUT' });
  await expect(world.add({ cloud: 'Nowhere' })).rejects.toMatchObject({
    code: 'BAD_INPUT',
    fix: expect.stringContaining('AzureUSGovernment'),
  });
});
