// SPDX-License-Identifier: Apache-2.0
#include "services/membership/storage/postgres/invite_reads.h"

#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

// What invites that are made together would meet, read at once.
namespace guestpass::membership {
namespace {

constexpr int kLanes = 2;

class InviteReadsTest : public testing::Test {
 protected:
  // Asks all of it at once, the first two holding the lanes until the others wait.
  std::vector<absl::StatusOr<InviteRead>> ReadTogether(const std::vector<InviteQuery>& queries) {
    std::vector<absl::StatusOr<InviteRead>> answers(queries.size(), absl::UnknownError("not asked"));
    std::optional<postgres::Lease> held(*pool_.Acquire());
    std::vector<std::thread> askers;
    for (size_t i = 0; i < queries.size(); ++i) {
      askers.emplace_back([&, i] { answers[i] = reads_.Read({queries[i]})[0]; });
    }
    while (reads_.waiting() < queries.size() - kLanes) std::this_thread::yield();
    held.reset();
    for (std::thread& asker : askers) asker.join();
    return answers;
  }

  InviteQuery By(const std::string& inviter, const std::string& address) const {
    return {.inviter = {.workspace = here_.workspace, .user = Installation::IdOf(inviter)},
            .address = address,
            .counts_guests = true};
  }

  Installation here_;
  postgres::Pool pool_{here_.database.options(1)};
  InviteReads reads_{pool_};
};

TEST_F(InviteReadsTest, EachOfACrowdGetsItsOwnAnswer) {
  std::vector<InviteQuery> queries;
  for (int i = 0; i < 12; ++i) {
    const std::string name = absl::StrCat("user", i);
    if (i % 2 == 0) here_.AddMember(name, type::v1::ROLE_MEMBER);
    queries.push_back(By(i % 3 == 0 ? "owner" : name, absl::StrCat(name, "@example.com")));
    queries.back().inviter.channels.assign(static_cast<size_t>(i % 4), here_.public_channel);
    if (i == 11) queries.back().inviter.workspace = *WorkspaceId::Parse(std::string(26, 'x'));
  }
  const auto answers = ReadTogether(queries);
  std::set<absl::Time> snapshots;
  for (int i = 0; i < 12; ++i) {
    ASSERT_TRUE(answers[i].ok()) << answers[i].status();
    const InviteRead& read = *answers[i];
    snapshots.insert(read.now);
    EXPECT_EQ(read.inviter.found, i != 11);
    if (i == 11) continue;
    EXPECT_EQ(read.member_exists, i % 2 == 0) << i;
    EXPECT_EQ(read.inviter.channels.size(), static_cast<size_t>(i % 4)) << i;
    const auto role = i % 3 == 0   ? std::optional(rights::Role::kAdmin)
                      : i % 2 == 0 ? std::optional(rights::Role::kMember)
                                   : std::nullopt;
    EXPECT_EQ(read.inviter.authority().role, role) << i;
    EXPECT_EQ(read.workspace.state.workspace, here_.workspace);
  }
  EXPECT_LE(snapshots.size(), kLanes + 1u) << "those that waited did not share a read";
}

TEST_F(InviteReadsTest, GuestsAreCountedForTheirOwnWorkspaceAndSponsorAndRemovalsForTheirAddress) {
  here_.AddMember("sam", type::v1::ROLE_ADMIN);
  auto session = here_.NewSession();
  ASSERT_TRUE(session->Script("UPDATE workspaces SET guest_cap = 9").ok());
  for (const char* name : {"ann", "ben"}) {
    ASSERT_TRUE(
        here_.rights.JoinMember(Installation::AsService("invite", name), here_.InviteBy("sam", name)).ok());
  }
  here_.AddMember("gone", type::v1::ROLE_MEMBER);
  ASSERT_TRUE(here_.Remove("owner", "gone").ok());
  const auto answers = ReadTogether({By("owner", "ann@example.com"), By("sam", ""),
                                     By("owner", "gone@example.com"), By("sam", "new@example.com")});
  EXPECT_EQ(answers[0]->guests.workspace, 2);
  EXPECT_EQ(answers[0]->guests.sponsor, 0);
  EXPECT_EQ(answers[1]->guests.sponsor, 2);
  EXPECT_FALSE(answers[1]->member_exists);
  EXPECT_GT(answers[2]->removed_n, 0u);
  EXPECT_EQ(answers[3]->removed_n, 0u);
  InviteQuery uncounted = By("sam", "");
  uncounted.counts_guests = false;
  EXPECT_EQ(reads_.Read({uncounted})[0]->guests.workspace, 0);
}

TEST_F(InviteReadsTest, WhereTheDatabaseIsAwayAllAreTold) {
  harness::TestDatabase::Server().Kill();
  EXPECT_TRUE(
      HasReason(reads_.Read({By("owner", "a@example.com")})[0].status(), Reason::kDatabaseUnavailable));
  ASSERT_TRUE(harness::TestDatabase::Server().Restart().ok());
}

}  // namespace
}  // namespace guestpass::membership
