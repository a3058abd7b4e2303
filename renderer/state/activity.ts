/** The activity as paged from the broker: newest first, more on demand, new rows on top as they are written. */
import { create } from 'zustand';
import type { ActivityRow } from '../../shared/contract/activity.ts';
import type { ErrorData } from '../../shared/errors.ts';
import { broker } from './broker.ts';
import { errorOf } from './errors.ts';

export interface ActivityQuery {
  text: string;
  vm: string;
  /** How far back, in milliseconds; 0 means everything. */
  spanMs: number;
}

interface ActivityState {
  query: ActivityQuery;
  rows: ActivityRow[];
  more: boolean;
  loading: boolean;
  error: ErrorData | undefined;
}

const pageSize = 100;

export const useActivity = create<ActivityState>(() => ({
  query: { text: '', vm: '', spanMs: 0 },
  rows: [],
  more: false,
  loading: false,
  error: undefined,
}));

/** The query as the contract's filter. `now` in epoch milliseconds. */
function activityFilter(query: ActivityQuery, now: number): { text?: string; vm?: string; since?: string } {
  return {
    ...(query.text.trim() === '' ? {} : { text: query.text.trim() }),
    ...(query.vm.trim() === '' ? {} : { vm: query.vm.trim() }),
    ...(query.spanMs === 0 ? {} : { since: new Date(now - query.spanMs).toISOString() }),
  };
}

/** Rows of two pages as one list, newest first, each row once. */
export function mergeRows(a: readonly ActivityRow[], b: readonly ActivityRow[]): ActivityRow[] {
  const byId = new Map([...a, ...b].map(row => [row.id, row]));
  return [...byId.values()].toSorted((x, y) => y.id - x.id);
}

let turn = 0;

async function load(before: number | undefined, keep: boolean): Promise<void> {
  turn += 1;
  const mine = turn;
  const { query } = useActivity.getState();
  useActivity.setState({ loading: true });
  try {
    const page = await broker().activity.list({
      ...activityFilter(query, Date.now()),
      limit: pageSize,
      ...(before === undefined ? {} : { before }),
    });
    if (mine !== turn) return;
    useActivity.setState(now => ({
      rows: keep ? mergeRows(now.rows, page.rows) : page.rows,
      more: keep && before === undefined ? now.more : page.more,
      loading: false,
      error: undefined,
    }));
  } catch (thrown) {
    if (mine === turn) useActivity.setState({ loading: false, error: errorOf(thrown) });
  }
}

/** Reads the first page anew. */
export function reloadActivity(): Promise<void> {
  return load(undefined, false);
}

/** Changes the query and reads its first page. */
export function queryActivity(change: Partial<ActivityQuery>): void {
  useActivity.setState(now => ({ query: { ...now.query, ...change } }));
  void reloadActivity();
}

/** Reads the page after the last row. */
export function moreActivity(): void {
  const { rows, more, loading } = useActivity.getState();
  if (more && !loading) void load(rows.at(-1)?.id, true);
}

let fresh: ReturnType<typeof setTimeout> | undefined;

/** A row was written: fetch what is new through the same filter, at most five times a second. */
export function showNewActivity(): void {
  fresh ??= setTimeout(() => {
    fresh = undefined;
    void load(undefined, useActivity.getState().rows.length > 0);
  }, 200);
}

/** The whole filtered history as CSV, read from the broker piece by piece. */
export async function activityCsv(): Promise<Blob> {
  const pieces: string[] = [];
  const { query } = useActivity.getState();
  for await (const piece of await broker().activity.csv(activityFilter(query, Date.now())))
    pieces.push(piece);
  return new Blob(pieces, { type: 'text/csv;charset=utf-8' });
}
