// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/erasure.h"

#include "common/mail/address.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/invite/server/authority.h"

namespace guestpass::invite {

absl::StatusOr<v1::EraseInviteeResponse> Erasure::Erase(const rpc::Call& call,
                                                        const v1::EraseInviteeRequest& request) {
  RETURN_IF_ERROR(RequireOperator(call));
  const auto address = mail::ParseAddress(request.email());
  if (!address.has_value()) return FieldInvalid("email", "is not a mail address");
  int64_t cleared = 0;
  if (!request.validate_only()) {
    ASSIGN_OR_RETURN(cleared, Clear(address->folded));
  }
  ASSIGN_OR_RETURN(const int64_t remaining, upkeep_.CountAddress(address->folded, kCountAtMost));
  v1::EraseInviteeResponse response;
  response.set_cleared(request.validate_only() ? remaining : cleared);
  response.set_remaining(remaining);
  response.set_done(remaining == 0);
  return response;
}

absl::StatusOr<int64_t> Erasure::Clear(const std::string& address) {
  const absl::Duration end = clock_.Boot() + options_.time;
  int64_t cleared = 0;
  for (int64_t more = 1; more > 0 && clock_.Boot() < end; cleared += more) {
    ASSIGN_OR_RETURN(more, upkeep_.EraseAddress(address, options_.step));
  }
  return cleared;
}

}  // namespace guestpass::invite
