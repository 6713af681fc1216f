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
