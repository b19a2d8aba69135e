-- Personal values beside those of the same subject, so that a change writes few pages, and with the newest leaf that has a
-- commitment to each, so that a value goes with it. Of those that are there nobody knows which leaf that is: they stay as
-- long as the newest one.
CREATE TABLE audit_values_anew (
    subject      TEXT    NOT NULL REFERENCES audit_subjects (subject),
    commitment   BLOB    NOT NULL CHECK (length(commitment) = 32),
    field        TEXT    NOT NULL,
    value        TEXT    NOT NULL,
    newest_index INTEGER NOT NULL CHECK (newest_index >= 0),
    PRIMARY KEY (subject, commitment)
) STRICT, WITHOUT ROWID;

INSERT INTO audit_values_anew (subject, commitment, field, value, newest_index)
SELECT subject, commitment, field, value, (SELECT COALESCE(MAX(event_index), 0) FROM audit_events)
FROM audit_values ORDER BY subject, commitment;

DROP TABLE audit_values;
ALTER TABLE audit_values_anew RENAME TO audit_values;
CREATE INDEX audit_values_by_network ON audit_values (value) WHERE field = 'network';
