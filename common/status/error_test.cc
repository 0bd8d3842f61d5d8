// SPDX-License-Identifier: Apache-2.0
#include "common/status/error.h"

#include "gtest/gtest.h"
#include "guestpass/type/v1/error_reason.pb.h"

namespace guestpass {
namespace {

namespace v1 = ::guestpass::type::v1;

TEST(Reason, EveryReasonOfTheWireHasOneOfTheSameNameAndNumberHere) {
  const auto* wire = v1::ErrorReason_descriptor();
  ASSERT_GT(wire->value_count(), 50);
  for (int i = 1; i < wire->value_count(); ++i) {
    const std::string name = wire->value(i)->name().substr(std::string("ERROR_REASON_").size());
    const std::optional<Reason> reason = ReasonOf(name);
    ASSERT_TRUE(reason.has_value()) << name;
    EXPECT_EQ(static_cast<int>(*reason), wire->value(i)->number()) << name;
    EXPECT_EQ(ReasonName(*reason), name);
  }
}

TEST(Error, KeepsWhatItWasGivenAndTakesItsCodeFromTheReason) {
  const absl::Status status = Error("Try later.", {.reason = Reason::kOverloaded,
                                                   .metadata = {{"limit", "10"}},
                                                   .violations = {{"a.b", "too long"}},
                                                   .retry_after = absl::Milliseconds(20)});
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(status.message(), "Try later.");
  const std::optional<ErrorDetails> details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, Reason::kOverloaded);
  EXPECT_EQ(details->metadata, (Metadata{{"limit", "10"}}));
  ASSERT_EQ(details->violations.size(), 1u);
  EXPECT_EQ(details->violations[0].field, "a.b");
  EXPECT_EQ(details->retry_after, absl::Milliseconds(20));
}

TEST(Error, SurvivesBytesThatAreNotUtf8) {
  const absl::Status status = Error(Reason::kInternal, "x", {{"raw", "\xff\xfe"}});
  ASSERT_TRUE(DetailsOf(status).has_value());
}

TEST(Error, AStatusFromElsewhereHasNoDetails) {
  EXPECT_FALSE(DetailsOf(absl::AbortedError("x")).has_value());
  EXPECT_FALSE(HasReason(absl::OkStatus(), Reason::kInternal));
}

TEST(Rfc3339, IsRfc3339WithMicroseconds) {
  EXPECT_EQ(Rfc3339(absl::FromUnixMicros(1'800'000'000'000'001)), "2027-01-15T08:00:00.000001Z");
}

TEST(Error, ReusingARequestIdNamesIt) {
  const absl::Status status = RequestIdReused("id-1");
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(HasReason(status, Reason::kRequestIdReused));
  EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"request_id", "id-1"}}));
  EXPECT_EQ(DetailsOf(status)->violations[0].field, "request_id");
}

}  // namespace
}  // namespace guestpass
