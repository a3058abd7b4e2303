/** What every gate must keep, whatever its cloud. Each cloud's test gives it a bench and runs the suite. */
import { randomInt } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Cloud, RuleOrder, StandingRule } from '../../main/clouds/cloud.ts';
import type { JitWay } from '../../shared/contract/accounts.ts';
import { goBy } from '../../shared/domain/defender.ts';
import { reaches } from '../../shared/domain/effective/firewall.ts';
import { parseGrantId, type VmId } from '../../shared/domain/ids.ts';
import { defaultPolicy } from '../../shared/domain/policyTag.ts';
import type { RuleMark } from '../../shared/domain/ruleMark.ts';
import type { Vm } from '../../shared/domain/vm.ts';

/** A practice cloud with machines by their parts in the play. Made anew for each test. */
export interface GateBench {
  /** Signs in, each time as another computer's Latchkey. */
  signIn(): Promise<Cloud>;
  /** Would the emulated network let a TCP connection through now? */
  lets(vm: VmId, source: string, port: number): boolean;
  /** Everything a client could have changed, as text: rules, attachments, tags. */
  snapshot(): string;
  vms: {
    /** Not configured; its port 22 is open to the internet by rules of others. */
    exposed: VmId;
    /** As `exposed`, and a lock can't shut it without a foreign change. Left out where that is so for every VM. */
    stubborn?: VmId | undefined;
    /** Configured (locked); more than one gate in front of it where the cloud has that. */
    locked: VmId;
    /** Another machine that shares a gate with `locked`; its port 22 is shut. */
    neighbour: VmId;
    /** Locked and reachable by IPv6 alone; left out where the gate knows no IPv6. */
    ipv6?: VmId | undefined;
    /** No gate can open it. */
    unsupported: VmId;
  };
  /** Which way a VM goes, where its cloud has a choice; without it `auto`. */
  way?: ((vm: VmId) => JitWay) | undefined;
  /** Takes the mark off a standing rule of ours, as somebody's hand would. */
  spoil(rule: StandingRule): void;
  stop(): Promise<void>;
}

const me = '198.51.100.7';
const stranger = '198.51.100.8';
const tcp = (port: number) => ({ port, protocol: 'tcp' as const });
const letters = 'abcdefghijklmnopqrstuvwxyz234567';
const anyGrant = () => parseGrantId(Array.from({ length: 12 }, () => letters[randomInt(32)]).join(''));
const ports = defaultPolicy.ports;

