// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "common/rights/decide.h"
#include "common/rights_feed/rights_source.h"

// What a snapshot says, for who asks once and holds nothing. Pure.
namespace guestpass::rights_feed {

// The object of that kind; its empty value where there is none. Of channels and participants: the first.
template <typename State>
State ObjectOf(const RightsSnapshot& snapshot) {
  for (const rights::Object& object : snapshot.objects) {
    if (const State* state = std::get_if<State>(&object)) return *state;
  }
  return {};
}

// The user's authority in the workspace; no role where there is, and was, no such workspace.
inline rights::Authority AuthorityIn(const RightsSnapshot& snapshot) {
  return rights::AuthorityOf(ObjectOf<rights::WorkspaceState>(snapshot),
                             ObjectOf<rights::OrganizationMemberState>(snapshot),
                             ObjectOf<rights::MemberState>(snapshot));
}

}  // namespace guestpass::rights_feed
