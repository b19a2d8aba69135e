-- The first schema. Ids are TEXT, times are milliseconds since the epoch (UTC), truth values are 0 or 1,
-- and structured values are JSON as TEXT (the checks look at its outline only: SQLite before 3.41 takes json_valid
-- for unsafe in a schema, and PostgreSQL does not have it).
-- Released migrations are never edited: add the next number instead.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE keyring (
    purpose     TEXT    NOT NULL CHECK (length(purpose) > 0),
    version     INTEGER NOT NULL CHECK (version > 0),
    salt        BLOB    NOT NULL,
    check_value BLOB    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('current', 'retired')),
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (purpose, version)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX keyring_one_current ON keyring (purpose) WHERE state = 'current';

CREATE TABLE workspaces (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

-- Names and prefixes are never reused: a deleted api keeps its row.
CREATE TABLE apis (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    name         TEXT    NOT NULL,
    prefix       TEXT    NOT NULL UNIQUE CHECK (length(prefix) BETWEEN 2 AND 16),
    description  TEXT    NOT NULL DEFAULT '',
    environments TEXT    NOT NULL CHECK (environments LIKE '[%]'),
    scopes       TEXT    NOT NULL CHECK (scopes LIKE '[%]'),
    defaults     TEXT    NOT NULL CHECK (defaults LIKE '{%}'),
    endpoint_rules TEXT  NOT NULL DEFAULT '{}' CHECK (endpoint_rules LIKE '{%}'),
    limits       TEXT    NOT NULL DEFAULT '[]' CHECK (limits LIKE '[%]'),
    built_in     INTEGER NOT NULL DEFAULT 0 CHECK (built_in IN (0, 1)),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    version      INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    UNIQUE (workspace_id, name),
    UNIQUE (workspace_id, id)
) STRICT;

CREATE TABLE plans (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    name         TEXT    NOT NULL,
    description  TEXT    NOT NULL DEFAULT '',
    state        TEXT    NOT NULL CHECK (state IN ('active', 'suspended')),
    limits       TEXT    NOT NULL DEFAULT '[]' CHECK (limits LIKE '[%]'),
    credits      TEXT CHECK (credits LIKE '{%}'),
    credits_since INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    version      INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    UNIQUE (workspace_id, name),
    UNIQUE (workspace_id, id)
) STRICT;

CREATE TABLE limit_overrides (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    namespace    TEXT    NOT NULL CHECK (length(namespace) BETWEEN 1 AND 64),
    identifier   TEXT    NOT NULL CHECK (length(identifier) BETWEEN 1 AND 255),
    limit_name   TEXT    NOT NULL,
    numbers      TEXT    NOT NULL CHECK (numbers LIKE '{%}'),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    UNIQUE (workspace_id, namespace, identifier, limit_name)
) STRICT;

CREATE TABLE consumers (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    external_id  TEXT    NOT NULL CHECK (length(external_id) BETWEEN 1 AND 255),
    kind         TEXT    NOT NULL CHECK (kind IN ('user', 'service', 'customer')),
    name         TEXT,
    limits       TEXT    NOT NULL DEFAULT '[]' CHECK (limits LIKE '[%]'),
    credits      TEXT CHECK (credits LIKE '{%}'),
    credit_generation INTEGER NOT NULL DEFAULT 1 CHECK (credit_generation > 0),
    credits_since INTEGER NOT NULL DEFAULT 0,
    plan_id      TEXT,
    metadata     TEXT    NOT NULL DEFAULT '{}' CHECK (metadata LIKE '{%}'),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    version      INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    UNIQUE (workspace_id, id),
    FOREIGN KEY (workspace_id, plan_id) REFERENCES plans (workspace_id, id)
) STRICT;

CREATE INDEX consumers_by_plan ON consumers (plan_id) WHERE plan_id IS NOT NULL;

CREATE UNIQUE INDEX consumers_external_id ON consumers (workspace_id, external_id) WHERE deleted_at IS NULL;

CREATE INDEX consumers_page_by_kind ON consumers (workspace_id, kind, id) WHERE deleted_at IS NULL;

CREATE TABLE roles (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    name         TEXT    NOT NULL,
    description  TEXT    NOT NULL DEFAULT '',
    scopes       TEXT    NOT NULL CHECK (scopes LIKE '[%]'),
    built_in     INTEGER NOT NULL DEFAULT 0 CHECK (built_in IN (0, 1)),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    version      INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    UNIQUE (workspace_id, name)
) STRICT;

-- The composite foreign keys keep a key's api and consumer in the key's own workspace.
CREATE TABLE keys (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    api_id       TEXT    NOT NULL,
    environment  TEXT    NOT NULL,
    consumer_id  TEXT    NOT NULL,
    kind         TEXT    NOT NULL DEFAULT 'secret' CHECK (kind IN ('secret', 'publishable')),
    start        TEXT    NOT NULL,
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    scopes       TEXT    NOT NULL CHECK (scopes LIKE '[%]'),
    state        TEXT    NOT NULL
        CHECK (state IN ('pending', 'active', 'suspended', 'revoked', 'compromised', 'destroyed')),
    state_at     INTEGER,
    state_by     TEXT,
    state_reason TEXT
        CHECK (state_reason IN
            ('superseded', 'unused', 'leaked', 'owner_left', 'privilege_withdrawn', 'other')),
    state_note   TEXT CHECK (length(state_note) <= 500),
    not_before   INTEGER,
    expires_at   INTEGER,
    restrictions TEXT    NOT NULL DEFAULT '{}' CHECK (restrictions LIKE '{%}'),
    limits       TEXT    NOT NULL DEFAULT '[]' CHECK (limits LIKE '[%]'),
    credits      TEXT CHECK (credits LIKE '{%}'),
    credit_generation INTEGER NOT NULL DEFAULT 1 CHECK (credit_generation > 0),
    credits_since INTEGER NOT NULL DEFAULT 0,
    plan_id      TEXT,
    metadata     TEXT    NOT NULL DEFAULT '{}' CHECK (metadata LIKE '{%}'),
    created_at   INTEGER NOT NULL,
    created_by   TEXT,
    updated_at   INTEGER NOT NULL,
    version      INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    FOREIGN KEY (workspace_id, api_id) REFERENCES apis (workspace_id, id),
    FOREIGN KEY (workspace_id, consumer_id) REFERENCES consumers (workspace_id, id),
    FOREIGN KEY (workspace_id, plan_id) REFERENCES plans (workspace_id, id)
) STRICT;

-- One for each filter of the list, ending with the id that pages are cut by.
CREATE INDEX keys_page ON keys (workspace_id, id);
CREATE INDEX keys_page_by_api ON keys (workspace_id, api_id, environment, id);
CREATE INDEX keys_page_by_consumer ON keys (workspace_id, consumer_id, id);
CREATE INDEX keys_page_by_state ON keys (workspace_id, state, id);
CREATE INDEX keys_page_by_environment ON keys (workspace_id, environment, id);
CREATE INDEX keys_by_expiry ON keys (workspace_id, expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX keys_page_by_name ON keys (workspace_id, name, id);

CREATE INDEX keys_publishable ON keys (workspace_id, api_id) WHERE kind = 'publishable';
CREATE INDEX keys_by_plan ON keys (plan_id) WHERE plan_id IS NOT NULL;

CREATE TABLE key_roles (
    key_id  TEXT NOT NULL REFERENCES keys (id),
    role_id TEXT NOT NULL REFERENCES roles (id),
    PRIMARY KEY (key_id, role_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_roles_role ON key_roles (role_id);

-- digest is NULL once the key is destroyed.
CREATE TABLE credentials (
    id             TEXT    NOT NULL PRIMARY KEY,
    workspace_id   TEXT    NOT NULL REFERENCES workspaces (id),
    key_id         TEXT    NOT NULL REFERENCES keys (id),
    lookup_id      TEXT    NOT NULL UNIQUE CHECK (length(lookup_id) = 12),
    digest         BLOB CHECK (length(digest) = 32),
    pepper_version INTEGER NOT NULL CHECK (pepper_version > 0),
    state          TEXT    NOT NULL CHECK (state IN ('current', 'retiring', 'retired')),
    retires_at     INTEGER,
    created_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX credentials_key ON credentials (key_id);
CREATE UNIQUE INDEX credentials_one_current ON credentials (key_id) WHERE state = 'current';

-- Credit accounts as of a record in the usage journal: what is there behind it is replayed at the next start.
-- An account of an older generation than its owner has does not count.
CREATE TABLE credit_accounts (
    kind       INTEGER NOT NULL CHECK (kind IN (1, 2)),
    owner_id   TEXT    NOT NULL,
    generation INTEGER NOT NULL CHECK (generation > 0),
    remaining  INTEGER NOT NULL CHECK (remaining >= 0),
    period     INTEGER NOT NULL,
    sequence   INTEGER NOT NULL CHECK (sequence >= 0),
    holds      TEXT    NOT NULL DEFAULT '[]' CHECK (holds LIKE '[%]'),
    PRIMARY KEY (kind, owner_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE credit_reservations (
    id            TEXT    NOT NULL PRIMARY KEY,
    accounts      TEXT    NOT NULL CHECK (accounts LIKE '[%]'),
    amount        INTEGER NOT NULL CHECK (amount >= 0),
    lease_ends_at INTEGER NOT NULL,
    state         TEXT    NOT NULL CHECK (state IN ('open', 'committed', 'released', 'expired')),
    used          INTEGER NOT NULL DEFAULT 0 CHECK (used BETWEEN 0 AND amount),
    sequence      INTEGER NOT NULL CHECK (sequence >= 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX credit_reservations_by_state ON credit_reservations (state, lease_ends_at);

-- Append-only: the triggers below refuse every change.
CREATE TABLE audit_events (
    event_index       INTEGER NOT NULL PRIMARY KEY,
    id                TEXT    NOT NULL UNIQUE,
    workspace_id      TEXT    NOT NULL REFERENCES workspaces (id),
    at                INTEGER NOT NULL,
    actor_kind        TEXT    NOT NULL CHECK (actor_kind IN ('key', 'system')),
    actor_id          TEXT,
    actor_consumer_id TEXT,
    actor_network     TEXT,
    action            TEXT    NOT NULL,
    target_type       TEXT    NOT NULL,
    target_id         TEXT,
    outcome           TEXT    NOT NULL CHECK (outcome IN ('done', 'denied', 'failed')),
    reason            TEXT,
    before_state      TEXT CHECK (before_state LIKE '{%}'),
    after_state       TEXT CHECK (after_state LIKE '{%}'),
    request_id        TEXT,
    CHECK (actor_kind = 'system' OR actor_id IS NOT NULL)
) STRICT;

CREATE INDEX audit_events_page ON audit_events (workspace_id, event_index);
CREATE INDEX audit_events_by_target ON audit_events (workspace_id, target_id, event_index);
CREATE INDEX audit_events_by_actor ON audit_events (workspace_id, actor_id, event_index);
CREATE INDEX audit_events_by_outcome ON audit_events (workspace_id, outcome, event_index);
CREATE INDEX audit_events_by_time ON audit_events (workspace_id, at, event_index);
CREATE INDEX audit_events_by_action ON audit_events (workspace_id, action, event_index);

CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'The audit log is append-only.');
END;

CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN
    SELECT RAISE(ABORT, 'The audit log is append-only.');
END;

-- REPLACE deletes without firing the trigger above (recursive_triggers is off).
CREATE TRIGGER audit_events_no_replace BEFORE INSERT ON audit_events
WHEN EXISTS (SELECT 1 FROM audit_events WHERE event_index = NEW.event_index OR id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'The audit log is append-only.');
END;

CREATE TABLE idempotency (
    workspace_id    TEXT    NOT NULL REFERENCES workspaces (id),
    actor_id        TEXT    NOT NULL,
    idempotency_key TEXT    NOT NULL CHECK (length(idempotency_key) BETWEEN 1 AND 255),
    fingerprint     BLOB    NOT NULL,
    sealed_answer   BLOB    NOT NULL,
    seal_version    INTEGER NOT NULL CHECK (seal_version > 0),
    created_at      INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, actor_id, idempotency_key)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_created_at ON idempotency (created_at);
