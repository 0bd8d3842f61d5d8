// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "common/rpc/call.h"

// Who may call what (A9): the one table that the code enforces and docs/access.md shows.
namespace guestpass::membership {

// What a caller must be, beside one that is let in to the method at all. A platform operator needs none of it
// (M12), but where it says "itself". A method that can be about all of an organization asks for a role in it
// then.
enum class Need {
  kSignedIn,            // a user, for what is its own
  kItself,              // the same, where an operator has nothing else
  kItselfThere,         // of the workspace, and no guest that has ended; for what is its own
  kOperator,            // a platform operator
  kOrganizationRole,    // an owner or admin of the organization
  kOrganizationOwner,   // an owner of the organization
  kEntry,               // of the workspace, and no guest that has ended; sees what it may see
  kItselfStarter,       // MEMBER or ADMIN, who may start conversations: an operator never posts
  kAdmin,               // ADMIN authority in the workspace
  kItselfAdmin,         // the same, as JoinMember will judge it: an operator invites nobody
  kAdminOrSelf,         // or the user whom it is about
  kAdminSelfOrSponsor,  // or, of a guest, its sponsor while MEMBER or ADMIN
  kAdminOrSponsor,      // the same without the guest itself
  kNothing,             // a service that is let in acts for itself
};

struct Rule {
  std::string method;
  rpc::Access access;
  Need need;
  bool is_for_several = false;  // users, each of whom must be that, and whose token comes with its part
};

// The rules of MembershipService and of RightsService, in the order of their protos.
const std::vector<Rule>& MembershipRules();
const std::vector<Rule>& RightsRules();

// Whether a platform operator may whatever it is itself.
bool SparesOperators(Need need);

// The rule of a method, which must be in one of the tables.
const Rule& RuleOf(absl::string_view method);

// docs/access.md.
std::string RulesInMarkdown();

}  // namespace guestpass::membership
