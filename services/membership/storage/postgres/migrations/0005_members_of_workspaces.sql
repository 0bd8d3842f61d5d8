-- SPDX-License-Identifier: Apache-2.0
-- A member is inserted out of its workspace's row, which is never deleted, with the shard that it has there. The
-- constraint looked at that row again, and locked it together with all others who join.
ALTER TABLE members DROP CONSTRAINT members_workspace_fkey;
