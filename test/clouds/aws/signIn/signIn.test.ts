/** Signing in to AWS accounts by every kind of profile, against the practice cloud's own sign-in services. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { defaultSettings } from '../../../../main/broker/settings.ts';
import { mfaCodeAt } from '../../../../main/practice/ec2/mfa.ts';
import { collect } from '../practiceEc2.ts';
import { openAwsSignIn } from './world.ts';

const payments = '467201983345';
const role = (name: string, account = payments) => `arn:aws:iam::${account}:role/${name}`;

test('keys of a profile: who we are, which regions, and nothing in the facts but where they are', async () => {
  const world = await openAwsSignIn();
  world.write({ credentials: '[payments]\nKEYS', config: '[profile payments]\nregion = us-east-1' });
  const { kept, open } = await world.add({ profile: 'payments' });
  expect(kept).toMatchObject({
    id: expect.stringMatching(new RegExp(`^aws:${payments}:[0-9a-f]{8}$`)),
    name: 'payments',
    user: 'lena',
    facts: { way: 'profile', account: payments, partition: 'aws', regions: 'all', home: 'us-east-1' },
  });
  const scopes = await open.cloud.scopes();
  expect(scopes.map(({ name }) => name)).toEqual(['eu-north-1', 'us-east-1']);
  const pages = await collect(open.cloud.inventory(scopes[0] ?? { id: '', name: '' }));
  expect(pages.flat().length).toBeGreaterThan(3);
  for (const { secret, id } of world.practice.keys.values())
    for (const held of [secret, id]) expect(JSON.stringify(kept)).not.toContain(held);
  expect(open.inMemory()).toBe(false);
  expect(world.items.size).toBe(0);
  expect(await (await world.reopen(kept)).cloud.identity()).toMatchObject({ user: 'lena' });
});

test('keys that were changed in the file are the next ones, without a new sign-in', async () => {
  const world = await openAwsSignIn();
  world.write({ credentials: '[default]\naws_access_key_id = AKIAGONE\naws_secret_access_key = gone' });
  await expect(world.add()).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
  world.write({ credentials: '[default]\nKEYS' });
  expect((await world.add()).kept.user).toBe('lena');
});

test('a chain of roles, across accounts; the ARN says who took it', async () => {
  const world = await openAwsSignIn();
  world.write({
    credentials: '[base]\nKEYS',
    config: `[profile hop]\nrole_arn = ${role('LatchkeyOperator')}\nsource_profile = base
[profile shop]\nrole_arn = ${role('LatchkeyOperator', '210987654321')}\nsource_profile = hop\nrole_session_name = ada\nregion = eu-north-1`,
  });
  const { kept, open } = await world.add({ profile: 'shop' });
  expect(kept).toMatchObject({ user: 'ada', facts: { account: '210987654321' } });
  expect((await open.cloud.identity()).name).toBe(
    'arn:aws:sts::210987654321:assumed-role/LatchkeyOperator/ada',
  );
});

test('a role that wants a code: asked for, asked again where it was wrong, and again when the session is over', async () => {
  const world = await openAwsSignIn();
  const serial = `arn:aws:iam::${payments}:mfa/lena`;
  world.write({
    credentials: '[base]\nKEYS',
    config: `[profile guarded]\nrole_arn = ${role('LatchkeyGuarded')}\nsource_profile = base\nmfa_serial = ${serial}\nduration_seconds = 900`,
  });
  const device = world.practice.mfa.get(serial);
  if (!device) throw new Error('no device');
  const asked: unknown[] = [];
  const codes = ['000000x', undefined];
  const answer = (question: unknown) => {
    asked.push(question);
    return codes.shift() ?? mfaCodeAt(device, world.core.now());
  };
  const { kept } = await world.add({ profile: 'guarded' }, { answer });
  expect(asked).toEqual([
    { step: 'mfa-code', device: serial, again: false },
    { step: 'mfa-code', device: serial, again: true },
  ]);
  expect(world.kind.asksPerson(kept)).toBe(true);
  expect(world.kind.describe(kept)).toMatchObject({ aws: { mfa: true } });
  // A broker that was started anew has no session: nobody is asked until somebody signs in.
  const open = await world.reopen(kept);
  await expect(open.cloud.identity()).rejects.toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
    message: expect.stringContaining(serial),
  });
  device.usedStep = 0;
  await world.signIn(open, () => mfaCodeAt(device, world.core.now()));
  expect(await open.cloud.identity()).toMatchObject({ name: expect.stringContaining('LatchkeyGuarded') });
  codes.push('1', '2', '3', '4');
  await expect(world.add({ profile: 'guarded' }, { answer })).rejects.toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
    message: expect.stringContaining('LatchkeyGuarded'),
  });
});

test('a session that AWS takes no more before its end is asked for anew; one that took a code is kept', async () => {
  const world = await openAwsSignIn();
  world.write({
    credentials: '[base]\nKEYS',
    config: `[profile hop]\nrole_arn = ${role('LatchkeyOperator')}\nsource_profile = base\nregion = eu-north-1`,
  });
  const { open } = await world.add({ profile: 'hop' });
  const sessions = () => [...world.practice.keys.values()].filter(key => key.session);
  expect(sessions()).toHaveLength(1);
  for (const { id } of sessions()) world.practice.keys.delete(id);
  await expect(open.cloud.identity()).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
  expect(await open.cloud.identity()).toMatchObject({ user: 'latchkey' });
  // A region that is not enabled knows nobody: that is no reason to ask for other keys.
  world.practice.offRegions.add('us-east-1');
  const [id] = sessions();
  await expect(
    collect(open.cloud.inventory({ id: `${payments}/us-east-1`, name: 'us-east-1' })),
  ).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
  await open.cloud.identity();
  expect(sessions()).toEqual([id]);
});

const ssoConfig = (account: string, session = 'contoso') =>
  `sso_session = ${session}\nsso_account_id = ${account}\nsso_role_name = LatchkeyOperator`;

test('Identity Center: one sign-in serves every account of the session, and is renewed in silence', async () => {
  const world = await openAwsSignIn();
  world.write({
    config: `[sso-session contoso]\nsso_start_url = URL/start\nsso_region = eu-north-1
[profile pay]\n${ssoConfig(payments)}\n[profile shop]\n${ssoConfig('210987654321')}`,
  });
  const asked: string[] = [];
  const ask = (step: Parameters<typeof world.allow>[0]) => {
    asked.push(step.step);
    return world.allow(step);
  };
  const pay = await world.add({ profile: 'pay' }, { ask });
  const shop = await world.add({ profile: 'shop' }, { ask });
  expect(asked).toEqual(['device-code']);
  expect([...world.items.keys()]).toHaveLength(1);
  expect(shop.kept).toMatchObject({ user: 'ada@contoso.example', facts: { account: '210987654321' } });
  // Tokens are in the keychain and nowhere else.
  const held = JSON.parse([...world.items.values()][0] ?? '') as Record<string, string>;
  expect(JSON.stringify([pay.kept, shop.kept])).not.toContain(held['access']);
  const open = await world.reopen(pay.kept);
  expect(await open.cloud.identity()).toMatchObject({ user: 'ada@contoso.example' });
  world.core.log.clear();
  await open.forget();
  expect(world.items.size).toBe(0);
});

test('a session that is over asks for the person; signing in again goes on with the same account', async () => {
  const world = await openAwsSignIn();
  world.write({
    config: `[profile pay]\nsso_start_url = URL/start\nsso_region = eu-north-1\nsso_account_id = ${payments}\nsso_role_name = LatchkeyViewer`,
  });
  const { kept } = await world.add({ profile: 'pay' });
  const [item = '', text = ''] = [...world.items][0] ?? [];
  world.items.set(item, JSON.stringify({ ...(JSON.parse(text) as object), endsAt: 0, refresh: 'gone' }));
  const open = await world.reopen(kept);
  await expect(open.cloud.scopes()).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
  await world.signIn(open);
  expect((await open.cloud.scopes()).length).toBe(2);
  // The new token stands in the same item; the refresh token makes the next one.
  expect([...world.items.keys()]).toEqual([item]);
  const now = JSON.parse(world.items.get(item) ?? '') as { refresh: string };
  world.items.set(item, JSON.stringify({ ...now, endsAt: 0 }));
  expect((await (await world.reopen(kept)).cloud.scopes()).length).toBe(2);
  expect((JSON.parse(world.items.get(item) ?? '') as { refresh: string }).refresh).not.toBe(now.refresh);
});

test('without a profile: the portal, and the role that the person chooses', async () => {
  const world = await openAwsSignIn();
  const sso = { startUrl: `${world.url}/start`, region: 'eu-north-1' };
  const { kept } = await world.add(
    { way: 'sso', sso },
    {
      answer: question => {
        if (question.step !== 'choose-role') throw new Error(question.step);
        expect(question.roles).toContainEqual({
          account: '210987654321',
          accountName: 'shop',
          role: 'LatchkeyViewer',
        });
        return '210987654321/LatchkeyViewer';
      },
    },
  );
  expect(kept).toMatchObject({ name: 'AWS 210987654321', facts: { sso: { role: 'LatchkeyViewer' } } });
  expect((await (await world.reopen(kept)).cloud.identity()).name).toContain('AWSReservedSSO_LatchkeyViewer');
});

test('a refused sign-in keeps nothing: not in the keychain either', async () => {
  const world = await openAwsSignIn();
  const sso = { startUrl: `${world.url}/start`, region: 'eu-north-1', account: payments, role: 'Nobody' };
  await expect(world.add({ way: 'sso', sso })).rejects.toMatchObject({
    code: 'CLOUD_FORBIDDEN',
    message: expect.stringContaining('Nobody'),
  });
  await expect(
    world.add({ way: 'sso', sso: { ...sso, startUrl: 'https://127.0.0.1/start' } }),
  ).rejects.toMatchObject({ code: 'BAD_INPUT' });
  expect(world.items.size).toBe(0);
});

test('a program, and a token of elsewhere', async () => {
  const world = await openAwsSignIn();
  const [key] = world.practice.keys.values();
  const given = join(world.folder, 'given.json');
  writeFileSync(given, JSON.stringify({ Version: 1, AccessKeyId: key?.id, SecretAccessKey: key?.secret }));
  const token = join(world.folder, 'token');
  writeFileSync(token, 'a-token-of-elsewhere');
  world.practice.webTokens.set('a-token-of-elsewhere', 'LatchkeyViewer');
  world.write({
    config: `[profile program]\ncredential_process = cat ${given}
[profile failing]\ncredential_process = ${process.execPath} -e "console.error('hunter2');process.exit(3)"
[profile web]\nrole_arn = ${role('LatchkeyViewer')}\nweb_identity_token_file = ${token}\nrole_session_name = pod\nregion = eu-north-1`,
  });
  expect((await world.add({ profile: 'program' })).kept.user).toBe('lena');
  expect((await world.add({ profile: 'web' })).kept.user).toBe('pod');
  const failed = await world.add({ profile: 'failing' }).catch((error: unknown) => error);
  expect(failed).toMatchObject({
    code: 'CLOUD_UNAUTHORIZED',
    message: expect.stringContaining('credential_process'),
  });
  expect(JSON.stringify(failed)).not.toContain('hunter2');
});

test.each([
  ['', 'missing', 'There is no AWS profile “missing”'],
  [
    '[profile loop]\nrole_arn = arn:aws:iam::467201983345:role/A\nsource_profile = loop',
    'loop',
    'leads back to itself',
  ],
  ['[profile bare]\nregion = eu-north-1', 'bare', 'nothing to sign in with'],
  ['[profile half]\nsso_session = nowhere', 'half', 'no section [sso-session nowhere]'],
  ['[profile far]\nsource_profile = gone\nrole_arn = arn:aws:iam::467201983345:role/A', 'far', '“gone”'],
])('a profile that leads nowhere says so (%#)', async (config, profile, message) => {
  const world = await openAwsSignIn();
  world.write({ config });
  await expect(world.add({ profile })).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining(message),
  });
});

test('the profiles of the machine are told without a secret', async () => {
  const world = await openAwsSignIn();
  world.write({
    credentials: '[base]\nKEYS',
    config: `[sso-session contoso]\nsso_start_url = URL/start\nsso_region = eu-north-1
[profile pay]\n${ssoConfig(payments)}\nregion = eu-north-1
[profile shop]\nrole_arn = ${role('LatchkeyOperator', '210987654321')}\nsource_profile = pay\n[profile bare]\noutput = json`,
  });
  const files = { config: join(world.folder, 'config'), credentials: join(world.folder, 'credentials') };
  const startUrl = `${world.url}/start`;
  expect(await world.kind.profiles?.(files)).toEqual(
    expect.arrayContaining([
      { name: 'base', source: 'keys' },
      {
        name: 'pay',
        source: 'sso',
        region: 'eu-north-1',
        account: payments,
        role: 'LatchkeyOperator',
        startUrl,
      },
      { name: 'shop', source: 'role', account: '210987654321', role: 'LatchkeyOperator', startUrl },
      { name: 'bare', source: 'none' },
    ]),
  );
});

test('servers of a profile: the services section before endpoint_url, and plain text only where no secret is given out', async () => {
  const world = await openAwsSignIn();
  world.write({
    credentials: '[own]\nKEYS',
    config:
      '[profile own]\nservices = lab\nendpoint_url = https://127.0.0.1:1\nregion = eu-north-1\n[services lab]\nec2 =\n  endpoint_url = URL\nsts =\n  endpoint_url = URL',
  });
  const { kept } = await world.add({ profile: 'own', endpoints: {} });
  expect(kept.user).toBe('lena');
  world.write({
    credentials: '[base]\nKEYS',
    config: `[profile far]\nrole_arn = ${role('LatchkeyViewer')}\nsource_profile = base\nendpoint_url = http://192.0.2.1/`,
  });
  await expect(world.add({ profile: 'far', endpoints: {} })).rejects.toMatchObject({
    code: 'BAD_INPUT',
    message: expect.stringContaining('not encrypted'),
  });
  const left = await world.kind
    .open({ ...kept, facts: {} }, defaultSettings)
    .catch((error: unknown) => error);
  expect(left).toMatchObject({ code: 'BAD_INPUT' });
});

test('cancelling is heard at once, also while a program is waited for', async () => {
  const world = await openAwsSignIn();
  world.write({ config: '[profile slow]\ncredential_process = sleep 2' });
  const stop = new AbortController();
  const files = { config: join(world.folder, 'config'), credentials: join(world.folder, 'credentials') };
  const adding = world.kind.add(
    { kind: 'aws', way: 'profile', profile: 'slow', files },
    { settings: defaultSettings, signal: stop.signal, ask: () => undefined, question: async () => '' },
  );
  const begun = performance.now();
  stop.abort();
  await expect(adding).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(performance.now() - begun).toBeLessThan(1_500);
});
