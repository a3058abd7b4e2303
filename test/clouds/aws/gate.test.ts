/** Grants in security groups, against the practice EC2: what is written, how often, and who may remove what. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Cloud, FoundRule, RuleOrder } from '../../../main/clouds/cloud.ts';
import { type GrantId, parseGrantId } from '../../../shared/domain/ids.ts';
import { parseMark, type RuleMark } from '../../../shared/domain/ruleMark.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { collect, type PracticeEc2, startPracticeEc2 } from './practiceEc2.ts';

const north = 'eu-north-1';
const mine = parseGrantId('minemineminn');
const hers = parseGrantId('hershershers');
const ssh = [{ port: 22, protocol: 'tcp' as const }];
const home = '203.0.113.7/32';

let practice: PracticeEc2;
let cloud: Cloud;
let colleague: Cloud;
let vm: Vm;
beforeAll(async () => {
  practice = await startPracticeEc2({ lagMs: 0 });
  cloud = practice.signIn();
  colleague = practice.signIn();
  vm = await practice.vm(cloud, 'pay-db');
});
afterAll(() => practice.close());
beforeEach(() => {
  const group = practice.world.regions.get(north)?.groups.get(own().id);
  for (const [id, rule] of group?.rules ?? []) if (!rule.egress) group?.rules.delete(id);
  practice.core.faults.remove();
  practice.actions();
});

const own = () => practice.group(north, `latchkey-${vm.id.split('/')[1]}`);
const inHours = (hours: number) => Math.ceil(Date.now() / 1000) * 1000 + hours * 3_600_000;
const markOf = (grant: GrantId, end = inHours(1)): RuleMark => ({
  grant,
  owner: 'lena',
  end,
  vmName: vm.name,
});
function order(mark: RuleMark, ports = ssh, sources = [home]): RuleOrder {
  const [first] = cloud.orders(vm, { ports, sources, mark });
  if (!first) throw new Error('no order');
  return first;
}
async function ours(
  where: Parameters<Cloud['ours']>[0] = { gate: order(markOf(mine)).gate },
): Promise<FoundRule[]> {
  return collect(cloud.ours(where));
}
const writes = () => practice.actions().filter(action => !/^(Describe|Get)/.test(action));
/** A rule by somebody who is not Latchkey, in the VM's own group. */
function foreignRule(cidr: string, port: number): string {
  const group = practice.world.regions.get(north)?.groups.get(own().id);
  const id = practice.world.newId('sgr');
  const peer = { kind: 'ipv4' as const, cidr };
  group?.rules.set(id, {
    id,
    tags: new Map(),
    egress: false,
    protocol: 'tcp',
    fromPort: port,
    toPort: port,
    peer,
    seenFrom: 0,
  });
  return id;
}

describe('opening', () => {
  it('is one write with no read before it, however many ports and sources', async () => {
    const standing = await cloud.open(
      order(markOf(mine), [...ssh, { port: 3389, protocol: 'tcp' }], [home, '198.51.100.0/24']),
    );
    // Whether there is a guard is asked once in a while, at the same time.
    const asked = practice.actions().filter(action => action !== 'GetRole');
    expect(asked[0]).toBe('AuthorizeSecurityGroupIngress');
    expect(asked.slice(1).every(action => action === 'DescribeSecurityGroupRules')).toBe(true);
    expect(standing.names).toHaveLength(4);
    expect(standing.correlation).toMatch(/^[0-9a-f-]{36}$/);
    expect(
      own()
        .rules.map(rule => rule.id)
        .sort(),
    ).toEqual(standing.names.toSorted());
  });

  it('leaves rules that say whose they are and until when', async () => {
    const mark = markOf(mine);
    const [name] = (await cloud.open(order(mark))).names;
    expect(parseMark(own().rules[0]?.description)).toEqual(mark);
    expect(await ours()).toEqual([
      expect.objectContaining({
        name,
        mark,
        marks: [mark],
        vm: vm.id,
        ports: [22],
        sources: [home],
        protocol: 'tcp',
      }),
    ]);
    const fresh = await cloud.vm(vm.id);
    const rules = fresh?.interfaces[0]?.layers[0]?.gates.flatMap(gate => gate.rules) ?? [];
    expect(rules.find(rule => rule.id === name)).toMatchObject({ by: 'grant', mark });
  });

  it('opens both TCP and UDP for “any”, never every port', async () => {
    await cloud.open(order(markOf(mine), [{ port: 53, protocol: 'any' as 'tcp' }]));
    const found = await ours();
    expect(found.map(rule => `${rule.protocol} ${rule.ports.join()}`).sort()).toEqual(['tcp 53', 'udp 53']);
  });

  it('of an order that stands already (a crash) gives the same again', async () => {
    const first = await cloud.open(order(markOf(mine)));
    const again = await cloud.open(order(markOf(mine)));
    expect(again.names).toEqual(first.names);
    expect(own().rules).toHaveLength(1);
  });

  it('uses a foreign rule, says so, and leaves it', async () => {
    const id = foreignRule(home, 22);
    const standing = await cloud.open(order(markOf(mine), [...ssh, { port: 80, protocol: 'tcp' }]));
    expect(standing.foreign).toEqual([id]);
    expect(standing.names).toHaveLength(1);
    expect(standing.notes.join()).toContain(id);
    await cloud.close(standing.gate, standing.names, [mine]);
    expect(own().rules.map(rule => rule.id)).toEqual([id]);
    expect(own().rules[0]?.tags.size).toBe(0);
  });

  it('tells a full group as a quota', async () => {
    const many = Array.from({ length: 61 }, (_, i) => `198.51.100.${i}/32`);
    await expect(cloud.open(order(markOf(mine), ssh, many))).rejects.toMatchObject({ code: 'CLOUD_QUOTA' });
  });
});

