-- One UTC day of the access log. Ids are their 16 bytes, client addresses 4 or 16 bytes, times milliseconds since the
-- epoch, codes and sources the numbers that the journal has. Nothing here refers to another file: what a row is about
-- may have been deleted long ago.
-- Released migrations are never edited: add the next number instead.

CREATE TABLE entries (
    sequence        INTEGER NOT NULL PRIMARY KEY CHECK (sequence > 0),
    -- The journal in steps of 1 MiB, a few thousand entries each.
    block           INTEGER NOT NULL CHECK (block = sequence / 1048576),
    at              INTEGER NOT NULL,
    code            INTEGER NOT NULL CHECK (code BETWEEN 0 AND 255),
    source          INTEGER NOT NULL CHECK (source BETWEEN 0 AND 255),
    workspace_id    BLOB    CHECK (length(workspace_id) = 16),
    api_id          BLOB    CHECK (length(api_id) = 16),
    consumer_id     BLOB    CHECK (length(consumer_id) = 16),
    key_id          BLOB    CHECK (length(key_id) = 16),
    credential_id   BLOB    CHECK (length(credential_id) = 16),
    lookup_id       TEXT,
    environment     TEXT,
    client_address  BLOB    CHECK (length(client_address) IN (4, 16)),
    method          TEXT,
    path            TEXT,
    origin          TEXT,
    user_agent      TEXT,
    upstream_status INTEGER CHECK (upstream_status BETWEEN 0 AND 65535),
    cost            INTEGER NOT NULL CHECK (cost BETWEEN 0 AND 4294967295),
    latency_micros  INTEGER NOT NULL CHECK (latency_micros BETWEEN 0 AND 4294967295),
    request_id      TEXT    NOT NULL
) STRICT;

-- The block comes first: entries are added at the end of both indexes, where a few pages in memory take all of them.
-- An index by key alone would be written all over, at several times the cost. A query goes through the blocks.
CREATE INDEX entries_of_key ON entries (block, key_id) WHERE key_id IS NOT NULL;
CREATE INDEX entries_of_consumer ON entries (block, consumer_id) WHERE consumer_id IS NOT NULL;

-- Which blocks there are, and the times of their entries.
CREATE TABLE blocks (
    block    INTEGER NOT NULL PRIMARY KEY,
    first_at INTEGER NOT NULL,
    last_at  INTEGER NOT NULL,
    CHECK (first_at <= last_at)
) STRICT;
