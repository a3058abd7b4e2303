import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Examination } from '../../shared/contract/doctor.ts';
import { temporaryFolder } from '../fakes/temporaryFolder.ts';
import { latchkey, leavesAfterTest } from './latchkey.ts';

it('tells findings with their remedies; its exit status says whether a problem is among them', async () => {
  const folder = temporaryFolder();
  leavesAfterTest(join(folder, 'practice'));
  const doctor = (...words: string[]) => latchkey(folder, '--practice', ...words);
  const off = await doctor('doctor', 'build-agent-07');
  expect(off.status).toBe(1);
  expect(off.stdout).toMatch(/^problem {2}power +It is stopped: nothing will answer\.\n +→ Start it/m);
  expect(off.stdout).toMatch(/^\d+ problems? · (no|\d+) warnings?$/m);
  // A warning alone is no failure.
  const open = await doctor('--json', 'doctor', 'v6-only-1');
  const { vm, findings } = JSON.parse(open.stdout) as Examination;
  expect(vm?.name).toBe('v6-only-1');
  expect(findings.find(({ check }) => check === 'address')?.state).toBe('warning');
  const problems = findings.filter(({ state }) => state === 'problem').length;
  expect(open.status).toBe(problems === 0 ? 0 : 1);
  expect((await doctor('doctor', 'nope')).status).toBe(3);
}, 60_000);
