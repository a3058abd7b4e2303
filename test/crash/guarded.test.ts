/** A broker killed right after a request, and none that comes after it: the cloud itself shuts the port on time. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { guardOf } from '../../main/clouds/cloud.ts';
import { connectPractice } from '../../main/clouds/practice.ts';
import { createOs } from '../../main/os/index.ts';
import { startPractice } from '../../main/practice/practice.ts';
import { isOver, recovered, rulesIn, runVictim, until } from './survivor.ts';

const forMs = 120_000;

test('AWS with a guard', { timeout: 60_000 }, async () => {
  const dataDirectory = await mkdtemp(join(tmpdir(), 'latchkey-guarded-'));
  // Turned instead of waited for: the clouds' clock, and this computer's with it.
  let aheadMs = 0;
  const practice = await startPractice({ dataDirectory, latencyMs: 0, local: () => Date.now() + aheadMs });
  onTestFinished(async () => {
    await practice.stop();
    await rm(dataDirectory, { recursive: true, force: true });
  });
  const clouds = await connectPractice(practice.info, createOs({ dataDirectory, command: [] }));
  const aws = clouds.find(({ kind }) => kind === 'aws');
  if (!aws) throw new Error('no AWS');
  await guardOf(aws).apply(await guardOf(aws).plan('install'));

  const input = { dataDirectory, info: practice.info, vm: 'pay-db', killAt: 'request', forMs, byMs: 1 };
  expect(await runVictim(input)).toBe('request');
  const [rule, ...more] = await rulesIn(practice);
  expect(more).toEqual([]);
  const end = Date.parse(rule?.split(' ')[1] ?? '');
  expect(await guardOf(aws).state()).toMatchObject({ state: 'installed', holds: 1 });

  // Nobody is there; just before the end it still stands, a minute after it the cloud has shut it.
  aheadMs = end - 2_000 - Date.now();
  await new Promise(resolve => setTimeout(resolve, 600));
  expect(await rulesIn(practice)).toEqual([rule]);
  aheadMs = end + 60_000 - Date.now();
  await vi.waitFor(async () => expect(await rulesIn(practice)).toEqual([]), { timeout: 5_000 });
  expect(await guardOf(aws).state()).toMatchObject({ holds: 0 });

  const broker = await recovered(dataDirectory, practice);
  await until(broker, grants => grants.every(isOver));
  expect(broker.services.grants.list(true)).toMatchObject([
    { state: 'closed', endedBy: 'cloud', rules: [{ state: 'gone' }] },
  ]);
  broker.stop();
  for (const cloud of clouds) cloud.dispose();
});
