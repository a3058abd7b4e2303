import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeRows } from '../../renderer/state/activity.ts';
import { applyConnectEvent, isUnderWay, newRun } from '../../renderer/state/connectRuns.ts';
import { follow } from '../../renderer/state/follow.ts';
import { applyGrantChange, noGrants, pastGrants, shownByVm } from '../../renderer/state/grants.ts';
import { noSelection, select } from '../../renderer/state/selection.ts';
import { applyVmChange, noVms } from '../../renderer/state/vms.ts';
import type { Grant } from '../../shared/contract/grants.ts';
import type { VmChange, VmRow } from '../../shared/contract/vms.ts';
import { liveGrants } from '../../shared/domain/live.ts';
import { rowOf } from './fake/names.ts';
import { grantOf } from './fake/world.ts';

const now = Date.parse('2026-11-23T12:00:00Z');
const vm = (name: string, n: number): VmRow => rowOf({ name, place: 'prod' }, n, now);
const counts = { configured: 0, notConfigured: 0, unsupported: 0, exposed: 0 };
const rest = { counts, scopes: [] };
const snapshot = (rev: number, vms: VmRow[]): VmChange => ({ kind: 'snapshot', rev, vms, ...rest });
const patch = (rev: number, upsert: VmRow[], gone: string[] = []): VmChange => ({
  kind: 'patch',
  rev,
  upsert,
  gone,
  ...rest,
});

function after(...changes: VmChange[]) {
  return changes.reduce((state, change) => {
    const next = applyVmChange(state, change);
    if (next === 'resync') throw new Error('resync');
    return next;
  }, noVms);
}

describe('the list of VMs from the watch', () => {
  const [a, b, c] = [vm('a', 1), vm('b', 2), vm('c', 3)];

  it('takes a snapshot, then patches in order', () => {
    const state = after(snapshot(7, [b, a]), patch(8, [c], [a.id]), patch(9, [{ ...b, name: 'b2' }]));
    expect([...state.byId.values()].map(({ name }) => name)).toEqual(['b2', 'c']);
    expect(state.rev).toBe(9);
  });

  it('asks for a new snapshot when a patch is missing, and before the first snapshot', () => {
    expect(applyVmChange(after(snapshot(7, [a])), patch(9, [b]))).toBe('resync');
    expect(applyVmChange(noVms, patch(1, [b]))).toBe('resync');
  });

  it('ignores a patch that the snapshot already holds', () => {
    const state = after(snapshot(7, [a]));
    expect(applyVmChange(state, patch(7, [], [a.id]))).toBe(state);
  });

  it('ends with the rows a plain map would have, whatever the patches', () => {
    const change = fc.record({
      upsert: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
      gone: fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(change), changes => {
        let state = after(snapshot(0, []));
        const plain = new Map<string, VmRow>();
        for (const [at, { upsert, gone }] of changes.entries()) {
          const rows = upsert.map(n => vm(`${n} of ${at}`, n));
          const ids = gone.map(n => vm('', n).id);
          for (const id of ids) plain.delete(id);
          for (const row of rows) plain.set(row.id, row);
          const next = applyVmChange(state, patch(at + 1, rows, ids));
          if (next === 'resync') throw new Error('resync');
          state = next;
        }
        expect(new Map(state.byId)).toEqual(plain);
      }),
    );
  });
});

describe('grants from the watch', () => {
  const row = vm('web-1', 1);
  const grant = (id: string, change: Partial<Grant>): Grant => ({ ...grantOf(row, id, now), ...change });
  const early = grant('aaaaaaaaaaaa', { endsAt: '2026-11-23T12:10:00.000Z' });
  const late = grant('bbbbbbbbbbbb', { endsAt: '2026-11-23T13:00:00.000Z' });
  const stuck = grant('cccccccccccc', { endsAt: '2026-11-23T11:00:00.000Z', state: 'stuck' });
  const over = grant('dddddddddddd', { state: 'closed', closedAt: '2026-11-23T11:30:00.000Z' });
  const byId = new Map([late, early, over].map(each => [each.id, each]));

  it('orders live ones by their end and keeps past ones apart', () => {
    expect(liveGrants(byId.values())).toEqual([early, late]);
    expect(pastGrants(byId)).toEqual([over]);
  });

  it('shows the grant of a VM that ends last, but a stuck one before all', () => {
    expect(shownByVm(byId).get(row.id)).toBe(late);
    expect(shownByVm(new Map([...byId, [stuck.id, stuck]])).get(row.id)).toBe(stuck);
  });

  it('asks for a snapshot when a revision is missing', () => {
    const state = applyGrantChange(noGrants, { kind: 'snapshot', rev: 3, grants: [early] });
    if (state === 'resync') throw new Error('resync');
    expect(applyGrantChange(state, { kind: 'patch', rev: 5, upsert: [late] })).toBe('resync');
    expect(applyGrantChange(state, { kind: 'patch', rev: 4, upsert: [late] })).toMatchObject({ rev: 4 });
  });
});

