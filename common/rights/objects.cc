// SPDX-License-Identifier: Apache-2.0
#include "common/rights/objects.h"

#include "absl/strings/str_cat.h"

namespace guestpass::rights {
namespace {

struct Kind {
  const char* operator()(const OrganizationMemberState&) const { return "ORG_MEMBER"; }
  const char* operator()(const WorkspaceState&) const { return "WORKSPACE"; }
  const char* operator()(const ChannelState&) const { return "CHANNEL"; }
  const char* operator()(const MemberState&) const { return "MEMBER"; }
  const char* operator()(const ParticipantState&) const { return "PARTICIPANT"; }
};

struct Key {
  std::string operator()(const OrganizationMemberState& s) const {
    return absl::StrCat(s.organization.text(), "/", s.user.text());
  }
  std::string operator()(const WorkspaceState& s) const { return s.workspace.ToString(); }
  std::string operator()(const ChannelState& s) const { return s.channel.ToString(); }
  std::string operator()(const MemberState& s) const {
    return absl::StrCat(s.workspace.text(), "/", s.user.text());
  }
  std::string operator()(const ParticipantState& s) const {
    return absl::StrCat(s.channel.text(), "/", s.user.text());
  }
};

}  // namespace

const char* KindOf(const Object& object) { return std::visit(Kind{}, object); }

std::string KeyOf(const Object& object) { return std::visit(Key{}, object); }

}  // namespace guestpass::rights
