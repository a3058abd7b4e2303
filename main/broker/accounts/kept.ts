/** Accounts in the ledger: what is known of them without asking anybody, and no secret. */
import { z } from 'zod';
import type { CloudKind } from '../../../shared/contract/common.ts';
import { type AccountId, parseAccountId } from '../../../shared/domain/ids.ts';
import type { KeptAccount } from '../../clouds/accountKind.ts';
import type { Database, Instant, SqlRow } from '../../os/ports.ts';

export interface AccountRow extends KeptAccount {
  cloud: CloudKind;
  kind: string;
  addedAt: Instant;
  /** Undefined: all of them. */
  chosenScopes: string[] | undefined;
}

const kept = z.object({ user: z.string().optional(), facts: z.record(z.string(), z.unknown()) });

/** All of them, in the order they were added. */
export function keptAccounts(db: Database): AccountRow[] {
  return db.all('SELECT * FROM account ORDER BY added_at, rowid').map(fromRow);
}

function fromRow(row: SqlRow): AccountRow {
  const { user, facts } = kept.catch({ facts: {} }).parse(JSON.parse(String(row['facts'])));
  return {
    id: parseAccountId(String(row['id'])),
    name: String(row['name']),
    cloud: row['cloud'] === 'aws' ? 'aws' : 'azure',
    kind: String(row['kind']),
    addedAt: Number(row['added_at']),
    user,
    facts,
    chosenScopes:
      row['scopes'] === null ? undefined : z.array(z.string()).parse(JSON.parse(String(row['scopes']))),
  };
}

/** Keeps an account, or what has changed of it; when it was added stays. */
export function keep(
  db: Database,
  { id, name, cloud, kind, addedAt, user, facts, chosenScopes }: AccountRow,
): void {
  db.run(
    `INSERT INTO account (id, name, cloud, kind, added_at, facts, scopes) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET name = excluded.name, facts = excluded.facts, scopes = excluded.scopes`,
    id,
    name,
    cloud,
    kind,
    addedAt,
    JSON.stringify({ user, facts }),
    chosenScopes === undefined ? null : JSON.stringify(chosenScopes),
  );
}

export function forget(db: Database, id: AccountId): void {
  db.run('DELETE FROM account WHERE id = ?', id);
}
