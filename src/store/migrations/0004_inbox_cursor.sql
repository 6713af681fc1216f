-- An event's interpretation is queued by the worker that next looks for work, not at the door: the door writes one row per
-- event. Events up to `queued_up_to` are queued; ids only grow, since the newest event is never forgotten.
CREATE TABLE inbox_cursor (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    queued_up_to INTEGER NOT NULL
) STRICT;
INSERT INTO inbox_cursor (one, queued_up_to) SELECT 1, coalesce(max(id), 0) FROM events;
