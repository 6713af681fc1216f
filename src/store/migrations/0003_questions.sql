-- What servers ask people while they carry an approved action out. `sealed` is the question and `answer` what was answered, both
-- under the key of the ticket's requester. Open while `outcome` is NULL. `person` is asked directly, else `channel`.
CREATE TABLE questions (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace      TEXT NOT NULL,
    ticket         INTEGER NOT NULL,
    action         INTEGER NOT NULL,
    server         TEXT NOT NULL,
    tool           TEXT NOT NULL,
    person         TEXT,
    channel        TEXT NOT NULL,
    asked_at       INTEGER NOT NULL,
    until          INTEGER NOT NULL,
    posted_channel TEXT,
    posted_ts      TEXT,
    outcome        TEXT,
    settled_by     TEXT,
    settled_at     INTEGER,
    key_id         INTEGER REFERENCES data_keys (id),
    sealed         BLOB,
    answer_key_id  INTEGER REFERENCES data_keys (id),
    answer         BLOB
) STRICT;
CREATE INDEX questions_open ON questions (workspace, ticket, action) WHERE outcome IS NULL;
