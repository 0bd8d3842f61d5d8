-- 0001_invites.sql: invites, and the uses of them that are taken while membership judges the joining.

CREATE TABLE invites (
  workspace       text   NOT NULL,
  id              text   NOT NULL,
  email           text   NOT NULL,           -- as it was given
  email_folded    text   NOT NULL,           -- what addresses are compared by
  role            text   NOT NULL CHECK (role IN ('ADMIN', 'MEMBER', 'VIEWER', 'GUEST')),
  channels        text[] NOT NULL,
  guest_expire_us bigint,
  guest_ttl_us    bigint,
  inviter         text   NOT NULL,
  rights_n        bigint NOT NULL,           -- membership's number and time when it was made: what came
  check_us        bigint NOT NULL,           -- before is told from what came after by these
  state           text   NOT NULL CHECK (state IN ('PENDING', 'REDEEMED', 'EXPIRED', 'REVOKED')),
  delivery        text   NOT NULL CHECK (delivery IN ('SENDING', 'SENT', 'NOT_CONFIGURED')),
  secret_hash     bytea  NOT NULL UNIQUE,    -- SHA-256; the secret itself is nowhere
  expire_us       bigint NOT NULL,
  create_us       bigint NOT NULL,
  redeemed_by     text,
  redeem_us       bigint,
  PRIMARY KEY (workspace, id),
  CHECK (guest_expire_us IS NULL OR guest_ttl_us IS NULL),
  CHECK ((state = 'REDEEMED') = (redeemed_by IS NOT NULL)),
  CHECK ((state = 'REDEEMED') = (redeem_us IS NOT NULL))
);

-- However many create at once, one address has one pending invite to a workspace.
CREATE UNIQUE INDEX invites_pending ON invites (workspace, email_folded) WHERE state = 'PENDING';

-- One row for each attempt at redeeming. It is OPEN from before membership is asked until its answer for the
-- join key is known; a crash leaves it OPEN, and whoever finds it asks membership what became of the key.
CREATE TABLE reservations (
  join_key  text   PRIMARY KEY,
  workspace text   NOT NULL,
  invite    text   NOT NULL,
  user_id   text   NOT NULL,
  state     text   NOT NULL CHECK (state IN ('OPEN', 'SPENT', 'FREED')),
  create_us bigint NOT NULL,
  settle_us bigint,
  FOREIGN KEY (workspace, invite) REFERENCES invites (workspace, id),
  CHECK ((state = 'OPEN') = (settle_us IS NULL))
);

CREATE INDEX reservations_by_invite ON reservations (workspace, invite);
