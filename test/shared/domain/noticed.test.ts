import { expect, test } from 'vitest';
import { goBy } from '../../../shared/domain/defender.ts';
import { gateId } from '../../../shared/domain/ids.ts';
import { lockDescription, lockRuleName } from '../../../shared/domain/lockMark.ts';
import { changesBetween } from '../../../shared/domain/noticed.ts';
import type { GateRule, Vm } from '../../../shared/domain/vm.ts';
import { LatchkeyError } from '../../../shared/errors.ts';
import { azureVm, nic, nsg, rule } from './samples.ts';

const hour = 3_600_000;
const base = azureVm([], {
  policy: { ports: [{ port: 22, protocol: 'tcp', sources: [], maxMs: 3 * hour }] },
});
const lock = (change: Partial<GateRule> = {}): GateRule => ({
  ...rule({ name: lockRuleName(base.id), priority: 200, access: 'deny' }),
  by: 'lock',
  description: lockDescription('web-1', [{ port: 22, protocol: 'tcp' }]),
  ...change,
});
const withRules = (...rules: GateRule[]): Vm => ({ ...base, interfaces: [nic([nsg('nic', rules)])] });
const policy = (change: Partial<NonNullable<Vm['policy']>['ports'][number]>): Vm => ({
  ...base,
  policy: { ports: [{ port: 22, protocol: 'tcp', sources: [], maxMs: 3 * hour, ...change }] },
});

const inDefender = (hours: number): Vm =>
  goBy(
    {
      ...base,
      defender: {
        policy: gateId('/p'),
        policyName: 'default',
        allows: { ports: [{ port: 22, protocol: 'tcp', sources: [], maxMs: hours * hour }] },
        requests: [],
      },
    },
    'auto',
  );

test.each<[string, Vm, Vm, string | undefined]>([
  ['nothing', base, { ...base, power: 'stopped' }, undefined],
  [
    'a longer time',
    base,
    policy({ maxMs: 24 * hour }),
    '22/tcp for 3h from anywhere became 22/tcp for 1d from anywhere',
  ],
  ['other sources', base, policy({ sources: ['10.0.0.0/8'] }), 'became 22/tcp for 3h from 10.0.0.0/8'],
  ['no policy', base, { ...base, policy: undefined }, 'took the policy off'],
  ['a first policy', { ...base, policy: undefined }, base, 'a policy: 22/tcp for 3h from anywhere'],
  [
    'a damaged tag',
    base,
    {
      ...base,
      policy: undefined,
      policyError: new LatchkeyError({ code: 'BAD_INPUT', message: 'Torn.' }).toData(),
    },
    'edited the policy tag of web-1. Torn.',
  ],
  [
    'a Defender policy for the first time',
    base,
    inDefender(3),
    'put web-1 into Defender’s just-in-time policy default',
  ],
  [
    'a Defender policy no more',
    inDefender(3),
    base,
    'took web-1 out of Defender’s just-in-time policy default',
  ],
  [
    'an edited Defender policy',
    inDefender(3),
    inDefender(24),
    'edited Defender’s just-in-time policy default for web-1: 22/tcp for 3h from anywhere became 22/tcp for 1d from anywhere',
  ],
  ['another way by the person’s own setting', inDefender(5), goBy(inDefender(5), 'direct'), undefined],
  ['a lock that is gone', withRules(lock()), withRules(), 'was removed'],
  [
    'a lock that was moved',
    withRules(lock()),
    withRules(lock({ priority: 4000 })),
    'was moved from priority 200 to 4000',
  ],
  ['a lock that allows', withRules(lock()), withRules(lock({ access: 'allow' })), 'lets in what it kept out'],
  [
    'a lock of less',
    withRules(lock()),
    withRules(lock({ ports: [{ from: 23, to: 23 }] })),
    'keeps out something else now',
  ],
  [
    'a lock of another description',
    withRules(lock()),
    withRules(lock({ by: 'foreign', description: 'mine' })),
    'does not prove to be Latchkey’s any more',
  ],
  ['a first lock', withRules(), withRules(lock()), undefined],
  ['another VM’s lock', withRules(lock({ name: lockRuleName(base.id, 'x') })), withRules(), undefined],
  ['the whole gate', withRules(lock()), { ...base, interfaces: [] }, undefined],
])('%s', (_what, before, after, words) => {
  const told = changesBetween(before, after);
  if (words === undefined) expect(told).toEqual([]);
  else expect(told).toEqual([expect.stringContaining(words)]);
});
