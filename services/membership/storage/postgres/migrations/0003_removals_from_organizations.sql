-- SPDX-License-Identifier: Apache-2.0
-- Removals from a whole organization are kept beside those from one workspace: no invite recorded before lets the
-- user, or the address, into any workspace of it, also not into one that the user was no member of.
ALTER TABLE removed_members DROP CONSTRAINT removed_members_workspace_fkey;
ALTER TABLE removed_members RENAME COLUMN workspace TO place;  -- a workspace's id, or an organization's
