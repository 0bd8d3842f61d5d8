// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "services/membership/storage/commit_listener.h"

namespace guestpass::membership {

// For stores whose commits nobody hears of.
class Silent : public CommitListener {
 public:
  void OnCommit(const CommittedEntries&) override {}
};

}  // namespace guestpass::membership
