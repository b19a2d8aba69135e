-- When keys came back: the time that they have for a rotation or a use counts from there.
-- Released migrations are never edited: add the next number instead.

ALTER TABLE key_notices ADD COLUMN revived_at INTEGER;

-- What was known so far: a key that was ended for want of a rotation, and has another end now.
UPDATE key_notices SET revived_at = (
    SELECT keys.updated_at FROM keys
    WHERE keys.id = key_notices.key_id AND (keys.expires_at IS NULL OR keys.expires_at > rotation_ended_at)
)
WHERE rotation_ended_at IS NOT NULL;

ALTER TABLE key_notices DROP COLUMN rotation_ended_at;
