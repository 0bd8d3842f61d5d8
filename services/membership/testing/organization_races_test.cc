// SPDX-License-Identifier: Apache-2.0
#include <atomic>

#include "absl/strings/str_cat.h"
#include "services/membership/testing/organization_cast.h"

namespace guestpass::membership {
namespace {

constexpr int kRivals = 60;

// Users whose last entry in the log is not what the table has.
constexpr char kMisreported[] = R"sql(
  WITH told AS (
    SELECT DISTINCT ON (key) split_part(key, '/', 2) AS user_id, state->>'role' AS role FROM rights_log
    WHERE kind = 'ORG_MEMBER' ORDER BY key, n DESC)
  SELECT count(*) FROM told FULL JOIN (SELECT * FROM organization_members WHERE user_id IN (SELECT user_id FROM told)) kept
    USING (user_id) WHERE told.role IS DISTINCT FROM kept.role
)sql";

class OrganizationRacesTest : public OrganizationCast {
 protected:
  int64_t Owners() { return here_.Count("SELECT count(*) FROM organization_members WHERE role = 'OWNER'"); }

  static void ExpectAnswered(const absl::Status& status) {
    EXPECT_NE(status.code(), absl::StatusCode::kInternal) << status;
    EXPECT_NE(status.code(), absl::StatusCode::kAborted) << status;
    EXPECT_NE(status.code(), absl::StatusCode::kUnavailable) << status;
  }
};

TEST_F(OrganizationRacesTest, HoweverManyTakeTheOwnershipsOneOwnerStays) {
  for (int round = 0; round < 4; ++round) {
    ASSERT_EQ(Told(Add("operator", "ann", kOwner)), "OK");
    ASSERT_EQ(Told(Add("operator", "ben", kOwner)), "OK");
    ASSERT_EQ(Told(Add("operator", "owner", kAdmin)), "OK");
    std::atomic<int> taken = 0, kept = 0;
    Race(kRivals, [&](int i) {
      const std::string by = i % 3 == 0 ? "operator" : i % 3 == 1 ? "ann" : "ben";
      const std::string whom = i % 2 == 0 ? "ann" : "ben";
      const absl::Status status = i % 4 < 2 ? Remove(by, whom) : Add(by, whom, kAdmin);
      taken += status.ok();
      kept += Told(status) == "LAST_OWNER";
      ExpectAnswered(status);
    });
    EXPECT_EQ(Owners(), 1);
    EXPECT_GE(taken, 1);
    EXPECT_GE(kept, 1);
  }
  EXPECT_EQ(here_.Count(kMisreported), 0);
}

TEST_F(OrganizationRacesTest, OwnershipsThatComeAndGoNeverAllGo) {
  const std::vector<std::string> users{"ann", "ben", "carol", "dora", "owner", "orgadmin"};
  Race(kRivals, [&](int i) {
    for (int step = 0; step < 4; ++step) {
      const std::string& by = step % 2 == 0 ? users[(i + step) % 6] : "operator";
      const std::string& whom = users[(i * 7 + step) % 6];
      const auto role = (i + step) % 3 == 0 ? kOwner : kAdmin;
      ExpectAnswered((i + step) % 4 == 0 ? Remove(by, whom) : Add(by, whom, role));
      EXPECT_GE(Owners(), 1);
    }
  });
  EXPECT_EQ(here_.Count(kMisreported), 0);
}

TEST_F(OrganizationRacesTest, OfRacersThatGiveTheSameRoleOneWritesIt) {
  const Written written =
      WrittenBy([&] { Race(kRivals, [&](int) { EXPECT_EQ(Told(Add("owner", "ann", kAdmin)), "OK"); }); });
  EXPECT_EQ(written.entries.size(), 1u);
  EXPECT_EQ(written.audit.size(), 1u);
}

TEST_F(OrganizationRacesTest, NobodyKeepsAPartThatARoleGaveWhichEndsMeanwhile) {
  std::vector<ChannelId> channels;
  for (int i = 0; i < kRivals / 2; ++i) channels.push_back(AddPrivateChannel(here_.workspace, "owner"));
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(Told(Add("owner", "ann", kAdmin)), "OK");
    std::atomic<int> took_part = 0, ended = 0;
    Race(kRivals, [&](int i) {
      const absl::Status status =
          i < kRivals / 2 ? AddPart(channels[i], "ann", "ann") : Remove("owner", "ann");
      (i < kRivals / 2 ? took_part : ended) += status.ok();
      ExpectAnswered(status);
    });
    EXPECT_EQ(ended, 1);
    EXPECT_EQ(here_.Count(absl::StrCat("SELECT count(*) FROM participants WHERE user_id = '",
                                       IdOf("ann").text(), "'")),
              0)
        << took_part << " took part before";
  }
}

}  // namespace
}  // namespace guestpass::membership
