// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/postgres/pool.h"
#include "common/postgres/session.h"
#include "common/rights/ids.h"
#include "services/membership/storage/postgres/pg_upkeep.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::membership {

// The `i`th id of a kind that a letter names: 'o', 'w', 'u' or 'h' (a channel). In SQL: test_id('u', 7).
template <typename IdType>
IdType TestId(char kind, int i) {
  std::string text(1, kind);
  for (const char digit : absl::StrCat(i)) {
    text += digit == '0' ? 'a' : digit == '1' ? 'b' : digit == '8' ? 'e' : digit == '9' ? 'f' : digit;
  }
  return *IdType::Parse(text + std::string(IdType::kLength - text.size(), kind));
}

// Membership's tables in a database of a test's own, with organization 1 in shard 7, and rows put there by
// SQL, more than a service would ever put there in a test's time.
class UpkeepRows {
 public:
  static constexpr uint32_t kShard = 7;

  UpkeepRows();

  // Workspace `i` with channels 10i and 10i + 1. Its members are the users from 1 to `members`, with
  // addresses; each takes part in the first channel. In the second a user takes part who is no member.
  void AddWorkspace(int i, int members, bool deleted);

  // The shard's next entries, recorded so long ago.
  void AddLog(uint32_t shard, int entries, absl::Duration ago);

  // Join keys and answers of which that many are over, and as many more that are not.
  void AddKeysAndAnswers(int each);

  void Run(absl::string_view sql);
  int64_t Count(absl::string_view sql);
  std::unique_ptr<postgres::Session> NewSession() const;
  // Waits until that many sessions wait for locks.
  void AwaitWaiters(int64_t count);
  // Resets what the database has counted, once all other sessions have ended: they tell theirs as they end.
  void ForgetStatistics();

  harness::TestDatabase database;
  postgres::Pool pool;
  PgUpkeep upkeep{pool};
};

}  // namespace guestpass::membership
