// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/postgres/session.h"
#include "services/membership/domain/model.h"
#include "services/membership/storage/commit_listener.h"

namespace guestpass::membership {

// What one transaction will tell the rights log and the audit log, gathered while it runs and written as its
// last statement, the only one that locks a head. Used from one thread.
class RightsRecord {
 public:
  explicit RightsRecord(const Actor& actor) : actor_(actor) {}

  // The object's new state. Since when it holds: infinite past means since it is recorded.
  void Add(rights::Object object, absl::Time effective_time = absl::InfinitePast());

  // The end of a member, whose number removed_members is to keep.
  void AddRemoval(const Member& member);

  void Audit(AuditEntry entry) { audit_.push_back(std::move(entry)); }

  bool empty() const { return entries_.empty() && audit_.empty(); }

  // Advances the shard's head by as many entries as there are and writes all of it. Gives the entries with
  // their numbers, and when they were recorded.
  struct Written {
    CommittedEntries committed;
    absl::Time record_time;
  };
  absl::StatusOr<Written> Write(postgres::Session& session, uint32_t shard) const;

 private:
  struct Removal {
    WorkspaceId workspace;
    UserId user;
    std::string address;
    int64_t entry;  // its place among the entries, from 1
  };

  void AddEntries(postgres::Params& params) const;
  void AddAudit(postgres::Params& params) const;
  void AddRemovals(postgres::Params& params) const;

  const Actor actor_;
  std::vector<rights::Entry> entries_;
  std::vector<AuditEntry> audit_;
  std::vector<Removal> removals_;
};

}  // namespace guestpass::membership
