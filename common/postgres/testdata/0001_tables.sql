-- 0001_tables.sql: what the test of bazel/sql.bzl embeds.
CREATE TABLE things (
  id   text PRIMARY KEY,
  note text NOT NULL DEFAULT 'a "quoted" \ note; %s $1'
);
