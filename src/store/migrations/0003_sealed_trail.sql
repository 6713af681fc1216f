-- The hash of the ticket's row as this entry's commit left it. The entry's own hash covers it.
ALTER TABLE audit ADD COLUMN state BLOB;

-- A code over `seq` and `hash` under a key derived from the master key: nobody without it moves the trail's end.
ALTER TABLE audit_head ADD COLUMN mac BLOB;
DROP TRIGGER audit_head_grows;
CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head
    WHEN new.seq <> old.seq + 1 AND NOT (old.mac IS NULL AND new.seq = old.seq AND new.hash = old.hash)
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END;
