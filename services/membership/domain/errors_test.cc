// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/errors.h"

#include <string>

#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

// Read by who invites an address, by who redeems, and by who makes a member a guest.
TEST(EmailDomainNotAllowed, IsTrueForInvitersInviteesAndWhoChangesARole) {
  EXPECT_EQ(
      std::string(EmailDomainNotAllowed().message()),
      "This workspace admits guests with verified email addresses of certain domains only. Invite or join "
      "by such an address, or have an admin allow another domain.");
}

// The invite service has the same words: one redemption can meet either.
TEST(EmailNotVerified, IsTrueOfLinksAndOfAddressesThatAreNotAccepted) {
  EXPECT_EQ(std::string(EmailNotVerified().message()),
            "Your account has no verified email address that is accepted here: ASCII before the @, a domain "
            "behind it. Verify one where you sign in, sign in again and retry.");
}

}  // namespace
}  // namespace guestpass::membership
