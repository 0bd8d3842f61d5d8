-- SPDX-License-Identifier: Apache-2.0
-- What admins decide about guests, direct conversations, answers to repeated requests, and who sees whom.

ALTER TABLE workspaces
  ADD COLUMN default_lifetime_us bigint CHECK (default_lifetime_us > 0),
  ADD COLUMN maximum_lifetime_us bigint CHECK (maximum_lifetime_us > 0),
  ADD COLUMN guest_cap           bigint NOT NULL DEFAULT 0 CHECK (guest_cap >= 0),            -- 0: no cap
  ADD COLUMN sponsor_guest_cap   bigint NOT NULL DEFAULT 0 CHECK (sponsor_guest_cap >= 0),
  ADD COLUMN guest_domains       text[] NOT NULL DEFAULT '{}';                                -- empty: all

CREATE INDEX workspaces_organization ON workspaces (organization, id);
CREATE INDEX workspaces_deleted ON workspaces (id) WHERE deleted;

-- The participants of a DIRECT channel, in order: the same conversation is started once. NULL from when one of
-- them was removed, as it is another conversation then.
ALTER TABLE channels ADD COLUMN direct_key text;
CREATE UNIQUE INDEX channels_direct ON channels (workspace, direct_key) WHERE direct_key IS NOT NULL;
CREATE INDEX channels_workspace ON channels (workspace, id);
CREATE INDEX channels_public ON channels (workspace, id) WHERE kind = 'PUBLIC';

-- A user's channels in their order.
DROP INDEX participants_user;
CREATE INDEX participants_user ON participants (user_id, channel);

-- Only guests have somebody who answers for them.
UPDATE members SET sponsor = NULL WHERE role <> 'GUEST';

CREATE INDEX organization_members_user ON organization_members (user_id, organization);
CREATE INDEX members_user ON members (user_id, workspace);

-- Not by workspace first: a range of a workspace's users must never be looked for in here.
DROP INDEX members_address;
CREATE INDEX members_address ON members (address, workspace) WHERE address IS NOT NULL;

CREATE INDEX members_guests ON members (workspace, user_id) WHERE role = 'GUEST';
CREATE INDEX removed_members_user ON removed_members (user_id) WHERE address_hash <> '';
CREATE INDEX audit_entries_organization ON audit_entries (organization, number);

-- What a request with an id was answered, so that repeating it changes nothing twice. Holds no secrets.
CREATE TABLE request_answers (
  caller        text NOT NULL,
  method        text NOT NULL,
  request_id    text NOT NULL,
  request_hash  text NOT NULL,
  answer        bytea NOT NULL,
  epoch         text NOT NULL,                     -- the revision that was answered, as the next two
  shard         smallint NOT NULL,
  n             bigint NOT NULL,
  record_us     bigint NOT NULL,
  keep_until_us bigint NOT NULL,
  PRIMARY KEY (caller, method, request_id)
);

CREATE INDEX request_answers_keep ON request_answers (keep_until_us);

-- As before, worked out once in a session's life: in none of them can it change, as a session neither survives a
-- restart nor begins on a standby, where this function fails.
CREATE OR REPLACE FUNCTION rights_epoch() RETURNS text LANGUAGE plpgsql VOLATILE
  AS $$DECLARE
         epoch text := current_setting('guestpass.rights_epoch', true);
       BEGIN
         IF epoch IS NULL OR epoch = '' THEN
           SELECT system_identifier || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8) || '/' ||
                  (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint
             INTO epoch FROM pg_control_system();
           PERFORM set_config('guestpass.rights_epoch', epoch, false);
         END IF;
         RETURN epoch;
       END$$;

-- The channels that a guest shares with whoever else is in them: those granted to it, and its conversations.
CREATE FUNCTION guests_channels(in_workspace text, guest text) RETURNS text[] LANGUAGE sql STABLE
  AS $$SELECT array(SELECT unnest(m.grants) FROM members m WHERE m.workspace = in_workspace AND m.user_id = guest
                    UNION
                    SELECT p.channel FROM participants p
                    WHERE p.user_id = guest AND (SELECT c.workspace = in_workspace AND c.kind = 'DIRECT'
                                                 FROM channels c WHERE c.id = p.channel))$$;

-- Whom a guest sees (M2) who shares `channels`, from the user `first` to `last`: itself, who takes part in one of
-- them, and other guests to whom one is granted. In order and at most `most` (NULL: all), of each channel too, so
-- that a page costs no more where a channel is large.
CREATE FUNCTION seen_by_guest(in_workspace text, guest text, channels text[], first text, last text, most bigint)
  RETURNS SETOF text LANGUAGE sql STABLE
  AS $$SELECT s.user_id
       FROM (SELECT guest WHERE guest BETWEEN first AND last
             UNION
             SELECT p.user_id FROM unnest(channels) AS c (id)
             CROSS JOIN LATERAL (SELECT p.user_id FROM participants p
                                 WHERE (p.channel, p.user_id) BETWEEN (c.id, first) AND (c.id, last)
                                 ORDER BY p.channel, p.user_id LIMIT most) p
             UNION
             (SELECT m.user_id FROM members m
              WHERE m.role = 'GUEST' AND m.grants && channels
                AND (m.workspace, m.user_id) BETWEEN (in_workspace, first) AND (in_workspace, last)
              ORDER BY m.workspace, m.user_id LIMIT most)) AS s (user_id)
       ORDER BY s.user_id LIMIT most$$;
