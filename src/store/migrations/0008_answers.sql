-- What the knowledge base said to somebody, and what became of it. `sealed` is the question and the answer, under the key of who
-- asked. `cause` names what asked for it, so that a job that is done again keeps one. No outcome: nobody has said anything yet.
CREATE TABLE answers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace  TEXT NOT NULL,
    cause      TEXT NOT NULL,
    ticket     INTEGER,
    asker      TEXT NOT NULL,
    made_at    INTEGER NOT NULL,
    found      INTEGER NOT NULL,
    key_id     INTEGER REFERENCES data_keys (id),
    sealed     BLOB,
    outcome    TEXT,
    settled_by TEXT,
    settled_at INTEGER,
    settled_cause TEXT,
    UNIQUE (workspace, cause)
) STRICT;
CREATE INDEX answers_made ON answers (workspace, made_at);

-- Clicks that allow an action which belongs to no ticket. `sealed` is the action, under the key of who clicked; done once
-- `done_at` says so.
CREATE TABLE clicks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace  TEXT NOT NULL,
    cause      TEXT NOT NULL,
    clicked_by TEXT NOT NULL,
    clicked_at INTEGER NOT NULL,
    key_id     INTEGER REFERENCES data_keys (id),
    sealed     BLOB,
    done_at    INTEGER,
    UNIQUE (workspace, cause)
) STRICT;
