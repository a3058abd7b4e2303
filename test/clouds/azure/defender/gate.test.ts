/** What Defender might do that no public source tells, each way of it; and what is not ours is left alone. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Cloud, RuleOrder } from '../../../../main/clouds/cloud.ts';
import { goBy } from '../../../../shared/domain/defender.ts';
import { parseGrantId } from '../../../../shared/domain/ids.ts';
import { toWire } from '../../../../shared/domain/time.ts';
import type { Vm } from '../../../../shared/domain/vm.ts';
import { ask } from '../../../practice/ask.ts';
import { all } from '../practice.ts';
import { begin, type JitWorld, jitWorld } from './world.ts';

const me = '198.51.100.7';
const minute = 60_000;
const grants = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb', 'cccccccccccc'].map(parseGrantId);

let jit: JitWorld;
let cloud: Cloud;

beforeEach(async () => {
  jit = await jitWorld();
  cloud = await jit.practice.signIn();
});
afterEach(() => jit.practice.stop());

const data = () => jit.practice.arm.world.defender;
const vmOf = async (name = 'crm-1'): Promise<Vm> => {
  const vm = await cloud.vm(jit.practice.vm(name));
  if (!vm) throw new Error(`no ${name}`);
  return vm;
};
const orders = (
  vm: Vm,
  {
    source = me,
    ports = [22],
    forMs = 60 * minute,
    grant = 0,
    reason = undefined as string | undefined,
  } = {},
): RuleOrder[] =>
  cloud.orders(vm, {
    ports: ports.map(port => ({ port, protocol: 'tcp' as const })),
    sources: [source].flat(),
    mark: { grant: grants[grant] ?? fail(), owner: 'jo', end: begin + forMs, vmName: vm.name },
    reason,
  });
const fail = (): never => {
  throw new Error('not there');
};
const open = (list: RuleOrder[], by = cloud) => Promise.all(list.map(order => by.open(order)));
const close = (list: RuleOrder[], names: string[], by = cloud) =>
  by.close(
    list[0]?.gate ?? fail(),
    names,
    list.map(order => order.mark.grant),
  );
const lets = (port = 22, source = me, name = 'crm-1') =>
  jit.practice.arm.machines.find(machine => machine.id === jit.practice.vm(name))?.lets(source, port) ??
  false;
const asked = (method: string) => jit.practice.asked().filter(line => line.startsWith(method));
/** Somebody else's request, by the portal. */
const theirs = async (forMs: number, source = me) => {
  const vm = await vmOf();
  const token = await jit.practice.arm.tokens.mint('admin', jit.practice.url);
  const answer = await ask(`${jit.practice.url}${vm.defender?.policy}/initiate?api-version=2020-01-01`, {
    ca: jit.practice.core.certificates.ca,
    method: 'POST',
    token,
    body: {
      virtualMachines: [
        {
          id: vm.id,
          ports: [{ number: 22, endTimeUtc: toWire(begin + forMs), allowedSourceAddressPrefix: source }],
        },
      ],
      justification: 'by the portal',
    },
  });
  expect(answer.status).toBe(202);
};

