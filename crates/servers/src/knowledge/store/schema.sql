-- What the sources said, and what people made of answers. The index is made of this and kept nowhere.
CREATE TABLE documents (
    path TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    -- The document whose restrictions count too.
    parent TEXT,
    title TEXT NOT NULL,
    url TEXT,
    version TEXT NOT NULL,
    updated_at TEXT,
    markdown TEXT NOT NULL,
    -- The document's own restriction; what applies is it with its parents' and its space's.
    audience TEXT NOT NULL,
    -- The sweep that last saw it.
    sweep INTEGER NOT NULL
) STRICT;
CREATE INDEX documents_by_source ON documents (source);

CREATE TABLE versions (
    path TEXT NOT NULL,
    version TEXT NOT NULL,
    title TEXT NOT NULL,
    updated_at TEXT,
    markdown TEXT NOT NULL,
    number INTEGER PRIMARY KEY,
    UNIQUE (path, version)
) STRICT;

CREATE TABLE spaces (
    source TEXT PRIMARY KEY,
    audience TEXT NOT NULL,
    -- The sweep under way or done last, and where it goes on; nothing when it is done.
    sweep INTEGER NOT NULL,
    cursor TEXT,
    -- Seconds since 1970, when the sweep that was last done began to read permissions: they are known as of then.
    swept_at INTEGER
) STRICT;

CREATE TABLE accounts (account TEXT NOT NULL, email TEXT NOT NULL, PRIMARY KEY (account, email)) STRICT;
CREATE TABLE members (member_of TEXT NOT NULL, account TEXT NOT NULL, PRIMARY KEY (member_of, account)) STRICT;

CREATE TABLE feedback (
    number INTEGER PRIMARY KEY,
    mark TEXT NOT NULL UNIQUE,
    outcome TEXT NOT NULL,
    query TEXT NOT NULL,
    passages TEXT NOT NULL
) STRICT;

CREATE TABLE questions (
    number INTEGER PRIMARY KEY,
    asked_at INTEGER NOT NULL,
    query TEXT NOT NULL,
    -- Whether something was found that fits.
    is_found INTEGER NOT NULL,
    outcome TEXT
) STRICT;

-- Sentence vectors by the SHA-256 of their text: only to save the work of making them again.
CREATE TABLE vectors (digest BLOB PRIMARY KEY, vector BLOB NOT NULL) STRICT;
