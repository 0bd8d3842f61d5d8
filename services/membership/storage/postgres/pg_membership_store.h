// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "common/postgres/pool.h"
#include "services/membership/storage/commit_listener.h"
#include "services/membership/storage/membership_store.h"
#include "services/membership/storage/postgres/invite_reads.h"
#include "services/membership/storage/postgres/rights_record.h"
#include "services/membership/storage/postgres/shared_commits.h"

namespace guestpass::membership {

// A MembershipStore on PostgreSQL. Its role in the database needs what the migrations make and nothing else.
class PgMembershipStore : public MembershipStore {
 public:
  // All outlive this. Heads are read from `heads_pool`, since leases end where they are not.
  PgMembershipStore(postgres::Pool& pool, postgres::Pool& heads_pool, CommitListener& listener)
      : pool_(pool),
        heads_pool_(heads_pool),
        listener_(listener),
        shared_(pool, listener, kLanes),
        invite_reads_(pool) {}
  PgMembershipStore(postgres::Pool& pool, CommitListener& listener)
      : PgMembershipStore(pool, pool, listener) {}

  absl::StatusOr<Committed> Transact(
      const LockPlan& plan, const Actor& actor,
      absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body) override;
  void TransactAll(std::vector<Change>& changes) override;
  absl::Status Read(const Viewing& viewing,
                    absl::FunctionRef<absl::Status(MembershipReads&, const View&)> body) override;
  absl::StatusOr<DueBatch> ApplyDue(uint32_t shard, int limit, const Actor& actor) override;
  absl::StatusOr<std::vector<uint32_t>> DueShards() override;
  absl::StatusOr<DeadlineRead> NextDeadline() override;
  absl::StatusOr<RightsRead> ReadRights(const std::vector<RightsQuery>& queries) override;
  absl::StatusOr<HeadsRead> ReadHeads() override;
  absl::StatusOr<ChangesRead> ReadChanges(uint32_t shard, uint64_t after_n, int limit) override;
  std::vector<absl::StatusOr<InviteRead>> ReadForInvites(const std::vector<InviteQuery>& queries) override {
    return invite_reads_.Read(queries);
  }

  // How many changes wait to share a transaction. For tests.
  size_t waiting() { return shared_.waiting(); }

  absl::StatusOr<JoinKey> ResolveJoinKey(const std::string& key) override;

 private:
  // How one attempt at a transaction went.
  struct Outcome {
    bool too_weak = false;          // it has to begin again with the workspace locked for update
    bool only_judged = false;       // it was rolled back, and is OK all the same
    std::string join_key;           // what it tried to decide
    RightsRecord::Written written;  // or only when it was, if it recorded nothing
    CommittedEntries committed;
  };

  // Transactions of changes that arrive together: enough that one waits for the disk while another works.
  static constexpr int kLanes = 2;

  absl::StatusOr<Committed> TransactAlone(const LockPlan& plan, const Actor& actor,
                                          absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body);
  absl::Status TransactOnce(const LockPlan& plan, LockMode workspace_mode, const Actor& actor,
                            absl::FunctionRef<absl::Status(MembershipTx&, const Locked&)> body,
                            Outcome& outcome);

  postgres::Pool& pool_;
  postgres::Pool& heads_pool_;
  CommitListener& listener_;
  SharedCommits shared_;
  InviteReads invite_reads_;
};

}  // namespace guestpass::membership
