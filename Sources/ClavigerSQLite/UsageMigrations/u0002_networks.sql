-- From about how many networks each key was used, week by week: 64 bits by which networks can be counted and not named.
-- Released migrations are never edited: add the next number instead.

CREATE TABLE key_networks (
    workspace_id BLOB    NOT NULL CHECK (length(workspace_id) IN (0, 16)),
    key_id       BLOB    NOT NULL CHECK (length(key_id) = 16),
    week         INTEGER NOT NULL,
    networks     INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, key_id, week)
) STRICT, WITHOUT ROWID;

CREATE INDEX key_networks_by_week ON key_networks (week);
