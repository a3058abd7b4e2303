/** What a watcher of the list is told: everything there is, then only what changed. */
import type { ScopeStatus, VmChange, VmRow } from '../../../shared/contract/vms.ts';
import type { VmId } from '../../../shared/domain/ids.ts';
import type { Vm } from '../../../shared/domain/vm.ts';
import type { Clock } from '../../os/ports.ts';
import { pause } from '../../waiting.ts';
import type { Changes } from '../changes.ts';
import type { Known } from './known.ts';
import { countRows } from './rows.ts';

/** Changes within this time go out as one patch. */
const batchMs = 50;
/** In a long list these many come first, by name: a screen is painted before thousands of rows are worked out. */
const firstRows = 400;

/** One order for all: making a collator is what costs. Digits count as numbers, as the window sorts. */
const byName = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

interface Told {
  known: Known;
  /** Ids of VMs that changed or went; an empty list when something else did. */
  changes: Changes<VmId[]>;
  clock: Clock;
  row: (vm: Vm) => VmRow;
  scopes: () => ScopeStatus[];
}

export async function* watchVms(told: Told, signal: AbortSignal): AsyncGenerator<VmChange> {
  const { known, row, scopes } = told;
  const dirty = new Set<VmId>();
  using _listening = told.changes.on(ids => {
    for (const id of ids) dirty.add(id);
  });
  let rev = 0;
  for await (const _ of told.changes.follow(signal, () => undefined)) {
    if (rev === 0) {
      const vms = [...known.vms.values()];
      if (vms.length > 2 * firstRows) vms.sort((a, b) => byName.compare(a.name, b.name));
      const later = vms.length > 2 * firstRows ? vms.splice(firstRows) : [];
      dirty.clear();
      const first = vms.map(row);
      yield { kind: 'snapshot', rev: ++rev, vms: first, counts: countRows(first), scopes: scopes() };
      if (later.length === 0) continue;
      for (const { id } of later) dirty.add(id);
    } else await pause(told.clock, batchMs, signal);
    if (signal.aborted) return;
    const ids = [...dirty];
    dirty.clear();
    const upsert = ids.flatMap(id => known.vms.get(id) ?? []).map(row);
    const gone = ids.filter(id => !known.vms.has(id));
    const counts = countRows(known.vms.values().map(row));
    yield { kind: 'patch', rev: ++rev, upsert, gone, counts, scopes: scopes() };
  }
}