export function gateContract(name: string, start: () => Promise<GateBench>): void {
  let bench: GateBench;
  let cloud: Cloud;

  beforeEach(async () => {
    bench = await start();
    cloud = await bench.signIn();
  });
  afterEach(async () => bench.stop());

  const look = async (id: VmId, by = cloud): Promise<Vm> => {
    const vm = await by.vm(id);
    if (vm === undefined) throw new Error(`the bench has no ${id}`);
    return goBy(vm, bench.way?.(id) ?? 'auto');
  };
  const markOf = (vm: Vm, endsInMs = 3_600_000): RuleMark => ({
    grant: anyGrant(),
    owner: 'a.berg@contoso.com',
    end: 1_795_000_000_000 + endsInMs,
    vmName: vm.name,
  });
  const order = (vm: Vm, source = me, port = 22): RuleOrder[] =>
    cloud.orders(vm, { ports: [tcp(port)], sources: [source], mark: markOf(vm) });
  const openAll = (orders: RuleOrder[], by = cloud) => Promise.all(orders.map(each => by.open(each)));
  const closeAll = async (orders: RuleOrder[], standing: StandingRule[], by = cloud) => {
    const grants = orders.map(each => each.mark.grant);
    return (await Promise.all(standing.map(rule => by.close(rule.gate, rule.names, grants)))).flat();
  };
  const lock = async (id: VmId) => {
    const plan = await cloud.planLock(await look(id), ports);
    await cloud.apply(plan, await look(id), async () => {});
    return plan;
  };
  const unlock = async (id: VmId) => {
    const plan = await cloud.planUnlock(await look(id));
    await cloud.apply(plan, await look(id), async () => {});
    return plan;
  };
  /** The emulated network, and what Latchkey believes of it. */
  const reach = async (id: VmId, source: string, port: number) => {
    const vm = await look(id);
    const believes = reaches(vm, { protocol: 'tcp', port, source }) === 'allowed';
    const truly = bench.lets(id, source, port);
    expect(believes, `what Latchkey believes of ${vm.name}:${port} from ${source}`).toBe(truly);
    return truly;
  };

  describe(`${name}: a grant`, () => {
    it('opens for exactly that source to exactly that port of exactly that machine, and closing closes', async () => {
      const { locked, neighbour } = bench.vms;
      const before = bench.snapshot();
      expect(await reach(locked, me, 22)).toBe(false);
      const orders = order(await look(locked));
      const standing = await openAll(orders);
      expect(await reach(locked, me, 22)).toBe(true);
      expect(await reach(locked, stranger, 22)).toBe(false);
      expect(await reach(locked, me, 3389)).toBe(false);
      expect(await reach(neighbour, me, 22)).toBe(false);
      const closed = await closeAll(orders, standing);
      expect(closed.every(one => one.outcome === 'gone')).toBe(true);
      expect(await reach(locked, me, 22)).toBe(false);
      expect(bench.snapshot()).toBe(before);
    });

    it('works over IPv6 alone, and refuses a source of the other family', async () => {
      const locked = await look(bench.vms.ipv6 ?? bench.vms.locked);
      if (bench.vms.ipv6 === undefined) {
        expect(() => order(locked, '2001:db8::7')).toThrow(
          expect.objectContaining({ code: 'SOURCE_FAMILY' }),
        );
        return;
      }
      const vm = locked;
      await openAll(order(vm, '2001:db8::7'));
      expect(await reach(vm.id, '2001:db8::7', 22)).toBe(true);
      expect(await reach(vm.id, '2001:db8::8', 22)).toBe(false);
      expect(() => order(vm)).toThrow(expect.objectContaining({ code: 'SOURCE_FAMILY' }));
    });

    it('is refused where no gate can open', async () => {
      const vm = await look(bench.vms.unsupported);
      expect(() => order(vm)).toThrow(expect.objectContaining({ code: 'UNSUPPORTED' }));
    });

    it('opened twice, as after a crash, is the same; closed twice is gone', async () => {
      const before = bench.snapshot();
      const orders = order(await look(bench.vms.locked));
      const standing = await openAll(orders);
      const once = bench.snapshot();
      const again = await openAll(orders, await bench.signIn());
      expect(again.map(rule => rule.names)).toEqual(standing.map(rule => rule.names));
      expect(bench.snapshot().length).toBe(once.length);
      await closeAll(orders, standing);
      const twice = await closeAll(orders, standing, await bench.signIn());
      expect(twice.every(one => one.outcome === 'gone')).toBe(true);
      expect(bench.snapshot()).toBe(before);
    });

    it('extended keeps the door open and says its new end to whoever reads the rule', async () => {
      const orders = order(await look(bench.vms.locked));
      const standing = await openAll(orders);
      const end = (orders[0]?.mark.end ?? 0) + 1_800_000;
      for (const [i, rule] of standing.entries()) {
        const given = orders[i];
        if (given !== undefined) await cloud.extend({ ...given, mark: { ...given.mark, end } }, rule);
      }
      expect(await reach(bench.vms.locked, me, 22)).toBe(true);
      for (const rule of standing) {
        const found = [];
        for await (const each of (await bench.signIn()).ours({ gate: rule.gate })) found.push(each);
        const own = found.filter(each => each.marks.some(mark => mark.grant === orders[0]?.mark.grant));
        expect(own.map(each => each.mark.end)).toEqual(own.map(() => end));
        expect(own.length).toBeGreaterThan(0);
      }
    });

    it('of two computers at once: every door opens, and closing one leaves the others open', async () => {
      const rival = await bench.signIn();
      const vm = await look(bench.vms.locked);
      const sources = Array.from({ length: 8 }, (_, i) => `198.51.100.${10 + i}`);
      const grants = sources.map((source, i) => ({ by: i % 2 ? rival : cloud, orders: order(vm, source) }));
      const standing = await Promise.all(grants.map(({ by, orders }) => openAll(orders, by)));
      for (const source of sources) expect(bench.lets(vm.id, source, 22)).toBe(true);
      await Promise.all(
        grants.slice(1).map(({ by, orders }, i) => closeAll(orders, standing[i + 1] ?? [], by)),
      );
      expect(sources.map(source => bench.lets(vm.id, source, 22))).toEqual(sources.map((_, i) => i === 0));
    });

    it('whose rule does not prove to be ours any more is left alone', async () => {
      const orders = order(await look(bench.vms.locked));
      const standing = await openAll(orders);
      for (const rule of standing) bench.spoil(rule);
      const spoiled = bench.snapshot();
      for (const rule of standing) {
        const closing = cloud.close(
          rule.gate,
          rule.names,
          orders.map(each => each.mark.grant),
        );
        await expect(closing).rejects.toMatchObject({ code: 'CLOUD_CONFLICT' });
        for await (const found of cloud.ours({ gate: rule.gate }))
          expect(rule.names).not.toContain(found.name);
      }
      expect(bench.snapshot()).toBe(spoiled);
    });
  });

  describe(`${name}: a lock`, () => {
    const exposed = () => [
      bench.vms.exposed,
      ...(bench.vms.stubborn === undefined ? [] : [bench.vms.stubborn]),
    ];

    it('shuts the protected ports; a grant opens one; an unlock leaves everything as it was, byte for byte', async () => {
      for (const id of exposed()) {
        const before = bench.snapshot();
        expect(await reach(id, me, 22)).toBe(true);
        const plan = await cloud.planLock(await look(id), ports);
        expect(bench.snapshot(), 'planning changes nothing').toBe(before);
        const done: number[] = [];
        await cloud.apply(plan, await look(id), async index => {
          done.push(index);
        });
        expect(done).toEqual(plan.steps.map((_, i) => i));
        for (const { port } of ports) expect(await reach(id, me, port)).toBe(false);
        expect((await look(id)).policy).toEqual({ ports });

        const orders = order(await look(id));
        const standing = await openAll(orders);
        expect(await reach(id, me, 22)).toBe(true);
        expect(await reach(id, stranger, 22)).toBe(false);
        await closeAll(orders, standing);

        await unlock(id);
        expect(bench.snapshot()).toBe(before);
        expect(await reach(id, me, 22)).toBe(true);
      }
    });

    it('done twice has nothing left to do', async () => {
      for (const id of exposed()) {
        const first = await lock(id);
        expect(first.steps.length).toBeGreaterThan(0);
        const locked = bench.snapshot();
        const second = await lock(id);
        expect(second.steps).toEqual([]);
        expect(bench.snapshot()).toBe(locked);
      }
    });

    it('names every change to what is not ours, and does none that was not named', async () => {
      const id = bench.vms.stubborn ?? bench.vms.exposed;
      const before = bench.snapshot();
      const plan = await cloud.planLock(await look(id), ports);
      expect(plan.steps.some(step => step.foreign)).toBe(true);
      const silent = { ...plan, steps: plan.steps.filter(step => !step.foreign) };
      const applying = cloud.apply(silent, await look(id), async () => {});
      await expect(applying).rejects.toMatchObject({ code: 'PLAN_CHANGED' });
      expect(bench.snapshot()).toBe(before);
    });

    it('cut off after any step is finished by doing it again, and taken back whole', async () => {
      for (const id of exposed()) {
        const before = bench.snapshot();
        const { steps } = await cloud.planLock(await look(id), ports);
        for (let cut = 0; cut < steps.length; cut++) {
          const plan = await cloud.planLock(await look(id), ports);
          const stopAt = async (index: number) => {
            if (index === cut) throw new Error('killed');
          };
          await expect(cloud.apply(plan, await look(id), stopAt)).rejects.toThrow('killed');
          const after = await bench.signIn();
          await after.apply(plan, await look(id), async () => {});
          expect(await reach(id, me, 22)).toBe(false);

          const back = await cloud.planUnlock(await look(id));
          if (cut < back.steps.length) {
            await expect(cloud.apply(back, await look(id), stopAt)).rejects.toThrow('killed');
          }
          await after.apply(back, await look(id), async () => {});
          expect(bench.snapshot()).toBe(before);
        }
      }
    });

    it('has the same fingerprint while nothing changes, and another for other ports', async () => {
      const vm = await look(bench.vms.exposed);
      const [a, b, c] = [
        await cloud.planLock(vm, ports),
        await (await bench.signIn()).planLock(vm, ports),
        await cloud.planLock(vm, ports.slice(0, 1)),
      ];
      expect(a.fingerprint).toBe(b.fingerprint);
      expect(c.fingerprint).not.toBe(a.fingerprint);
    });

    it('is refused where there is no gate', async () => {
      const planning = cloud.planLock(await look(bench.vms.unsupported), ports);
      await expect(planning).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    });
  });
}
