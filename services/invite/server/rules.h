// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/rpc/call.h"

// Who may call what (A9): what docs/access.md shows of this service.
namespace guestpass::invite {

// What a caller must be, beside one that is let in to the method at all.
enum class Need {
  kSignedIn,  // a user; what it may is the secret's to say
  kInviter,   // ADMIN authority: RequireInviter
  kAdmin,     // the same, or a platform operator: RequireAuthority
  kOperator,  // a platform operator: RequireOperator
};

struct Rule {
  std::string method;
  rpc::Access access;
  Need need;
};

// The rules of InviteService, in the order of its proto. The service lets in by `access`; what is needed then
// is asked by the handlers, and a test calls each method to see that it is what stands here.
const std::vector<Rule>& Rules();

// Who is let in to a method, which must be in the table.
const rpc::Access& AccessOf(absl::string_view method);

// The end of docs/access.md, behind what membership prints.
std::string RulesInMarkdown();

}  // namespace guestpass::invite
