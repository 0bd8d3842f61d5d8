// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/revocations.h"

#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"
#include "tests/harness/workplace.h"

namespace guestpass::bench {
namespace {

using guestexpiry::v1::ExtendExpirationRequest;
using guestexpiry::v1::GuestExpiryService;

absl::StatusOr<absl::Time> SetTime(const harness::Client& owner, const std::string& name,
                                   absl::Duration ttl) {
  ExtendExpirationRequest request;
  request.set_name(name);
  *request.mutable_ttl() = rpc::ToProto(ttl);
  ASSIGN_OR_RETURN(const auto answer, owner.Call(&GuestExpiryService::Stub::ExtendExpiration, request));
  return rpc::FromProto("record_time", answer.record_time());
}

// When the stream was told of the change recorded at `recorded`.
absl::StatusOr<absl::Time> Told(harness::StreamClient& stream, absl::Time recorded, size_t from) {
  const auto of_change = [&](const messaging::v1::ConnectResponse& frame) {
    if (!frame.has_rights_changed() || !frame.rights_changed().has_record_time()) return false;
    const auto time = rpc::FromProto("record_time", frame.rights_changed().record_time());
    return time.ok() && *time == recorded;
  };
  ASSIGN_OR_RETURN(const harness::Received received, stream.WaitFor(of_change, absl::Seconds(5), from));
  return received.at;
}

}  // namespace

absl::StatusOr<Figures> MeasureRevocations(const harness::Stack& stack, int count) {
  ASSIGN_OR_RETURN(const harness::Workplace place, harness::MakeWorkplace(stack));
  ASSIGN_OR_RETURN(const auto member, harness::AddGuest(stack, place, "revoked", absl::Hours(1)));
  const std::string name = absl::StrCat(member.member(), "/expiration");
  const harness::Client owner = stack.User("olga");
  ASSIGN_OR_RETURN(const auto stream, stack.User("revoked").Connect(place.workspace));
  std::vector<double> milliseconds;
  for (int i = 0; i < count; ++i) {
    const size_t before = stream->received();
    ASSIGN_OR_RETURN(const absl::Time revoked, SetTime(owner, name, absl::ZeroDuration()));
    ASSIGN_OR_RETURN(const absl::Time told, Told(*stream, revoked, before));
    milliseconds.push_back(absl::ToDoubleMilliseconds(told - revoked));
    ASSIGN_OR_RETURN(const absl::Time restored, SetTime(owner, name, absl::Hours(1)));
    RETURN_IF_ERROR(Told(*stream, restored, before).status());
  }
  return Figures{{"p50_ms", Quantile(milliseconds, 0.5)}, {"p99_ms", Quantile(milliseconds, 0.99)}};
}

}  // namespace guestpass::bench
