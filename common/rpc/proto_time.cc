// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/proto_time.h"

#include <cstdlib>

#include "common/status/error.h"

namespace guestpass::rpc {
namespace {

constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31
constexpr int64_t kMaxDuration = 315'576'000'000;  // google.protobuf.Duration's own bound
constexpr int32_t kNanos = 1'000'000'000;
constexpr char kTooFine[] = "is finer than a microsecond";

}  // namespace

google::protobuf::Timestamp ToProto(absl::Time time) {
  const int64_t micros = absl::ToUnixMicros(time);
  int64_t seconds = micros / 1'000'000;
  int64_t rest = micros % 1'000'000;
  if (rest < 0) {
    rest += 1'000'000;
    --seconds;
  }
  google::protobuf::Timestamp proto;
  proto.set_seconds(seconds);
  proto.set_nanos(static_cast<int32_t>(rest * 1000));
  return proto;
}

google::protobuf::Duration ToProto(absl::Duration duration) {
  const int64_t micros = absl::ToInt64Microseconds(duration);
  google::protobuf::Duration proto;
  proto.set_seconds(micros / 1'000'000);
  proto.set_nanos(static_cast<int32_t>(micros % 1'000'000 * 1000));
  return proto;
}

absl::StatusOr<absl::Time> FromProto(absl::string_view field, const google::protobuf::Timestamp& time) {
  if (time.seconds() < kFirstSecond || time.seconds() > kLastSecond) {
    return FieldInvalid(field, "is not a time between the years 1 and 9999");
  }
  if (time.nanos() < 0 || time.nanos() >= kNanos) {
    return FieldInvalid(field, "has nanos that are not 0 to 999,999,999");
  }
  if (time.nanos() % 1000 != 0) return FieldInvalid(field, kTooFine);
  return absl::FromUnixSeconds(time.seconds()) + absl::Microseconds(time.nanos() / 1000);
}

absl::StatusOr<absl::Duration> FromProto(absl::string_view field,
                                         const google::protobuf::Duration& duration) {
  const int64_t seconds = duration.seconds();
  const int32_t nanos = duration.nanos();
  if (std::llabs(seconds) > kMaxDuration || std::abs(static_cast<int64_t>(nanos)) >= kNanos ||
      (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
    return FieldInvalid(field, "is not a duration");
  }
  if (nanos % 1000 != 0) return FieldInvalid(field, kTooFine);
  return absl::Seconds(seconds) + absl::Microseconds(nanos / 1000);
}

}  // namespace guestpass::rpc
