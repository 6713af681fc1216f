-- Sign-ins at the authorization servers of MCP servers, as their owner writes them: sealed under the master key. `revision` tells
-- a sign-in from one that somebody put in its place.
CREATE TABLE sign_ins (
    server   TEXT PRIMARY KEY,
    revision INTEGER NOT NULL,
    sealed   BLOB NOT NULL
) STRICT;
