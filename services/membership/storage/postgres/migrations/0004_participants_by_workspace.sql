-- SPDX-License-Identifier: Apache-2.0
-- Who takes part in a channel is kept with the channel's workspace, and with the organization where only a role in it
-- gave the part (to no direct member, or in a PRIVATE channel to a guest). So what a removal ends is found without a
-- look at any other part of the user.
ALTER TABLE participants ADD COLUMN workspace text, ADD COLUMN organization text;

UPDATE participants p SET
  workspace = c.workspace,
  organization = CASE WHEN m.role <> 'GUEST' OR (m.role = 'GUEST' AND c.kind = 'DIRECT') THEN NULL ELSE w.organization END
FROM participants q
JOIN channels c ON c.id = q.channel
JOIN workspaces w ON w.id = c.workspace
LEFT JOIN members m ON m.workspace = c.workspace AND m.user_id = q.user_id
WHERE p.channel = q.channel AND p.user_id = q.user_id;

ALTER TABLE participants ALTER COLUMN workspace SET NOT NULL;

DROP INDEX participants_user;
CREATE INDEX participants_user ON participants (user_id, workspace, channel);
CREATE INDEX participants_alone ON participants (user_id, organization) WHERE organization IS NOT NULL;

-- As before, looking at no other workspace.
CREATE OR REPLACE FUNCTION guests_channels(in_workspace text, guest text) RETURNS text[] LANGUAGE sql STABLE
  AS $$SELECT array(SELECT unnest(m.grants) FROM members m WHERE m.workspace = in_workspace AND m.user_id = guest
                    UNION
                    SELECT p.channel FROM participants p
                    WHERE p.user_id = guest AND p.workspace = in_workspace
                      AND (SELECT c.kind = 'DIRECT' FROM channels c WHERE c.id = p.channel))$$;
