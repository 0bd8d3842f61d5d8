// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

// What a workspace's settings ask of who becomes a guest by an invite, and of a guest's times (G7, G9, I20).
namespace guestpass::membership {
namespace {

class AdmissionsTest : public testing::Test {
 protected:
  // Sets what `workspace` has.
  void Set(v1::Workspace workspace) {
    v1::UpdateWorkspaceRequest request;
    *request.mutable_workspace() = std::move(workspace);
    request.mutable_workspace()->set_name(ToName(here_.workspace));
    const auto updated = here_.workspaces.UpdateWorkspace(Installation::As("owner"), request);
    ASSERT_TRUE(updated.ok()) << updated.status();
  }
  void SetLifetimes(absl::Duration fallback, absl::Duration maximum) {
    v1::Workspace workspace;
    *workspace.mutable_default_guest_lifetime() = rpc::ToProto(fallback);
    *workspace.mutable_maximum_guest_lifetime() = rpc::ToProto(maximum);
    Set(workspace);
  }
  absl::Status Join(const std::string& name, const rights::v1::JoinMemberRequest& invite) {
    return here_.rights.JoinMember(Installation::AsService("invite", name), invite).status();
  }
  absl::Status Join(const std::string& name) { return Join(name, here_.InviteBy("owner", name)); }

  // How long the guest writes, from when it joined.
  absl::Duration LifetimeOf(const std::string& name) {
    return absl::Microseconds(
        here_.Count(absl::StrCat("SELECT expire_us - create_us FROM members WHERE user_id = '",
                                 Installation::IdOf(name).ToString(), "'")));
  }
  absl::Status SetTime(const std::string& by, const std::string& guest,
                       std::optional<absl::Duration> from_now) {
    rights::v1::SetGuestExpirationRequest request;
    request.set_workspace(here_.workspace.ToString());
    request.set_user(Installation::IdOf(guest).ToString());
    if (from_now.has_value()) {
      *request.mutable_ttl() = rpc::ToProto(*from_now);
    } else {
      request.set_clear(true);
    }
    return here_.rights.SetGuestExpiration(Installation::AsService("guest-expiry", by), request).status();
  }

