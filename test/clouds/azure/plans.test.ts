import type { NetworkSecurityGroup, SecurityRule } from '@azure/arm-network';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Draft, draftLock, lockName } from '../../../main/clouds/azure/lockPlan.ts';
import { draftUnlock } from '../../../main/clouds/azure/unlockPlan.ts';
import { effective } from '../../../shared/domain/effective/effective.ts';
import { defaultPolicy, policyTags } from '../../../shared/domain/policyTag.ts';
import { armNsg, armRule, freshVmWith, vmId } from './build.ts';

const ports = defaultPolicy.ports;
const steps = (draft: Draft) => draft.changes.map(change => change.step);

/** What the NSGs and the tags are after a plan's changes. */
function after(nsgs: NetworkSecurityGroup[], tags: Record<string, string>, draft: Draft) {
  const rules = new Map(nsgs.map(nsg => [nsg.id?.toLowerCase() ?? '', [...(nsg.securityRules ?? [])]]));
  const nsgTags = new Map(nsgs.map(nsg => [nsg.id?.toLowerCase() ?? '', { ...nsg.tags }]));
  const vmTags = { ...tags };
  const tag = (
    resource: string,
    change: { merge: Record<string, string>; remove: Record<string, string> },
  ) => {
    const own = nsgTags.get(resource) ?? vmTags;
    Object.assign(own, change.merge);
    for (const key of Object.keys(change.remove)) delete own[key];
  };
  for (const change of draft.changes) {
    if (change.kind === 'tags') tag(change.resource, change.tags);
    if (change.kind === 'tags' || change.kind === 'defender' || change.kind === 'nat') continue;
    const list: SecurityRule[] = rules.get(change.gate) ?? [];
    const name = change.kind === 'move' ? change.rule.name : change.name;
    const at = list.findIndex(rule => rule.name === name);
    if (change.kind === 'put')
      list.splice(at === -1 ? list.length : at, at === -1 ? 0 : 1, { name, ...change.rule });
    if (change.kind === 'remove') list.splice(at, 1);
    if (change.kind === 'move') {
      tag(change.gate, change.before);
      list.splice(at, 1, { ...list[at], priority: change.to });
      tag(change.gate, change.after);
    }
  }
  const next = nsgs.map(nsg => {
    const id = nsg.id?.toLowerCase() ?? '';
    return armNsg(nsg.name ?? '', rules.get(id) ?? [], nsgTags.get(id) ?? {});
  });
  return { nsgs: next, tags: vmTags };
}

function reach(nsgs: NetworkSecurityGroup[], port: number) {
  const nic = freshVmWith(nsgs).vm.interfaces[0];
  if (nic === undefined) throw new Error('no interface');
  return effective(nic, { cloud: 'azure', protocol: 'tcp', port, source: '203.0.113.7' }).verdict;
}

