/**
 * A broker killed (SIGKILL) at every point where the ledger or a gate is written: the next one on the same
 * data directory loses no grant, and no rule stays past its end.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Broker } from '../../main/broker/broker.ts';
import { type Practice, startPractice } from '../../main/practice/practice.ts';
import { isOver, recovered, rulesIn, runVictim, until } from './survivor.ts';

/** Long enough to be recovered while it is live, short enough to be waited for. */
const forMs = 8_000;
const byMs = 3_000;
/** Victims at once: they mostly wait for their own start. */
const atOnce = 3;

let folder: string;

interface Survivor {
  broker: Broker;
  practice: Practice;
  /** Where its predecessor was killed. */
  at: string;
}

/** The test for one cloud. Each has a file of its own, so that both run at once where there are two cores. */
export function killedAtEveryPoint(cloud: string, vm: string): void {
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'latchkey-crash-'));
  });
  afterAll(async () => {
    await rm(folder, { recursive: true, force: true });
  });
  test(`killed at every point in ${cloud}`, { timeout: 240_000 }, () => killAtEvery(vm));
}

async function killAtEvery(vm: string): Promise<void> {
  const survivors: Survivor[] = [];
  let next = 1;
  let through = false;

  /** False if the victim got through. */
  async function killed(killAt: number | string): Promise<boolean> {
    const dataDirectory = join(folder, String(killAt));
    // A practice cloud for each: they share neither gates nor request quotas.
    const practice = await startPractice({ dataDirectory, latencyMs: 0 });
    const label = await runVictim({ dataDirectory, info: practice.info, vm, killAt, forMs, byMs });
    if (label === undefined) {
      await practice.stop();
      return false;
    }
    const at = `point ${killAt} (${label})`;
    const broker = await recovered(dataDirectory, practice);
    survivors.push({ broker, practice, at });
    await expectAgreement(broker, practice, at);
    return true;
  }

  async function worker(): Promise<void> {
    while (!through) if (!(await killed(next++))) through = true;
  }
  await Promise.all(Array.from({ length: atOnce }, worker));

  // A busy computer may order its points otherwise from run to run: what no number met is met by its name.
  for (const kind of ['transaction', 'write of grants', 'write of rules', 'open', 'extend', 'close']) {
    const met = survivors.some(({ at }) => at.endsWith(`(${kind})`));
    expect(met || (await killed(kind)), kind).toBe(true);
  }

  for (const { broker, practice, at } of survivors) {
    await until(broker, grants => grants.every(isOver));
    expect(await rulesIn(practice), at).toEqual([]);
    broker.stop();
    await practice.stop();
  }
}

/** Ledger and gates say the same: every open grant's rule stands with its end, and no rule stands without an open grant. */
async function expectAgreement(broker: Broker, practice: Practice, at: string): Promise<void> {
  const open = broker.services.grants.list(true).filter(grant => grant.state === 'open');
  const meant = open.flatMap(grant =>
    grant.rules.flatMap(rule => rule.names.map(name => `${name} ${grant.endsAt}`)),
  );
  expect(await rulesIn(practice), at).toEqual(meant.toSorted());
}
