-- SPDX-License-Identifier: Apache-2.0
-- Who is where, and with which rights. Times are microseconds since 1970 by this database's clock; NULL: never.

-- The present moment, in the middle of a transaction too.
CREATE FUNCTION now_us() RETURNS bigint LANGUAGE sql VOLATILE PARALLEL SAFE
  AS $$SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint$$;

-- Names the history that rights numbers belong to: another cluster, a promotion and a restart each make a new one.
CREATE FUNCTION rights_epoch() RETURNS text LANGUAGE sql VOLATILE
  AS $$SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' ||
              (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint
       FROM pg_control_system()$$;

-- How removed_members knows an address (folded); empty for none.
CREATE FUNCTION address_hash(address text) RETURNS text LANGUAGE sql STABLE
  AS $$SELECT CASE WHEN coalesce(address, '') = '' THEN ''
                   ELSE encode(sha256(convert_to(address, 'UTF8')), 'hex') END$$;

CREATE TABLE organizations (
  id           text PRIMARY KEY,
  shard        smallint NOT NULL CHECK (shard BETWEEN 0 AND 255),
  display_name text NOT NULL,
  create_us    bigint NOT NULL
);

CREATE TABLE organization_members (
  organization text NOT NULL REFERENCES organizations,
  user_id      text NOT NULL,
  role         text NOT NULL CHECK (role IN ('OWNER', 'ADMIN')),
  PRIMARY KEY (organization, user_id)
);

CREATE TABLE workspaces (
  id           text PRIMARY KEY,
  organization text NOT NULL REFERENCES organizations,
  shard        smallint NOT NULL CHECK (shard BETWEEN 0 AND 255),
  display_name text NOT NULL,
  grace_us     bigint NOT NULL CHECK (grace_us BETWEEN 0 AND 2592000000000),
  deleted      boolean NOT NULL DEFAULT false,
  create_us    bigint NOT NULL
);

CREATE TABLE channels (
  id           text PRIMARY KEY,
  workspace    text NOT NULL REFERENCES workspaces,
  kind         text NOT NULL CHECK (kind IN ('PUBLIC', 'PRIVATE', 'DIRECT')),
  archived     boolean NOT NULL DEFAULT false,
  display_name text NOT NULL,
  create_us    bigint NOT NULL
);

CREATE TABLE participants (
  channel text NOT NULL REFERENCES channels,
  user_id text NOT NULL,
  PRIMARY KEY (channel, user_id)
);

CREATE INDEX participants_user ON participants (user_id);

CREATE TABLE members (
  workspace      text NOT NULL REFERENCES workspaces,
  user_id        text NOT NULL,
  shard          smallint NOT NULL CHECK (shard BETWEEN 0 AND 255),
  role           text NOT NULL CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER', 'GUEST')),
  address        text,                             -- the last verified one, folded; identifies nobody
  expire_us      bigint,
  access_end_us  bigint,
  recorded_state text NOT NULL CHECK (recorded_state IN ('ACTIVE', 'SOFT_LOCKED', 'ENDED')),
  grants         text[] NOT NULL,
  sponsor        text,
  create_us      bigint NOT NULL,
  due_us         bigint GENERATED ALWAYS AS        -- the next deadline that is not recorded yet
    (CASE recorded_state WHEN 'ACTIVE' THEN expire_us WHEN 'SOFT_LOCKED' THEN access_end_us END) STORED,
  PRIMARY KEY (workspace, user_id),
  CONSTRAINT guests_have_grants CHECK
    (CASE role WHEN 'GUEST' THEN cardinality(grants) BETWEEN 1 AND 100 ELSE cardinality(grants) = 0 END),
  CONSTRAINT only_guests_have_times CHECK
    (role = 'GUEST' OR (expire_us IS NULL AND access_end_us IS NULL AND recorded_state = 'ACTIVE')),
  CONSTRAINT access_ends_after_posting CHECK
    ((expire_us IS NULL) = (access_end_us IS NULL) AND access_end_us >= expire_us)
);

CREATE INDEX members_due_of_shard ON members (shard, due_us) WHERE due_us IS NOT NULL;
CREATE INDEX members_address ON members (workspace, address);
CREATE INDEX members_admins ON members (workspace, user_id) WHERE role = 'ADMIN';

-- Who was removed, and by which number of the log: no invite recorded before it lets the user, or the address,
-- back in. Outlives the log.
CREATE TABLE removed_members (
  workspace    text NOT NULL REFERENCES workspaces,
  user_id      text NOT NULL,
  address_hash text NOT NULL,                      -- SHA-256 in hex; empty if the member had no address
  removed_n    bigint NOT NULL,
  PRIMARY KEY (workspace, user_id, address_hash)
);

CREATE INDEX removed_members_address ON removed_members (workspace, address_hash);

-- The last statement of a transaction that changes rights advances its shard's row, which stays locked to the
-- commit: so the numbers are dense and in the order of the commits. Nothing is locked after it.
CREATE TABLE rights_heads (
  shard    smallint PRIMARY KEY CHECK (shard BETWEEN 0 AND 255),
  n        bigint NOT NULL DEFAULT 0,
  audit_n  bigint NOT NULL DEFAULT 0,
  pruned_n bigint NOT NULL DEFAULT 0               -- entries up to here are gone
) WITH (fillfactor = 50);

INSERT INTO rights_heads (shard) SELECT generate_series(0, 255);

-- One entry is the full state of one object, removal included.
CREATE TABLE rights_log (
  shard        smallint NOT NULL,
  n            bigint NOT NULL,
  kind         text NOT NULL CHECK (kind IN ('ORG_MEMBER', 'WORKSPACE', 'CHANNEL', 'MEMBER', 'PARTICIPANT')),
  key          text NOT NULL,
  state        jsonb NOT NULL,
  record_us    bigint NOT NULL,
  effective_us bigint NOT NULL,
  PRIMARY KEY (shard, n)
);

-- Ids only, never addresses or names.
CREATE TABLE audit_entries (
  shard         smallint NOT NULL,
  number        bigint NOT NULL,
  organization  text NOT NULL,
  workspace     text,
  actor         text,                              -- the user, if one acted
  actor_service text,                              -- the service that called, for the user or for itself
  platform      boolean NOT NULL,                  -- whether a platform operator's right was used
  action        text NOT NULL,
  target        text NOT NULL,
  before        jsonb,
  after         jsonb,
  record_us     bigint NOT NULL,
  effective_us  bigint NOT NULL,
  request_id    text NOT NULL,
  PRIMARY KEY (shard, number)
);

CREATE INDEX audit_entries_workspace ON audit_entries (workspace, number);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
  AS $$BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END$$;

CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What JoinMember and ResolveJoin decided, once for each attempt at redeeming an invite.
CREATE TABLE join_keys (
  join_key       text PRIMARY KEY,
  outcome        text NOT NULL CHECK (outcome IN ('JOINED', 'CANCELLED')),
  workspace      text,                             -- of who joined, as the next two
  user_id        text,
  already_member boolean NOT NULL DEFAULT false,
  decided_us     bigint NOT NULL,
  keep_until_us  bigint NOT NULL
);

CREATE INDEX join_keys_keep ON join_keys (keep_until_us);
