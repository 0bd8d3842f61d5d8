// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/guest_admission.h"

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::membership {
namespace {

constexpr absl::Duration kTick = absl::Microseconds(1);
const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

WorkspaceSettings Limited(std::optional<absl::Duration> fallback, std::optional<absl::Duration> maximum) {
  return {.default_lifetime = fallback, .maximum_lifetime = maximum};
}

TEST(FirstExpireTime, IsAsGivenOrTheDefaultOrTheMaximumOrNever) {
  const auto day = absl::Hours(24);
  EXPECT_EQ(*FirstExpireTime(kNow + day, {}, kNow), kNow + day);
  EXPECT_EQ(*FirstExpireTime(day, {}, kNow), kNow + day);
  EXPECT_EQ(*FirstExpireTime(Never{}, Limited(day, 2 * day), kNow), kNow + day);
  EXPECT_EQ(*FirstExpireTime(Never{}, Limited({}, 2 * day), kNow), kNow + 2 * day);
  EXPECT_EQ(*FirstExpireTime(Never{}, {}, kNow), absl::InfiniteFuture());
}

TEST(FirstExpireTime, LiesAheadAndNotBeyondTheMaximumToTheMicrosecond) {
  const WorkspaceSettings settings = Limited({}, absl::Hours(1));
  EXPECT_TRUE(FirstExpireTime(absl::Hours(1), settings, kNow).ok());
  EXPECT_TRUE(FirstExpireTime(kNow + absl::Hours(1), settings, kNow).ok());
  EXPECT_TRUE(HasReason(FirstExpireTime(absl::Hours(1) + kTick, settings, kNow).status(),
                        Reason::kGuestLifetimeExceeded));
  EXPECT_TRUE(HasReason(FirstExpireTime(kNow + absl::Hours(1) + kTick, settings, kNow).status(),
                        Reason::kGuestLifetimeExceeded));
  EXPECT_TRUE(FirstExpireTime(kTick, settings, kNow).ok());
  EXPECT_TRUE(HasReason(FirstExpireTime(absl::ZeroDuration(), {}, kNow).status(), Reason::kFieldInvalid));
  EXPECT_TRUE(HasReason(FirstExpireTime(kNow, {}, kNow).status(), Reason::kFieldInvalid));
  EXPECT_TRUE(
      HasReason(FirstExpireTime(LatestExpireTime() + kTick, {}, kNow).status(), Reason::kFieldInvalid));
}

TEST(CheckLifetime, WithAMaximumNoTimeIsWithoutEnd) {
  EXPECT_TRUE(CheckLifetime(absl::InfiniteFuture(), {}, kNow).ok());
  const absl::Status refused = CheckLifetime(absl::InfiniteFuture(), Limited({}, absl::Hours(1)), kNow);
  EXPECT_TRUE(HasReason(refused, Reason::kGuestLifetimeExceeded));
  EXPECT_EQ(DetailsOf(refused)->metadata, (Metadata{{"latest", Rfc3339(kNow + absl::Hours(1))}}));
}

TEST(DomainAllowed, IsExactOrBelowAndWithoutAListEverything) {
  EXPECT_TRUE(DomainAllowed({}, ""));
  const WorkspaceSettings settings{.guest_domains = {"*.example.com", "example.org"}};
  struct Case {
    const char* address;
    bool allowed;
  };
  for (const Case& c :
       {Case{"a@example.org", true}, Case{"a@sub.example.org", false}, Case{"a@sub.example.com", true},
        Case{"a@a.b.example.com", true}, Case{"a@example.com", false}, Case{"a@notexample.com", false},
        Case{"a@badexample.org", false}, Case{"a@example.org.evil.net", false}, Case{"", false}}) {
    EXPECT_EQ(DomainAllowed(settings, c.address), c.allowed) << c.address;
  }
}

TEST(ParseGuestDomain, FoldsAndRefusesWhatIsNone) {
  EXPECT_EQ(*ParseGuestDomain("f", "Example.COM"), "example.com");
  EXPECT_EQ(*ParseGuestDomain("f", "*.BÜCHER.example"), "*.xn--bcher-kva.example");
  for (const char* text :
       {"", "*.", "*", "*.*.example.com", "a@example.com", "example.com.", "ex ample.com", " example.com"}) {
    EXPECT_TRUE(HasReason(ParseGuestDomain("f", text).status(), Reason::kFieldInvalid)) << text;
  }
}

TEST(CheckCaps, TheLastPlaceIsTakenAndNoMore) {
  const WorkspaceSettings settings{.guest_cap = 3, .sponsor_guest_cap = 2};
  EXPECT_FALSE(HasCaps({}));
  EXPECT_TRUE(HasCaps(settings));
  EXPECT_TRUE(CheckCaps({}, {.workspace = 1000, .sponsor = 1000}).ok());
  EXPECT_TRUE(CheckCaps(settings, {.workspace = 2, .sponsor = 1}).ok());
  const absl::Status full = CheckCaps(settings, {.workspace = 3, .sponsor = 0});
  EXPECT_TRUE(HasReason(full, Reason::kGuestLimitReached));
  EXPECT_EQ(DetailsOf(full)->metadata, (Metadata{{"limit", "workspace"}}));
  EXPECT_EQ(DetailsOf(CheckCaps(settings, {.workspace = 2, .sponsor = 2}))->metadata,
            (Metadata{{"limit", "sponsor"}}));
}

}  // namespace
}  // namespace guestpass::membership
