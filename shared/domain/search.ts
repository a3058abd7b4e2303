/** Searching the list: every word must be found somewhere in a VM's row. */
import type { VmRow } from '../contract/vms.ts';
import { fold } from './fold.ts';

type Searchable = Pick<
  VmRow,
  | 'id'
  | 'name'
  | 'accountName'
  | 'scope'
  | 'scopeName'
  | 'location'
  | 'resourceGroup'
  | 'os'
  | 'image'
  | 'size'
  | 'addresses'
  | 'lastUser'
>;

/** Folded once per row object: with 50,000 rows a keystroke then costs only the looking. */
const folded = new WeakMap<Searchable, string>();

/**
 * A test for rows: all words of the query, in any order, parts of words too, in name, id, addresses, account, scope,
 * place, group, system, image, size or last user. Case, accents and invisible characters do not count. An empty query fits all
 * (and folds the rows it sees: a list that was shown once is quick to search).
 */
export function matcher(query: string): (row: Searchable) => boolean {
  const words = fold(query)
    .split(/\s+/u)
    .filter(word => word !== '');
  return row => {
    const text = textOf(row);
    return words.every(word => text.includes(word));
  };
}

function textOf(row: Searchable): string {
  const known = folded.get(row);
  if (known !== undefined) return known;
  const { name, id, addresses, ...more } = row;
  const { accountName, scope, scopeName, location, resourceGroup, os, image, size, lastUser } = more;
  const fields = [
    name,
    id,
    ...addresses.public,
    ...addresses.private,
    accountName,
    scope,
    scopeName,
    location,
  ];
  const text = fold([...fields, resourceGroup, os, image, size, lastUser].join('\n'));
  folded.set(row, text);
  return text;
}
