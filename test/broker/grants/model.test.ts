/** Whatever two people ask for at once: afterwards exactly the rules stand that their live grants want, with the latest end. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type TroubleKind, troubleByName } from '../../../main/practice/arm/troubles.ts';
import { once, open, sides, startWorld, type TestBroker, type World } from './world.ts';

const minute = 60_000;

type Move = { who: number } & (
  | { do: 'open'; vm: string; source: string; minutes: number }
  | { do: 'extend'; which: number; minutes: number }
  | { do: 'revoke'; which: number }
  | { do: 'fault'; side: number; what: 'write' | 'rewrite' | 'remove'; when: 'before' | 'after' }
  | { do: 'trouble'; kind: TroubleKind; what: 'write' | 'remove' | 'look'; when: 'before' | 'after' }
);

/**
 * Azure's bad days, but for those that are over only after minutes: time stands still while moves are made. Whether one
 * whose connection is dropped was answered, the log can't tell.
 */
const quick: TroubleKind[] = [
  'AuthorizationFailed',
  'CutShort',
  'ExpiredAuthenticationToken',
  'InternalServerError',
  'OperationCanceled',
  'OperationFailed',
  'ProxyPage',
  'ProxyPageNotFound',
  'RetryableError',
  'ScopeLocked',
  'SecurityRuleConflict',
  'SecurityRuleCountLimitReached',
  'Truncated',
];

const vms = fc.constantFrom('web-1', 'web-2', 'pay-db', 'pay-desk');
const who = fc.constantFrom(0, 1);
const move: fc.Arbitrary<Move> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('open' as const),
      who,
      vm: vms,
      source: fc.constantFrom('203.0.113.7', '198.51.100.9'),
      minutes: fc.constantFrom(1, 2, 5),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('extend' as const),
      who,
      which: fc.nat(9),
      minutes: fc.integer({ min: 1, max: 4 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('revoke' as const), who, which: fc.nat(9) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      who,
      side: fc.constantFrom(0, 1),
      what: fc.constantFrom('write', 'rewrite', 'remove'),
      when: fc.constantFrom('before', 'after'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('trouble' as const),
      who,
      kind: fc.constantFrom(...quick),
      what: fc.constantFrom('write', 'remove', 'look'),
      when: fc.constantFrom('before', 'after'),
    }),
  },
);
const rounds = fc.array(
  fc.record({
    moves: fc.array(move, { minLength: 1, maxLength: 5 }),
    seconds: fc.constantFrom(0, 0, 30, 60, 150),
  }),
  { minLength: 3, maxLength: 8 },
);

test('two brokers on one cloud, several moves at once', { timeout: 60_000 }, async () => {
  const world = await startWorld();
  const people = [await world.broker(), await world.broker()];
  const run = async (plan: { moves: Move[]; seconds: number }[]) => {
    for (const { moves, seconds } of plan) {
      await Promise.allSettled(moves.map(one => make(world, people, one)));
      await world.heal();
      await world.clock.advance(seconds * 1000);
      // The clouds' time is only known roughly after a jump in the middle of a question.
      for (const person of people) person.networkChanged();
      await calm(world, people);
      expect(await standing(world)).toEqual(wanted(people));
    }
    await Promise.all(people.map(({ grants }) => grants.revoke({ all: true })));
    expect(await standing(world)).toEqual([]);
  };
  await fc.assert(fc.asyncProperty(rounds, run), { numRuns: 3, seed: 20_261_123, endOnFailure: true });
});

async function make(world: World, people: TestBroker[], one: Move): Promise<void> {
  const person = people[one.who];
  if (!person) return;
  if (one.do === 'fault') {
    const side = sides[one.side] ?? sides[0];
    await world.fault({ ...side[one.what], when: one.when, ...side.refusal });
    return;
  }
  if (one.do === 'trouble') {
    await world.fault({ ...sides[0][one.what], ...troubleByName(one.kind), when: one.when });
    return;
  }
  if (one.do === 'open') {
    await open(person, one.vm, { sources: [one.source], forMs: one.minutes * minute });
    return;
  }
  const live = person.grants.list(false).filter(({ state }) => state !== 'closed' && state !== 'failed');
  const id = live[one.which % live.length]?.id as Parameters<typeof person.grants.extend>[0] | undefined;
  if (id === undefined) return;
  if (one.do === 'extend') await person.grants.extend(id, { byMs: one.minutes * minute });
  else await person.grants.revoke({ grants: [id] });
}

/** Everything that was begun is done, and what could not be shut was tried again. */
async function calm(world: World, people: TestBroker[]): Promise<void> {
  await world.quiet();
  const isStuck = () =>
    people.some(({ grants }) => grants.list(false).some(({ state }) => state === 'stuck'));
  while (isStuck()) {
    await world.clock.advance(minute);
    await world.quiet();
  }
  for (const person of people)
    for (const { id } of person.grants.list(false))
      await once(person, id, ({ state, endsAt }) =>
        state === 'open' ? Date.parse(endsAt) > world.clock.now() : state === 'closed' || state === 'failed',
      );
  await world.quiet();
}

async function standing(world: World): Promise<string[]> {
  return (await world.rules())
    .flatMap(rule => rule.marks.map(({ end }) => `${rule.name} ${new Date(end).toISOString()}`))
    .toSorted();
}

/** Per person and rule the latest end of those that live on it. */
function wanted(people: TestBroker[]): string[] {
  return people
    .flatMap(({ grants }) => {
      const ends = new Map<string, string>();
      for (const grant of grants.list(false).filter(({ state }) => state === 'open'))
        for (const name of grant.rules.flatMap(rule => rule.names))
          if (grant.endsAt > (ends.get(name) ?? '')) ends.set(name, grant.endsAt);
      return [...ends].map(([name, end]) => `${name} ${end}`);
    })
    .toSorted();
}
