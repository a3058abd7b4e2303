import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { createEgress } from '../../../main/broker/egress/index.ts';
import { familiesOf, observe, readAnswer } from '../../../main/broker/egress/observe.ts';
import { judge } from '../../../main/broker/egress/verdict.ts';
import { createSettings } from '../../../main/broker/settings.ts';
import type { Clock } from '../../../main/os/ports.ts';
import type { Account } from '../../../shared/contract/accounts.ts';
import type { Observation } from '../../../shared/contract/egress.ts';
import { parseAccountId, parseVmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { createHandClock } from '../../fakes/handClock.ts';
import { createTestStore } from '../../fakes/os.ts';

/** An observer that answers with the caller's address, or with what `answer` says now. */
async function observer(options: { host?: string; answer?: () => string } = {}) {
  let asked = 0;
  const server = createServer((request, response) => {
    asked++;
    response.end(options.answer?.() ?? `${request.socket.remoteAddress?.replace('::ffff:', '')}\n`);
  });
  onTestFinished(() => void server.close());
  const host = options.host ?? '127.0.0.1';
  await new Promise<void>(resolve => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`, asked: () => asked };
}

const azure = parseAccountId('practice-azure');
const vm = (change: Partial<Vm['interfaces'][number]> = {}, policy?: Vm['policy']): Vm => ({
  id: parseVmId('/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/v'),
  name: 'web-1',
  cloud: 'azure',
  account: azure,
  scope: 's',
  location: 'l',
  kind: 'arm',
  os: 'linux',
  power: 'running',
  interfaces: [
    {
      id: 'n',
      primary: true,
      privateAddresses: ['10.0.0.4'],
      publicAddresses: ['20.0.0.4'],
      layers: [],
      ...change,
    },
  ],
  policy,
});

/** My IP with one account whose cloud has these observers, and a network that changes when told. */
async function setUp(
  observers: string[],
  accounts: Partial<Account>[] = [{ state: 'ready' }],
  clock?: Clock,
) {
  const { os: usual, db } = await createTestStore();
  const os = { ...usual, ...(clock === undefined ? {} : { clock }) };
  const settings = createSettings({ db, os });
  let networkChanged = (): void => undefined;
  const network = {
    onChange(run: () => void) {
      networkChanged = run;
      return { [Symbol.dispose]: () => undefined };
    },
  };
  const cloud = { account: azure, observers: () => observers };
  const egress = createEgress({
    os: { ...os, network },
    settings,
    accounts: {
      list: () => accounts.map(account => ({ id: azure, ...account }) as Account),
      cloud: () => cloud as never,
      clouds: () => [cloud as never],
      authority: () => undefined,
      onChange: () => ({ [Symbol.dispose]: () => undefined }),
    },
  });
  onTestFinished(() => egress.stop());
  return { egress, settings, networkChanged: () => networkChanged() };
}

const seen = (observer: string, address?: string, family: Observation['family'] = 'ipv4'): Observation => ({
  observer,
  family,
  route: 'direct',
  ms: 1,
  ...(address === undefined ? { error: 'ETIMEDOUT' } : { address }),
});

test('two that agree are believed, one among several is not, none says nothing', () => {
  expect(judge('ipv4', [seen('a', '8.8.8.8'), seen('b', '8.8.8.8'), seen('c')], [])).toEqual({
    state: 'agreed',
    address: '8.8.8.8',
  });
  expect(judge('ipv4', [seen('a', '8.8.8.8'), seen('b')], [])).toEqual({
    state: 'unknown',
    address: '8.8.8.8',
  });
  expect(judge('ipv4', [seen('a', '8.8.8.8')], [])).toMatchObject({ state: 'agreed' });
  expect(judge('ipv4', [seen('a'), seen('b', '2001:db8::1', 'ipv6')], [])).toEqual({ state: 'unknown' });
});

test('the same observer over two routes is one observer', () => {
  const twice: Observation[] = [seen('a', '8.8.8.8'), { ...seen('a', '8.8.8.8'), route: 'proxy' }, seen('b')];
  expect(judge('ipv4', twice, [])).toMatchObject({ state: 'unknown' });
});

test('what is only seen through the proxy is not believed: no SSH goes that way, and strangers share its address', () => {
  const through = (observer: string): Observation => ({ ...seen(observer, '8.8.8.8'), route: 'proxy' });
  const cut = [seen('a'), seen('b'), through('a'), through('b')];
  expect(judge('ipv4', cut, [])).toEqual({ state: 'unknown', address: '8.8.8.8' });
  expect(judge('ipv4', [seen('a', '8.8.8.8'), seen('b'), through('b')], [])).toMatchObject({
    state: 'agreed',
  });
  expect(judge('ipv4', [seen('a', '9.9.9.9'), through('b')], [])).toEqual({ state: 'differ' });
});

test('the organisation’s ranges decide only when they hold everything that was seen', () => {
  const both = [seen('a', '198.51.100.1'), seen('b', '198.51.101.1')];
  expect(judge('ipv4', both, [])).toEqual({ state: 'differ' });
  expect(judge('ipv4', both, ['198.51.100.0/24'])).toEqual({ state: 'differ' });
  expect(judge('ipv4', both, ['198.51.100.0/24', '198.51.101.0/24', '10.0.0.0/8'])).toEqual({
    state: 'organisation',
    ranges: ['198.51.100.0/24', '198.51.101.0/24'],
  });
});

test('only one public address of the right family counts as an answer', () => {
  expect(readAnswer('8.8.8.8\n', 'ipv4', false)).toEqual({ address: '8.8.8.8' });
  expect(readAnswer('{"ip":"2606:4700::1111"}', 'ipv6', false)).toEqual({ address: '2606:4700::1111' });
  expect(readAnswer('127.0.0.1', 'ipv4', true)).toEqual({ address: '127.0.0.1' });
  const bad = [
    '',
    'hello',
    '0.0.0.0/0',
    '8.8.8.8/32',
    '10.0.0.1',
    '127.0.0.1',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
  ];
  for (const body of [
    ...bad,
    '{"ip":1}',
    '{',
    '169.254.1.1',
    '8.8.8.8 9.9.9.9',
    '<html>',
    '2606:4700::1111',
  ]) {
    expect(readAnswer(body, 'ipv4', false), body).toHaveProperty('error');
  }
  expect(readAnswer('::1', 'ipv6', false)).toHaveProperty('error');
  expect(readAnswer('fe80::1', 'ipv6', false)).toHaveProperty('error');
});

test('an observer named by its address is asked over that family only', () => {
  expect(familiesOf('https://127.0.0.1:1/')).toEqual(['ipv4']);
  expect(familiesOf('https://[::1]:1/')).toEqual(['ipv6']);
  expect(familiesOf('https://a.example/')).toEqual(['ipv4', 'ipv6']);
});

test('what fails is told per observer and never stops the others', async () => {
  const { os } = await createTestStore();
  const good = await observer();
  const broken = await observer({ answer: () => 'sorry' });
  const set = { urls: [good.url, broken.url, 'http://127.0.0.1:1'], near: true };
  const [a, b, c] = await observe(set, os);
  expect(a).toMatchObject({ address: '127.0.0.1', family: 'ipv4', route: 'direct' });
  expect(b).toMatchObject({ error: 'answered something that is not an address' });
  expect(c).toMatchObject({ error: 'ECONNREFUSED' });
});

test('my IP is asked once for a network, and again when the network changed', async () => {
  const one = await observer();
  const two = await observer();
  const { egress, networkChanged } = await setUp([one.url, two.url]);
  expect(await egress.sources(vm(), ['my-ip'], [22])).toEqual(['127.0.0.1/32']);
  expect((await egress.get(false)).ipv4).toEqual({ state: 'agreed', address: '127.0.0.1' });
  expect(one.asked()).toBe(1);
  networkChanged();
  await egress.sources(vm(), [], [22]);
  expect(one.asked()).toBe(2);
  await egress.get(true);
  expect(two.asked()).toBe(3);
});

test('my IP is asked again after ten minutes: a router gets another address in silence', async () => {
  let answer = '8.8.8.8';
  const one = await observer({ answer: () => answer });
  const clock = createHandClock();
  const { egress } = await setUp([one.url], undefined, clock);
  expect(await egress.sources(vm(), [], [22])).toEqual(['8.8.8.8/32']);
  answer = '9.9.9.9';
  await clock.advance(599_999);
  expect(await egress.sources(vm(), [], [22])).toEqual(['8.8.8.8/32']);
  await clock.advance(1);
  expect(await egress.sources(vm(), [], [22])).toEqual(['9.9.9.9/32']);
  expect(one.asked()).toBe(2);
});

test('a watch tells the new answer after the network changed', async () => {
  let answer = '8.8.8.8';
  const one = await observer({ answer: () => answer });
  const { egress, networkChanged } = await setUp([one.url]);
  const stop = new AbortController();
  const told = egress.watch(stop.signal);
  expect((await told.next()).value.ipv4.address).toBe('8.8.8.8');
  answer = '9.9.9.9';
  networkChanged();
  expect((await told.next()).value.ipv4.address).toBe('9.9.9.9');
  stop.abort();
  expect((await told.next()).done).toBe(true);
});

test('a request never gets more than it names', async () => {
  const one = await observer({ answer: () => '8.8.8.8' });
  const two = await observer({ answer: () => '9.9.9.9' });
  const { egress, settings } = await setUp([one.url, two.url]);
  const policy: Vm['policy'] = {
    ports: [
      { port: 22, protocol: 'tcp', sources: ['203.0.113.0/24'], maxMs: 60_000 },
      { port: 3389, protocol: 'tcp', sources: [], maxMs: 60_000 },
    ],
  };
  await expect(egress.sources(vm(), ['my-ip'], [22])).rejects.toMatchObject({
    code: 'MY_IP_DISAGREES',
    detail: { observations: [{ address: '8.8.8.8' }, { address: '9.9.9.9' }] },
  });
  settings.set({ organisationRanges: ['8.8.8.0/24', '9.9.9.0/24'] });
  expect(await egress.sources(vm(), ['my-ip'], [22])).toEqual(['8.8.8.0/24', '9.9.9.0/24']);
  expect(await egress.sources(vm(), ['203.0.113.9', '203.0.113.9/32'], [22])).toEqual(['203.0.113.9/32']);
  expect(await egress.sources(vm({}, policy), ['policy'], [22])).toEqual(['203.0.113.0/24']);
  expect(await egress.sources(vm({}, policy), ['policy'], [3389])).toEqual(['0.0.0.0/0']);
  expect(await egress.sources(vm({}, policy), ['policy'], [22, 3389])).toEqual(['203.0.113.0/24']);
  await expect(egress.sources(vm(), ['policy'], [22])).rejects.toMatchObject({ code: 'UNSUPPORTED' });
  await expect(egress.sources(vm(), ['10.0.0.300'], [22])).rejects.toMatchObject({ code: 'BAD_CIDR' });
  await expect(egress.sources(vm(), ['2001:db8::1'], [22])).rejects.toMatchObject({ code: 'SOURCE_FAMILY' });
});

test('a VM that is reached over the other family only says so', async () => {
  const one = await observer();
  const { egress } = await setUp([one.url]);
  const v6 = vm({ privateAddresses: ['fd00::4'], publicAddresses: [] });
  await expect(egress.sources(v6, ['my-ip'], [22])).rejects.toMatchObject({ code: 'SOURCE_FAMILY' });
  const { egress: silent } = await setUp(['http://127.0.0.1:1']);
  await expect(silent.sources(vm(), ['my-ip'], [22])).rejects.toMatchObject({ code: 'MY_IP_UNKNOWN' });
});

test('nobody is asked before there is an account', async () => {
  const { egress } = await setUp(['http://127.0.0.1:1'], []);
  expect(await egress.get(false)).toMatchObject({ observations: [], error: { code: 'NO_ACCOUNT' } });
});
