-- Outgoing events: who is told, what happened, and how far each telling has come.
-- Released migrations are never edited: add the next number instead.

CREATE TABLE webhook_endpoints (
    id            TEXT    NOT NULL PRIMARY KEY,
    workspace_id  TEXT    NOT NULL REFERENCES workspaces (id),
    url           TEXT    NOT NULL CHECK (length(url) BETWEEN 1 AND 2100),
    description   TEXT    NOT NULL DEFAULT '',
    types         TEXT    NOT NULL DEFAULT '[]' CHECK (types LIKE '[%]'),
    state         TEXT    NOT NULL CHECK (state IN ('enabled', 'disabled')),
    failing_since INTEGER,
    held_until    INTEGER NOT NULL DEFAULT 0,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    version       INTEGER NOT NULL DEFAULT 1 CHECK (version > 0)
) STRICT;

CREATE INDEX webhook_endpoints_page ON webhook_endpoints (workspace_id, id);

-- The one without an end is current; the others sign too until their grace is over.
CREATE TABLE webhook_secrets (
    endpoint_id  TEXT    NOT NULL REFERENCES webhook_endpoints (id),
    number       INTEGER NOT NULL CHECK (number > 0),
    sealed       BLOB    NOT NULL,
    seal_version INTEGER NOT NULL CHECK (seal_version > 0),
    created_at   INTEGER NOT NULL,
    ends_at      INTEGER,
    PRIMARY KEY (endpoint_id, number)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX webhook_secrets_one_current ON webhook_secrets (endpoint_id) WHERE ends_at IS NULL;

CREATE TABLE outgoing_events (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    type         TEXT    NOT NULL,
    at           INTEGER NOT NULL,
    subject      TEXT    NOT NULL CHECK (length(subject) > 0),
    body         TEXT    NOT NULL CHECK (body LIKE '{%}')
) STRICT;

CREATE TABLE deliveries (
    sequence     INTEGER NOT NULL PRIMARY KEY,
    id           TEXT    NOT NULL UNIQUE,
    endpoint_id  TEXT    NOT NULL REFERENCES webhook_endpoints (id),
    event_id     TEXT    NOT NULL REFERENCES outgoing_events (id),
    subject      TEXT    NOT NULL,
    state        TEXT    NOT NULL CHECK (state IN ('pending', 'delivered', 'dead')),
    blocked      INTEGER NOT NULL CHECK (blocked IN (0, 1)),
    attempts     INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at      INTEGER NOT NULL,
    leased_until INTEGER NOT NULL DEFAULT 0,
    last_at      INTEGER,
    last_status  INTEGER,
    last_failure TEXT,
    created_at   INTEGER NOT NULL,
    finished_at  INTEGER,
    CHECK ((finished_at IS NULL) = (state = 'pending'))
) STRICT;

-- The order by subject: of what is about one subject, one delivery to an endpoint can be on its way.
CREATE UNIQUE INDEX deliveries_one_at_a_time ON deliveries (endpoint_id, subject)
    WHERE state = 'pending' AND blocked = 0;
CREATE INDEX deliveries_waiting ON deliveries (endpoint_id, subject, sequence) WHERE state = 'pending';
CREATE INDEX deliveries_due ON deliveries (endpoint_id, next_at, sequence) WHERE state = 'pending' AND blocked = 0;
CREATE INDEX deliveries_page ON deliveries (endpoint_id, sequence);
CREATE INDEX deliveries_page_by_state ON deliveries (endpoint_id, state, sequence);
CREATE INDEX deliveries_finished ON deliveries (state, finished_at) WHERE finished_at IS NOT NULL;
CREATE INDEX deliveries_by_event ON deliveries (event_id);