describe('asking', () => {
  test('several ports are one request, with the reason in its justification; it ends by the cloud', async () => {
    const vm = await vmOf();
    const list = orders(vm, { ports: [22, 5985, 5986], reason: 'look at logs' });
    jit.practice.forget();
    const standing = await open(list);
    expect(asked('POST')).toHaveLength(1);
    expect(standing.map(one => [one.endedBy, one.notes])).toEqual(list.map(() => ['cloud', []]));
    expect(standing.every(one => one.correlation)).toBe(true);
    expect([22, 5985, 5986, 3389].map(port => lets(port))).toEqual([true, true, true, false]);
    const record = (await vmOf()).defender?.requests ?? [];
    expect(record).toHaveLength(3);
    expect(record[0]).toMatchObject({
      grant: grants[0],
      requestor: 'admin@contoso.example',
      justification: `latchkey ${grants[0]}: look at logs`,
      status: 'Initiated',
      source: `${me}/32`,
    });
  });

  test('several sources have a request each, and all are open', async () => {
    const list = cloud.orders(await vmOf(), {
      ports: [{ port: 22, protocol: 'tcp' }],
      sources: [me, '203.0.113.0/28'],
      mark: { grant: grants[0] ?? fail(), owner: 'jo', end: begin + minute, vmName: 'crm-1' },
    });
    jit.practice.forget();
    await open(list);
    expect(asked('POST')).toHaveLength(2);
    expect([lets(), lets(22, '203.0.113.5'), lets(22, '203.0.113.77')]).toEqual([true, true, false]);
  });

  test('a Defender that keeps one source per port is found out, and said', async () => {
    data().traits.replaces = 'same-port';
    const list = cloud.orders(await vmOf(), {
      ports: [{ port: 22, protocol: 'tcp' }],
      sources: [me, '203.0.113.9'],
      mark: { grant: grants[0] ?? fail(), owner: 'jo', end: begin + 60 * minute, vmName: 'crm-1' },
    });
    const results = await Promise.allSettled(list.map(order => cloud.open(order)));
    const reasons = results.flatMap(one => (one.status === 'rejected' ? [one.reason] : []));
    expect(reasons).toEqual([expect.objectContaining({ code: 'CLOUD_CONFLICT' })]);
    expect(String(reasons[0])).toContain('one source per port');
  });

  test('a narrower source is asked for as it is; a Defender that wants the policy’s own text is explained', async () => {
    const vm = await vmOf('crm-report');
    await open(orders(vm, { source: '127.0.0.9' }));
    expect([lets(22, '127.0.0.9', 'crm-report'), lets(22, '127.0.0.8', 'crm-report')]).toEqual([true, false]);
    data().traits.subset = 'exact';
    const [refused] = orders(vm, { source: '127.0.0.8', grant: 1 });
    await expect(cloud.open(refused ?? fail())).rejects.toMatchObject({
      code: 'SOURCE_NOT_ALLOWED',
      message: expect.stringContaining('127.0.0.0/8'),
      fix: expect.stringContaining('--source policy'),
    });
    await open(orders(vm, { source: '127.0.0.0/8', grant: 1 }));
    expect(lets(22, '127.0.0.8', 'crm-report')).toBe(true);
  });

  test('what is beyond the policy is refused in our words before anything is sent', async () => {
    const vm = await vmOf('crm-report');
    jit.practice.forget();
    for (const [change, code, says] of [
      [{ source: '203.0.113.9' }, 'SOURCE_NOT_ALLOWED', '127.0.0.0/8'],
      [{ source: '127.0.0.9', ports: [23] }, 'PORT_NOT_IN_POLICY', '22'],
      [{ source: '127.0.0.9', forMs: 190 * minute }, 'TIME_TOO_LONG', '3h'],
    ] as const) {
      const [order] = orders(vm, { ...change, ports: [...('ports' in change ? change.ports : [22])] });
      await expect(cloud.open(order ?? fail())).rejects.toMatchObject({
        code,
        message: expect.stringContaining(says),
      });
    }
    expect(asked('POST')).toEqual([]);
  });

  test('a request that may be too short is tried, and explained if it is', async () => {
    const [brief] = orders(await vmOf(), { forMs: 90_000 });
    data().traits.shortestMs = 5 * minute;
    await expect(cloud.open(brief ?? fail())).rejects.toMatchObject({
      code: 'BAD_INPUT',
      message: expect.stringContaining('5m at least'),
    });
    data().traits.shortestMs = 0;
    await cloud.open(brief ?? fail());
    expect(lets()).toBe(true);
  });

  test('IPv6 is not asked of Defender: `auto` opens it by a rule of our own, `defender` says no', async () => {
    jit.keep('dual-1');
    const vm = await vmOf('dual-1');
    const list = orders(vm, { source: '2001:db8::7' });
    expect(list.map(order => order.gate.includes('microsoft.network'))).toEqual(list.map(() => true));
    expect(() => orders(goBy(vm, 'defender'), { source: '2001:db8::7' })).toThrow(
      expect.objectContaining({ code: 'SOURCE_FAMILY' }),
    );
    expect(() => orders(goBy(vm, 'direct'), { source: me })[0]?.gate).not.toThrow();
    expect(orders(goBy(vm, 'direct'))[0]?.gate).toContain('networksecuritygroups');
  });

  test('an NSG that Defender did not write into is named', async () => {
    data().traits.writes = 'interface';
    jit.keep('web-1');
    const [standing] = await open(orders(await vmOf('web-1')));
    expect(standing?.notes).toEqual([expect.stringContaining('web-subnet-nsg')]);
    expect(lets(22, me, 'web-1')).toBe(false);
  });

  test('somebody else’s request that lasts as long is used, told and left', async () => {
    await theirs(90 * minute);
    const list = orders(await vmOf());
    jit.practice.forget();
    const [standing] = await open(list);
    expect(standing).toMatchObject({
      names: [],
      foreign: [expect.stringContaining('admin@contoso.example')],
      notes: [expect.stringContaining('left as it is')],
    });
    expect(asked('POST')).toEqual([]);
  });
});

