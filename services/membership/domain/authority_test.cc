// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/authority.h"

#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/domain/conversation.h"
#include "services/membership/domain/errors.h"

namespace guestpass::membership {
namespace {

using rights::Role;

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

void ExpectTooLow(const absl::Status& status, const std::string& role, const std::string& message) {
  EXPECT_TRUE(HasReason(status, Reason::kRoleTooLow)) << status;
  EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"role", role}}));
  EXPECT_EQ(status.message(), message);
}

TEST(Authority, WhoHasNoAdminAuthorityIsToldWhoHas) {
  const std::string message =
      "Only admins of the workspace, and owners and admins of its organization, can do this.";
  EXPECT_TRUE(RequireAdmin({.role = Role::kAdmin}, kNow).ok());
  ExpectTooLow(RequireAdmin({.role = Role::kMember}, kNow), "MEMBER", message);
  ExpectTooLow(RequireAdmin({.role = Role::kViewer}, kNow), "VIEWER", message);
  ExpectTooLow(RequireAdmin({.role = Role::kGuest}, kNow), "GUEST", message);
}

TEST(Authority, WhoIsNoMemberOrHasEndedIsToldThatAndNothingElse) {
  ExpectTooLow(RequireAdmin({}, kNow), "NONE", "You are no member of this workspace.");
  const rights::Authority ended{.role = Role::kGuest, .expire_time = kNow, .access_end_time = kNow};
  EXPECT_TRUE(HasReason(RequireAdmin(ended, kNow), Reason::kGuestEnded));
}

TEST(Authority, AViewerIsToldWhoStartsConversationsAndASponsorWhatItMay) {
  ExpectTooLow(RequireStarter({.role = Role::kViewer}, kNow), "VIEWER",
               "Only members and admins can do this.");
  ExpectTooLow(
      SponsorsOnlyExtend({.role = Role::kMember}), "MEMBER",
      "A sponsor only extends guests of its own that have not ended. Ask an admin of the workspace.");
}

}  // namespace
}  // namespace guestpass::membership
