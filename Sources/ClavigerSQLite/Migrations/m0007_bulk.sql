-- Changes of many keys that were looked at and wait to be confirmed.
-- Released migrations are never edited: add the next number instead.

-- The digest is over the ids and versions of the keys; the outcome is the answer, once it has been carried out.
CREATE TABLE bulk_previews (
    id           TEXT    NOT NULL PRIMARY KEY,
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    created_by   TEXT    NOT NULL REFERENCES keys (id),
    created_at   INTEGER NOT NULL,
    subject      TEXT    NOT NULL CHECK (subject LIKE '{%}'),
    key_count    INTEGER NOT NULL CHECK (key_count >= 0),
    digest       BLOB    NOT NULL CHECK (length(digest) = 32),
    outcome      TEXT    CHECK (outcome LIKE '{%}')
) STRICT;

CREATE INDEX bulk_previews_created_at ON bulk_previews (created_at);
