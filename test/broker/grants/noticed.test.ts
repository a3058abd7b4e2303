/** Rules of ours that somebody changes behind our back, through Azure's own API: noticed and told, not fought. */
import { describe, expect, test } from 'vitest';
import type { Grant } from '../../../shared/contract/grants.ts';
import { now, once, open, startWorld, type TestBroker, told, type World } from './world.ts';

const minute = 60_000;
interface Rule {
  properties: Record<string, unknown>;
}

/** The grant's one rule, as somebody with az or the portal has it. */
async function hands(world: World, grant: Grant) {
  const [rule] = grant.rules;
  const path = `${rule?.gate}/securityRules/${rule?.names[0]}`;
  const read = async () => ((await world.arm('GET', path)) as Rule).properties;
  return {
    read,
    change: async (change: object) =>
      world.arm('PUT', path, { properties: { ...(await read()), ...change } }),
    remove: () => world.arm('DELETE', path),
  };
}

const changes = ({ services }: TestBroker) => services.activity.list({ kinds: ['changed'] }).rows;

async function setUp() {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, 'sql-prod-1');
  // A sweep of the start that is still looking would stand for the next one.
  await world.quiet();
  await world.clock.advance(1_000);
  return { world, broker, grant, rule: await hands(world, grant) };
}

describe.each<[string, object, string]>([
  ['its priority is moved', { priority: 155 }, 'its priority was moved from'],
  [
    'its source is widened',
    { sourceAddressPrefix: '*' },
    'its sources were widened from 203.0.113.7/32 to *',
  ],
  [
    'its source is another one',
    { sourceAddressPrefix: '198.51.100.0/24' },
    'its sources were changed from 203.0.113.7/32 to 198.51.100.0/24',
  ],
  ['more ports', { destinationPortRange: '1000-4000' }, 'its ports were changed from 3389 to 1000-4000'],
  ['another VM', { destinationAddressPrefix: '*' }, 'its destinations were widened from'],
  ['it denies', { access: 'Deny' }, 'it denies now what it let in'],
  ['all protocols', { protocol: '*' }, 'its protocol was changed from tcp to any'],
])('%s', (_what, change, words) => {
  test('is told in the activity and at the grant, once, and left as it is', async () => {
    const { world, broker, grant, rule } = await setUp();
    await rule.change(change);
    await world.clock.advance(5 * minute);
    await once(broker, grant.id, one => one.rules.some(({ state }) => state === 'changed'));
    await broker.grants.sweep();
    expect(changes(broker)).toHaveLength(1);
    expect(changes(broker)[0]).toMatchObject({
      text: expect.stringContaining(words),
      user: 'somebody else',
      grant: grant.id,
      vmName: 'sql-prod-1',
    });
    expect(now(broker, grant.id)).toMatchObject({
      state: 'open',
      notes: [expect.stringContaining(words)],
      rules: [{ state: 'changed' }],
    });
    expect(await rule.read()).toMatchObject(change);
    await broker.grants.revoke({ grants: [grant.id] });
    expect(now(broker, grant.id).state).toBe('closed');
    await expect(rule.read()).rejects.toThrow('NotFound');
  });
});

test('a source that was narrowed says so, and what is put back is told as well', async () => {
  const world = await startWorld();
  const broker = await world.broker();
  const grant = await open(broker, 'sql-prod-1', { sources: ['203.0.112.0/22'] });
  const rule = await hands(world, grant);
  await world.clock.advance(1_000);
  await rule.change({ sourceAddressPrefix: '203.0.113.0/24' });
  await broker.grants.sweep();
  expect(now(broker, grant.id).notes).toEqual([expect.stringContaining('narrowed')]);
  await rule.change({ sourceAddressPrefix: '203.0.112.0/22' });
  await broker.grants.sweep();
  expect(now(broker, grant.id)).toMatchObject({ notes: [], rules: [{ state: 'standing' }] });
  expect(changes(broker)[0]?.text).toContain('stands again as it was written');
});

