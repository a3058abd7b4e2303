/** What is left when a broker was killed: running one until it is, opening the next one, looking at the clouds. */
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Broker, createBroker } from '../../main/broker/broker.ts';
import { connectPractice } from '../../main/clouds/practice.ts';
import { createOs } from '../../main/os/index.ts';
import type { Practice } from '../../main/practice/practice.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import type { VictimInput } from './victim.ts';

/** The label of the point it was killed at; undefined if it got through. Anything else is an error. */
export async function runVictim(input: VictimInput): Promise<string | undefined> {
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
export async function recovered(dataDirectory: string, practice: Practice): Promise<Broker> {
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

export function isOver(grant: Grant): boolean {
  return grant.state === 'closed' || grant.state === 'failed';
}

export async function until(broker: Broker, done: (grants: Grant[]) => boolean): Promise<void> {
  const stop = new AbortController();
  for await (const _ of broker.services.grants.watch(stop.signal)) {
    if (done(broker.services.grants.list(true))) break;
  }
  stop.abort();
}

/** Name and end of every rule of ours that stands in either cloud. */
export async function rulesIn(practice: Practice): Promise<string[]> {
  const clouds = await connectPractice(practice.info, createOs({ dataDirectory: tmpdir(), command: [] }));
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