describe('extending', () => {
  it('moves the end in tag and description', async () => {
    const standing = await cloud.open(order(markOf(mine)));
    const later = markOf(mine, inHours(2));
    expect((await cloud.extend(order(later), standing)).names).toEqual(standing.names);
    expect((await ours())[0]?.mark).toEqual(later);
    expect(parseMark(own().rules[0]?.description)).toEqual(later);
  });

  it('puts back a rule that somebody removed', async () => {
    const standing = await cloud.open(order(markOf(mine)));
    const group = practice.world.regions.get(north)?.groups.get(own().id);
    group?.rules.delete(standing.names[0] ?? '');
    const again = await cloud.extend(order(markOf(mine, inHours(2))), standing);
    expect(again.names).toHaveLength(1);
    expect(again.names).not.toEqual(standing.names);
    expect(own().rules).toHaveLength(1);
  });

  it("of a shared rule leaves the other grant's description", async () => {
    await colleague.open(order(markOf(hers)));
    const standing = await cloud.open(order(markOf(mine)));
    await cloud.extend(order(markOf(mine, inHours(2))), standing);
    expect(parseMark(own().rules[0]?.description)?.grant).toBe(hers);
    expect((await ours())[0]?.mark).toMatchObject({ grant: mine });
  });
});

describe('closing', () => {
  it('takes two writes for any number of rules', async () => {
    const ports = [22, 80, 443, 3389].map(port => ({ port, protocol: 'tcp' as const }));
    const standing = await cloud.open(order(markOf(mine), ports));
    practice.actions();
    const closed = await cloud.close(standing.gate, standing.names, [mine]);
    expect(closed.map(({ name, outcome }) => [name, outcome])).toEqual(
      standing.names.map(name => [name, 'gone']),
    );
    expect(writes()).toEqual(['CreateTags', 'RevokeSecurityGroupIngress']);
    expect(own().rules).toEqual([]);
  });

  it('is done when the rule is not listed any more', async () => {
    practice.world.lagMs = 150;
    try {
      const standing = await cloud.open(order(markOf(mine)));
      await cloud.close(standing.gate, standing.names, [mine]);
      expect(await ours()).toEqual([]);
    } finally {
      practice.world.lagMs = 0;
    }
  });

  it('twice, or of a rule somebody removed, is no error', async () => {
    const standing = await cloud.open(order(markOf(mine)));
    await cloud.close(standing.gate, standing.names, [mine]);
    const again = await cloud.close(standing.gate, standing.names, [mine]);
    expect(again).toEqual([{ name: standing.names[0], outcome: 'gone' }]);
    expect(await cloud.close(standing.gate, [], [mine])).toEqual([]);
  });

  it('of a group that is gone says gone', async () => {
    const gate = order(markOf(mine)).gate.replace(/.$/, last =>
      last === '0' ? '1' : '0',
    ) as RuleOrder['gate'];
    expect(await cloud.close(gate, ['sgr-0a'], [mine])).toEqual([{ name: 'sgr-0a', outcome: 'gone' }]);
  });

  it.each(['its description was changed', 'its tags were removed'])('touches nothing when %s', async what => {
    const standing = await cloud.open(order(markOf(mine)));
    const group = practice.world.regions.get(north)?.groups.get(own().id);
    const rule = group?.rules.get(standing.names[0] ?? '');
    if (what.includes('tags')) rule?.tags.clear();
    else Object.assign(rule ?? {}, { description: 'mine now' });
    practice.actions();
    await expect(cloud.close(standing.gate, standing.names, [mine])).rejects.toMatchObject({
      code: 'CLOUD_CONFLICT',
    });
    expect(writes()).toEqual([]);
    expect(own().rules).toHaveLength(1);
  });

  it('never removes a foreign rule though it is named', async () => {
    const id = foreignRule(home, 22);
    await expect(cloud.close(order(markOf(mine)).gate, [id], [mine])).rejects.toMatchObject({
      code: 'CLOUD_CONFLICT',
    });
    expect(own().rules).toHaveLength(1);
  });
});

