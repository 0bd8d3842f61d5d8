// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/postgres/pipeline.h"
#include "common/rights/revision.h"
#include "services/membership/domain/model.h"
#include "services/membership/storage/commit_listener.h"

namespace guestpass::membership {

// What one change will tell the rights log and the audit log, gathered while it is made and written as the
// last statement of its transaction, the only one that locks a head. Used from one thread.
class RightsRecord {
 public:
  explicit RightsRecord(const Actor& actor) : actor_(actor) {}

  // The object's new state. Since when it holds: infinite past means since it is recorded.
  void Add(rights::Object object, absl::Time effective_time = absl::InfinitePast());

  // What removed_members is to keep of a removal from a place, with the number of the latest entry.
  void AddRemoval(std::string place, const UserId& user, std::string address);

  void Audit(AuditEntry entry) { audit_.push_back(std::move(entry)); }

  // Keeps what a request was answered, with the revision that the write makes.
  void KeepAnswer(const RequestKey& key, std::string answer) { answer_ = {key, std::move(answer)}; }

  bool empty() const { return entries_.empty() && audit_.empty() && !answer_.has_value(); }

  // When a record's entries were recorded, and the revision that has the last of them; without an entry the
  // one that it came behind.
  struct Written {
    absl::Time record_time;
    rights::RightsRevision revision;
  };

  // A record of one of the changes that share a transaction.
  struct Part {
    const RightsRecord* record = nullptr;
    Written* written = nullptr;
  };

  // Queues what advances the shard's head by as many entries as the records have, waiting in line for it, and
  // writes all of them, in order. Once it has run, each part's `written` is set, and `committed` has the
  // entries with their numbers; both outlive that.
  static void Write(postgres::Pipeline& pipeline, uint32_t shard, const std::vector<Part>& parts,
                    CommittedEntries& committed);

 private:
  struct Removal {
    std::string place;  // a workspace's id, or an organization's
    UserId user;
    std::string address;
    int64_t entry;  // its place among the entries, from 1
  };

  class Parameters;

  Actor actor_;
  std::vector<rights::Entry> entries_;
  std::vector<AuditEntry> audit_;
  std::vector<Removal> removals_;
  std::optional<std::pair<RequestKey, std::string>> answer_;
};

}  // namespace guestpass::membership
