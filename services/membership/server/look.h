// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "common/status/macros.h"
#include "services/membership/server/callers.h"
#include "services/membership/storage/membership_store.h"

// What every method that reads has in common.
namespace guestpass::membership {

// A read: in one snapshot the caller's right is judged first, then `read(reads, view, response)` is called.
// It may be called again, with a cleared response.
template <typename Response, typename Request, typename Body>
absl::StatusOr<Response> Look(MembershipStore& store, const rpc::Call& call, const Request& request,
                              const Subject& subject, Body read) {
  const Need need = RuleFor(request).need;
  const Viewing viewing{.organization = subject.organization,
                        .workspace = subject.workspace,
                        .user = CallerOf(call),
                        .everything = call.caller.is_operator};
  Response response;
  const auto body = [&](MembershipReads& reads, const View& view) -> absl::Status {
    response.Clear();
    Subject judged = subject;
    if (need == Need::kAdminSelfOrSponsor) {
      ASSIGN_OR_RETURN(const std::vector<MemberView> about, reads.FindMembers({subject.user}));
      if (!about.empty()) judged = WithSponsor(subject, about[0].member);
    }
    RETURN_IF_ERROR(Authorize(need, call, view.position, judged).status());
    return read(reads, view, response);
  };
  RETURN_IF_ERROR(store.Read(viewing, body));
  return response;
}

}  // namespace guestpass::membership
