-- What use is counted in. Ids are their 16 bytes, or none where a verification had none; times are milliseconds since the
-- epoch.
-- Released migrations are never edited: add the next number instead.

-- The number of the last record that is counted; moved in the transaction that counts.
CREATE TABLE progress (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    sequence INTEGER NOT NULL CHECK (sequence >= 0)
) STRICT;

INSERT INTO progress (id, sequence) VALUES (1, 0);

-- The days of the access log that may have entries which are not counted; noted before the first entry is written.
CREATE TABLE open_days (
    day INTEGER NOT NULL PRIMARY KEY
) STRICT;

-- In the next three, the time comes first: rows are added near the end, and old ones are removed at the beginning. A
-- query for one key looks into every step of its time.

CREATE TABLE usage_minutes (
    start        INTEGER NOT NULL CHECK (start % 60000 = 0),
    workspace_id BLOB    NOT NULL CHECK (length(workspace_id) IN (0, 16)),
    key_id       BLOB    NOT NULL CHECK (length(key_id) IN (0, 16)),
    consumer_id  BLOB    NOT NULL CHECK (length(consumer_id) IN (0, 16)),
    api_id       BLOB    NOT NULL CHECK (length(api_id) IN (0, 16)),
    code         INTEGER NOT NULL CHECK (code BETWEEN 0 AND 255),
    count        INTEGER NOT NULL CHECK (count > 0),
    cost         INTEGER NOT NULL CHECK (cost >= 0),
    PRIMARY KEY (start, workspace_id, key_id, consumer_id, api_id, code)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_minutes_of_consumer ON usage_minutes (start, workspace_id, consumer_id);

CREATE TABLE usage_hours (
    start        INTEGER NOT NULL CHECK (start % 3600000 = 0),
    workspace_id BLOB    NOT NULL CHECK (length(workspace_id) IN (0, 16)),
    key_id       BLOB    NOT NULL CHECK (length(key_id) IN (0, 16)),
    consumer_id  BLOB    NOT NULL CHECK (length(consumer_id) IN (0, 16)),
    api_id       BLOB    NOT NULL CHECK (length(api_id) IN (0, 16)),
    code         INTEGER NOT NULL CHECK (code BETWEEN 0 AND 255),
    count        INTEGER NOT NULL CHECK (count > 0),
    cost         INTEGER NOT NULL CHECK (cost >= 0),
    PRIMARY KEY (start, workspace_id, key_id, consumer_id, api_id, code)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_hours_of_consumer ON usage_hours (start, workspace_id, consumer_id);

CREATE TABLE usage_days (
    start        INTEGER NOT NULL CHECK (start % 86400000 = 0),
    workspace_id BLOB    NOT NULL CHECK (length(workspace_id) IN (0, 16)),
    key_id       BLOB    NOT NULL CHECK (length(key_id) IN (0, 16)),
    consumer_id  BLOB    NOT NULL CHECK (length(consumer_id) IN (0, 16)),
    api_id       BLOB    NOT NULL CHECK (length(api_id) IN (0, 16)),
    code         INTEGER NOT NULL CHECK (code BETWEEN 0 AND 255),
    count        INTEGER NOT NULL CHECK (count > 0),
    cost         INTEGER NOT NULL CHECK (cost >= 0),
    PRIMARY KEY (start, workspace_id, key_id, consumer_id, api_id, code)
) STRICT, WITHOUT ROWID;

CREATE INDEX usage_days_of_consumer ON usage_days (start, workspace_id, consumer_id);

CREATE TABLE last_uses (
    workspace_id   BLOB    NOT NULL CHECK (length(workspace_id) IN (0, 16)),
    key_id         BLOB    NOT NULL CHECK (length(key_id) = 16),
    at             INTEGER NOT NULL,
    client_address BLOB    CHECK (length(client_address) IN (4, 16)),
    user_agent     TEXT,
    PRIMARY KEY (workspace_id, key_id)
) STRICT, WITHOUT ROWID;

-- By the hour. The network is an IPv4 address, the first 8 bytes of an IPv6 address, or nothing.
CREATE TABLE refusals (
    start        INTEGER NOT NULL CHECK (start % 3600000 = 0),
    workspace_id BLOB    NOT NULL CHECK (length(workspace_id) IN (0, 16)),
    network      BLOB    NOT NULL CHECK (length(network) IN (0, 4, 8)),
    code         INTEGER NOT NULL CHECK (code BETWEEN 0 AND 255),
    count        INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (start, workspace_id, network, code)
) STRICT, WITHOUT ROWID;
