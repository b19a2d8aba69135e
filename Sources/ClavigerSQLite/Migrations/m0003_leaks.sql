-- Tokens of ours that were found where they do not belong: what becomes of their keys, and who found them where.

ALTER TABLE apis ADD COLUMN leak_policy TEXT NOT NULL DEFAULT 'compromise'
    CHECK (leak_policy IN ('compromise', 'suspend', 'report'));

-- Of the token there is only the credential. The same found again by the same source at the same place is one row.
CREATE TABLE leak_reports (
    id            TEXT    NOT NULL PRIMARY KEY,
    workspace_id  TEXT    NOT NULL REFERENCES workspaces (id),
    key_id        TEXT    NOT NULL REFERENCES keys (id),
    credential_id TEXT    NOT NULL REFERENCES credentials (id),
    source        TEXT    NOT NULL CHECK (length(source) <= 128),
    url           TEXT    NOT NULL CHECK (length(url) <= 2048),
    reported_at   INTEGER NOT NULL,
    reported_by   TEXT,
    outcome       TEXT    NOT NULL CHECK (outcome IN ('compromised', 'suspended', 'reported', 'already_ended')),
    UNIQUE (credential_id, source, url)
) STRICT;

-- One for each filter of the list, ending with the id that pages are cut by.
CREATE INDEX leak_reports_page ON leak_reports (workspace_id, id);
CREATE INDEX leak_reports_by_key ON leak_reports (workspace_id, key_id, id);
CREATE INDEX leak_reports_by_source ON leak_reports (workspace_id, source, id);
CREATE INDEX leak_reports_by_outcome ON leak_reports (workspace_id, outcome, id);

-- The built-in roles of a database that is in use get what new ones have.
UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"leaks.*"]'
WHERE built_in = 1 AND name IN ('admin', 'operator') AND scopes NOT LIKE '%"leaks.%';

UPDATE roles SET scopes = substr(scopes, 1, length(scopes) - 1) || ',"leaks.read"]'
WHERE built_in = 1 AND name = 'auditor' AND scopes NOT LIKE '%"leaks.%';
