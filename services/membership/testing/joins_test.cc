// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/rights/revision.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {
namespace {

using rights::v1::ResolveJoinResponse;

class JoinsTest : public testing::Test {
 protected:
  absl::StatusOr<rights::v1::JoinMemberResponse> Join(const std::string& user,
                                                      const rights::v1::JoinMemberRequest& request) {
    return here_.rights.JoinMember(Installation::AsService("invite", user), request);
  }
  ResolveJoinResponse Resolved(const std::string& key) {
    rights::v1::ResolveJoinRequest request;
    request.set_join_key(key);
    const auto response = here_.rights.ResolveJoin(Installation::AsService("invite"), request);
    EXPECT_TRUE(response.ok()) << response.status();
    return *response;
  }
  ResolveJoinResponse::Outcome Resolve(const std::string& key) { return Resolved(key).outcome(); }
  absl::Status CheckInvite(const std::string& by, const std::string& address, uint64_t* removed_n = nullptr) {
    rights::v1::CheckInviteRequest request;
    request.set_workspace(here_.workspace.ToString());
    request.set_role(type::v1::ROLE_GUEST);
    request.add_channels(here_.public_channel.ToString());
    request.set_address(address);
    const auto response = here_.rights.CheckInvite(Installation::AsService("invite", by), request);
    if (response.ok() && removed_n != nullptr) *removed_n = response->removed_n();
    return response.status();
  }

  Installation here_;
};

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

TEST_F(JoinsTest, AnInviteMakesAGuestAndTheKeyIsJoined) {
  auto invite = here_.InviteBy("owner", "key");
  *invite.mutable_ttl() = rpc::ToProto(absl::Hours(1));
  const auto joined = Join("ann", invite);
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_FALSE(joined->already_member());
  EXPECT_EQ(joined->member().role(), type::v1::ROLE_GUEST);
  EXPECT_EQ(joined->member().access_end_us() - joined->member().expire_us(),
            absl::ToInt64Microseconds(absl::Hours(24)));
  EXPECT_EQ(here_.StateOf("ann").grants, std::vector<ChannelId>{here_.public_channel});
  EXPECT_EQ(Resolve("key"), ResolveJoinResponse::OUTCOME_JOINED);
  EXPECT_FALSE(Resolved("key").already_member());
  EXPECT_EQ(here_.Count("SELECT count(*) FROM members WHERE address = 'ann@example.com'"), 1);
}

TEST_F(JoinsTest, RepeatingAJoinAnswersWhatItAnsweredFirst) {
  const auto invite = here_.InviteBy("owner", "key");
  ASSERT_TRUE(Join("ann", invite).ok());
  const auto again = Join("ann", invite);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_FALSE(again->already_member());
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.joined'"), 1);
  ExpectReason(Join("ben", invite).status(), Reason::kConflict);
}

TEST_F(JoinsTest, AfterResolvingNobodyJoinsByThatKey) {
  const auto invite = here_.InviteBy("owner", "key");
  EXPECT_EQ(Resolve("key"), ResolveJoinResponse::OUTCOME_CANCELLED);
  ExpectReason(Join("ann", invite).status(), Reason::kConflict);
  EXPECT_EQ(here_.StateOf("ann").role, std::nullopt);
  EXPECT_EQ(Resolve("key"), ResolveJoinResponse::OUTCOME_CANCELLED);
}

TEST_F(JoinsTest, ARefusalIsWrittenDownBeforeItIsAnswered) {
  auto invite = here_.InviteBy("ann", "key");
  ExpectReason(Join("ben", invite).status(), Reason::kInviteNoLongerValid);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM join_keys WHERE join_key = 'key' AND outcome = 'CANCELLED' AND "
                        "keep_until_us - decided_us = 60 * 24 * 3600 * 1000000::bigint"),
            1);
  here_.AddMember("ann", type::v1::ROLE_ADMIN);
  ExpectReason(Join("ben", invite).status(), Reason::kConflict);
}

TEST_F(JoinsTest, TheCallNeedsAUserWithAVerifiedAddress) {
  const auto invite = here_.InviteBy("owner", "key");
  ExpectReason(here_.rights.JoinMember(Installation::AsService("invite"), invite).status(),
               Reason::kCallerNotAllowed);
  rpc::Call unverified = Installation::AsService("invite", "ann");
  unverified.caller.user->email_verified = false;
  ExpectReason(here_.rights.JoinMember(unverified, invite).status(), Reason::kEmailNotVerified);
}

TEST_F(JoinsTest, ADirectMemberIsAlreadyOneAndStaysAsItIs) {
  here_.AddMember("ann", type::v1::ROLE_VIEWER);
  const auto joined = Join("ann", here_.InviteBy("owner", "key"));
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_TRUE(joined->already_member());
  EXPECT_EQ(joined->member().role(), type::v1::ROLE_VIEWER);
  EXPECT_EQ(Resolve("key"), ResolveJoinResponse::OUTCOME_JOINED);
  EXPECT_TRUE(Resolved("key").already_member()) << "a link's use is not spent by it";
  EXPECT_TRUE(Join("ann", here_.InviteBy("owner", "key"))->already_member());
}

