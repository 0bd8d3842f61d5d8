// SPDX-License-Identifier: Apache-2.0
#include "services/invite/domain/errors.h"

#include <string>

#include "absl/strings/match.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::invite {
namespace {

const InviteName kName = {*WorkspaceId::Parse("wwwwwwwwwwwwwwwwwwwwwwwwww"),
                          *InviteId::Parse("iiiiiiiiiiiiiiiiiiiiiiiiii")};

// What the caller of ResendInvite and CreateInvite reads, whichever of the limits it was.
TEST(InviteRateLimited, NamesEachOfItsCausesAndTheWait) {
  for (const auto& [wait, words] : {std::pair{absl::Hours(24) - absl::Seconds(1), "Try again in 24h."},
                                    {absl::Minutes(59) + absl::Microseconds(1), "Try again in 1h."},
                                    {absl::Minutes(59), "Try again in 59m."},
                                    {absl::Seconds(2), "Try again in 1m."}}) {
    const absl::Status status = InviteRateLimited(wait);
    EXPECT_TRUE(
        absl::StartsWith(status.message(),
                         "You have sent as many invites as is allowed in an hour, or this address has "
                         "got as many mails as is allowed in a day, or this invite was mailed a moment "
                         "ago."))
        << status;
    EXPECT_TRUE(absl::EndsWith(status.message(), words)) << status;
    EXPECT_EQ(DetailsOf(status)->retry_after, wait);
  }
}

TEST(InviteNotFound, SpeaksOfTheSecretOnlyToWhoHasShownOne) {
  EXPECT_TRUE(absl::StrContains(InviteNotFound().message(), "secret"));
  EXPECT_EQ(DetailsOf(InviteNotFound())->metadata, Metadata());
  const absl::Status by_name = InviteNotFound(kName);
  EXPECT_EQ(std::string(by_name.message()), "There is no such invite in this workspace.");
  EXPECT_TRUE(HasReason(by_name, Reason::kInviteNotFound));
  EXPECT_EQ(DetailsOf(by_name)->metadata, (Metadata{{"invite", kName.ToString()}}));
}

TEST(InvitePendingForEmail, SaysWhatTheCallerCanDo) {
  EXPECT_TRUE(absl::EndsWith(InvitePendingForEmail().message(), "Resend it, or revoke it and invite again."));
}

// A link is bound to no address, and an address may be verified and yet be none that is accepted.
TEST(EmailNotVerified, IsTrueOfLinksAndOfAddressesThatAreNotAccepted) {
  EXPECT_EQ(std::string(EmailNotVerified().message()),
            "Your account has no verified email address that is accepted here: ASCII before the @, a domain "
            "behind it. Verify one where you sign in, sign in again and retry.");
}

}  // namespace
}  // namespace guestpass::invite
