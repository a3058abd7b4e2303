/** Opening, extending and closing against the practice cloud, on good days and bad ones. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Cloud, RuleOrder } from '../../../main/clouds/cloud.ts';
import type { FaultInput } from '../../../main/practice/server/faults.ts';
import { gateId, parseGrantId } from '../../../shared/domain/ids.ts';
import { formatMark } from '../../../shared/domain/ruleMark.ts';
import { createHandClock } from '../../fakes/handClock.ts';
import { ask } from '../../practice/ask.ts';
import { mark } from './build.ts';
import { all, fixed, type Practice, quickClock, realClock, startPractice } from './practice.ts';

let practice: Practice;
let cloud: Cloud;
let count = 0;

beforeAll(async () => {
  practice = await startPractice({ latencyMs: 5 });
});
afterAll(async () => practice.stop());
beforeEach(async () => {
  practice.core.faults.remove();
  cloud = await practice.signIn({ clock: quickClock() });
});

const source = '198.51.100.7';
const newMark = () => ({
  ...mark,
  grant: parseGrantId(`grant${'abcdefgh'[count % 8]}${String.fromCharCode(97 + (count++ >> 3))}aaaaa`),
});

async function ordersOn(name: string, by = cloud, ports = [22]): Promise<RuleOrder[]> {
  const vm = await by.vm(practice.vm(name));
  if (vm === undefined) throw new Error(`no ${name}`);
  const wanted = {
    ports: ports.map(port => ({ port, protocol: 'tcp' as const })),
    sources: [`${source}/32`],
    mark: newMark(),
  };
  return by.orders(vm, wanted);
}
async function oneOn(name: string, by = cloud): Promise<RuleOrder> {
  const [order] = await ordersOn(name, by);
  if (order === undefined) throw new Error('no order');
  return order;
}
const ruleNames = (gate: string) =>
  practice.arm.world.nsg(gate)?.properties.rules.map(rule => rule.name) ?? [];
const rulesOf = (order: RuleOrder) =>
  practice.arm.world.nsg(order.gate)?.properties.rules.filter(rule => rule.name.includes(order.mark.grant)) ??
  [];
const lets = (name: string, from = source, port = 22) =>
  practice.arm.machines.find(machine => machine.id === practice.vm(name))?.lets(from, port);

describe('a request on a known VM', () => {
  it('is one write per gate and no read before it, both gates at once', async () => {
    const quick = await startPractice();
    const own = await quick.signIn();
    const vm = await own.vm(quick.vm('web-1'));
    if (vm === undefined) throw new Error('no web-1');
    const orders = own.orders(vm, {
      ports: [{ port: 22, protocol: 'tcp' }],
      sources: [`${source}/32`],
      mark,
    });
    quick.forget();
    const standing = await Promise.all(orders.map(order => own.open(order)));
    for (const order of orders) {
      const about = quick.asked().filter(line => line.toLowerCase().includes(order.gate));
      expect(about.map(line => line.split(' ')[0])).toEqual(['PUT', 'GET']);
    }
    expect(quick.asked()).toHaveLength(4);
    expect(standing.every(rule => rule.names.length === 1 && rule.correlation !== undefined)).toBe(true);
    await quick.stop();
  });

  it('lets exactly that source to exactly that port, until it is closed', async () => {
    expect(lets('web-1')).toBe(false);
    const orders = await ordersOn('web-1');
    const standing = await Promise.all(orders.map(order => cloud.open(order)));
    expect([
      lets('web-1'),
      lets('web-1', '198.51.100.8'),
      lets('web-1', source, 3389),
      lets('web-2'),
    ]).toEqual([true, false, false, false]);
    const grants = orders.map(order => order.mark.grant);
    for (const rule of standing) {
      expect(await cloud.close(rule.gate, rule.names, grants)).toMatchObject([{ outcome: 'gone' }]);
    }
    expect(lets('web-1')).toBe(false);
  });

  it('after an asynchronous write reads the rule once, not twice', async () => {
    const order = await oneOn('jump-eu');
    practice.forget();
    await cloud.open(order);
    const about = practice.asked().filter(line => line.toLowerCase().includes(`${order.gate}/securityrules`));
    expect(about.map(line => line.split(' ')[0])).toEqual(['PUT', 'GET']);
  });

  it('again, as after a crash, changes nothing', async () => {
    const order = await oneOn('jump-eu');
    const first = await cloud.open(order);
    const another = await practice.signIn({ random: fixed(200) });
    expect((await another.open(order)).names).toEqual(first.names);
    expect(rulesOf(order)).toHaveLength(1);
  });

  it('takes the next place when its own was taken behind its back', async () => {
    const rival = await practice.signIn();
    const [mine, theirs] = [await oneOn('win-golden'), await oneOn('win-golden', rival)];
    await rival.open(theirs);
    practice.forget();
    await cloud.open(mine);
    expect(
      practice
        .asked()
        .map(line => line.split(' ')[0])
        .slice(0, 3),
    ).toEqual(['PUT', 'GET', 'PUT']);
    expect(rulesOf(theirs)[0]?.properties.priority).toBe(100);
    expect(rulesOf(mine)[0]?.properties.priority).toBe(101);
  });

  it('of two computers at once: nothing is lost and no place is taken twice', async () => {
    const rival = await practice.signIn();
    const grants = await Promise.all(
      Array.from({ length: 12 }, async (_, i) => {
        const by = i % 2 === 0 ? cloud : rival;
        return { by, order: await oneOn('app-1', by) };
      }),
    );
    await Promise.all(grants.map(({ by, order }) => by.open(order)));
    const standing = grants.flatMap(({ order }) => rulesOf(order));
    expect(standing).toHaveLength(12);
    expect(new Set(standing.map(rule => rule.properties.priority)).size).toBe(12);
  });
});

const badDays: [string, FaultInput][] = [
  ['throttled', { status: 429, retryAfter: 1 }],
  ['throttled, with a date', { status: 429, retryAfter: 2, retryAfterAsDate: true }],
  ['busy with another operation', { status: 409, code: 'AnotherOperationInProgress' }],
  ['a retryable error', { status: 429, code: 'RetryableError' }],
  ['not provisioned yet', { status: 400, code: 'ReferencedResourceNotProvisioned' }],
  ['broken twice', { status: 500, times: 2 }],
  ['broken, though it took effect', { status: 500, when: 'after' }],
  ['cut off before', { drop: true }],
  ['cut off, though it took effect', { drop: true, when: 'after' }],
  ['half an answer', { cut: true }],
];

describe('on a bad day', () => {
  it.each(badDays)('a write that is %s ends well', async (_name, fault) => {
    const order = await oneOn('jump-eu');
    practice.core.faults.add({ cloud: 'azure', method: 'PUT', path: 'securityRules', ...fault });
    await cloud.open(order);
    expect(rulesOf(order)).toHaveLength(1);
    expect(practice.core.faults.list()[0]?.hits).toBeGreaterThan(0);
  });

  it.each(badDays)('a removal that is %s ends well', async (_name, fault) => {
    const order = await oneOn('jump-eu');
    const standing = await cloud.open(order);
    practice.core.faults.add({ cloud: 'azure', method: 'DELETE', path: 'securityRules', ...fault });
    const closed = await cloud.close(order.gate, standing.names, [order.mark.grant]);
    expect(closed).toMatchObject([{ outcome: 'gone' }]);
    expect(rulesOf(order)).toEqual([]);
    expect(practice.core.faults.list()[0]?.hits).toBeGreaterThan(0);
  });

  it.each(badDays.slice(0, 8))('a look at the operation that is %s ends well', async (_name, fault) => {
    const order = await oneOn('jump-eu');
    practice.core.faults.add({ cloud: 'azure', method: 'GET', path: '/operations/', ...fault });
    await cloud.open(order);
    expect(rulesOf(order)).toHaveLength(1);
  });

  it('refusals say what is missing', async () => {
    const order = await oneOn('jump-eu');
    const viewer = await practice.signIn({ user: 'viewer' });
    await expect(viewer.open(order)).rejects.toMatchObject({
      code: 'CLOUD_FORBIDDEN',
      message: expect.stringContaining('Microsoft.Network/networkSecurityGroups/securityRules/write'),
    });
    practice.core.faults.add({ method: 'PUT', status: 409, code: 'ScopeLocked' });
    await expect(cloud.open(order)).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
    practice.core.faults.add({ method: 'PUT', status: 400, code: 'SecurityRuleCountLimitReached' });
    await expect(cloud.open(order)).rejects.toMatchObject({ code: 'CLOUD_QUOTA' });
    expect(rulesOf(order)).toEqual([]);
  });

  it('an endless conflict ends', async () => {
    const order = await oneOn('jump-eu');
    practice.core.faults.add({ method: 'PUT', status: 400, code: 'SecurityRuleConflict', times: 0 });
    await expect(cloud.open(order)).rejects.toMatchObject({ code: 'CLOUD_CONFLICT' });
  });

  it('a rule that somebody rewrites at once is a conflict, not a success', async () => {
    const order = await oneOn('jump-eu');
    practice.core.faults.add({ method: 'GET', path: 'securityRules/latchkey', delayMs: 1, times: 0 });
    const opening = cloud.open(order);
    const vandal = setInterval(() => {
      for (const rule of rulesOf(order)) rule.properties = { ...rule.properties, destinationPortRange: '23' };
    }, 1);
    await expect(opening).rejects.toMatchObject({ code: 'CLOUD_CONFLICT' });
    clearInterval(vandal);
  });
});

describe('an operation that does not end', () => {
  it('is given up, or stopped when told to', async () => {
    const slow = await startPractice({ latencyMs: 60_000 });
    const clock = createHandClock();
    const own = await slow.signIn({ clock });
    const vm = await own.vm(slow.vm('jump-eu'));
    if (vm === undefined) throw new Error('no vm');
    const [order] = own.orders(vm, { ports: [{ port: 22, protocol: 'tcp' }], sources: [source], mark });
    if (order === undefined) throw new Error('no order');
    const opening = own.open(order);
    const late = expect(opening).rejects.toMatchObject({ code: 'CLOUD_SLOW' });
    await new Promise(resolve => setTimeout(resolve, 100));
    await clock.advance(180_000);
    await late;

    const stop = new AbortController();
    const again = (await slow.signIn({ clock: realClock })).open(order, stop.signal);
    setTimeout(() => stop.abort(), 100);
    await expect(again).rejects.toMatchObject({ code: 'CANCELLED' });
    await slow.stop();
  });
});

describe('extending', () => {
  it('moves the end and keeps the place; puts the rule back if somebody removed it', async () => {
    const order = await oneOn('jump-eu');
    const standing = await cloud.open(order);
    const [before] = rulesOf(order);
    const place = before?.properties.priority;
    const later = { ...order, mark: { ...order.mark, end: order.mark.end + 3_600_000 } };
    // A Latchkey that has just started knows nothing of the place.
    const fresh = await practice.signIn({ random: fixed(150) });
    await fresh.extend(later, standing);
    expect(rulesOf(order)).toMatchObject([
      { properties: { priority: place, description: formatMark(later.mark) } },
    ]);
    practice.arm.world.nsg(order.gate)?.properties.rules.splice(0, 1000);
    await cloud.extend(later, standing);
    expect(rulesOf(order)).toHaveLength(1);
  });

  it('does not take back a rule that somebody has made their own', async () => {
    const order = await oneOn('jump-eu');
    const standing = await cloud.open(order);
    for (const rule of rulesOf(order)) rule.properties = { ...rule.properties, description: 'mine now' };
    await expect(cloud.extend(order, standing)).rejects.toMatchObject({ code: 'CLOUD_CONFLICT' });
    expect(rulesOf(order)).toMatchObject([{ properties: { description: 'mine now' } }]);
  });
});

describe('closing', () => {
  const gateOf = (order: RuleOrder) => {
    const nsg = practice.arm.world.nsg(order.gate);
    if (nsg === undefined) throw new Error('no nsg');
    return nsg;
  };

  it.each([
    ['has lost its mark', 'opened by hand'],
    ['carries another grant', formatMark({ ...mark, grant: parseGrantId('zzzzzzzzzzzz') })],
  ])('leaves a rule alone that %s, and every other one named with it', async (_name, description) => {
    const [order, other] = [await oneOn('jump-eu'), await oneOn('jump-eu')];
    const names = [...(await cloud.open(order)).names, ...(await cloud.open(other)).names];
    for (const rule of rulesOf(other)) rule.properties = { ...rule.properties, description };
    practice.forget();
    const closing = cloud.close(order.gate, names, [order.mark.grant, other.mark.grant]);
    await expect(closing).rejects.toMatchObject({ code: 'CLOUD_CONFLICT' });
    expect(practice.asked().some(line => line.startsWith('DELETE'))).toBe(false);
    expect([rulesOf(order).length, rulesOf(other).length]).toEqual([1, 1]);
  });

  it('does not close the grant of another', async () => {
    const order = await oneOn('jump-eu');
    const { names } = await cloud.open(order);
    await expect(cloud.close(order.gate, names, [parseGrantId('zzzzzzzzzzzz')])).rejects.toMatchObject({
      code: 'CLOUD_CONFLICT',
    });
    expect(rulesOf(order)).toHaveLength(1);
  });

  it('of what is gone is done, even if its whole NSG is gone', async () => {
    const order = await oneOn('jump-eu');
    const { names } = await cloud.open(order);
    await cloud.close(order.gate, names, [order.mark.grant]);
    expect(await cloud.close(order.gate, names, [order.mark.grant])).toMatchObject([{ outcome: 'gone' }]);
    const nowhere = gateId(`${order.gate}-gone`);
    expect(await cloud.close(nowhere, [...names, 'latchkey-b'], [order.mark.grant])).toMatchObject([
      { outcome: 'gone' },
      { outcome: 'gone' },
    ]);
  });

  it('many of one gate are read once', async () => {
    const orders = await Promise.all([1, 2, 3].map(() => oneOn('dual-1')));
    const names = (await Promise.all(orders.map(order => cloud.open(order)))).flatMap(rule => rule.names);
    const gate = gateOf(orders[0] as RuleOrder);
    practice.forget();
    await cloud.close(
      gateId(gate.id),
      names,
      orders.map(order => order.mark.grant),
    );
    const about = practice.asked().filter(line => /networkSecurityGroups/i.test(line));
    expect(about.filter(line => line.startsWith('GET'))).toHaveLength(1);
    expect(ruleNames(gate.id).filter(name => names.includes(name))).toEqual([]);
  });
});

describe('rules of ours', () => {
  it('are found by their own descriptions, in a gate and in a whole scope; nobody else’s are', async () => {
    const order = await oneOn('dual-1');
    await cloud.open(order);
    const nsg = practice.arm.world.nsg(order.gate);
    nsg?.properties.rules.push({
      name: 'latchkey-zzzzzzzzzzzz-0',
      etag: '',
      state: 'Succeeded',
      properties: { ...rulesOf(order)[0]?.properties, description: 'not ours' } as never,
    });
    const found = await all(cloud.ours({ gate: order.gate }));
    expect(found.filter(rule => rule.mark.grant === order.mark.grant)).toMatchObject([
      {
        gate: order.gate,
        gateName: 'dual-1-nsg',
        mark: order.mark,
        ports: [22],
        sources: [`${source}/32`],
        protocol: 'tcp',
      },
    ]);
    expect(found.filter(rule => rule.name === 'latchkey-zzzzzzzzzzzz-0')).toEqual([]);
    const [production] = await cloud.scopes();
    if (production === undefined) throw new Error('no scope');
    const everywhere = await all(cloud.ours({ scope: production }));
    expect(everywhere).toEqual(expect.arrayContaining(found));
    expect(await all(cloud.ours({ gate: gateId(`${order.gate}-gone`) }))).toEqual([]);
  });
});

describe('a lock that keeps rules from being removed', () => {
  it('does not keep the door open: the rule lets nobody in at once, and goes when the lock is gone', async () => {
    const own = await startPractice({ latencyMs: 5 });
    const by = await own.signIn();
    const vm = await by.vm(own.vm('web-1'));
    if (vm === undefined) throw new Error('no web-1');
    const wanted = {
      ports: [{ port: 22, protocol: 'tcp' as const }],
      sources: [`${source}/32`],
      mark: newMark(),
    };
    const gates = by.orders(vm, wanted);
    const opened = await Promise.all(gates.map(order => by.open(order)));
    const isOpen = () => own.arm.machines.find(machine => machine.id === own.vm('web-1'))?.lets(source, 22);
    expect(isOpen()).toBe(true);
    const token = await own.arm.tokens.mint('admin', own.url);
    const lock = (method: string, body?: object) =>
      Promise.all(
        opened.map(({ gate }) =>
          ask(`${own.url}${gate}/providers/Microsoft.Authorization/locks/keep?api-version=2020-05-01`, {
            ca: own.core.certificates.ca,
            method,
            token,
            ...(body === undefined ? {} : { body }),
          }),
        ),
      );
    await lock('PUT', { properties: { level: 'CanNotDelete' } });
    const close = () =>
      Promise.allSettled(opened.map(one => by.close(one.gate, one.names, [wanted.mark.grant])));
    for (const ended of [...(await close()), ...(await close())])
      expect(ended).toMatchObject({
        status: 'rejected',
        reason: { code: 'CLOUD_FORBIDDEN', message: expect.stringContaining('lets nobody in any more') },
      });
    expect(isOpen()).toBe(false);
    // Another grant for the same source is not stopped by what is left.
    const [again] = by.orders(vm, { ...wanted, mark: newMark() });
    if (again) expect(await by.open(again)).toMatchObject({ foreign: [] });
    await lock('DELETE');
    for (const ended of await close()) expect(ended).toMatchObject({ value: [{ outcome: 'gone' }] });
    await own.stop();
  });
});