describe('following a watch', () => {
  it('begins again at once for a resync, and after a pause when it failed', async () => {
    const abort = new AbortController();
    const said: string[] = [];
    let turn = 0;
    await follow(
      async () => {
        turn += 1;
        said.push(`open ${turn}`);
        if (turn === 2) throw new Error('gone');
        return (async function* () {
          yield turn;
        })();
      },
      value => {
        said.push(`value ${value}`);
        if (value === 3) abort.abort();
        return value === 1 ? 'resync' : 'taken';
      },
      abort.signal,
      async () => {
        said.push('pause');
      },
    );
    expect(said).toEqual(['open 1', 'value 1', 'open 2', 'pause', 'open 3', 'value 3', 'pause']);
  });
});

describe('selecting', () => {
  const order = ['a', 'b', 'c', 'd'];

  it('ranges from where it began, in both directions', () => {
    const one = select(noSelection, 'b', 'one', order);
    expect([...select(one, 'd', 'range', order).selected]).toEqual(['b', 'c', 'd']);
    expect([...select(select(one, 'd', 'range', order), 'a', 'range', order).selected]).toEqual(['a', 'b']);
  });

  it('begins a range anew when its anchor left the list', () => {
    const one = select(noSelection, 'gone', 'one', order);
    expect([...select(one, 'c', 'range', order).selected]).toEqual(['c']);
  });

  it('toggles one without losing the others', () => {
    const two = select(select(noSelection, 'a', 'one', order), 'c', 'toggle', order);
    expect([...two.selected]).toEqual(['a', 'c']);
    expect([...select(two, 'a', 'toggle', order).selected]).toEqual(['c']);
  });
});

describe('connecting', () => {
  const run = newRun({ vm: 'x', start: 'broker' });
  const at = '2026-11-23T12:00:00.000Z';

  it('marks the stage that was under way as failed', () => {
    const begun = applyConnectEvent(run, {
      kind: 'stage',
      stage: 'rule',
      state: 'begun',
      at,
      text: 'Writing',
      usual: '1 s',
    });
    const failed = applyConnectEvent(begun, {
      kind: 'failed',
      error: { code: 'CLOUD_FORBIDDEN', message: 'No.' },
    });
    expect(failed.stages.find(({ stage }) => stage === 'rule')?.state).toBe('failed');
    expect(failed.stages.find(({ stage }) => stage === 'answers')?.state).toBe('waiting');
    expect([isUnderWay(begun), isUnderWay(failed)]).toEqual([true, false]);
  });

  it('keeps what is usual when a stage is done', () => {
    const begun = applyConnectEvent(run, {
      kind: 'stage',
      stage: 'rule',
      state: 'begun',
      at,
      text: 'a',
      usual: '1 s',
    });
    const done = applyConnectEvent(begun, {
      kind: 'stage',
      stage: 'rule',
      state: 'done',
      at,
      text: 'b',
      ms: 5,
    });
    expect(done.stages.find(({ stage }) => stage === 'rule')).toMatchObject({
      state: 'done',
      ms: 5,
      usual: '1 s',
    });
  });
});

describe('pages of the activity', () => {
  it('merge into one list, newest first, each row once', () => {
    const row = (id: number) => ({
      id,
      at: '',
      kind: 'request' as const,
      outcome: 'ok' as const,
      user: 'a',
      text: '',
      origin: 'local' as const,
    });
    expect(mergeRows([row(5), row(3)], [row(6), row(5)]).map(({ id }) => id)).toEqual([6, 5, 3]);
  });
});
