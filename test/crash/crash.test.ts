/**
 * A broker killed (SIGKILL) at every point where the ledger or a gate is written, in both clouds: the next one on the same
 * data directory loses no grant, and no rule stays past its end.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Broker, createBroker } from '../../main/broker/broker.ts';
import { connectPractice } from '../../main/clouds/practice.ts';
import { createOs } from '../../main/os/index.ts';
import { type Practice, startPractice } from '../../main/practice/practice.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import type { VictimInput } from './victim.ts';

/** Long enough to be recovered while it is live, short enough to be waited for. */
const forMs = 8_000;
const byMs = 3_000;
/** Victims at once: they mostly wait for their own start. */
const atOnce = 3;

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'latchkey-crash-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Survivor {
  broker: Broker;
  practice: Practice;
  /** Where its predecessor was killed. */
  at: string;
}

test.each([
  { cloud: 'azure', vm: 'web-1' },
  { cloud: 'aws', vm: 'pay-db' },
])('killed at every point in $cloud', { timeout: 240_000 }, async ({ cloud, vm }) => {
  const survivors: Survivor[] = [];
  let next = 1;
  let through = false;

  /** False if the victim got through. */
  async function killed(killAt: number | string): Promise<boolean> {
    const dataDirectory = join(folder, `${cloud}-${killAt}`);
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
});

/** The label of the point it was killed at; undefined if it got through. Anything else is an error. */
async function runVictim(input: VictimInput): Promise<string | undefined> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'victim.ts')], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  child.stdin.end(JSON.stringify(input));
  let said = '';
  let complained = '';
  child.stdout.on('data', chunk => (said += chunk));
  child.stderr.on('data', chunk => (complained += chunk));
  const { code, signal } = await new Promise<{ code: number | null; signal: string | null }>(resolve =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  if (signal === 'SIGKILL') return said.trim();
  expect(code, complained).toBe(0);
  return undefined;
}

/** A broker on the dead one's data directory, once it has finished or undone everything that was in the middle. */
async function recovered(dataDirectory: string, practice: Practice): Promise<Broker> {
  const os = createOs({ dataDirectory, command: [] });
  const broker = await createBroker({
    accountKinds: [],
    os: { ...os, practice: { ensure: async () => practice.info, find: async () => practice.info } },
    connectPractice: info => connectPractice(info, os),
    dataDirectory,
    host: 'headless',
    version: '0',
    leave: () => undefined,
  });
  broker.start();
  await until(broker, grants => grants.every(grant => isOver(grant) || grant.state === 'open'));
  return broker;
}

/** Ledger and gates say the same: every open grant's rule stands with its end, and no rule stands without an open grant. */
async function expectAgreement(broker: Broker, practice: Practice, at: string): Promise<void> {
  const open = broker.services.grants.list(true).filter(grant => grant.state === 'open');
  const meant = open.flatMap(grant =>
    grant.rules.flatMap(rule => rule.names.map(name => `${name} ${grant.endsAt}`)),
  );
  expect(await rulesIn(practice), at).toEqual(meant.toSorted());
}

function isOver(grant: Grant): boolean {
  return grant.state === 'closed' || grant.state === 'failed';
}

async function until(broker: Broker, done: (grants: Grant[]) => boolean): Promise<void> {
  const stop = new AbortController();
  for await (const _ of broker.services.grants.watch(stop.signal)) {
    if (done(broker.services.grants.list(true))) break;
  }
  stop.abort();
}

/** Name and end of every rule of ours that stands in either cloud. */
async function rulesIn(practice: Practice): Promise<string[]> {
  const clouds = await connectPractice(practice.info, createOs({ dataDirectory: folder, command: [] }));
  const rules: string[] = [];
  for (const cloud of clouds) {
    for (const scope of await cloud.scopes()) {
      for await (const { name, mark } of cloud.ours({ scope }))
        rules.push(`${name} ${new Date(mark.end).toISOString()}`);
    }
    cloud.dispose();
  }
  return rules.toSorted();
}
