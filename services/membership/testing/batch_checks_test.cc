// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/rpc/wire_status.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

// Several invites that are asked about in one call.
namespace guestpass::membership {
namespace {

using rights::v1::BatchCheckInvitesRequest;
using rights::v1::BatchCheckInvitesResponse;

class BatchChecksTest : public testing::Test {
 protected:
  // A member's, of an address of its own.
  BatchCheckInvitesRequest::Check& Add(const std::string& inviter) {
    auto& check = *request_.add_checks();
    check.set_user_authorization("Bearer " + here_.TokenOf(inviter));
    check.set_request_id("request-of-" + inviter);
    check.mutable_request()->set_workspace(here_.workspace.ToString());
    check.mutable_request()->set_role(type::v1::ROLE_MEMBER);
    check.mutable_request()->set_address(absl::StrCat("new", request_.checks_size(), "@example.com"));
    return check;
  }

  absl::StatusOr<BatchCheckInvitesResponse> Check() {
    return here_.rights.BatchCheckInvites(Installation::AsService("invite"), request_);
  }

  // "OK" or why not, of each.
  std::vector<std::string> Outcomes() {
    const auto response = Check();
    EXPECT_TRUE(response.ok()) << response.status();
    std::vector<std::string> outcomes;
    for (const auto& outcome : response->outcomes()) {
      outcomes.push_back(outcome.has_checked()
                             ? "OK"
                             : std::string(ReasonName(DetailsOf(rpc::FromWire(outcome.error()))->reason)));
    }
    return outcomes;
  }

  Installation here_;
  BatchCheckInvitesRequest request_;
};

TEST_F(BatchChecksTest, EachIsJudgedForItsOwnUserWhateverIsSaidOfTheOthers) {
  here_.AddMember("ann", type::v1::ROLE_MEMBER);
  here_.AddMember("adam", type::v1::ROLE_ADMIN);
  Add("owner");
  Add("ann");
  Add("adam");
  Add("stranger");
  Add("owner").mutable_request()->set_address("ann@example.com");
  Add("owner").mutable_request()->set_workspace("no id");
  Add("owner").set_user_authorization("Bearer no.token");
  Add("owner").set_user_authorization(absl::StrCat("Bearer ", here_.TokenOf("owner"), "x"));
  Add("owner").clear_user_authorization();
  Add("adam");
  EXPECT_EQ(Outcomes(), (std::vector<std::string>{"OK", "ROLE_TOO_LOW", "OK", "ROLE_TOO_LOW", "MEMBER_EXISTS",
                                                  "FIELD_INVALID", "TOKEN_MALFORMED", "TOKEN_SIGNATURE",
                                                  "CREDENTIALS_MISSING", "OK"}));
}

TEST_F(BatchChecksTest, AllOfThemAreJudgedInOneSnapshotAsIfAlone) {
  here_.AddMember("gone", type::v1::ROLE_MEMBER);
  ASSERT_TRUE(here_.Remove("owner", "gone").ok());
  Add("owner");
  Add("owner").mutable_request()->set_address("gone@example.com");
  const auto response = Check();
  ASSERT_TRUE(response.ok()) << response.status();
  ASSERT_EQ(response->outcomes_size(), 2);
  const auto &first = response->outcomes(0).checked(), &second = response->outcomes(1).checked();
  EXPECT_EQ(first.removed_n(), 0u);
  EXPECT_EQ(second.removed_n(), second.rights_n());
  EXPECT_EQ(first.rights_revision(), second.rights_revision());
  EXPECT_EQ(first.database_time().SerializeAsString(), second.database_time().SerializeAsString());
  const auto alone =
      here_.rights.CheckInvite(Installation::AsService("invite", "owner"), request_.checks(1).request());
  ASSERT_TRUE(alone.ok()) << alone.status();
  EXPECT_EQ(alone->removed_n(), second.removed_n());
  EXPECT_EQ(alone->workspace_display_name(), second.workspace_display_name());
  EXPECT_EQ(alone->rights_revision(), second.rights_revision());
}

TEST_F(BatchChecksTest, AServicesTokenIsNoUsers) {
  const absl::Time now = SystemClock().Now();
  Add("owner").set_user_authorization("Bearer " + here_.issuer.Mint({.subject = "invite",
                                                                     .service = "invite",
                                                                     .issue_time = now,
                                                                     .expire_time = now + absl::Hours(1)}));
  EXPECT_EQ(Outcomes(), (std::vector<std::string>{"CALLER_NOT_ALLOWED"}));
}

TEST_F(BatchChecksTest, NoneAndTooManyAreRefused) {
  EXPECT_TRUE(HasReason(Check().status(), Reason::kFieldInvalid));
  for (int i = 0; i < 64; ++i) Add("owner");
  EXPECT_EQ(Outcomes(), std::vector<std::string>(64, "OK"));
  Add("owner");
  EXPECT_TRUE(HasReason(Check().status(), Reason::kFieldInvalid));
}

}  // namespace
}  // namespace guestpass::membership