TEST_F(JoinsTest, AnAdminOfTheOrganizationBecomesNoGuest) {
  const auto joined = Join("orgadmin", here_.InviteBy("owner", "key"));
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_TRUE(joined->already_member());
  EXPECT_EQ(here_.StateOf("orgadmin").role, std::nullopt);
}

TEST_F(JoinsTest, NoInviteMadeBeforeARemovalLetsTheMemberBackInAndALaterOneDoes) {
  const auto older = here_.InviteBy("owner", "older");
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  ASSERT_TRUE(here_.Remove("owner", "ann").ok());
  ExpectReason(Join("ann", older).status(), Reason::kInviteNoLongerValid);
  EXPECT_EQ(here_.StateOf("ann").role, std::nullopt);
  uint64_t removed_n = 0;
  ASSERT_TRUE(CheckInvite("owner", "Ann@Example.com", &removed_n).ok());
  EXPECT_LT(older.rights_n(), removed_n);
  const auto later = here_.InviteBy("owner", "later");
  EXPECT_GE(later.rights_n(), removed_n);
  EXPECT_TRUE(Join("ann", later).ok());
}

TEST_F(JoinsTest, RepeatingAJoinAfterARemovalIsRefused) {
  const auto invite = here_.InviteBy("owner", "key");
  ASSERT_TRUE(Join("ann", invite).ok());
  ASSERT_TRUE(here_.Remove("owner", "ann").ok());
  const auto again = Join("ann", invite);
  ExpectReason(again.status(), Reason::kInviteNoLongerValid);
  EXPECT_EQ(DetailsOf(again.status())->metadata.at("invite"),
            absl::StrCat("workspaces/", here_.workspace.text(), "/invites/", invite.invite()));
  EXPECT_EQ(Resolve("key"), ResolveJoinResponse::OUTCOME_JOINED) << "it did";
}

TEST_F(JoinsTest, AGuestWhoCameToTheOrganizationIsToldNothingOfItsRecord) {
  auto invite = here_.InviteBy("owner", "key");
  *invite.mutable_ttl() = rpc::ToProto(absl::Hours(1));
  ASSERT_TRUE(Join("ann", invite).ok());
  ASSERT_TRUE(here_.NewSession()
                  ->Run("INSERT INTO organization_members VALUES ($1, $2, 'ADMIN')",
                        postgres::Params::Of(here_.organization, Installation::IdOf("ann")))
                  .ok());
  for (const auto& request : {invite, here_.InviteBy("owner", "another")}) {
    const auto joined = Join("ann", request);
    ASSERT_TRUE(joined.ok()) << joined.status();
    EXPECT_EQ(joined->member().role(), type::v1::ROLE_UNSPECIFIED);
    EXPECT_EQ(joined->member().expire_us(), 0);
    EXPECT_EQ(joined->member().grants_size(), 0);
  }
  EXPECT_EQ(here_.StateOf("ann").role, rights::Role::kGuest) << "the record stays as it is";
}

TEST_F(JoinsTest, AnotherAccountWithTheRemovedAddressIsKeptOutToo) {
  const auto older = here_.InviteBy("owner", "older");
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  ASSERT_TRUE(here_.Remove("owner", "ann").ok());
  rpc::Call twin = Installation::AsService("invite", "anns-second-account");
  twin.caller.user->email = "ANN@example.com";
  ExpectReason(here_.rights.JoinMember(twin, older).status(), Reason::kInviteNoLongerValid);
}