describe('ending early', () => {
  test.each([
    [0, minute],
    [5 * minute, 5 * minute],
  ])(
    'shortest %i ms: a newer request with the nearest end that is taken, and its rule is deleted',
    async (least, near) => {
      const list = orders(await vmOf());
      const [standing] = await open(list);
      data().traits.shortestMs = least;
      const [closed] = await close(list, standing?.names ?? []);
      expect(closed).toMatchObject({ outcome: 'gone', note: expect.stringContaining('cut short') });
      expect(lets()).toBe(false);
      const [newest, older] = (await vmOf()).defender?.requests ?? [];
      expect(Math.abs((newest?.end ?? 0) - begin - near)).toBeLessThan(20_000);
      expect(older?.reason).toBe('NewerRequestInitiated');
      expect((await close(list, standing?.names ?? []))[0]?.outcome).toBe('gone');
    },
  );

  test('never makes it longer: what ends soon anyway only loses its rule', async () => {
    const list = orders(await vmOf(), { forMs: 50_000 });
    const [standing] = await open(list);
    jit.practice.forget();
    const [closed] = await close(list, standing?.names ?? []);
    expect(asked('POST')).toEqual([]);
    expect(closed?.outcome).toBe('gone');
    expect(lets()).toBe(false);
  });

  test('without the right to delete the rule it is not called shut; the error says when Defender ends it', async () => {
    const requester = await jit.practice.signIn({
      token: await userWith(['*/read', `${policies}/initiate/action`]),
    });
    const list = orders(await vmOf());
    const [standing] = await open(list, requester);
    expect(lets()).toBe(true);
    await expect(close(list, standing?.names ?? [], requester)).rejects.toMatchObject({
      code: 'CLOUD_FORBIDDEN',
      message: expect.stringMatching(/by itself at 2026-11-18T\d\d:\d\d/),
      detail: { action: 'Microsoft.Network/networkSecurityGroups/securityRules/delete' },
    });
    const [newest] = (await vmOf()).defender?.requests ?? [];
    expect(newest?.end).toBeLessThan(begin + 3 * minute);
    jit.practice.forget();
    await expect(close(list, standing?.names ?? [], requester)).rejects.toMatchObject({
      code: 'CLOUD_FORBIDDEN',
    });
    expect(asked('POST'), 'asked to end no nearer than it does').toEqual([]);
  });

  test('who may not read the groups opens, and is told that nothing was seen', async () => {
    const token = await userWith([
      `${policies}/read`,
      `${policies}/initiate/action`,
      'Microsoft.Compute/virtualMachines/read',
    ]);
    const requester = await jit.practice.signIn({ token });
    const list = orders(await vmOf());
    const [standing] = await open(list, requester);
    expect(standing?.notes).toEqual([expect.stringContaining('was not seen')]);
    expect(lets()).toBe(true);
    await expect(close(list, standing?.names ?? [], requester)).rejects.toMatchObject({
      code: 'CLOUD_FORBIDDEN',
    });
  });

  test('somebody’s request that ours had replaced gets its time back', async () => {
    await theirs(30 * minute);
    const list = orders(await vmOf(), { forMs: 120 * minute });
    const [standing] = await open(list);
    const [closed] = await close(list, standing?.names ?? []);
    expect(closed).toMatchObject({ outcome: 'kept', note: expect.stringContaining('Somebody else') });
    expect(lets()).toBe(true);
    expect((await vmOf()).defender?.requests[0]?.end).toBe(begin + 30 * minute);
  });

  test('somebody’s request that has replaced ours is left alone', async () => {
    const list = orders(await vmOf());
    const [standing] = await open(list);
    await theirs(90 * minute);
    const before = JSON.stringify(data().open.map(one => one.endsAt));
    expect((await close(list, standing?.names ?? []))[0]).toMatchObject({ outcome: 'kept' });
    expect(JSON.stringify(data().open.map(one => one.endsAt))).toBe(before);
    expect(await all(cloud.ours({ gate: list[0]?.gate ?? fail() }))).toEqual([]);
  });

  test('rules that only look like Defender’s for this VM stay', async () => {
    const list = orders(await vmOf());
    const [standing] = await open(list);
    const nsg = [...jit.practice.arm.world.all('Microsoft.Network/networkSecurityGroups')].find(
      one => one.name === 'crm-1-nsg',
    );
    const own = nsg?.properties.rules.find(rule => rule.properties.access === 'Allow') ?? fail();
    const twins = [
      { description: own.properties.description?.replace('crm-1', 'crm-db') },
      { description: own.properties.description?.replace('default', 'other') },
      { description: 'MDC JIT Network Access rule' },
      { destinationPortRange: '3389' },
      { sourceAddressPrefix: '203.0.113.99' },
      { destinationAddressPrefix: '10.70.1.99' },
    ].map((change, i) => {
      const properties = { ...own.properties, ...change, priority: 120 + i };
      return { ...own, name: `MicrosoftDefenderForCloud-JITRule-${i}-AB`, properties, inForce: properties };
    });
    nsg?.properties.rules.push(...twins);
    await close(list, standing?.names ?? []);
    const left = nsg?.properties.rules.filter(rule => rule.properties.access === 'Allow');
    expect(left?.map(rule => rule.name)).toEqual(twins.map(rule => rule.name));
  });
});

