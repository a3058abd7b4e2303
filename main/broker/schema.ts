/**
 * The tables of the ledger, as the steps that made them: step n takes a file of version n to n+1 (`PRAGMA user_version`).
 * A step is never changed once released; a newer one is added. Instants are epoch milliseconds, shapes are JSON text.
 * SQLite checks the CHECKs when a ledger is opened (PRAGMA quick_check), so that damage inside a row is found as well.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL, cloud TEXT NOT NULL, kind TEXT NOT NULL, added_at INTEGER NOT NULL) STRICT;
  CREATE TABLE setting (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE connection (vm TEXT PRIMARY KEY, settings TEXT NOT NULL CHECK (json_valid(settings))) STRICT;
  CREATE TABLE scope (id TEXT PRIMARY KEY, account TEXT NOT NULL, name TEXT NOT NULL, refreshed_at INTEGER, error TEXT CHECK (json_valid(error))) STRICT;
  CREATE TABLE vm (id TEXT PRIMARY KEY, scope TEXT NOT NULL, account TEXT NOT NULL, json TEXT NOT NULL CHECK (json_valid(json))) STRICT;
  CREATE INDEX vm_scope ON vm (scope);

  -- A lock or unlock that was confirmed: kept until it is done, so that a crash in the middle can be finished.
  CREATE TABLE operation (
    id INTEGER PRIMARY KEY, vm TEXT NOT NULL, kind TEXT NOT NULL, plan TEXT NOT NULL CHECK (json_valid(plan)), step INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL, started_at INTEGER NOT NULL, error TEXT
  ) STRICT;

  CREATE TABLE grants (
    id TEXT PRIMARY KEY, vm TEXT NOT NULL, vm_name TEXT NOT NULL, cloud TEXT NOT NULL, account TEXT NOT NULL, owner TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'opening', 'open', 'extending', 'closing', 'closed', 'failed', 'stuck')),
    ports TEXT NOT NULL CHECK (json_valid(ports)), sources TEXT NOT NULL CHECK (json_valid(sources)), reason TEXT,
    requested_at INTEGER NOT NULL, opened_at INTEGER, ends_at INTEGER NOT NULL, extending_to INTEGER, closed_at INTEGER,
    adopted INTEGER NOT NULL DEFAULT 0, notes TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(notes)),
    error TEXT CHECK (json_valid(error)),
    -- What closed it, to be told when it is really closed: revoked, expired, failed, removed.
    cause TEXT
  ) STRICT;
  CREATE INDEX grants_state ON grants (state);
  CREATE INDEX grants_closed ON grants (closed_at);

  -- One write to one gate. Its order says what was meant, names what stands there.
  CREATE TABLE rules (
    id INTEGER PRIMARY KEY, account TEXT NOT NULL, gate TEXT NOT NULL, share TEXT NOT NULL,
    rule_order TEXT NOT NULL CHECK (json_valid(rule_order)), names TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(names)),
    foreign_names TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(foreign_names)),
    state TEXT NOT NULL CHECK (state IN ('writing', 'standing', 'foreign', 'removing', 'gone')),
    -- The end that the rule's own description says now; NULL when that is not known for sure.
    written_end INTEGER, standing_since INTEGER
  ) STRICT;
  CREATE INDEX rules_share ON rules (share);
  CREATE INDEX rules_gate ON rules (gate);
  CREATE INDEX rules_live ON rules (state) WHERE state <> 'gone';
  CREATE TABLE rule_grants (rule INTEGER NOT NULL REFERENCES rules(id), grant_id TEXT NOT NULL REFERENCES grants(id), PRIMARY KEY (rule, grant_id)) STRICT;
  CREATE INDEX rule_grants_grant ON rule_grants (grant_id);

  CREATE TABLE activity (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, vm TEXT, vm_name TEXT, account TEXT,
    grant_id TEXT, user TEXT NOT NULL, ports TEXT, source TEXT, text TEXT NOT NULL, reason TEXT, correlation TEXT, error TEXT
  ) STRICT;
  -- Pages are read newest first by id, so each filter has an index that is in the order of ids by itself.
  CREATE INDEX activity_at ON activity (at);
  CREATE INDEX activity_vm ON activity (vm);
  CREATE INDEX activity_kind ON activity (kind);
  CREATE INDEX activity_opened ON activity (vm, at, user) WHERE kind = 'opened';
  CREATE VIRTUAL TABLE activity_text USING fts5(text, vm_name, user, reason, source, grant_id, content='activity', content_rowid='id', tokenize='trigram');
  CREATE TRIGGER activity_written AFTER INSERT ON activity BEGIN INSERT INTO activity_text (rowid, text, vm_name, user, reason, source, grant_id) VALUES (new.id, new.text, new.vm_name, new.user, new.reason, new.source, new.grant_id); END;
  `,
  `
  -- Gates by themselves: many VMs share one. What is known of the VMs is only a cache; it is read from the clouds again.
  DELETE FROM vm;
  DELETE FROM scope;
  CREATE TABLE gate (key TEXT PRIMARY KEY, json TEXT NOT NULL CHECK (json_valid(json))) STRICT;
  `,
  `
  -- What an account's kind needs to open it again, never a secret; its chosen scopes, NULL for all.
  ALTER TABLE account ADD COLUMN facts TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(facts));
  ALTER TABLE account ADD COLUMN scopes TEXT CHECK (json_valid(scopes));
  `,
  `
  -- The history in the order of time: an id is its row's time in milliseconds times 2048, plus a number. What a cloud's log
  -- tells later stands where it happened, and pages are still read by id alone, with every index in that order.
  DROP TRIGGER activity_written;
  DROP TABLE activity_text;
  DROP INDEX activity_at;
  DROP INDEX activity_vm;
  DROP INDEX activity_kind;
  DROP INDEX activity_opened;
  ALTER TABLE activity RENAME TO activity_before;
  CREATE TABLE activity (
    id INTEGER PRIMARY KEY, at INTEGER NOT NULL, kind TEXT NOT NULL, outcome TEXT NOT NULL, vm TEXT, vm_name TEXT, account TEXT,
    grant_id TEXT, user TEXT NOT NULL, ports TEXT, source TEXT, text TEXT NOT NULL, reason TEXT, correlation TEXT, error TEXT,
    -- local: written by this Latchkey; cloud: read in the cloud's own log.
    origin TEXT NOT NULL DEFAULT 'local' CHECK (origin IN ('local', 'cloud')),
    -- Has the cloud's log told of it? NULL where it never will.
    in_cloud TEXT CHECK (in_cloud IN ('awaited', 'seen')),
    -- Application and address it was done with, as the cloud's log says.
    client TEXT,
    -- 1: this row stands for one approved request.
    approved INTEGER
  ) STRICT;
  INSERT INTO activity (id, at, kind, outcome, vm, vm_name, account, grant_id, user, ports, source, text, reason, correlation, error, approved)
    SELECT at * 2048 + row_number() OVER (PARTITION BY at ORDER BY id) - 1, at, kind, outcome, vm, vm_name, account, grant_id, user, ports, source, text, reason, correlation, error, iif(kind = 'opened', 1, NULL)
    FROM activity_before;
  DROP TABLE activity_before;
  CREATE INDEX activity_vm ON activity (vm);
  CREATE INDEX activity_kind ON activity (kind);
  CREATE INDEX activity_approved ON activity (vm, at, user, origin) WHERE approved = 1;
  CREATE INDEX activity_approved_grant ON activity (grant_id) WHERE approved = 1;
  CREATE VIRTUAL TABLE activity_text USING fts5(text, vm_name, user, reason, source, grant_id, content='activity', content_rowid='id', tokenize='trigram');
  INSERT INTO activity_text (activity_text) VALUES ('rebuild');
  CREATE TRIGGER activity_written AFTER INSERT ON activity BEGIN INSERT INTO activity_text (rowid, text, vm_name, user, reason, source, grant_id) VALUES (new.id, new.text, new.vm_name, new.user, new.reason, new.source, new.grant_id); END;
  CREATE TRIGGER activity_gone AFTER DELETE ON activity BEGIN INSERT INTO activity_text (activity_text, rowid, text, vm_name, user, reason, source, grant_id) VALUES ('delete', old.id, old.text, old.vm_name, old.user, old.reason, old.source, old.grant_id); END;
  CREATE TRIGGER activity_changed AFTER UPDATE OF text, vm_name, user, reason, source, grant_id ON activity BEGIN INSERT INTO activity_text (activity_text, rowid, text, vm_name, user, reason, source, grant_id) VALUES ('delete', old.id, old.text, old.vm_name, old.user, old.reason, old.source, old.grant_id); INSERT INTO activity_text (rowid, text, vm_name, user, reason, source, grant_id) VALUES (new.id, new.text, new.vm_name, new.user, new.reason, new.source, new.grant_id); END;

  -- What a cloud's log will call it: a row's correlation ids (local rows), correlation, operation and resource (the log's own).
  CREATE TABLE activity_key (key TEXT NOT NULL, row INTEGER NOT NULL, seen INTEGER NOT NULL, PRIMARY KEY (key, row)) STRICT, WITHOUT ROWID;
  CREATE INDEX activity_key_unseen ON activity_key (row) WHERE seen = 0;
  CREATE TRIGGER activity_keyed AFTER INSERT ON activity WHEN new.origin = 'local' AND new.in_cloud IS NOT NULL AND new.correlation IS NOT NULL BEGIN INSERT INTO activity_key (key, row, seen) VALUES (lower(new.correlation), new.id, new.in_cloud = 'seen'); END;
  -- Up to when each scope's log was read, in its cloud's time.
  CREATE TABLE history (scope TEXT PRIMARY KEY, account TEXT NOT NULL, read_to INTEGER NOT NULL) STRICT;
  `,
  `
  -- Who ends a rule if nothing else happens, as its last write told; NULL: this computer.
  ALTER TABLE rules ADD COLUMN ended_by TEXT CHECK (ended_by IN ('cloud', 'this-computer'));
  `,
  `
  -- What somebody else changed on a grant's rule, as last told; at which priority it was written.
  ALTER TABLE rules ADD COLUMN priority INTEGER;
  ALTER TABLE rules ADD COLUMN drift TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(drift));
  `,
  `
  -- Where clients connect to by a rule, if not at the VM's own address: a firewall's address and mapped port.
  ALTER TABLE rules ADD COLUMN endpoints TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(endpoints));
  `,
];
