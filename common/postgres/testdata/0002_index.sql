-- 0002_index.sql: the next one.
CREATE UNIQUE INDEX things_by_note ON things (note);