describe('two Latchkeys on one rule', () => {
  it('share it, and the last one closes it', async () => {
    const first = await colleague.open(order(markOf(hers)));
    const second = await cloud.open(order(markOf(mine)));
    expect(second.names).toEqual(first.names);
    expect(second.foreign).toEqual([]);
    expect((await ours())[0]?.marks).toHaveLength(2);
    expect((await colleague.close(first.gate, first.names, [hers]))[0]?.outcome).toBe('kept');
    expect((await ours())[0]?.marks.map(({ grant }) => grant)).toEqual([mine]);
    expect([...(own().rules[0]?.tags.keys() ?? [])].some(key => key.includes('closing'))).toBe(false);
    expect((await cloud.close(second.gate, second.names, [mine]))[0]?.outcome).toBe('gone');
    expect(own().rules).toEqual([]);
  });

  it('do not pile up tags on a rule that many share one after the other', async () => {
    const first = await colleague.open(order(markOf(hers)));
    for (let i = 0; i < 6; i++) {
      const grant = parseGrantId(`gggggggggg${'abcdef'[i]}a`);
      await cloud.open(order(markOf(grant)));
      expect((await cloud.close(first.gate, first.names, [grant]))[0]?.outcome).toBe('kept');
    }
    expect(own().rules[0]?.tags.size).toBeLessThanOrEqual(3);
  });

  it('do not keep each other once an end is past', async () => {
    const first = await colleague.open(order(markOf(hers, Date.now() - 5_000)));
    await cloud.open(order(markOf(mine)));
    expect((await cloud.close(first.gate, first.names, [mine]))[0]?.outcome).toBe('gone');
  });

  it('closing at once leave nothing behind, every time', async () => {
    for (let round = 0; round < 5; round++) {
      const first = await colleague.open(order(markOf(hers)));
      const second = await cloud.open(order(markOf(mine)));
      await Promise.all([
        colleague.close(first.gate, first.names, [hers]),
        cloud.close(second.gate, second.names, [mine]),
      ]);
      expect(own().rules).toEqual([]);
    }
  });

  it('one closing while the other opens: the other stays open, every time', async () => {
    for (let round = 0; round < 8; round++) {
      const first = await colleague.open(order(markOf(hers)));
      const [second] = await Promise.all([
        cloud.open(order(markOf(mine))),
        colleague.close(first.gate, first.names, [hers]),
      ]);
      const stand = own().rules.map(rule => rule.id);
      expect(stand).toEqual(second.names);
      expect((await ours())[0]?.marks.map(({ grant }) => grant)).toEqual([mine]);
      expect((await cloud.close(second.gate, second.names, [mine]))[0]?.outcome).toBe('gone');
    }
  });

  /** Resolves when the practice cloud was asked for this action so often since the last look at its log. */
  async function asked(action: string, times: number): Promise<void> {
    for (;;) {
      const log = practice.core.log.list();
      if (log.filter(entry => entry.action === action).length >= times) return;
      await new Promise(resolve => setTimeout(resolve, 2));
    }
  }

  it('one about to revoke while the other opens: the other notices and puts its rule there anew', async () => {
    const first = await colleague.open(order(markOf(hers)));
    practice.core.faults.add({ action: 'RevokeSecurityGroupIngress', delayMs: 300 });
    const closing = colleague.close(first.gate, first.names, [hers]);
    await asked('RevokeSecurityGroupIngress', 1);
    const second = await cloud.open(order(markOf(mine)));
    await closing;
    expect(own().rules.map(rule => rule.id)).toEqual(second.names);
    expect(second.names).not.toEqual(first.names);
  });

  it('one opening between the other’s flag and its second look: the rule stays', async () => {
    const first = await colleague.open(order(markOf(hers)));
    practice.actions();
    // The closing one's second look, after its flag.
    practice.core.faults.add({ action: 'DescribeSecurityGroupRules', skip: 1, delayMs: 300 });
    const closing = colleague.close(first.gate, first.names, [hers]);
    await asked('DescribeSecurityGroupRules', 2);
    const second = await cloud.open(order(markOf(mine)));
    expect((await closing)[0]?.outcome).toBe('kept');
    expect(second.names).toEqual(first.names);
    expect(own().rules.map(rule => rule.id)).toEqual(first.names);
  });

  it('one whose tag comes too late, when the rule has gone: it puts its rule there anew', async () => {
    const first = await colleague.open(order(markOf(hers)));
    practice.actions();
    practice.core.faults.add({ action: 'CreateTags', delayMs: 400 });
    const opening = cloud.open(order(markOf(mine)));
    await asked('CreateTags', 1);
    await colleague.close(first.gate, first.names, [hers]);
    const second = await opening;
    expect(own().rules.map(rule => rule.id)).toEqual(second.names);
    expect((await ours())[0]?.marks.map(({ grant }) => grant)).toEqual([mine]);
  });

  it('both ending, one just behind the other: nothing is left', async () => {
    const first = await colleague.open(order(markOf(hers)));
    await cloud.open(order(markOf(mine)));
    practice.actions();
    practice.core.faults.add({ action: 'DescribeSecurityGroupRules', skip: 1, delayMs: 300 });
    const closing = colleague.close(first.gate, first.names, [hers]);
    await asked('DescribeSecurityGroupRules', 2);
    await cloud.close(first.gate, first.names, [mine]);
    await closing;
    expect(own().rules).toEqual([]);
  });

  it('a closing that died does not hold up the next one for ever', async () => {
    const first = await colleague.open(order(markOf(hers)));
    const old = Math.floor(Date.now() / 1000) - 600;
    const group = practice.world.regions.get(north)?.groups.get(own().id);
    group?.rules.get(first.names[0] ?? '')?.tags.set('latchkey:closing-dead', String(old));
    const second = await cloud.open(order(markOf(mine)));
    expect(second.names).toEqual(first.names);
  });

  it('opening the same at once gives both the rule', async () => {
    const [a, b] = await Promise.all([cloud.open(order(markOf(mine))), colleague.open(order(markOf(hers)))]);
    expect(a.names).toEqual(b.names);
    expect((await ours())[0]?.marks).toHaveLength(2);
  });
});

