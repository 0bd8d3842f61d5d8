// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/postgres/session.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/membership_tx.h"
#include "services/membership/storage/postgres/rights_record.h"

namespace guestpass::membership {

// A MembershipTx on a session inside a READ COMMITTED transaction, which it neither begins nor ends.
class PgMembershipTx : public MembershipTx {
 public:
  // All three outlive this.
  PgMembershipTx(postgres::Session& session, const Locked& locked, RightsRecord& record);

  absl::Status InsertOrganization(const Organization& organization) override;
  absl::Status PutOrganizationMember(const rights::OrganizationMemberState& state) override;
  absl::Status InsertWorkspace(const Workspace& workspace) override;
  absl::Status InsertChannel(const Channel& channel) override;
  absl::Status InsertParticipant(const ChannelId& channel, const UserId& user) override;
  absl::Status InsertMember(const Member& member) override;
  absl::Status UpdateMember(const Member& member) override;
  absl::StatusOr<std::vector<ChannelId>> RemoveMember(const Member& member) override;
  absl::StatusOr<int64_t> CountOtherAdmins(const WorkspaceId& workspace, const UserId& user) override;
  absl::StatusOr<uint64_t> RemovedN(const WorkspaceId& workspace, const UserId& user,
                                    const std::string& address) override;
  absl::Status InsertJoinKey(const JoinKey& key) override;
  void Audit(AuditEntry entry) override { record_.Audit(std::move(entry)); }

  // The one shard of all that was changed; nothing as long as no organization is known.
  std::optional<uint32_t> shard() const { return shard_; }

 private:
  postgres::Session& session_;
  RightsRecord& record_;
  std::optional<uint32_t> shard_;
};

// A body's way to say that what it met can only be dealt with by beginning again, and whether a status is
// that.
absl::Status BeginAgain();
bool IsBeginAgain(const absl::Status& status);

}  // namespace guestpass::membership