const policies = 'Microsoft.Security/locations/jitNetworkAccessPolicies';
async function userWith(Actions: string[]): Promise<string> {
  const owner = await jit.practice.arm.tokens.mint('admin', jit.practice.url);
  const subscription = jit.practice.arm.world.subscriptions[0]?.id ?? '';
  const role = {
    Name: 'requester',
    Actions,
    NotActions: [],
    AssignableScopes: [`/subscriptions/${subscription}`],
  };
  const made = await ask(`${jit.practice.url}/practice/users`, {
    ca: jit.practice.core.certificates.ca,
    method: 'POST',
    token: owner,
    body: { name: 'jo', role },
  });
  return String(made.json['token']);
}

describe('looking', () => {
  test('finds requests of Latchkeys with their ends, and none whose rule somebody took away long ago', async () => {
    await theirs(90 * minute, '203.0.113.9');
    const list = orders(await vmOf());
    await open(list);
    // A record that names no VM spoils nothing.
    const end = toWire(begin + 60 * minute);
    const ports = [
      { number: 22, allowedSourceAddressPrefix: me, endTimeUtc: end, status: 'Initiated', statusReason: '' },
    ];
    data()
      .policy(list[0]?.gate ?? fail())
      ?.requests.push({
        virtualMachines: [{ id: '/nowhere', ports }],
        startTimeUtc: toWire(begin),
        requestor: 'kim',
        justification: `latchkey ${grants[0]}`,
      });
    const [scope] = await cloud.scopes();
    const found = async () =>
      (await all(cloud.ours({ scope: scope ?? fail() }))).filter(one => one.mark.grant === grants[0]);
    expect(await found()).toMatchObject([
      {
        gateName: 'Defender policy default',
        mark: { owner: 'admin@contoso.example', end: begin + 60 * minute, vmName: 'crm-1' },
        vm: jit.practice.vm('crm-1'),
        endedBy: 'cloud',
      },
    ]);
    const nsg = [...jit.practice.arm.world.all('Microsoft.Network/networkSecurityGroups')].find(
      one => one.name === 'crm-1-nsg',
    );
    if (nsg) nsg.properties.rules = nsg.properties.rules.filter(rule => rule.properties.access === 'Deny');
    expect(await found(), 'its rule may not be there yet').toHaveLength(1);
    for (const one of data().open) one.request.startTimeUtc = toWire(begin - 10 * minute);
    expect(await found()).toEqual([]);
  });

  test('a subscription without the plan has no Defender, and its VMs go by rules of our own', async () => {
    const vm = await vmOf('win-golden');
    expect(vm.defender).toBeUndefined();
    const scopes = await cloud.scopes();
    for (const scope of scopes) await all(cloud.ours({ scope }));
    expect(() => orders(goBy(vm, 'defender'))).toThrow(expect.objectContaining({ code: 'NOT_CONFIGURED' }));
  });
});