TEST_F(JoinsTest, AnEndedGuestIsReactivatedByAnInviteMadeAfterTheEndOnly) {
  Installation there(/*grace=*/absl::ZeroDuration());
  there.AddMember("ann", type::v1::ROLE_GUEST);
  const auto before = there.InviteBy("owner", "before");
  ASSERT_TRUE(there.SetTtl("ann", absl::ZeroDuration()).ok());
  const rpc::Call ann = Installation::AsService("invite", "ann");
  ExpectReason(there.rights.JoinMember(ann, before).status(), Reason::kGuestEnded);
  const auto joined = there.rights.JoinMember(ann, there.InviteBy("owner", "after"));
  ASSERT_TRUE(joined.ok()) << joined.status();
  EXPECT_FALSE(joined->already_member());
  EXPECT_EQ(there.StateOf("ann").recorded, rights::GuestState::kActive);
  EXPECT_EQ(there.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.reactivated'"), 1);
}

TEST_F(JoinsTest, CheckInviteJudgesInOrder) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  ExpectReason(CheckInvite("stranger", "new@example.com"), Reason::kRoleTooLow);
  ExpectReason(CheckInvite("ann", "not an address"), Reason::kRoleTooLow);
  ExpectReason(CheckInvite("owner", "not an address"), Reason::kFieldInvalid);
  ExpectReason(CheckInvite("owner", "ANN@example.com"), Reason::kMemberExists);
  ASSERT_TRUE(
      here_.rights.JoinMember(Installation::AsService("invite", "gus"), here_.InviteBy("owner", "gus")).ok());
  ExpectReason(CheckInvite("owner", "gus@example.com"), Reason::kMemberExists);  // a guest without end
  EXPECT_TRUE(CheckInvite("owner", "new@example.com").ok());
  rights::v1::CheckInviteRequest request;
  request.set_workspace(here_.workspace.ToString());
  request.set_role(type::v1::ROLE_GUEST);
  request.add_channels(std::string(26, 'x'));
  request.set_address("ann@example.com");
  const auto check = [&] {
    return here_.rights.CheckInvite(Installation::AsService("invite", "owner"), request).status();
  };
  ExpectReason(check(), Reason::kChannelNotFound);
  request.set_channels(0, here_.private_channel.ToString());
  ExpectReason(check(), Reason::kMemberExists);
  ASSERT_TRUE(here_.NewSession()->Script("UPDATE channels SET archived = true").ok());
  ExpectReason(check(), Reason::kChannelArchived);
  ASSERT_TRUE(here_.NewSession()->Script("UPDATE channels SET kind = 'DIRECT'").ok());
  ExpectReason(check(), Reason::kChannelNotFound);
}