describe('orders', () => {
  it('need a group of the VM’s own', async () => {
    const bare = await practice.vm(cloud, 'pay-api-1');
    const ask = () => cloud.orders(bare, { ports: ssh, sources: [home], mark: markOf(mine) });
    expect(ask).toThrowError(expect.objectContaining({ code: 'NOT_CONFIGURED', fix: 'Lock the VM first.' }));
  });

  it('need an address of the source’s family', async () => {
    const six = await practice.vm(cloud, 'pay-edge6');
    const ask = (source: string) => cloud.orders(six, { ports: ssh, sources: [source], mark: markOf(mine) });
    expect(() => ask(home)).toThrowError(expect.objectContaining({ code: 'SOURCE_FAMILY' }));
    expect(ask('2001:db8:1::7/128')).toHaveLength(1);
  });

  it('are one per protocol, numbered', () => {
    const ports = [...ssh, { port: 53, protocol: 'udp' as const }, { port: 80, protocol: 'tcp' as const }];
    const orders = cloud.orders(vm, { ports, sources: [home], mark: markOf(mine) });
    expect(orders.map(({ index, protocol, ports: numbers }) => [index, protocol, numbers])).toEqual([
      [0, 'tcp', [22, 80]],
      [1, 'udp', [53]],
    ]);
  });
});

describe('finding our rules', () => {
  it('in a whole region finds every VM’s, and no foreign ones', async () => {
    foreignRule(home, 8080);
    await cloud.open(order(markOf(mine)));
    const found = await ours({ scope: { id: `${practice.world.account}/${north}`, name: north } });
    expect(found.map(rule => rule.mark.grant)).toEqual([mine]);
  });
});
