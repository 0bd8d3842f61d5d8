-- 0002_links_delivery_rates.sql: links, resending, deliveries and what became of them, counts of what was sent, and
-- answers to repeated requests.

-- The database's clock, in microseconds.
CREATE FUNCTION now_us() RETURNS bigint LANGUAGE sql VOLATILE
  AS $$SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint$$;

CREATE FUNCTION address_hash(address text) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT
  AS $$SELECT sha256(convert_to(address, 'UTF8'))$$;

-- Attempts hold an advisory lock of their invite while they are stored, and so does whoever takes an invite away. A
-- foreign key would have every one of a crowd that redeems one link write to that link's row.
ALTER TABLE reservations DROP CONSTRAINT reservations_workspace_invite_fkey;

ALTER TABLE invites DROP CONSTRAINT invites_check1, DROP CONSTRAINT invites_check2,
  DROP CONSTRAINT invites_state_check, DROP CONSTRAINT invites_delivery_check;
ALTER TABLE invites RENAME COLUMN redeem_us TO end_us;  -- when it ended: what purging goes by
ALTER TABLE invites
  ALTER COLUMN email DROP NOT NULL,         -- a link has none, nor has who was erased
  ALTER COLUMN email_folded DROP NOT NULL,
  ADD COLUMN is_link                boolean NOT NULL DEFAULT false,
  ADD COLUMN max_uses               int DEFAULT 1 CHECK (max_uses BETWEEN 1 AND 1000000),  -- NULL: no limit
  ADD COLUMN allow_unverified       boolean NOT NULL DEFAULT false,
  ADD COLUMN workspace_display_name text NOT NULL DEFAULT '',
  ADD COLUMN generation             int NOT NULL DEFAULT 1,   -- one more with each resend
  ADD COLUMN resend_us              bigint,
  ADD COLUMN lease_us               bigint,                   -- until when somebody is delivering it
  ADD COLUMN previous_secret_hash   bytea,                    -- SHA-256; an email invite's before it was resent
  ADD COLUMN previous_expire_us     bigint,
  ADD COLUMN undo                   jsonb,                    -- what a resend replaced, until its mail is out
  ADD COLUMN spent                  int NOT NULL DEFAULT 0,   -- uses by who joined
  ADD COLUMN reserved               int NOT NULL DEFAULT 0;   -- uses by attempts under way; 0 without a limit

UPDATE invites SET end_us = least(expire_us, now_us()) WHERE state <> 'PENDING' AND end_us IS NULL;
UPDATE invites SET lease_us = now_us() WHERE delivery = 'SENDING';
UPDATE invites SET spent = 1 WHERE state = 'REDEEMED';
UPDATE invites i SET reserved = 1
WHERE state <> 'REDEEMED'
  AND EXISTS (SELECT FROM reservations r WHERE r.workspace = i.workspace AND r.invite = i.id AND r.state = 'OPEN');

ALTER TABLE invites
  ADD CHECK (state IN ('PENDING', 'REDEEMED', 'EXPIRED', 'REVOKED', 'DECLINED', 'UNDELIVERED')),
  ADD CHECK (delivery IN ('SENDING', 'SENT', 'NOT_CONFIGURED', 'DEV_RESTRICTED', 'UNKNOWN', 'FAILED', 'NOT_MAILED')),
  ADD CHECK ((delivery = 'SENDING') = (lease_us IS NOT NULL)),
  ADD CHECK ((state = 'PENDING') = (end_us IS NULL)),
  ADD CHECK (redeemed_by IS NULL OR (state = 'REDEEMED' AND NOT is_link)),
  ADD CHECK (is_link OR max_uses = 1),
  ADD CHECK (NOT is_link OR (email IS NULL AND email_folded IS NULL)),
  ADD CHECK ((email IS NULL) = (email_folded IS NULL)),
  ADD CHECK (is_link OR email IS NOT NULL OR state <> 'PENDING'),
  ADD CHECK ((previous_secret_hash IS NULL) = (previous_expire_us IS NULL)),
  ADD CHECK (spent >= 0 AND reserved >= 0 AND spent + reserved <= max_uses);  -- whatever else goes wrong

DROP INDEX invites_pending;
CREATE UNIQUE INDEX invites_pending ON invites (workspace, email_folded)
  WHERE state = 'PENDING' AND email_folded IS NOT NULL;
CREATE UNIQUE INDEX invites_previous_secret ON invites (previous_secret_hash) WHERE previous_secret_hash IS NOT NULL;
CREATE INDEX invites_newest ON invites (workspace, create_us, id);
-- Not by the state: what looks for one invite, and wants it pending, must never be looked for in here.
CREATE INDEX invites_expiring ON invites (expire_us) WHERE end_us IS NULL;
CREATE INDEX invites_ended ON invites (end_us) WHERE end_us IS NOT NULL;
CREATE INDEX invites_leases ON invites (lease_us) WHERE lease_us IS NOT NULL;
CREATE INDEX invites_address ON invites (email_folded) WHERE email_folded IS NOT NULL;

-- Whether the attempt takes a use: not that of who has spent one of the same invite before.
ALTER TABLE reservations ADD COLUMN counts boolean NOT NULL DEFAULT true;

DROP INDEX reservations_by_invite;
CREATE UNIQUE INDEX reservations_open ON reservations (workspace, invite, user_id) WHERE state = 'OPEN';
CREATE INDEX reservations_of_invite ON reservations (workspace, invite, user_id, state);
CREATE INDEX reservations_abandoned ON reservations (create_us) WHERE state = 'OPEN';

-- What limits are counted by: one row for each creation and resend.
CREATE TABLE sends (
  workspace    text    NOT NULL,
  invite       text    NOT NULL,
  generation   int     NOT NULL,
  inviter      text    NOT NULL,
  address_hash bytea,               -- SHA-256 of the folded address, where there is one
  mails        boolean NOT NULL,
  at_us        bigint  NOT NULL,
  PRIMARY KEY (workspace, invite, generation)
);

CREATE INDEX sends_inviter ON sends (workspace, inviter, at_us);
CREATE INDEX sends_address ON sends (address_hash, at_us) WHERE address_hash IS NOT NULL;
CREATE INDEX sends_at ON sends (at_us);

-- What a request with an id was answered, so that repeating it changes nothing twice. Holds no secrets.
CREATE TABLE request_answers (
  caller        text   NOT NULL,
  method        text   NOT NULL,
  request_id    text   NOT NULL,
  request_hash  text   NOT NULL,
  answer        bytea  NOT NULL,
  address_hash  bytea,             -- as in sends: of the address in the answer, which goes when that is erased
  keep_until_us bigint NOT NULL,
  PRIMARY KEY (caller, method, request_id)
);

CREATE INDEX request_answers_keep ON request_answers (keep_until_us);
CREATE INDEX request_answers_address ON request_answers (address_hash) WHERE address_hash IS NOT NULL;
