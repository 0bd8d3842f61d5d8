-- 0001_messages.sql: every channel's events in one dense order, and where each order stands.
CREATE TABLE channel_heads (
  channel text   PRIMARY KEY,
  number  bigint NOT NULL                  -- the highest given out; its row's lock orders the writers
);

CREATE TABLE events (
  workspace         text   NOT NULL,
  channel           text   NOT NULL,
  number            bigint NOT NULL CHECK (number > 0),
  kind              text   NOT NULL CHECK (kind IN ('POST')),
  actor             text   NOT NULL,
  client_message_id text   NOT NULL,
  body              text   NOT NULL,
  create_us         bigint NOT NULL,       -- microseconds since 1970, by this database: the message's instant
  rights_epoch      text   NOT NULL,       -- what the author's gateway knew of rights: see RightsRevision
  rights_shard      bigint NOT NULL,
  rights_n          bigint NOT NULL,
  PRIMARY KEY (channel, number),
  UNIQUE (channel, actor, client_message_id)
);
