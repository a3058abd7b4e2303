/** The real operating system in a folder of its own, with a clock that is turned by hand. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { openStore } from '../../main/broker/store.ts';
import { createOs } from '../../main/os/index.ts';
import type { Database, Os } from '../../main/os/ports.ts';
import { createHandClock, type HandClock } from './handClock.ts';

export interface TestOs extends Os {
  clock: HandClock;
}

/** Goes away with the test that made it. Nobody starts a practice cloud from here. */
export function createTestOs(): { os: TestOs; dataDirectory: string } {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'latchkey-test-'));
  onTestFinished(() => rmSync(dataDirectory, { recursive: true, force: true }));
  const os = createOs({ dataDirectory, command: ['/nonexistent/latchkey'] });
  return { os: { ...os, clock: createHandClock(), userName: 'jo' }, dataDirectory };
}

/** As `createTestOs`, with an empty ledger. */
export async function createTestStore(): Promise<{ os: TestOs; dataDirectory: string; db: Database }> {
  const { os, dataDirectory } = createTestOs();
  const { db } = await openStore(os, dataDirectory);
  onTestFinished(() => db[Symbol.dispose]());
  return { os, dataDirectory, db };
}
