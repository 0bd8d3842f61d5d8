// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/wire_status.h"

#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

TEST(WireStatus, AnErrorArrivesAtAnotherServiceAsItWasMade) {
  const absl::Status sent = Error("Wait.", {.reason = Reason::kConflict,
                                            .metadata = {{"invite", "x"}},
                                            .violations = {{"f", "is bad"}},
                                            .retry_after = absl::Milliseconds(1500)});
  const absl::Status got = FromGrpc(ToGrpc(sent, "r"), "membership");
  EXPECT_EQ(got.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(got.message(), "Wait.");
  const auto details = DetailsOf(got);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, Reason::kConflict);
  EXPECT_EQ(details->metadata.at("invite"), "x");
  ASSERT_EQ(details->violations.size(), 1u);
  EXPECT_EQ(details->retry_after, absl::Milliseconds(1500));
}

TEST(WireStatus, WhatIsInternalSaysNothingButTheRequestId) {
  const grpc::Status wire = ToGrpc(absl::InternalError("SELECT secret FROM t at 10.0.0.1"), "req-1");
  EXPECT_EQ(wire.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(wire.error_message().find("SELECT"), std::string::npos);
  EXPECT_EQ(wire.error_details().find("SELECT"), std::string::npos);
  EXPECT_NE(wire.error_message().find("req-1"), std::string::npos);
}

TEST(WireStatus, DetailsStayBelowWhatTrailersCarry) {
  ErrorDetails details{.reason = Reason::kFieldInvalid};
  for (int i = 0; i < 500; ++i) details.violations.push_back({absl::StrCat("f", i), std::string(100, 'x')});
  details.metadata["long"] = std::string(10'000, 'y');
  const google::rpc::Status wire = ToWire(Error("Bad.", details), "r");
  EXPECT_LE(wire.ByteSizeLong(), 4400u);
  const auto back = DetailsOf(FromWire(wire));
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->reason, Reason::kFieldInvalid);
  EXPECT_GE(back->violations.size(), 10u);
  EXPECT_LE(back->violations.size(), 20u);
}

TEST(WireStatus, AServiceThatDoesNotAnswerIsUnavailableByName) {
  const absl::Status status =
      FromGrpc(grpc::Status(grpc::StatusCode::UNAVAILABLE, "connection refused: 127.0.0.1"), "membership");
  const auto details = DetailsOf(status);
  ASSERT_TRUE(details.has_value());
  EXPECT_EQ(details->reason, Reason::kServiceUnavailable);
  EXPECT_EQ(details->metadata.at("service"), "membership");
  EXPECT_EQ(std::string(status.message()).find("127"), std::string::npos);
}

}  // namespace
}  // namespace guestpass::rpc
