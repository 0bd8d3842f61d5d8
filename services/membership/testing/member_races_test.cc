// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <set>
#include <thread>

#include "services/membership/testing/member_calls.h"

// What holds of members however many callers race.
namespace guestpass::membership {
namespace {

using type::v1::ROLE_ADMIN;
using type::v1::ROLE_GUEST;
using type::v1::ROLE_MEMBER;
using type::v1::ROLE_VIEWER;

constexpr int kRacers = 60;
constexpr int kLanes = 2;  // in which changes go that may share a transaction; the others wait for these

class MemberRacesTest : public MemberCalls {
 protected:
  // How often each answer was given. So many of the racers have begun in the database, and none has
  // committed, before the first one does.
  std::map<std::string, int> Answered(const std::function<absl::Status(int)>& ask, int begun = kRacers) {
    absl::Mutex mutex;
    std::map<std::string, int> answers;
    const auto head = here_.NewSession();
    EXPECT_TRUE(head->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
    std::thread race([&] {
      Race(kRacers, [&](int i) {
        const std::string told = Told(ask(i));
        absl::MutexLock lock(&mutex);
        ++answers[told];
      });
    });
    here_.AwaitWaiters(begun);
    EXPECT_TRUE(head->Script("COMMIT").ok());
    race.join();
    return answers;
  }
};

TEST_F(MemberRacesTest, DemotionsRemovalsAndLeavesOfTheAdminsLeaveExactlyOne) {
  // Without the owner's part, which is protected.
  ASSERT_TRUE(
      here_.NewSession()
          ->Run("UPDATE members SET role = 'MEMBER' WHERE user_id = $1", postgres::Params::Of(IdOf("owner")))
          .ok());
  const std::vector<std::string> admins = {"admin", "ann", "ben", "eve"};
  enum { kDemoting, kRemoving, kBoth };
  for (const int round : {kDemoting, kRemoving, kBoth}) {
    for (const std::string& name : admins) {
      if (Create("orgadmin", NewMember(name, ROLE_ADMIN)).ok()) continue;
      ASSERT_TRUE(Update("orgadmin", NewRole(name, ROLE_ADMIN)).ok());
    }
    ASSERT_EQ(DirectAdmins(), 4);
    const auto answers = Answered([&](int i) {
      const std::string user = admins[i % 4];
      const std::string callers[] = {"orgadmin", user, admins[(i + 1) % 4]};
      const std::string& by = callers[i / 4 % (round == kBoth ? 3 : 2)];
      const bool removes = round == kRemoving || (round == kBoth && i / 12 % 2 == 0);
      if (removes) return Delete(by, Removal(user)).status();
      return Update(by, NewRole(user, i % 5 == 0 ? ROLE_GUEST : ROLE_VIEWER)).status();
    });
    EXPECT_EQ(DirectAdmins(), 1) << round;
    EXPECT_EQ(answers.count("CONFLICT") + answers.count("INTERNAL"), 0u);
    EXPECT_GE(answers.at("OK"), 3);
    EXPECT_GE(answers.at("LAST_ADMIN"), 1);
  }
}

TEST_F(MemberRacesTest, OneUserIsCreatedOnce) {
  for (int round = 0; round < 3; ++round) {
    const std::string user = "new" + std::to_string(round);
    std::map<std::string, int> answers;
    const Written written = WrittenBy([&] {
      answers = Answered(
          [&](int i) {
            return Create(i % 2 ? "admin" : "orgadmin", NewMember(user, i % 3 ? ROLE_VIEWER : ROLE_GUEST))
                .status();
          },
          kLanes);
    });
    EXPECT_EQ(answers, (std::map<std::string, int>{{"OK", 1}, {"MEMBER_EXISTS", kRacers - 1}}));
    EXPECT_EQ(written.entries.size(), 1u);
    EXPECT_EQ(written.audit.size(), 1u);
  }
}

TEST_F(MemberRacesTest, OneRequestIsAnsweredOnceHoweverManySendIt) {
  v1::CreateMemberRequest request = NewMember("new", ROLE_MEMBER);
  request.set_request_id("once");
  std::set<std::string> revisions;
  absl::Mutex mutex;
  const Written written = WrittenBy([&] {
    Answered(
        [&](int) {
          const auto made = Create("admin", request);
          EXPECT_TRUE(made.ok()) << made.status();
          absl::MutexLock lock(&mutex);
          if (made.ok()) revisions.insert(made->rights_revision());
          return made.status();
        },
        kLanes);
  });
  EXPECT_EQ(revisions.size(), 1u);
  EXPECT_EQ(written.entries.size(), 1u);
  EXPECT_EQ(written.audit.size(), 1u);
}

TEST_F(MemberRacesTest, TheCapsHoldUnderJoinsCreationsAndDemotions) {
  std::vector<std::string> members;
  for (int i = 0; i < kRacers / 3; ++i) {
    members.push_back("m" + std::to_string(i));
    ASSERT_TRUE(Create("admin", NewMember(members.back(), ROLE_MEMBER)).ok());
  }
  SetCaps(/*cap=*/12, /*sponsor_cap=*/7);  // "guest" and "locked" are the owner's
  const auto invite = here_.InviteBy("owner", "");
  const auto answers = Answered([&](int i) -> absl::Status {
    const std::string user = i % 3 == 2 ? members[i / 3] : "n" + std::to_string(i);
    if (i % 3 == 1) return Create(i % 2 ? "owner" : "orgadmin", NewMember(user, ROLE_GUEST)).status();
    if (i % 3 == 2) return Update(i % 2 ? "owner" : "orgadmin", NewRole(user, ROLE_GUEST)).status();
    auto join = invite;
    join.set_join_key("join-" + user);
    return here_.rights.JoinMember(Installation::AsService("invite", user), join).status();
  });
  EXPECT_EQ(answers, (std::map<std::string, int>{{"OK", 10}, {"GUEST_LIMIT_REACHED", kRacers - 10}}));
  EXPECT_EQ(here_.Count("SELECT count(*) FROM members WHERE role = 'GUEST'"), 12 + 1) << "and one has ended";
  EXPECT_LE(here_.Count("SELECT count(*) FROM members WHERE role = 'GUEST' AND recorded_state = 'ACTIVE' AND "
                        "sponsor = '" +
                        Id("owner") + "'"),
            7);
}

TEST_F(MemberRacesTest, ARoleAndARemovalOfOneMemberAreOneAfterTheOther) {
  std::atomic<int> removed = 0;
  const auto answers = Answered([&](int i) {
    if (i % 4 == 0) {
      const absl::Status status = Delete("admin", Removal("member")).status();
      removed += status.ok() ? 1 : 0;
      return status;
    }
    return Update("owner", NewRole("member", i % 4 == 1   ? ROLE_GUEST
                                             : i % 4 == 2 ? ROLE_VIEWER
                                                          : ROLE_ADMIN))
        .status();
  });
  EXPECT_EQ(removed, 1);
  EXPECT_EQ(answers.count("CONFLICT"), 0u);
  EXPECT_EQ(answers.count("INTERNAL"), 0u);
  EXPECT_FALSE(here_.StateOf("member").role.has_value());
}

}  // namespace
}  // namespace guestpass::membership
