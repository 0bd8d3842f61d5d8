// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "absl/status/statusor.h"
#include "common/rpc/call.h"
#include "common/rpc/unary.h"
#include "guestpass/guestexpiry/v1/guest_expiry.grpc.pb.h"
#include "services/guest_expiry/client/guest_times.h"

namespace guestpass::guest_expiry {

// GuestExpiryService. Users call it, and services that forward a user's token. Thread-safe. What is passed in
// outlives this.
class GuestExpiryService final : public guestexpiry::v1::GuestExpiryService::CallbackService {
 public:
  GuestExpiryService(rpc::Runner& runner, GuestTimes& times) : runner_(runner), times_(times) {}

  grpc::ServerUnaryReactor* GetExpiration(grpc::CallbackServerContext* context,
                                          const guestexpiry::v1::GetExpirationRequest* request,
                                          guestexpiry::v1::Expiration* response) override;
  grpc::ServerUnaryReactor* ExtendExpiration(grpc::CallbackServerContext* context,
                                             const guestexpiry::v1::ExtendExpirationRequest* request,
                                             guestexpiry::v1::Expiration* response) override;

  // The methods themselves; each blocks while membership is asked.

  // FIELD_INVALID for the name; ROLE_TOO_LOW, GUEST_ENDED; MEMBER_NOT_FOUND, NOT_A_GUEST. Platform operators
  // may ask too.
  absl::StatusOr<guestexpiry::v1::Expiration> Get(const rpc::Call& call,
                                                  const guestexpiry::v1::GetExpirationRequest& request);

  // FIELD_INVALID for the name; all else is membership's to judge.
  absl::StatusOr<guestexpiry::v1::Expiration> Extend(const rpc::Call& call,
                                                     const guestexpiry::v1::ExtendExpirationRequest& request);

 private:
  rpc::Runner& runner_;
  GuestTimes& times_;
};

}  // namespace guestpass::guest_expiry
