-- Times are microseconds since 1970-01-01 UTC. `sealed` columns are nonce || ciphertext || tag under the data key named by
-- `key_id`, bound to their table and row, so that they can't be moved to another row.

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- One key per person and generation, wrapped under the master key; person '' is the workspace's own key.
-- Erasing a person sets `wrapped` to NULL; the row stays as evidence.
CREATE TABLE data_keys (
    id           INTEGER PRIMARY KEY,
    workspace    TEXT NOT NULL,
    person       TEXT NOT NULL,
    generation   INTEGER NOT NULL,
    wrapped      BLOB,
    created_at   INTEGER NOT NULL,
    destroyed_at INTEGER,
    UNIQUE (workspace, person, generation),
    CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX data_keys_active ON data_keys (workspace, person) WHERE destroyed_at IS NULL;

-- What came in. `sealed` is the raw body; NULL where only the key is kept.
CREATE TABLE events (
    id            INTEGER PRIMARY KEY,
    workspace     TEXT NOT NULL,
    key           TEXT NOT NULL,
    kind          TEXT NOT NULL,
    subject       TEXT,
    serial        TEXT,
    received_at   INTEGER NOT NULL,
    expires_at    INTEGER,
    outcome       TEXT,
    outcome_name  TEXT,
    key_id        INTEGER REFERENCES data_keys (id),
    sealed        BLOB,
    UNIQUE (workspace, key)
) STRICT;
CREATE INDEX events_pending ON events (id) WHERE outcome_name IS NULL AND sealed IS NOT NULL;
CREATE INDEX events_unparsed ON events (id) WHERE outcome_name = 'unparsed';
CREATE INDEX events_expiring ON events (expires_at) WHERE expires_at IS NOT NULL;

-- An event's interpretation is queued by the worker that next looks for work, not at the door: the door writes one row per
-- event. Events up to `queued_up_to` are queued; ids only grow, since the newest event is never forgotten.
CREATE TABLE inbox_cursor (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    queued_up_to INTEGER NOT NULL
) STRICT;
INSERT INTO inbox_cursor (one, queued_up_to) VALUES (1, 0);

-- Durable jobs. state: 0 waits for its turn in `serial`, 1 ready, 2 leased, 3 done, 4 dead letter.
-- `lane` says whose workers do it.
-- `order_at` is the first `run_at`: a retry moves `run_at`, never a job's place in its serial.
-- `sends` counts the calls that went out for a job; `sent_under` is the fence under which the last one was about to leave, kept
-- before it left. `in_doubt` is 1 when a call of an earlier attempt may have done something: whoever takes the job up looks for
-- what it did before it is made again.
CREATE TABLE jobs (
    seq         INTEGER PRIMARY KEY AUTOINCREMENT,
    id          TEXT NOT NULL UNIQUE,
    workspace   TEXT NOT NULL,
    ticket      INTEGER,
    serial      TEXT,
    lane        TEXT NOT NULL,
    state       INTEGER NOT NULL,
    run_at      INTEGER NOT NULL,
    order_at    INTEGER NOT NULL,
    lease_until INTEGER,
    worker      TEXT,
    fence       INTEGER NOT NULL DEFAULT 0,
    attempts    INTEGER NOT NULL DEFAULT 0,
    crashes     INTEGER NOT NULL DEFAULT 0,
    sends       INTEGER NOT NULL DEFAULT 0,
    sent_under  INTEGER,
    in_doubt    INTEGER NOT NULL DEFAULT 0,
    last_error  TEXT,
    settled_at  INTEGER,
    key_id      INTEGER REFERENCES data_keys (id),
    sealed      BLOB
) STRICT;
CREATE INDEX jobs_ready ON jobs (lane, run_at) WHERE state = 1;
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state = 2;
CREATE INDEX jobs_waiting ON jobs (seq) WHERE state = 0;
CREATE INDEX jobs_done ON jobs (settled_at) WHERE state = 3;
CREATE INDEX jobs_dead ON jobs (seq) WHERE state = 4;
CREATE INDEX jobs_in_serial ON jobs (workspace, serial, order_at) WHERE serial IS NOT NULL AND state < 2;
-- At most one job of a serial is handed out or may be: the database itself sees to it.
CREATE UNIQUE INDEX jobs_turn ON jobs (workspace, serial) WHERE serial IS NOT NULL AND state IN (1, 2);

CREATE TABLE ticket_numbers (
    workspace TEXT PRIMARY KEY,
    last      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `document` is the ticket as JSON without the customer's words; the columns beside it are its index.
-- `join_channel` is set where the requester's next quick message may join the ticket.
CREATE TABLE tickets (
    id              INTEGER PRIMARY KEY,
    workspace       TEXT NOT NULL,
    number          INTEGER NOT NULL,
    version         INTEGER NOT NULL,
    status          TEXT NOT NULL,
    is_open         INTEGER NOT NULL,
    squad           TEXT,
    queue           TEXT,
    requester       TEXT NOT NULL,
    join_channel    TEXT,
    last_message_at INTEGER NOT NULL,
    document        TEXT NOT NULL,
    key_id          INTEGER REFERENCES data_keys (id),
    sealed          BLOB,
    UNIQUE (workspace, number)
) STRICT;
CREATE INDEX tickets_by_requester ON tickets (workspace, requester, number);
CREATE INDEX tickets_joinable ON tickets (workspace, requester, join_channel, last_message_at)
    WHERE join_channel IS NOT NULL AND is_open = 1;
CREATE INDEX tickets_open_squad ON tickets (workspace, squad) WHERE is_open = 1 AND squad IS NOT NULL;
CREATE INDEX tickets_open_queue ON tickets (workspace, queue) WHERE is_open = 1 AND queue IS NOT NULL;

-- Which ticket a Slack message belongs to: a message has one.
CREATE TABLE ticket_messages (
    workspace TEXT NOT NULL,
    channel   TEXT NOT NULL,
    ts        TEXT NOT NULL,
    ticket    INTEGER NOT NULL,
    PRIMARY KEY (workspace, channel, ts)
) STRICT, WITHOUT ROWID;

CREATE TABLE ticket_helpdesk (
    workspace   TEXT NOT NULL,
    system      TEXT NOT NULL,
    external_id TEXT NOT NULL,
    ticket      INTEGER NOT NULL,
    PRIMARY KEY (workspace, system, external_id)
) STRICT, WITHOUT ROWID;

-- What was decided, with what it was decided from (sealed under the requester's key).
CREATE TABLE decisions (
    id        INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    ticket    INTEGER NOT NULL,
    ordinal   INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    policy    TEXT NOT NULL,
    decision  BLOB NOT NULL,
    key_id    INTEGER NOT NULL REFERENCES data_keys (id),
    sealed    BLOB NOT NULL,
    UNIQUE (workspace, ticket, ordinal)
) STRICT;

CREATE TABLE policies (
    hash     TEXT PRIMARY KEY,
    source   TEXT NOT NULL,
    saved_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The audit trail: append-only, each entry's hash covers the one before and its own ciphertext. `state` is the hash of the
-- ticket's row as this entry's commit left it; the entry's own hash covers it.
CREATE TABLE audit (
    seq       INTEGER PRIMARY KEY,
    workspace TEXT NOT NULL,
    at        INTEGER NOT NULL,
    kind      TEXT NOT NULL,
    actor     TEXT NOT NULL,
    ticket    INTEGER,
    subject   TEXT,
    key_id    INTEGER NOT NULL REFERENCES data_keys (id),
    sealed    BLOB NOT NULL,
    state     BLOB,
    hash      BLOB NOT NULL
) STRICT;
CREATE INDEX audit_by_ticket ON audit (workspace, ticket, seq) WHERE ticket IS NOT NULL;
-- Each start asks for the last change of the policy; the trail may be long.
CREATE INDEX audit_policy_changes ON audit (workspace, seq) WHERE kind = 'policy_changed';
CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

-- Where the trail ends, so that cutting its end off is noticed. `mac` is a code over `seq` and `hash` under a key derived from
-- the master key: nobody without it moves the trail's end. It is NULL only until the transaction that makes the store ends.
CREATE TABLE audit_head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB NOT NULL,
    mac  BLOB
) STRICT;
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, zeroblob(32));
CREATE TRIGGER audit_head_grows BEFORE UPDATE ON audit_head
    WHEN new.seq <> old.seq + 1 AND NOT (old.mac IS NULL AND new.seq = 0 AND new.hash = old.hash)
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END;
CREATE TRIGGER audit_head_is_one BEFORE INSERT ON audit_head WHEN EXISTS (SELECT 1 FROM audit_head)
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END;
-- REPLACE deletes without asking the triggers for deletion.
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit WHEN new.seq <> (SELECT seq + 1 FROM audit_head)
    BEGIN SELECT RAISE(ABORT, 'the audit trail only grows'); END;
CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
    BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

-- What people rely on when they let Deskbell use a tool, and what servers made of it since.
CREATE TABLE tool_pins (
    workspace   TEXT NOT NULL,
    server      TEXT NOT NULL,
    tool        TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    definition  TEXT NOT NULL,
    PRIMARY KEY (workspace, server, tool)
) STRICT, WITHOUT ROWID;

-- `pinned` is the definition it differs from. Open while `choice` is NULL; 'accepted' or 'kept_blocked' after.
CREATE TABLE tool_drifts (
    id                 INTEGER PRIMARY KEY AUTOINCREMENT,
    workspace          TEXT NOT NULL,
    server             TEXT NOT NULL,
    tool               TEXT NOT NULL,
    fingerprint        TEXT NOT NULL,
    definition         TEXT NOT NULL,
    pinned_fingerprint TEXT NOT NULL,
    pinned             TEXT NOT NULL,
    posted_channel     TEXT,
    posted_ts          TEXT,
    choice             TEXT,
    chosen_by          TEXT,
    chosen_at          INTEGER
) STRICT;
CREATE INDEX tool_drifts_by_tool ON tool_drifts (workspace, server, tool, fingerprint);
