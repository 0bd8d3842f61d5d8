// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/rules.h"

#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "common/rpc/access_table.h"

namespace guestpass::invite {
namespace {

rpc::Access Users() { return {.users = true}; }
rpc::Access UsersAndOperators() { return {.users = true, .operators = true}; }

const char* Words(Need need) {
  switch (need) {
    case Need::kSignedIn:
      return "any signed-in user, with the secret";
    case Need::kInviter:
    case Need::kAdmin:
      return "ADMIN authority";
    case Need::kOperator:
      return "nobody else";
  }
  return "";
}

}  // namespace

const std::vector<Rule>& Rules() {
  static const std::vector<Rule>& rules = *new std::vector<Rule>{
      {"CreateInvite", Users(), Need::kInviter},
      {"BatchCreateInvites", Users(), Need::kInviter},
      {"GetInvite", UsersAndOperators(), Need::kAdmin},
      {"ListInvites", UsersAndOperators(), Need::kAdmin},
      {"ResendInvite", Users(), Need::kInviter},
      {"RevokeInvite", UsersAndOperators(), Need::kAdmin},
      {"PreviewInvite", Users(), Need::kSignedIn},
      {"RedeemInvite", Users(), Need::kSignedIn},
      {"DeclineInvite", Users(), Need::kSignedIn},
      {"SweepInvites", UsersAndOperators(), Need::kOperator},
      {"EraseInvitee", UsersAndOperators(), Need::kOperator},
  };
  return rules;
}

const rpc::Access& AccessOf(absl::string_view method) {
  const Rule* rule = rpc::FindRule(Rules(), method);
  if (rule == nullptr) std::abort();
  return rule->access;
}

std::string RulesInMarkdown() {
  std::vector<rpc::AccessRow> rows;
  for (const Rule& rule : Rules()) {
    rows.push_back({.method = rule.method,
                    .users = Words(rule.need),
                    .services = rule.access.services,
                    .operators = rule.access.operators});
  }
  return absl::StrCat(R"md(
## InviteService

Made of invite's own table: `bazel run //services/invite/server:access_table >> docs/access.md`, once
membership's are printed.

)md",
                      rpc::AccessTable(rows), R"md(
Operators read and end invites of every workspace that stands. They create and resend by what they are
themselves: an invite stands as long as its inviter has ADMIN authority.
)md");
}

}  // namespace guestpass::invite
