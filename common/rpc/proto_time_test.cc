// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/proto_time.h"

#include <string>

#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

TEST(ProtoTime, MicrosecondsSurviveTheRoundTripOnEitherSideOfTheEpoch) {
  for (int64_t micros :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{-1'000'001}, int64_t{1'800'000'000'123'456}}) {
    const absl::Time time = absl::FromUnixMicros(micros);
    const auto back = FromProto("t", ToProto(time));
    ASSERT_TRUE(back.ok()) << micros;
    EXPECT_EQ(*back, time);
  }
}

TEST(ProtoTime, WhatIsNoTimestampIsFieldInvalid) {
  google::protobuf::Timestamp late, odd;
  late.set_seconds(253'402'300'800);
  odd.set_nanos(-1);
  EXPECT_TRUE(HasReason(FromProto("t", late).status(), Reason::kFieldInvalid));
  EXPECT_TRUE(HasReason(FromProto("t", odd).status(), Reason::kFieldInvalid));
}

TEST(ProtoTime, ATimestampIsAWholeNumberOfMicroseconds) {
  google::protobuf::Timestamp time;
  time.set_nanos(1000);
  EXPECT_EQ(*FromProto("t", time), absl::UnixEpoch() + absl::Microseconds(1));
  for (const int nanos : {1, 999, 1001, 999'999'999}) {
    time.set_nanos(nanos);
    EXPECT_EQ(std::string(FromProto("t", time).status().message()), "t: is finer than a microsecond")
        << nanos;
  }
  for (const int nanos : {-1, -1000, 1'000'000'000}) {
    time.set_nanos(nanos);
    EXPECT_EQ(std::string(FromProto("t", time).status().message()),
              "t: has nanos that are not 0 to 999,999,999");
  }
}

TEST(ProtoTime, WhatIsNoDurationIsFieldInvalid) {
  google::protobuf::Duration mixed, vast;
  mixed.set_seconds(1);
  mixed.set_nanos(-1);
  vast.set_seconds(INT64_MIN + 1);
  EXPECT_TRUE(HasReason(FromProto("d", mixed).status(), Reason::kFieldInvalid));
  EXPECT_TRUE(HasReason(FromProto("d", vast).status(), Reason::kFieldInvalid));
  EXPECT_EQ(*FromProto("d", ToProto(absl::Milliseconds(-1500))), absl::Milliseconds(-1500));
}

TEST(ProtoTime, ADurationIsAWholeNumberOfMicroseconds) {
  google::protobuf::Duration duration;
  duration.set_nanos(1000);
  EXPECT_EQ(*FromProto("d", duration), absl::Microseconds(1));
  for (const int nanos : {1, 999, 1001, -1, 999'999'999}) {
    duration.set_nanos(nanos);
    EXPECT_TRUE(HasReason(FromProto("d", duration).status(), Reason::kFieldInvalid)) << nanos;
  }
}

}  // namespace
}  // namespace guestpass::rpc