  Installation here_;
};

void ExpectReason(const absl::Status& status, Reason reason) {
  EXPECT_TRUE(HasReason(status, reason)) << status;
}

TEST_F(AdmissionsTest, AnInviteThatNamesNoTimeTakesTheDefaultAndWithoutOneTheMaximum) {
  SetLifetimes(absl::Hours(2), absl::Hours(5));
  ASSERT_TRUE(Join("ann").ok());
  EXPECT_NEAR(absl::ToDoubleSeconds(LifetimeOf("ann")), 2 * 3600, 1);
  v1::UpdateWorkspaceRequest without_default;
  without_default.mutable_workspace()->set_name(ToName(here_.workspace));
  without_default.mutable_update_mask()->add_paths("default_guest_lifetime");
  ASSERT_TRUE(here_.workspaces.UpdateWorkspace(Installation::As("owner"), without_default).ok());
  ASSERT_TRUE(Join("ben").ok());
  EXPECT_NEAR(absl::ToDoubleSeconds(LifetimeOf("ben")), 5 * 3600, 1);
}

TEST_F(AdmissionsTest, AnInviteOlderThanTheMaximumGivesNoMoreThanTheMaximum) {
  auto by_ttl = here_.InviteBy("owner", "ann");
  *by_ttl.mutable_ttl() = rpc::ToProto(absl::Hours(100));
  auto by_time = here_.InviteBy("owner", "ben");
  *by_time.mutable_expire_time() = rpc::ToProto(absl::Now() + absl::Hours(100));
  SetLifetimes(absl::Hours(1), absl::Hours(5));
  ASSERT_TRUE(Join("ann", by_ttl).ok());
  ASSERT_TRUE(Join("ben", by_time).ok());
  EXPECT_NEAR(absl::ToDoubleSeconds(LifetimeOf("ann")), 5 * 3600, 1);
  EXPECT_NEAR(absl::ToDoubleSeconds(LifetimeOf("ben")), 5 * 3600, 1);
}

TEST_F(AdmissionsTest, NoTimeIsSetBeyondTheMaximumAndClearingIsRefusedAndWhoIsThereIsNotMoved) {
  ASSERT_TRUE(Join("ann").ok());
  ASSERT_TRUE(SetTime("owner", "ann", absl::Hours(100)).ok());
  const auto before = here_.StateOf("ann");
  SetLifetimes(absl::Hours(1), absl::Hours(5));
  EXPECT_EQ(here_.StateOf("ann"), before);
  ExpectReason(SetTime("owner", "ann", absl::Hours(5) + absl::Seconds(1)), Reason::kGuestLifetimeExceeded);
  ExpectReason(SetTime("owner", "ann", std::nullopt), Reason::kGuestLifetimeExceeded);
  EXPECT_EQ(here_.StateOf("ann"), before);
  EXPECT_TRUE(SetTime("owner", "ann", absl::Hours(5)).ok());
}

TEST_F(AdmissionsTest, ASponsorWhileMemberExtendsItsOwnGuestsAndDoesNothingElse) {
  here_.AddMember("sam", type::v1::ROLE_ADMIN);
  here_.AddMember("ben", type::v1::ROLE_MEMBER);
  auto invite = here_.InviteBy("sam", "ann");
  *invite.mutable_ttl() = rpc::ToProto(absl::Hours(1));
  ASSERT_TRUE(Join("ann", invite).ok());
  auto session = here_.NewSession();
  const auto demote = [&](const char* role) {
    ASSERT_TRUE(session
                    ->Run("UPDATE members SET role = $1 WHERE user_id = $2",
                          postgres::Params::Of(role, Installation::IdOf("sam")))
                    .ok());
  };
  demote("MEMBER");
  EXPECT_TRUE(SetTime("sam", "ann", absl::Hours(2)).ok());
  ExpectReason(SetTime("sam", "ann", absl::Hours(1)), Reason::kRoleTooLow);
  ExpectReason(SetTime("sam", "ann", absl::ZeroDuration()), Reason::kRoleTooLow);
  ExpectReason(SetTime("sam", "ann", std::nullopt), Reason::kRoleTooLow);
  ExpectReason(SetTime("ben", "ann", absl::Hours(3)), Reason::kRoleTooLow);
  ASSERT_TRUE(SetTime("owner", "ann", absl::ZeroDuration()).ok());
  EXPECT_TRUE(SetTime("sam", "ann", absl::Hours(2)).ok()) << "soft-locked";
  ASSERT_TRUE(session->Script("UPDATE members SET recorded_state = 'ENDED' WHERE role = 'GUEST'").ok());
  ExpectReason(SetTime("sam", "ann", absl::Hours(3)), Reason::kRoleTooLow);
  demote("VIEWER");
  ASSERT_TRUE(session->Script("UPDATE members SET recorded_state = 'ACTIVE' WHERE role = 'GUEST'").ok());
  ExpectReason(SetTime("sam", "ann", absl::Hours(3)), Reason::kRoleTooLow);
}

TEST_F(AdmissionsTest, OnlyVerifiedAddressesOfTheDomainsBecomeGuestsAndOthersJoinAsMembers) {
  v1::Workspace workspace;
  workspace.add_guest_domains("example.org");
  Set(workspace);
  ExpectReason(Join("ann"), Reason::kEmailDomainNotAllowed);
  auto unverified = here_.InviteBy("owner", "unverified");
  unverified.set_allow_unverified(true);
  rpc::Call nobody = Installation::AsService("invite", "nobody");
  nobody.caller.user->email_verified = false;
  ExpectReason(here_.rights.JoinMember(nobody, unverified).status(), Reason::kEmailDomainNotAllowed);
  auto member = here_.InviteBy("owner", "member");
  member.set_role(type::v1::ROLE_MEMBER);
  member.clear_channels();
  EXPECT_TRUE(Join("ann", member).ok());
  workspace.set_guest_domains(0, "Example.COM");
  Set(workspace);
  EXPECT_TRUE(Join("ben").ok());
}

TEST_F(AdmissionsTest, WithoutAVerifiedAddressOneJoinsOnlyWhereTheInviteSaysSo) {
  auto invite = here_.InviteBy("owner", "first");
  rpc::Call nobody = Installation::AsService("invite", "nobody");
  nobody.caller.user->email_verified = false;
  ExpectReason(here_.rights.JoinMember(nobody, invite).status(), Reason::kEmailNotVerified);
  invite.set_join_key("second");
  invite.set_allow_unverified(true);
  EXPECT_TRUE(here_.rights.JoinMember(nobody, invite).ok());
  EXPECT_EQ(here_.Count("SELECT count(*) FROM members WHERE role = 'GUEST' AND address IS NULL"), 1);
}

TEST_F(AdmissionsTest, ALinkNeverChangesAnExistingRecord) {
  ASSERT_TRUE(Join("ann").ok());
  ASSERT_TRUE(SetTime("owner", "ann", absl::ZeroDuration()).ok());
  ASSERT_TRUE(
      here_.NewSession()
          ->Script(
              "UPDATE members SET access_end_us = expire_us, recorded_state = 'ENDED' WHERE role = 'GUEST'")
          .ok());
  auto link = here_.InviteBy("owner", "link");
  link.set_link(true);
  ExpectReason(Join("ann", link), Reason::kGuestEnded);
  EXPECT_TRUE(Join("ann", here_.InviteBy("owner", "mail")).ok());
}

TEST_F(AdmissionsTest, CapsHoldHoweverManyJoinAtOnceAndGuestsThatEndedAreNotCounted) {
  v1::Workspace workspace;
  workspace.set_guest_cap(10);
  Set(workspace);
  std::vector<std::thread> threads;
  std::atomic<int> joined = 0, refused = 0;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&, i] {
      const std::string name = absl::StrCat("guest", i);
      const absl::Status status = Join(name, here_.InviteBy("owner", name));
      joined += status.ok() ? 1 : 0;
      refused += HasReason(status, Reason::kGuestLimitReached) ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(joined, 10);
  EXPECT_EQ(refused, 40);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM members WHERE role = 'GUEST'"), 10);
  ASSERT_TRUE(
      here_.NewSession()
          ->Script("UPDATE members SET recorded_state = 'ENDED' WHERE user_id = (SELECT max(user_id) FROM "
                   "members WHERE role = 'GUEST')")
          .ok());
  EXPECT_TRUE(Join("late").ok());
  ExpectReason(Join("later"), Reason::kGuestLimitReached);
}

TEST_F(AdmissionsTest, ARefusedJoinDecidesItsKeyAndHoldsNoPlace) {
  v1::Workspace workspace;
  workspace.set_sponsor_guest_cap(1);
  Set(workspace);
  ASSERT_TRUE(Join("ann").ok());
  ExpectReason(Join("ben", here_.InviteBy("owner", "ben")), Reason::kGuestLimitReached);
  rights::v1::ResolveJoinRequest resolve;
  resolve.set_join_key("ben");
  EXPECT_EQ(here_.rights.ResolveJoin(Installation::AsService("invite"), resolve)->outcome(),
            rights::v1::ResolveJoinResponse::OUTCOME_CANCELLED);
  here_.AddMember("sam", type::v1::ROLE_ADMIN);
  EXPECT_TRUE(Join("ben", here_.InviteBy("sam", "sams")).ok());
}

}  // namespace
}  // namespace guestpass::membership
