// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "services/membership/storage/views.h"

namespace guestpass::membership {

// What the viewer may see of the viewed organization or workspace: the rules of who sees what (M2, C2, P11)
// are in here, so that no caller can forget them. Used from one thread, within MembershipStore::Read. Lists
// are in the order of their ids and have at most `limit` of what lies behind `after`. Errors are the
// database's.
class MembershipReads {
 public:
  virtual ~MembershipReads() = default;

  // Organizations in which the viewer has a role; all of them for who is shown everything.
  virtual absl::StatusOr<std::vector<Organization>> ListOrganizations(const OrganizationId& after,
                                                                      int limit) = 0;
  virtual absl::StatusOr<std::vector<rights::OrganizationMemberState>> ListOrganizationMembers(
      const UserId& after, int limit) = 0;

  // The viewer's workspaces, of the viewed organization where there is one.
  virtual absl::StatusOr<std::vector<WorkspaceView>> ListWorkspaces(const WorkspaceId& after, int limit) = 0;

  // Of the viewed workspace; those found, by user.
  virtual absl::StatusOr<std::vector<MemberView>> FindMembers(const std::vector<UserId>& users) = 0;
  virtual absl::StatusOr<std::vector<MemberView>> ListMembers(const MemberQuery& query, const UserId& after,
                                                              int limit) = 0;
  virtual absl::StatusOr<int64_t> CountMembers(const MemberQuery& query) = 0;

  // The direct members of all workspaces of the viewed organization, by workspace and user.
  virtual absl::StatusOr<std::vector<MemberView>> ListMembersOfAll(const MemberQuery& query,
                                                                   const MemberPlace& after, int limit) = 0;
  virtual absl::StatusOr<int64_t> CountMembersOfAll(const MemberQuery& query) = 0;

  // Channels of the viewed workspace that the viewer may read.
  virtual absl::StatusOr<std::optional<Channel>> FindChannel(const ChannelId& channel) = 0;
  virtual absl::StatusOr<std::vector<Channel>> ListChannels(const ChannelQuery& query, const ChannelId& after,
                                                            int limit) = 0;

  // Who is named in a channel of the viewed workspace.
  virtual absl::StatusOr<std::vector<NamedInChannel>> ListNamed(const ChannelId& channel, const UserId& after,
                                                                int limit) = 0;

  // Looks at kMaxAuditRead entries at most, however few of them are asked for.
  virtual absl::StatusOr<AuditPage> ListAudit(const AuditQuery& query, int limit) = 0;
};

}  // namespace guestpass::membership
