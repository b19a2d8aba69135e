-- Policies: what is asked of keys, version by version, and how long that lets them live.
-- Released migrations are never edited: add the next number instead.

-- Names are kept: a deleted policy that is given again goes on with its next version.
CREATE TABLE policies (
    workspace_id TEXT    NOT NULL REFERENCES workspaces (id),
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 63),
    version      INTEGER NOT NULL CHECK (version > 0),
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL,
    deleted_at   INTEGER,
    PRIMARY KEY (workspace_id, name)
) STRICT, WITHOUT ROWID;

-- A version without a document is where the policy was deleted.
CREATE TABLE policy_versions (
    workspace_id TEXT    NOT NULL,
    name         TEXT    NOT NULL,
    version      INTEGER NOT NULL CHECK (version > 0),
    document     TEXT CHECK (document LIKE '{%}'),
    created_at   INTEGER NOT NULL,
    created_by   TEXT,
    PRIMARY KEY (workspace_id, name, version),
    FOREIGN KEY (workspace_id, name) REFERENCES policies (workspace_id, name)
) STRICT, WITHOUT ROWID;

-- What all policies together say of one place, as verification reads it: made from the documents at every change of a
-- policy or of an api. The maximum is in milliseconds.
CREATE TABLE policy_lifetimes (
    workspace_id  TEXT    NOT NULL,
    api_id        TEXT    NOT NULL,
    environment   TEXT    NOT NULL,
    maximum       INTEGER NOT NULL CHECK (maximum > 0),
    spares_owners INTEGER NOT NULL CHECK (spares_owners IN (0, 1)),
    PRIMARY KEY (api_id, environment),
    FOREIGN KEY (workspace_id, api_id) REFERENCES apis (workspace_id, id)
) STRICT, WITHOUT ROWID;

-- Finds the keys of a place whose longest life ends at a moment.
CREATE INDEX keys_by_age ON keys (workspace_id, api_id, environment, created_at);

-- The built-in roles of a database that is in use get what new ones have.
UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"policies.*"]'
WHERE built_in = 1 AND name = 'admin' AND scopes NOT LIKE '%"policies.%';

UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"policies.read"]'
WHERE built_in = 1 AND name IN ('operator', 'auditor', 'viewer') AND scopes NOT LIKE '%"policies.%';

-- What older installations lack: their roles were written before there were leaks and webhooks.
UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"leaks.*"]'
WHERE built_in = 1 AND name IN ('admin', 'operator') AND scopes NOT LIKE '%"leaks.%';

UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"leaks.read"]'
WHERE built_in = 1 AND name = 'auditor' AND scopes NOT LIKE '%"leaks.%';

UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"webhooks.*"]'
WHERE built_in = 1 AND name = 'admin' AND scopes NOT LIKE '%"webhooks.%';

UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"webhooks.read"]'
WHERE built_in = 1 AND name IN ('operator', 'auditor') AND scopes NOT LIKE '%"webhooks.%';
