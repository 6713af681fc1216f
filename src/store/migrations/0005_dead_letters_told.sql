-- When people were told that a dead letter is about to be forgotten.
ALTER TABLE jobs ADD COLUMN told_at INTEGER;
