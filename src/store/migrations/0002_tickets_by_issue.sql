-- A tracker tells of an issue by its key.
CREATE INDEX tickets_by_issue ON tickets (workspace, json_extract(document, '$.external.key'), number);