describe('a lock', () => {
  it('writes the policy first, then one deny rule per NSG, above the portal’s own allow rules', () => {
    const nsgs = [
      armNsg('subnet', [armRule('ssh', 300)]),
      armNsg('nic', [armRule('all', 1000, { destinationPortRange: '*' })]),
    ];
    const draft = draftLock(freshVmWith(nsgs), ports);
    expect(steps(draft).map(step => [step.action, step.target, step.foreign])).toEqual([
      ['tag', 'web-1', false],
      ['create', 'subnet', false],
      ['create', 'nic', false],
    ]);
    const put = draft.changes[1];
    expect(put).toMatchObject({
      kind: 'put',
      name: lockName(vmId, 'ipv4'),
      rule: {
        access: 'Deny',
        priority: 200,
        protocol: 'Tcp',
        sourceAddressPrefix: '*',
        destinationAddressPrefix: '10.0.0.4',
        destinationPortRanges: ['22', '3389', '5985', '5986'],
      },
    });
    expect(reach(after(nsgs, {}, draft).nsgs, 22)).toBe('denied');
  });

  it('names a foreign allow rule below 200, moves it to the first free place from 300 on, and remembers where it was', () => {
    const nsgs = [
      armNsg('nic', [armRule('early', 110), armRule('web', 300, { destinationPortRange: '443' })]),
    ];
    const draft = draftLock(freshVmWith(nsgs), ports);
    const move = draft.changes.find(change => change.kind === 'move');
    expect(move).toMatchObject({ to: 301, before: { merge: { 'latchkey-moved-early': '110' } } });
    expect(move?.step).toMatchObject({ foreign: true, before: 'priority 110', after: 'priority 301' });
    expect(move?.step.what).toContain('early');
    expect(reach(after(nsgs, {}, draft).nsgs, 22)).toBe('denied');
  });

  it('leaves a foreign allow rule below 200 alone if it lets through only other ports or other machines', () => {
    const nsgs = [
      armNsg('nic', [
        armRule('https', 110, { destinationPortRange: '443' }),
        armRule('neighbour', 120, { destinationAddressPrefix: '10.0.0.5' }),
        armRule('udp', 130, { protocol: 'Udp' }),
      ]),
    ];
    expect(steps(draftLock(freshVmWith(nsgs), ports)).filter(step => step.foreign)).toEqual([]);
  });

  it('squeezes in below 250, moves what leaves no room, and says what is judged before a moved rule now', () => {
    const squeezed = draftLock(freshVmWith([armNsg('nic', [armRule('mid', 250)])]), ports);
    expect(squeezed.changes.at(-1)).toMatchObject({ kind: 'put', rule: { priority: 200 } });
    const tight = [
      armNsg('nic', [
        armRule('at200', 200),
        armRule('no', 250, { access: 'Deny', sourceAddressPrefix: '203.0.113.9' }),
      ]),
    ];
    const draft = draftLock(freshVmWith(tight), ports);
    expect(draft.changes.map(change => change.kind)).toEqual(['tags', 'move', 'put']);
    expect(draft.warnings.join()).toContain('“no” (deny) is judged before “at200”');
  });

  it('has no step for what is there already, and updates the rule when the ports change', () => {
    const nsgs = [armNsg('nic', [armRule('early', 110)])];
    const done = after(nsgs, {}, draftLock(freshVmWith(nsgs), ports));
    expect(draftLock(freshVmWith(done.nsgs, { tags: done.tags }), ports).changes).toEqual([]);
    const fewer = draftLock(freshVmWith(done.nsgs, { tags: done.tags }), ports.slice(0, 1));
    expect(steps(fewer).map(step => step.action)).toEqual(['tag', 'update']);
  });

  it('needs one rule per address family', () => {
    const draft = draftLock(freshVmWith([armNsg('nic', [])], { addresses: ['10.0.0.4', 'fd00::4'] }), ports);
    const puts = draft.changes.filter(change => change.kind === 'put');
    expect(puts.map(put => [put.name, put.rule.destinationAddressPrefix, put.rule.priority])).toEqual([
      [lockName(vmId, 'ipv4'), '10.0.0.4', 200],
      [lockName(vmId, 'ipv6'), 'fd00::4', 201],
    ]);
  });

  it('takes stale pieces of an older policy off, in whatever case they are written', () => {
    const tags = { 'Latchkey-Policy': 'x', 'latchkey-policy-2': 'y' };
    expect(draftLock(freshVmWith([armNsg('nic', [])], { tags }), ports).changes[0]).toMatchObject({
      tags: { merge: policyTags({ ports }), remove: { 'latchkey-policy-2': 'y' } },
    });
  });

  it('refuses: no NSG, our name on somebody else’s rule, no priority left', () => {
    expect(() => draftLock(freshVmWith([]), ports)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
    const taken = armNsg('nic', [armRule(lockName(vmId, 'ipv4'), 3000)]);
    expect(() => draftLock(freshVmWith([taken]), ports)).toThrow(
      expect.objectContaining({ code: 'CLOUD_CONFLICT' }),
    );
    const crowd = Array.from({ length: 3897 }, (_, i) => armRule(`d${i}`, 200 + i, { access: 'Deny' }));
    expect(() => draftLock(freshVmWith([armNsg('nic', crowd)]), ports)).toThrow(
      expect.objectContaining({ code: 'CLOUD_QUOTA' }),
    );
  });
});

describe('an unlock', () => {
  it('leaves a moved rule where it is while another VM’s lock needs it there, and says so', () => {
    const nsgs = [armNsg('nic', [armRule('early', 110)])];
    const done = after(nsgs, {}, draftLock(freshVmWith(nsgs), ports));
    const other = armRule('latchkey-lock-0000000000000', 201, {
      access: 'Deny',
      destinationAddressPrefix: '10.0.0.9',
      description: 'Latchkey lock of web-2: ports 22/tcp',
    });
    const nsg = done.nsgs[0];
    const shared = [armNsg('nic', [...(nsg?.securityRules ?? []), other], nsg?.tags)];
    const draft = draftUnlock(freshVmWith(shared, { tags: done.tags }));
    expect(draft.changes.map(change => change.kind)).toEqual(['remove', 'tags']);
    expect(draft.warnings.join()).toContain('web-2');
  });

  it('forgets a moved rule that somebody removed or brought back, and takes the next place if its own is taken', () => {
    const tags = { 'latchkey-moved-gone': '110', 'latchkey-moved-back': '120', 'latchkey-moved-late': '130' };
    const nsg = armNsg('nic', [armRule('back', 120), armRule('squatter', 130), armRule('late', 300)], tags);
    const draft = draftUnlock(freshVmWith([nsg]));
    expect(draft.changes.map(change => change.kind)).toEqual(['tags', 'tags', 'move']);
    expect(draft.changes[2]).toMatchObject({ to: 131, after: { remove: { 'latchkey-moved-late': '130' } } });
    expect(draft.warnings.join()).toContain('131');
  });
});

describe('whatever rules there are', () => {
  const anyRule = fc.record({
    priority: fc.integer({ min: 100, max: 400 }),
    access: fc.constantFrom('Allow', 'Deny'),
    protocol: fc.constantFrom('Tcp', 'Udp', '*'),
    destinationPortRange: fc.constantFrom('22', '443', '*', '3000-4000'),
    destinationAddressPrefix: fc.constantFrom(
      '*',
      'VirtualNetwork',
      '10.0.0.4',
      '10.0.0.0/24',
      '10.0.1.0/24',
    ),
    sourceAddressPrefix: fc.constantFrom('*', 'Internet', '203.0.113.0/24'),
  });
  const anyNsg = fc
    .uniqueArray(anyRule, { selector: rule => rule.priority, maxLength: 12 })
    .map(rules => rules.map((rule, i) => armRule(`rule-${i}`, rule.priority, rule)));

  /** Somebody else's, for another machine, at every priority of locks. */
  const crowd = Array.from({ length: 100 }, (_, i) =>
    armRule(`theirs-${i}`, 200 + i, { access: 'Deny', destinationAddressPrefix: '10.0.9.9' }),
  );

  it.each([
    ['', []],
    [', also where all places for locks are taken', crowd],
  ])('a lock shuts every protected port, and an unlock leaves exactly what was there%s', (_what, more) => {
    fc.assert(
      fc.property(fc.array(anyNsg, { minLength: 1, maxLength: 2 }), lists => {
        const nsgs = lists.map((rules, i) => {
          const free = rules.filter(rule => more.every(({ priority }) => priority !== rule.priority));
          return armNsg(`nsg-${i}`, [...free, ...more], {});
        });
        const locked = after(nsgs, { team: 'web' }, draftLock(freshVmWith(nsgs), ports));
        for (const { port } of ports) expect(reach(locked.nsgs, port)).toBe('denied');
        const again = draftLock(freshVmWith(locked.nsgs, { tags: locked.tags }), ports);
        expect(again.changes).toEqual([]);
        const open = after(
          locked.nsgs,
          locked.tags,
          draftUnlock(freshVmWith(locked.nsgs, { tags: locked.tags })),
        );
        expect(open).toEqual({ nsgs, tags: { team: 'web' } });
      }),
    );
  });
});
