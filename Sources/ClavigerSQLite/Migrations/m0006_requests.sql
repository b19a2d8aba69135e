-- Requests for keys and for more, what others say of them, and reviews of keys that there are.
-- Released migrations are never edited: add the next number instead.

-- Of a token there is nothing: it is made when the key is, for the one answer that has it.
CREATE TABLE key_requests (
    id                    TEXT    NOT NULL PRIMARY KEY,
    workspace_id          TEXT    NOT NULL REFERENCES workspaces (id),
    api_id                TEXT    NOT NULL,
    environment           TEXT    NOT NULL,
    consumer_id           TEXT    NOT NULL,
    kind                  TEXT    NOT NULL CHECK (kind IN ('secret', 'publishable')),
    key_id                TEXT REFERENCES keys (id),
    base_version          INTEGER CHECK (base_version > 0),
    wanted                TEXT    NOT NULL CHECK (wanted LIKE '{%}'),
    wanted_life           INTEGER CHECK (wanted_life > 0),
    changes               TEXT    NOT NULL DEFAULT '{}' CHECK (changes LIKE '{%}'),
    widening              TEXT    NOT NULL DEFAULT '[]' CHECK (widening LIKE '[%]'),
    about                 TEXT    NOT NULL CHECK (about LIKE '{%}'),
    requested_by          TEXT    NOT NULL REFERENCES keys (id),
    requester_consumer_id TEXT    NOT NULL,
    state                 TEXT    NOT NULL CHECK (state IN
        ('pending', 'approved', 'collected', 'applied', 'denied', 'withdrawn', 'expired')),
    state_at              INTEGER NOT NULL,
    state_by              TEXT,
    ends_at               INTEGER NOT NULL,
    glass_reason          TEXT,
    glass_until           INTEGER,
    glass_reviewed_at     INTEGER,
    glass_reviewed_by     TEXT,
    glass_justified       INTEGER CHECK (glass_justified IN (0, 1)),
    glass_comment         TEXT,
    created_at            INTEGER NOT NULL,
    updated_at            INTEGER NOT NULL,
    version               INTEGER NOT NULL DEFAULT 1 CHECK (version > 0),
    CHECK ((glass_reason IS NULL) = (glass_until IS NULL)),
    CHECK (glass_reviewed_at IS NULL OR glass_reason IS NOT NULL),
    CHECK (base_version IS NULL OR key_id IS NOT NULL),
    CHECK (state NOT IN ('collected', 'applied') OR key_id IS NOT NULL),
    FOREIGN KEY (workspace_id, api_id) REFERENCES apis (workspace_id, id),
    FOREIGN KEY (workspace_id, consumer_id) REFERENCES consumers (workspace_id, id)
) STRICT;

CREATE INDEX key_requests_page ON key_requests (workspace_id, id);
CREATE INDEX key_requests_by_state ON key_requests (workspace_id, state, id);
CREATE INDEX key_requests_by_requester ON key_requests (workspace_id, requested_by, id);
CREATE INDEX key_requests_by_end ON key_requests (ends_at) WHERE state IN ('pending', 'approved');
CREATE INDEX key_requests_to_review ON key_requests (workspace_id, id)
    WHERE glass_reason IS NOT NULL AND glass_reviewed_at IS NULL;
CREATE INDEX key_requests_by_key ON key_requests (key_id) WHERE key_id IS NOT NULL;

CREATE TABLE key_request_notes (
    number      INTEGER NOT NULL PRIMARY KEY,
    request_id  TEXT    NOT NULL REFERENCES key_requests (id),
    version     INTEGER NOT NULL CHECK (version > 0),
    kind        TEXT    NOT NULL CHECK (kind IN ('approval', 'denial', 'comment')),
    by_key      TEXT    NOT NULL,
    by_consumer TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    text        TEXT    NOT NULL CHECK (length(text) <= 500)
) STRICT;

CREATE INDEX key_request_notes_by_request ON key_request_notes (request_id, number);
-- Nobody counts twice.
CREATE UNIQUE INDEX key_request_notes_one_approval ON key_request_notes (request_id, version, by_key)
    WHERE kind = 'approval';

CREATE TABLE reviews (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    filter       TEXT    NOT NULL CHECK (filter LIKE '{%}'),
    reviewers    TEXT    NOT NULL CHECK (reviewers LIKE '{%}'),
    on_deadline  TEXT    NOT NULL CHECK (on_deadline IN ('suspend', 'nothing')),
    due_at       INTEGER NOT NULL,
    repeat_every INTEGER CHECK (repeat_every > 0),
    repeats_at   INTEGER,
    remind_at    INTEGER,
    state        TEXT    NOT NULL CHECK (state IN ('open', 'due', 'closed', 'cancelled')),
    follows      TEXT REFERENCES reviews (id),
    created_at   INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    signed_at    INTEGER,
    signed_by    TEXT,
    sign_comment TEXT,
    CHECK ((signed_at IS NULL) = (state <> 'closed'))
) STRICT;

CREATE INDEX reviews_page ON reviews (workspace_id, id);
CREATE INDEX reviews_by_state ON reviews (workspace_id, state, id);
CREATE INDEX reviews_by_deadline ON reviews (due_at) WHERE state = 'open';
CREATE INDEX reviews_to_repeat ON reviews (repeats_at) WHERE repeats_at IS NOT NULL;
CREATE INDEX reviews_to_remind ON reviews (remind_at) WHERE remind_at IS NOT NULL;
-- A campaign is followed once.
CREATE UNIQUE INDEX reviews_one_successor ON reviews (follows) WHERE follows IS NOT NULL;

CREATE TABLE review_items (
    id          TEXT    NOT NULL PRIMARY KEY,
    review_id   TEXT    NOT NULL REFERENCES reviews (id),
    key_id      TEXT    NOT NULL REFERENCES keys (id),
    consumer_id TEXT    NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('open', 'decided', 'lapsed')),
    decision    TEXT CHECK (decision IN ('keep', 'reduce', 'revoke', 'suspend', 'none')),
    decided_at  INTEGER,
    decided_by  TEXT,
    comment     TEXT    NOT NULL DEFAULT '' CHECK (length(comment) <= 500),
    UNIQUE (review_id, key_id),
    CHECK ((decision IS NULL) = (state = 'open')),
    CHECK ((decided_at IS NULL) = (state = 'open'))
) STRICT;

CREATE INDEX review_items_page ON review_items (review_id, id);
CREATE INDEX review_items_by_state ON review_items (review_id, state, id);
CREATE INDEX review_items_by_consumer ON review_items (review_id, consumer_id, id);

-- The built-in roles of a database that is in use get what new ones have.
UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"reviews.*"]'
WHERE built_in = 1 AND name = 'admin' AND scopes NOT LIKE '%"reviews.%';

UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"reviews.read"]'
WHERE built_in = 1 AND name = 'auditor' AND scopes NOT LIKE '%"reviews.%';
