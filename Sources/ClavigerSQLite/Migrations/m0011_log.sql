-- The audit log as a transparency log. What was recorded before is brought over when the server starts: leaves are made
-- by the program.
DROP TRIGGER audit_events_no_update;
DROP TRIGGER audit_events_no_delete;
DROP TRIGGER audit_events_no_replace;
DROP INDEX audit_events_page;
DROP INDEX audit_events_by_target;
DROP INDEX audit_events_by_actor;
DROP INDEX audit_events_by_outcome;
DROP INDEX audit_events_by_time;
DROP INDEX audit_events_by_action;
ALTER TABLE audit_events RENAME TO audit_events_before_log;

-- Which log this is, and from which leaf on it is at hand. It has signed a head once somebody may have seen one.
CREATE TABLE audit_log (
    id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    base         TEXT    NOT NULL CHECK (length(base) BETWEEN 1 AND 200),
    origin       TEXT    NOT NULL CHECK (length(origin) BETWEEN 1 AND 255),
    generation   INTEGER NOT NULL DEFAULT 1 CHECK (generation > 0),
    has_signed   INTEGER NOT NULL DEFAULT 0 CHECK (has_signed IN (0, 1)),
    pruned_below INTEGER NOT NULL DEFAULT 0 CHECK (pruned_below >= 0)
) STRICT;

-- The leaves, and beside them what is searched for. Append-only but for pruning: the triggers below refuse the rest.
CREATE TABLE audit_events (
    event_index   INTEGER NOT NULL PRIMARY KEY CHECK (event_index >= 0),
    workspace_id  TEXT    NOT NULL REFERENCES workspaces (id),
    at            INTEGER NOT NULL,
    actor_id      TEXT,
    actor_network BLOB CHECK (length(actor_network) = 32),
    action        TEXT    NOT NULL,
    target_id     TEXT,
    outcome       TEXT    NOT NULL CHECK (outcome IN ('done', 'denied', 'failed')),
    request_id    TEXT,
    leaf          BLOB    NOT NULL CHECK (length(leaf) BETWEEN 2 AND 65535)
) STRICT;

-- Each ends with the index of the event, as all of SQLite's do.
CREATE INDEX audit_events_by_target ON audit_events (target_id) WHERE target_id IS NOT NULL;
CREATE INDEX audit_events_by_actor ON audit_events (actor_id) WHERE actor_id IS NOT NULL;
CREATE INDEX audit_events_by_network ON audit_events (actor_network) WHERE actor_network IS NOT NULL;
CREATE INDEX audit_events_by_request ON audit_events (request_id) WHERE request_id IS NOT NULL;
CREATE INDEX audit_events_by_action ON audit_events (action);
CREATE INDEX audit_events_by_outcome ON audit_events (outcome) WHERE outcome <> 'done';
CREATE INDEX audit_events_by_time ON audit_events (at);

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'The audit log is append-only.');
END;

CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
WHEN OLD.event_index >= COALESCE((SELECT pruned_below FROM audit_log), 0)
BEGIN
    SELECT RAISE(ABORT, 'The audit log is append-only.');
END;

-- REPLACE deletes without firing the trigger above (recursive_triggers is off).
CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE event_index = NEW.event_index)
BEGIN
    SELECT RAISE(ABORT, 'The audit log is append-only.');
END;

-- The full tiles of the tree (C2SP tlog-tiles), 256 hashes each.
CREATE TABLE audit_tiles (
    level      INTEGER NOT NULL CHECK (level BETWEEN 0 AND 7),
    tile_index INTEGER NOT NULL CHECK (tile_index >= 0),
    hashes     BLOB    NOT NULL CHECK (length(hashes) = 8192),
    PRIMARY KEY (level, tile_index)
) STRICT;

CREATE TRIGGER audit_tiles_no_update BEFORE UPDATE ON audit_tiles
BEGIN
    SELECT RAISE(ABORT, 'The audit log is append-only.');
END;

-- What is personal in leaves: the leaves have commitments only. Both tables can be erased, one subject at a time.
CREATE TABLE audit_subjects (
    subject TEXT NOT NULL PRIMARY KEY,
    salt    BLOB NOT NULL CHECK (length(salt) = 32)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_values (
    commitment BLOB NOT NULL PRIMARY KEY CHECK (length(commitment) = 32),
    subject    TEXT NOT NULL REFERENCES audit_subjects (subject),
    field      TEXT NOT NULL,
    value      TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX audit_values_by_subject ON audit_values (subject);
CREATE INDEX audit_values_by_network ON audit_values (value) WHERE field = 'network';