TEST_F(JoinsTest, CheckInviteSaysWhichMomentItJudged) {
  rights::v1::CheckInviteRequest request;
  request.set_workspace(here_.workspace.ToString());
  request.set_role(type::v1::ROLE_MEMBER);
  const auto checked = here_.rights.CheckInvite(Installation::AsService("invite", "owner"), request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  const auto revision = rights::RightsRevision::Parse(checked->rights_revision());
  ASSERT_TRUE(revision.has_value()) << checked->rights_revision();
  EXPECT_EQ(revision->n, checked->rights_n());
  const auto joined = Join("ann", here_.InviteBy("owner", "key"));
  const auto later = rights::RightsRevision::Parse(joined->rights_revision());
  ASSERT_TRUE(later.has_value()) << joined->rights_revision();
  EXPECT_EQ(later->epoch, revision->epoch);
  EXPECT_EQ(later->shard, revision->shard);
  EXPECT_GT(later->n, revision->n);
}

TEST_F(JoinsTest, AnOperatorInvitesNobodyUnlessItIsAnAdminItself) {
  rpc::Call call = Installation::AsService("invite", "operator");
  call.caller.is_operator = true;
  rights::v1::CheckInviteRequest request;
  request.set_workspace(here_.workspace.ToString());
  request.set_role(type::v1::ROLE_MEMBER);
  ExpectReason(here_.rights.CheckInvite(call, request).status(), Reason::kRoleTooLow);
  here_.AddMember("operator", type::v1::ROLE_ADMIN);
  EXPECT_TRUE(here_.rights.CheckInvite(call, request).ok());
}

TEST_F(JoinsTest, AnEndedGuestsAddressMayBeInvitedAgain) {
  Installation there(/*grace=*/absl::ZeroDuration());
  there.AddMember("ann", type::v1::ROLE_GUEST);
  ASSERT_TRUE(there.SetTtl("ann", absl::ZeroDuration()).ok());
  rights::v1::CheckInviteRequest request;
  request.set_workspace(there.workspace.ToString());
  request.set_role(type::v1::ROLE_MEMBER);
  request.set_address("ann@example.com");
  EXPECT_TRUE(there.rights.CheckInvite(Installation::AsService("invite", "owner"), request).ok());
}

TEST_F(JoinsTest, RacersWithOneKeyJoinOnceAndAllGetThatAnswer) {
  const auto invite = here_.InviteBy("owner", "key");
  std::atomic<int> joined = 0;
  std::vector<std::thread> racers;
  for (int i = 0; i < 20; ++i) {
    racers.emplace_back([&] {
      const auto answer = Join("ann", invite);
      EXPECT_TRUE(answer.ok()) << answer.status();
      joined += answer.ok() && !answer->already_member() ? 1 : 0;
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(joined, 20);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.joined'"), 1);
}

TEST_F(JoinsTest, RacersForOneMemberWithKeysOfTheirOwnMakeOne) {
  std::vector<rights::v1::JoinMemberRequest> invites;
  for (int i = 0; i < 20; ++i) invites.push_back(here_.InviteBy("owner", absl::StrCat("key-", i)));
  std::atomic<int> made = 0;
  std::vector<std::thread> racers;
  for (const auto& invite : invites) {
    racers.emplace_back([&] {
      const auto answer = Join("ann", invite);
      EXPECT_TRUE(answer.ok()) << answer.status();
      made += answer.ok() && !answer->already_member() ? 1 : 0;
    });
  }
  for (std::thread& racer : racers) racer.join();
  EXPECT_EQ(made, 1);
}

TEST_F(JoinsTest, JoiningAndResolvingAtOnceAgree) {
  for (int round = 0; round < 40; ++round) {
    const std::string user = absl::StrCat("user-", round);
    const auto invite = here_.InviteBy("owner", absl::StrCat("key-", round));
    ResolveJoinResponse::Outcome outcome{};
    std::thread resolver([&] {
      if (round % 2 == 1) absl::SleepFor(absl::Microseconds(100 * round));
      outcome = Resolve(invite.join_key());
    });
    const auto answer = Join(user, invite);
    resolver.join();
    EXPECT_EQ(answer.ok(), outcome == ResolveJoinResponse::OUTCOME_JOINED) << answer.status();
    EXPECT_EQ(answer.ok(), here_.StateOf(user).role.has_value());
  }
}

TEST_F(JoinsTest, ResolvingWaitsForAJoinThatHasWrittenItsKey) {
  const auto rival = here_.NewSession();
  ASSERT_TRUE(
      rival
          ->Script("BEGIN; INSERT INTO join_keys (join_key, outcome, decided_us, keep_until_us) VALUES "
                   "('key', 'JOINED', 1, 2)")
          .ok());
  ResolveJoinResponse::Outcome outcome{};
  std::thread resolver([&] { outcome = Resolve("key"); });
  here_.AwaitWaiters(1);
  ASSERT_TRUE(rival->Script("COMMIT").ok());
  resolver.join();
  EXPECT_EQ(outcome, ResolveJoinResponse::OUTCOME_JOINED);
}

TEST_F(JoinsTest, ARemovalUnderWayDecidesWhetherAnOlderInviteStillLetsIn) {
  const auto older = here_.InviteBy("owner", "older");
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  const auto rival = here_.NewSession();  // holds the head, so that the removal waits with its row gone
  ASSERT_TRUE(rival->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
  std::thread remover([&] { EXPECT_TRUE(here_.Remove("owner", "ann").ok()); });
  here_.AwaitWaiters(1);
  absl::StatusOr<rights::v1::JoinMemberResponse> answer;
  std::thread joiner([&] { answer = Join("ann", older); });
  here_.AwaitWaiters(2);
  ASSERT_TRUE(rival->Script("COMMIT").ok());
  remover.join();
  joiner.join();
  ExpectReason(answer.status(), Reason::kInviteNoLongerValid);
  EXPECT_EQ(here_.StateOf("ann").role, std::nullopt);
}

TEST_F(JoinsTest, AnotherAccountsRemovalUnderWayDecidesForItsAddressToo) {
  const auto older = here_.InviteBy("owner", "older");
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  const auto rival = here_.NewSession();  // keeps the removal from committing
  ASSERT_TRUE(rival->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
  std::thread remover([&] { EXPECT_TRUE(here_.Remove("owner", "ann").ok()); });
  here_.AwaitWaiters(1);
  rpc::Call twin = Installation::AsService("invite", "anns-second-account");
  twin.caller.user->email = "ann@example.com";
  absl::Status answer;
  std::thread joiner([&] { answer = here_.rights.JoinMember(twin, older).status(); });
  here_.AwaitWaiters(2);
  ASSERT_TRUE(rival->Script("COMMIT").ok());
  remover.join();
  joiner.join();
  ExpectReason(answer, Reason::kInviteNoLongerValid);
}

TEST_F(JoinsTest, ARemovalOfTheInviterUnderWayDecidesWhetherItsInviteStillHolds) {
  here_.AddMember("ann", type::v1::ROLE_ADMIN);
  const auto invite = here_.InviteBy("ann", "key");
  const auto rival = here_.NewSession();  // keeps the removal from committing
  ASSERT_TRUE(rival->Script("BEGIN; SELECT FROM rights_heads FOR UPDATE").ok());
  std::thread remover([&] { EXPECT_TRUE(here_.Remove("owner", "ann").ok()); });
  here_.AwaitWaiters(1);
  absl::StatusOr<rights::v1::JoinMemberResponse> answer;
  std::thread joiner([&] { answer = Join("ben", invite); });
  here_.AwaitWaiters(2);
  ASSERT_TRUE(rival->Script("COMMIT").ok());
  remover.join();
  joiner.join();
  ExpectReason(answer.status(), Reason::kInviteNoLongerValid);
  EXPECT_EQ(here_.StateOf("ben").role, std::nullopt);
}

}  // namespace
}  // namespace guestpass::membership
