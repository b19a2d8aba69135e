-- Rotation: since when a credential has a successor, and what else than time ends its grace.
-- Released migrations are never edited: add the next number instead.

ALTER TABLE credentials ADD COLUMN replaced_at INTEGER;

-- Milliseconds: the grace ends once the credential has not been used for so long.
ALTER TABLE credentials ADD COLUMN quiet_for INTEGER CHECK (quiet_for > 0);

-- When it is to be looked at whether it has been quiet; only for those that are in grace.
ALTER TABLE credentials ADD COLUMN quiet_due_at INTEGER;

ALTER TABLE credentials ADD COLUMN ended_at INTEGER;

CREATE INDEX credentials_quiet_due ON credentials (quiet_due_at) WHERE quiet_due_at IS NOT NULL;

-- Until when an answer is kept that somebody may need for longer than a day.
ALTER TABLE idempotency ADD COLUMN keep_until INTEGER;
