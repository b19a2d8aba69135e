-- Jobs: what the server does by itself, what it has told of each key, and rotations that were asked for.
-- Released migrations are never edited: add the next number instead.

-- due_at is the moment that is worked on; the cursor moves in the transactions that do the work.
CREATE TABLE jobs (
    name         TEXT    NOT NULL PRIMARY KEY,
    next_due_at  INTEGER NOT NULL,
    requested_at INTEGER,
    due_at       INTEGER,
    cursor       TEXT    NOT NULL DEFAULT '',
    lease_holder TEXT,
    lease_until  INTEGER,
    started_at   INTEGER,
    ended_at     INTEGER,
    runs         INTEGER NOT NULL DEFAULT 0 CHECK (runs >= 0),
    failures     INTEGER NOT NULL DEFAULT 0 CHECK (failures >= 0),
    failure      TEXT,
    CHECK ((lease_holder IS NULL) = (lease_until IS NULL)),
    CHECK (lease_holder IS NULL OR due_at IS NOT NULL),
    CHECK ((failure IS NULL) = (failures = 0))
) STRICT, WITHOUT ROWID;

-- What was told of a key, and for which moment, so that it is told once.
CREATE TABLE key_notices (
    key_id            TEXT NOT NULL PRIMARY KEY REFERENCES keys (id),
    rotation_due_at   INTEGER,
    rotation_told     INTEGER CHECK (rotation_told BETWEEN 1 AND 4),
    rotation_ended_at INTEGER,
    unused_since      INTEGER,
    unused_told_at    INTEGER,
    CHECK ((rotation_due_at IS NULL) = (rotation_told IS NULL)),
    CHECK ((unused_since IS NULL) = (unused_told_at IS NULL))
) STRICT, WITHOUT ROWID;

-- By when somebody has asked for a new credential.
ALTER TABLE keys ADD COLUMN rotate_by INTEGER;

CREATE INDEX keys_to_rotate ON keys (workspace_id, id) WHERE rotate_by IS NOT NULL;

-- One more reason. A CHECK cannot be changed: the column is made again under its name.
ALTER TABLE keys ADD COLUMN state_why TEXT CHECK (state_why IN
    ('superseded', 'unused', 'leaked', 'owner_left', 'privilege_withdrawn', 'rotation_overdue', 'other'));

UPDATE keys SET state_why = state_reason WHERE state_reason IS NOT NULL;

ALTER TABLE keys DROP COLUMN state_reason;

ALTER TABLE keys RENAME COLUMN state_why TO state_reason;

-- The built-in roles of a database that is in use get what new ones have.
UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"jobs.*"]'
WHERE built_in = 1 AND name = 'admin' AND scopes NOT LIKE '%"jobs.%';

UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"jobs.read","jobs.run"]'
WHERE built_in = 1 AND name = 'operator' AND scopes NOT LIKE '%"jobs.%';

UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"jobs.read"]'
WHERE built_in = 1 AND name = 'auditor' AND scopes NOT LIKE '%"jobs.%';