test('a description that proves nothing any more: told at once, left alone, and stuck at the end', async () => {
  const { world, broker, grant, rule } = await setUp();
  await rule.change({ description: 'Ticket 4711, do not touch' });
  await broker.grants.sweep();
  await broker.grants.sweep();
  expect(changes(broker)).toHaveLength(1);
  expect(now(broker, grant.id)).toMatchObject({
    state: 'open',
    notes: [expect.stringContaining('does not prove to be Latchkey’s')],
    rules: [{ state: 'changed' }],
  });
  await world.clock.advance(60 * minute);
  const stuck = await once(broker, grant.id, 'stuck');
  expect(stuck.error?.message).toContain('left alone');
  expect(await rule.read()).toMatchObject({ description: 'Ticket 4711, do not touch' });
});

test('a description with another end is told, and the grant ends at its own', async () => {
  const { world, broker, grant, rule } = await setUp();
  const { description } = await rule.read();
  const later = new Date(Date.parse(grant.endsAt) + 86_400_000).toISOString().replace('.000Z', 'Z');
  await rule.change({ description: String(description).replace(/until \S+/, `until ${later}`) });
  await broker.grants.sweep();
  expect(changes(broker)[0]?.text).toContain('the end in its description was changed to');
  await world.clock.advance(60 * minute);
  await once(broker, grant.id, 'closed');
});

test('a rule that is gone ends the grant, with words', async () => {
  const { world, broker, grant, rule } = await setUp();
  await rule.remove();
  await world.clock.advance(5 * minute);
  const closed = await once(broker, grant.id, 'closed');
  expect(closed.notes).toContain('Its rule was removed in the cloud by somebody else.');
  expect(told(broker).at(-1)).toBe('closed');
  await expect(rule.read()).rejects.toThrow('NotFound');
});

test.each<[string, (rule: Awaited<ReturnType<typeof hands>>) => Promise<unknown>, string]>([
  ['widened', rule => rule.change({ sourceAddressPrefix: '*' }), 'wrote it as it was asked for'],
  ['removed', rule => rule.remove(), 'put it back'],
])('extending a rule that was %s meanwhile says what it wrote over', async (_what, change, words) => {
  const { broker, grant, rule } = await setUp();
  await change(rule);
  const extended = await broker.grants.extend(grant.id, { byMs: 10 * minute });
  expect(extended.notes).toEqual([expect.stringContaining(words)]);
  expect(await rule.read()).toMatchObject({ sourceAddressPrefix: '203.0.113.7/32' });
  const [row] = broker.services.activity.list({ kinds: ['rule-written'] }).rows;
  expect(row?.text).toContain(words);
  await broker.grants.sweep();
  expect(changes(broker)).toEqual([]);
});

test('a priority moved within ours stays where it was put when the grant is extended', async () => {
  const { broker, grant, rule } = await setUp();
  await rule.change({ priority: 177 });
  const extended = await broker.grants.extend(grant.id, { byMs: 10 * minute });
  expect(extended.notes).toEqual([]);
  expect(await rule.read()).toMatchObject({ priority: 177 });
});

test('a colleague’s own grants are nobody’s change', async () => {
  const world = await startWorld();
  const [here, there] = [await world.broker(), await world.broker()];
  await open(here, 'sql-prod-1');
  const theirs = await open(there, 'sql-prod-1', { sources: ['198.51.100.9'] });
  await there.grants.extend(theirs.id, { byMs: 10 * minute });
  await world.clock.advance(5 * minute);
  await here.grants.sweep();
  expect(changes(here)).toEqual([]);
});

test.each(['crm-1', 'batch-1', 'sql-prod-1', 'pay-desk'])(
  '%s: what nobody touched is nobody’s change, whatever gate it stands in',
  async vm => {
    const world = await startWorld();
    const broker = await world.broker();
    const grant = await open(broker, vm, {
      // Two ports and two sources are four rules in a security group, and one in an NSG.
      ports:
        vm === 'pay-desk' ? [{ port: 3389 }, { port: 5986 }] : [{ port: vm === 'sql-prod-1' ? 3389 : 22 }],
      sources: ['203.0.113.7', '198.51.100.9'],
    });
    await world.clock.advance(1_000);
    await broker.grants.sweep();
    await broker.grants.extend(grant.id, { byMs: 10 * minute });
    await world.clock.advance(1_000);
    await broker.grants.sweep();
    expect(changes(broker)).toEqual([]);
    expect(now(broker, grant.id)).toMatchObject({ state: 'open' });
    expect(now(broker, grant.id).notes.filter(note => note.startsWith('Somebody'))).toEqual([]);
  },
);
