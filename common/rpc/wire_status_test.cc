// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/wire_status.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"
#include "common/telemetry/log.h"
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

// What a service that asked membership makes of that answer, and what it logs.
struct Made {
  absl::Status status;
  std::string logged;
};

Made OfAnswer(Reason reason, const Metadata& metadata) {
  Made made;
  telemetry::SetLogSink([&](absl::string_view line) { absl::StrAppend(&made.logged, line); });
  made.status = FromGrpc(ToGrpc(Error(reason, "No.", metadata), "r"), "membership");
  telemetry::SetLogSink(nullptr);
  return made;
}

TEST(WireStatus, ARefusalOfOurOwnCredentialIsNotTheUsersAndIsLoggedOnce) {
  for (const auto& [reason, metadata] :
       {std::pair(Reason::kTokenExpired, Metadata{{"header", "authorization"}}),
        {Reason::kTokenSignature, {{"header", "authorization"}}},
        {Reason::kCredentialsMissing, {}},
        {Reason::kCallerNotAllowed, {{"service", "invite"}}}}) {
    const Made made = OfAnswer(reason, metadata);
    EXPECT_TRUE(HasReason(made.status, Reason::kServiceUnavailable)) << made.status;
    EXPECT_EQ(DetailsOf(made.status)->metadata, (Metadata{{"service", "membership"}}));
    EXPECT_TRUE(absl::StrContains(made.logged, "our own credential was refused by membership: No."));
    EXPECT_TRUE(absl::StrContains(made.logged, "\"ERROR\"")) << made.logged;
    EXPECT_EQ(made.logged.find('\n'), made.logged.size() - 1) << made.logged;
  }
}

TEST(WireStatus, WhatIsSaidOfTheForwardedUserComesThroughWithoutAWord) {
  for (const auto& [reason, metadata] :
       {std::pair(Reason::kTokenExpired, Metadata{{"header", "guestpass-user-authorization"}}),
        {Reason::kCallerNotAllowed, {}},
        {Reason::kRoleTooLow, {{"role", "NONE"}}}}) {
    const Made made = OfAnswer(reason, metadata);
    EXPECT_TRUE(HasReason(made.status, reason)) << made.status;
    EXPECT_EQ(DetailsOf(made.status)->metadata, metadata);
    EXPECT_EQ(made.logged, "");
  }
}

TEST(WireStatus, AClientsOwnRefusalIsAsItWasMade) {
  const grpc::Status sent = ToGrpc(Error(Reason::kTokenExpired, "No.", {{"header", "authorization"}}), "r");
  EXPECT_TRUE(HasReason(FromGrpc(sent), Reason::kTokenExpired));
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
}

}  // namespace
}  // namespace guestpass::rpc
