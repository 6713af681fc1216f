-- What people answered to confirmations, in order. The last row of a ticket counts; a row without a verdict takes it back.
-- `facts` holds no words and bears a code under a key derived from the master key; `sealed` is what was asked, under the
-- requester's key.
CREATE TABLE labels (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace TEXT NOT NULL,
    ticket    INTEGER NOT NULL,
    requester TEXT NOT NULL,
    facts     TEXT NOT NULL,
    code      BLOB NOT NULL,
    key_id    INTEGER REFERENCES data_keys (id),
    sealed    BLOB
) STRICT;
CREATE INDEX labels_by_ticket ON labels (workspace, ticket, id);
CREATE INDEX labels_by_requester ON labels (workspace, requester);

-- Versions of the local model, as recipes: what they learned from, and how well. Training is repeatable, so no words and no
-- weights are kept: what is erased is gone from every version.
CREATE TABLE model_versions (
    workspace  TEXT NOT NULL,
    number     INTEGER NOT NULL,
    made_at    INTEGER NOT NULL,
    last_label INTEGER NOT NULL,
    policy     TEXT NOT NULL,
    about      TEXT NOT NULL,
    PRIMARY KEY (workspace, number)
) STRICT, WITHOUT ROWID;

-- The version that a person pinned, and from which confidence on each category was carried out by itself when that moved last.
CREATE TABLE model_standing (
    workspace TEXT PRIMARY KEY,
    pinned    INTEGER,
    auto_from TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What somebody asked of the model on the command line; whoever serves does it and removes it.
CREATE TABLE model_requests (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace TEXT NOT NULL,
    asked_at  INTEGER NOT NULL,
    request   TEXT NOT NULL
) STRICT;
