-- Keys that another system made: what it did to their tokens, how their credentials are found, and what was imported.

-- Lines up to and with last_line are done with.
CREATE TABLE imports (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    api_id       TEXT    NOT NULL,
    environment  TEXT    NOT NULL,
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 128),
    rule         TEXT    NOT NULL,
    last_line    INTEGER NOT NULL DEFAULT 0 CHECK (last_line >= 0),
    imported     INTEGER NOT NULL DEFAULT 0 CHECK (imported >= 0),
    existing     INTEGER NOT NULL DEFAULT 0 CHECK (existing >= 0),
    refused      INTEGER NOT NULL DEFAULT 0 CHECK (refused >= 0),
    consumers    INTEGER NOT NULL DEFAULT 0 CHECK (consumers >= 0),
    created_at   INTEGER NOT NULL,
    created_by   TEXT    NOT NULL,
    updated_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, api_id, environment, name),
    FOREIGN KEY (workspace_id, api_id) REFERENCES apis (workspace_id, id)
) STRICT;

-- Why lines were not taken; never what is in them.
CREATE TABLE import_refusals (
    import_id TEXT    NOT NULL REFERENCES imports (id),
    line      INTEGER NOT NULL CHECK (line > 0),
    reason    TEXT    NOT NULL CHECK (length(reason) BETWEEN 1 AND 500),
    PRIMARY KEY (import_id, line)
) STRICT, WITHOUT ROWID;

-- What was done to the token that digest was made of; NULL where it was made of the token itself. The digest of a hash
-- is an HMAC under the pepper too. import_id is NULL for tokens of ours.
ALTER TABLE credentials ADD COLUMN foreign_scheme TEXT CHECK (length(foreign_scheme) BETWEEN 1 AND 512);
ALTER TABLE credentials ADD COLUMN import_id TEXT REFERENCES imports (id);

CREATE INDEX credentials_by_import ON credentials (import_id, key_id) WHERE import_id IS NOT NULL;

-- By which rules the credentials of tokens that are not ours are found. The key is that of HMAC-SHA-256, sealed.
CREATE TABLE foreign_rules (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    rule         TEXT    NOT NULL,
    sealed_key   BLOB,
    seal_version INTEGER CHECK (seal_version > 0),
    created_at   INTEGER NOT NULL,
    UNIQUE (workspace_id, rule),
    CHECK ((sealed_key IS NULL) = (seal_version IS NULL))
) STRICT;
