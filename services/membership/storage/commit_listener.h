// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/rights/objects.h"

namespace guestpass::membership {

// Entries of one shard's log, numbered, and the epoch that the numbers belong to.
struct CommittedEntries {
  std::string epoch;
  uint32_t shard = 0;
  std::vector<rights::Entry> entries;
};

// Told of changes of rights once they are committed. Only speed: a commit of which nobody is told is found in
// the log. Thread-safe.
class CommitListener {
 public:
  virtual ~CommitListener() = default;

  // On the thread that committed, before it answers; must not block.
  virtual void OnCommit(const CommittedEntries& committed) = 0;
};

// Tells of a commit, where it changed rights.
inline void Tell(CommitListener& listener, const CommittedEntries& committed) {
  if (!committed.entries.empty()) listener.OnCommit(committed);
}

}  // namespace guestpass::membership
