/** From sorted rows to what the list paints: filter, then groups. Pure, and quick for 50,000 rows. */
import type { Tab, VmRow } from '../../shared/contract/vms.ts';
import { matcher as textMatcher } from '../../shared/domain/search.ts';

export interface VmFilter {
  text: string;
  azure: boolean;
  aws: boolean;
  running: boolean;
  exposed: boolean;
}

export const noFilter: VmFilter = { text: '', azure: false, aws: false, running: false, exposed: false };

export type ListItem =
  | { kind: 'group'; id: string; row: VmRow; count: number }
  | { kind: 'vm'; id: string; row: VmRow };

/** A test for rows: the text as `latchkey vms --search` takes it; cloud chips are joined by “or”, other chips by “and”. */
export function matcher(filter: VmFilter): (row: VmRow) => boolean {
  const fitsText = filter.text.trim() === '' ? undefined : textMatcher(filter.text);
  const anyCloud = filter.azure === filter.aws;
  return row => {
    if (!anyCloud && !filter[row.cloud]) return false;
    if (filter.running && row.power !== 'running') return false;
    if (filter.exposed && row.exposedPorts.length === 0) return false;
    return fitsText?.(row) ?? true;
  };
}

/** Counts per tab of the rows that match, and of those that anybody may reach: a policy alone does not shut a port. */
export function countTabs(
  rows: Iterable<VmRow>,
  matches: (row: VmRow) => boolean,
): Record<Tab, number> & { exposed: Record<Tab, number> } {
  const none = { configured: 0, 'not-configured': 0, unsupported: 0 };
  const counts = { ...none, exposed: { ...none } };
  for (const row of rows) {
    if (!matches(row)) continue;
    counts[row.tab] += 1;
    if (row.exposedPorts.length > 0) counts.exposed[row.tab] += 1;
  }
  return counts;
}

/** Rows under a heading per scope; scopes by cloud and name, rows in the order given. */
export function groupRows(rows: readonly VmRow[]): ListItem[] {
  const groups = new Map<string, VmRow[]>();
  for (const row of rows) {
    const group = groups.get(row.scope);
    if (group === undefined) groups.set(row.scope, [row]);
    else group.push(row);
  }
  const ordered = [...groups].toSorted(([, [a]], [, [b]]) =>
    a === undefined || b === undefined
      ? 0
      : byText.compare(b.cloud, a.cloud) || byText.compare(a.scopeName, b.scopeName),
  );
  const items: ListItem[] = [];
  for (const [scope, members] of ordered) {
    const [first] = members;
    if (first === undefined) continue;
    items.push({ kind: 'group', id: `group:${scope}`, row: first, count: members.length });
    for (const row of members) items.push({ kind: 'vm', id: row.id, row });
  }
  return items;
}

/** One collator for all: making one is what costs. Digits compare as numbers: web-2 before web-10. */
export const byText = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Makes the search texts ahead of the first keystroke. */
export function warmSearch(rows: Iterable<VmRow>): void {
  const all = textMatcher('');
  for (const row of rows) all(row);
}
