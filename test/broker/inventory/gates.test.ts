import { expect, test } from 'vitest';
import { createKnown } from '../../../main/broker/inventory/known.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import { createTestStore } from '../../fakes/os.ts';
import { azureVm, nsg, rule } from '../../shared/domain/samples.ts';

async function setUp() {
  const { db, os } = await createTestStore();
  const stored = (): number => Number(db.get('SELECT count(*) AS n FROM gate')?.n);
  return { db, known: createKnown(db, os.log), again: () => createKnown(db, os.log), stored };
}

/** Made anew each time, as adapters do: equal, and never the same object. */
const vmBehind = (name: string, priority: number): Vm =>
  azureVm([nsg('subnet', [rule({ priority })])], { name });
const gateOf = (vm: Vm | undefined) => vm?.interfaces[0]?.layers[0]?.gates[0];

test('a gate in front of many VMs is kept once, and goes with the last of them', async () => {
  const { known, stored, again } = await setUp();
  known.put([vmBehind('a', 300), vmBehind('b', 300)]);
  expect(stored()).toBe(1);
  const [a, b] = [...known.vms.values()];
  expect(gateOf(a)).toBe(gateOf(b));
  expect([...again().vms.values()]).toEqual([a, b]);

  known.put([vmBehind('a', 310)]);
  expect(stored()).toBe(2);
  expect(known.has(vmBehind('a', 310))).toBe(true);
  expect(known.has(vmBehind('b', 310))).toBe(false);
  known.drop([vmBehind('b', 300).id]);
  expect(stored()).toBe(1);
  expect([...again().vms.values()]).toEqual([vmBehind('a', 310)]);
});

test('what the file lost is left out, what nobody needs is cleared away', async () => {
  const { known, stored, again, db } = await setUp();
  known.put([vmBehind('a', 300), vmBehind('b', 310)]);
  db.run("DELETE FROM vm WHERE id LIKE '%/a'");
  expect(again().vms.size).toBe(1);
  expect(stored()).toBe(1);
  db.run('DELETE FROM gate');
  expect(again().vms.size).toBe(0);
});
