-- Open tickets by squad and by queue, kept by whatever changes a ticket's row, in its own transaction: a decision reads a row a
-- squad and not every open ticket. `kind` is 'squad' or 'queue'.
CREATE TABLE open_work (
    workspace TEXT NOT NULL,
    kind      TEXT NOT NULL,
    name      TEXT NOT NULL,
    tickets   INTEGER NOT NULL,
    PRIMARY KEY (workspace, kind, name)
) STRICT, WITHOUT ROWID;

INSERT INTO open_work (workspace, kind, name, tickets)
    SELECT workspace, 'squad', squad, count(*) FROM tickets WHERE is_open = 1 AND squad IS NOT NULL GROUP BY workspace, squad
    UNION ALL
    SELECT workspace, 'queue', queue, count(*) FROM tickets WHERE is_open = 1 AND queue IS NOT NULL GROUP BY workspace, queue;

CREATE TRIGGER open_work_squad_more AFTER INSERT ON tickets WHEN new.is_open = 1 AND new.squad IS NOT NULL BEGIN
    INSERT INTO open_work VALUES (new.workspace, 'squad', new.squad, 1) ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;
CREATE TRIGGER open_work_queue_more AFTER INSERT ON tickets WHEN new.is_open = 1 AND new.queue IS NOT NULL BEGIN
    INSERT INTO open_work VALUES (new.workspace, 'queue', new.queue, 1) ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;
CREATE TRIGGER open_work_fewer AFTER DELETE ON tickets WHEN old.is_open = 1 BEGIN
    UPDATE open_work SET tickets = tickets - 1 WHERE workspace = old.workspace AND kind = 'squad' AND name = old.squad;
    UPDATE open_work SET tickets = tickets - 1 WHERE workspace = old.workspace AND kind = 'queue' AND name = old.queue;
END;
CREATE TRIGGER open_work_squad_moves AFTER UPDATE OF is_open, squad ON tickets
    WHEN new.is_open <> old.is_open OR new.squad IS NOT old.squad BEGIN
    UPDATE open_work SET tickets = tickets - 1
        WHERE old.is_open = 1 AND workspace = old.workspace AND kind = 'squad' AND name = old.squad;
    INSERT INTO open_work SELECT new.workspace, 'squad', new.squad, 1 WHERE new.is_open = 1 AND new.squad IS NOT NULL
        ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;
CREATE TRIGGER open_work_queue_moves AFTER UPDATE OF is_open, queue ON tickets
    WHEN new.is_open <> old.is_open OR new.queue IS NOT old.queue BEGIN
    UPDATE open_work SET tickets = tickets - 1
        WHERE old.is_open = 1 AND workspace = old.workspace AND kind = 'queue' AND name = old.queue;
    INSERT INTO open_work SELECT new.workspace, 'queue', new.queue, 1 WHERE new.is_open = 1 AND new.queue IS NOT NULL
        ON CONFLICT DO UPDATE SET tickets = tickets + 1;
END;

-- Nothing counts along them any more.
DROP INDEX tickets_open_squad;
DROP INDEX tickets_open_queue;
