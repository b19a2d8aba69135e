-- Since when uses are on record: of what was before, nothing is known. Written when it is asked for first.
-- Released migrations are never edited: add the next number instead.

CREATE TABLE origin (
    id       INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    began_at INTEGER NOT NULL
) STRICT;
