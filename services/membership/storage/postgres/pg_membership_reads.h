// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "common/postgres/session.h"
#include "services/membership/storage/membership_reads.h"
#include "services/membership/storage/postgres/id_range.h"

namespace guestpass::membership {

// MembershipReads on a session inside a snapshot transaction, which it neither begins nor ends.
//
// What is seen is decided in three places: Sight says as whom the viewed workspace is read; members come from
// one source of users for guests and from one for all others (UsersIn); channels from one statement for each
// kind of viewer (ReadChannels). Who may see nothing gets empty answers.
//
// Every list is a range of an index, and look-ups from there, however large the workspace is. Plans are kept,
// and may have been made when the tables were small, or for a workspace of the usual size; so nothing is left
// to them: a range is one of rows, whose order only the index that is meant has; what is looked up is LATERAL
// with a LIMIT or an OFFSET, which is not turned round; and ForceRanges takes the other ways away.
class PgMembershipReads : public MembershipReads {
 public:
  // All three outlive this.
  PgMembershipReads(postgres::Session& session, const Viewing& viewing, const View& view);

  // Sets, for the rest of the transaction, what the statements here count on.
  static absl::Status ForceRanges(postgres::Session& session);

  absl::StatusOr<std::vector<Organization>> ListOrganizations(const OrganizationId& after,
                                                              int limit) override;
  absl::StatusOr<std::vector<rights::OrganizationMemberState>> ListOrganizationMembers(const UserId& after,
                                                                                       int limit) override;
  absl::StatusOr<std::vector<WorkspaceView>> ListWorkspaces(const WorkspaceId& after, int limit) override;
  absl::StatusOr<std::vector<MemberView>> FindMembers(const std::vector<UserId>& users) override;
  absl::StatusOr<std::vector<MemberView>> ListMembers(const MemberQuery& query, const UserId& after,
                                                      int limit) override;
  absl::StatusOr<int64_t> CountMembers(const MemberQuery& query) override;
  absl::StatusOr<std::vector<MemberView>> ListMembersOfAll(const MemberQuery& query, const MemberPlace& after,
                                                           int limit) override;
  absl::StatusOr<int64_t> CountMembersOfAll(const MemberQuery& query) override;
  absl::StatusOr<std::optional<Channel>> FindChannel(const ChannelId& channel) override;
  absl::StatusOr<std::vector<Channel>> ListChannels(const ChannelQuery& query, const ChannelId& after,
                                                    int limit) override;
  absl::StatusOr<std::vector<NamedInChannel>> ListNamed(const ChannelId& channel, const UserId& after,
                                                        int limit) override;
  absl::StatusOr<AuditPage> ListAudit(const AuditQuery& query, int limit) override;

 private:
  // Of a deleted workspace nobody sees anything, nor does who is not of it.
  enum class Sight { kNothing, kAsGuest, kAsMember, kEverything };
  struct Users;

  static Sight SightOf(const Viewing& viewing, const View& view);
  bool SeesOrganization() const;

  absl::StatusOr<Users> UsersIn(const std::vector<IdRange>& ranges, const MemberQuery& query,
                                std::optional<int> limit);
  absl::StatusOr<std::vector<MemberView>> ReadMembers(const std::vector<IdRange>& ranges,
                                                      const MemberQuery& query, std::optional<int> limit);
  absl::StatusOr<std::vector<Channel>> ReadChannels(const IdRange& range, const ChannelQuery& query,
                                                    int limit);

  // The channels that the viewer, a guest, shares with whoever else is in them; read once.
  absl::StatusOr<std::vector<std::string>> GuestsChannels();

  postgres::Session& session_;
  const Viewing& viewing_;
  const View& view_;
  const Sight sight_;
  std::optional<std::vector<std::string>> guests_channels_;
};

}  // namespace guestpass::membership
