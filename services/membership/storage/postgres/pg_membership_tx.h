// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/postgres/pipeline.h"
#include "services/membership/storage/locks.h"
#include "services/membership/storage/membership_tx.h"
#include "services/membership/storage/postgres/rights_record.h"

namespace guestpass::membership {

// A MembershipTx on a pipeline inside a READ COMMITTED transaction, which it neither begins nor ends. It asks
// on the pipeline at once; what it changes it queues in `changes`, which may be the pipeline itself, or go
// out later.
class PgMembershipTx : public MembershipTx {
 public:
  // All outlive this.
  PgMembershipTx(postgres::Pipeline& pipeline, postgres::Statements& changes, const Locked& locked,
                 RightsRecord& record);

  void InsertOrganization(const Organization& organization) override;
  void UpdateOrganization(const Organization& organization) override;
  void PutOrganizationMember(const rights::OrganizationMemberState& state) override;
  void NoteRemoval(const OrganizationId& organization, const UserId& user) override;
  absl::StatusOr<std::vector<std::string>> NoteAddresses(const OrganizationId& organization,
                                                         const UserId& user,
                                                         const std::vector<std::string>& addresses) override;
  void NoteAddress(const OrganizationId& organization, const UserId& user, const std::string& address,
                   uint64_t n) override;
  absl::StatusOr<std::vector<ChannelName>> LeaveWithoutMember(const OrganizationId& organization,
                                                              const UserId& user) override;
  absl::StatusOr<int64_t> CountOtherOwners(const OrganizationId& organization, const UserId& user) override;
  void InsertWorkspace(const Workspace& workspace) override;
  void UpdateWorkspace(const Workspace& workspace) override;
  void InsertChannel(const Channel& channel) override;
  void UpdateChannel(const Channel& channel) override;
  void InsertDirect(const Channel& channel, const std::vector<UserId>& users) override;
  absl::StatusOr<std::optional<Channel>> FindDirect(const WorkspaceId& workspace,
                                                    const std::vector<UserId>& users) override;
  absl::StatusOr<bool> IsParticipant(const ChannelId& channel, const UserId& user) override;
  absl::StatusOr<std::optional<UserId>> FindFull(const WorkspaceId& workspace, rights::ChannelKind kind,
                                                 const std::vector<UserId>& users) override;
  void InsertParticipant(const ChannelId& channel, const UserId& user) override;
  void DeleteParticipant(const ChannelId& channel, const UserId& user) override;
  absl::StatusOr<std::vector<ChannelId>> LeavePrivateChannels(const WorkspaceId& workspace,
                                                              const UserId& user) override;
  void InsertMember(const Member& member) override;
  void UpdateMember(const Member& member) override;
  void SetAddress(const Member& member) override;
  absl::StatusOr<std::vector<ChannelId>> RemoveMember(const Member& member) override;
  absl::StatusOr<int64_t> CountOtherAdmins(const WorkspaceId& workspace, const UserId& user) override;
  absl::StatusOr<GuestCounts> CountGuests(const WorkspaceId& workspace, const UserId& sponsor,
                                          const UserId& user, absl::Time now) override;
  void InsertJoinKey(const JoinKey& key) override;
  void Audit(AuditEntry entry) override { record_.Audit(std::move(entry)); }
  absl::StatusOr<std::optional<KeptAnswer>> AnswerTo(const RequestKey& key) override;
  void KeepAnswer(const RequestKey& key, std::string answer) override;
  void OnlyJudge() override { only_judge_ = true; }

  // The one shard of all that was changed; nothing as long as no organization is known.
  std::optional<uint32_t> shard() const { return shard_; }
  bool only_judge() const { return only_judge_; }
  const std::string& join_key() const { return join_key_; }

 private:
  absl::StatusOr<postgres::Result> Ask(absl::string_view sql, postgres::Params params);
  absl::StatusOr<std::vector<ChannelName>> Leave(absl::string_view sql, postgres::Params params,
                                                 const UserId& user);
  absl::StatusOr<std::vector<ChannelId>> LeaveAllChannels(const WorkspaceId& workspace, const UserId& user);
  // Parts that the user had by its role in the organization, and has as that member now.
  void OwnParts(const Member& member);

  postgres::Pipeline& pipeline_;
  postgres::Statements& changes_;
  const Locked& locked_;
  RightsRecord& record_;
  std::optional<uint32_t> shard_;
  bool only_judge_ = false;
  std::string join_key_;  // the one inserted
};

// Whether a transaction that failed so met a rival that had just made the same thing, and is to begin again.
bool MetARival(const absl::Status& status);

// The domain's error for a transaction that failed so: JoinCancelled where `join_key` was decided by a rival.
absl::Status Explained(const absl::Status& status, const std::string& join_key);

}  // namespace guestpass::membership
