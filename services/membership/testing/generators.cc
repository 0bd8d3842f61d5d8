// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/generators.h"

namespace guestpass::membership::model {
namespace {

using rc::gen::element;
using rc::gen::set;
using rc::gen::weightedElement;
using rights::ChannelKind;
using rights::OrganizationRole;
using rights::Role;

// What makes a rich workspace comes more often than what ends one.
rc::Gen<Kind> AnyKind() {
  return weightedElement<Kind>({
      {6, Kind::kCreateMember},
      {9, Kind::kChangeRole},
      {3, Kind::kChangeSponsor},
      {2, Kind::kReassignGuests},
      {3, Kind::kDeleteMember},
      {3, Kind::kCreateChannel},
      {1, Kind::kUpdateChannel},
      {2, Kind::kArchiveChannel},
      {5, Kind::kAddChannelMember},
      {4, Kind::kRemoveChannelMember},
      {6, Kind::kAddGuestGrant},
      {5, Kind::kRemoveGuestGrant},
      {5, Kind::kStartDirect},
      {12, Kind::kSetExpiration},
      {4, Kind::kApplyDue},
      {8, Kind::kInvite},
      {9, Kind::kJoin},
      {1, Kind::kSetEmail},
      {1, Kind::kCreateWorkspace},
      {5, Kind::kUpdateWorkspace},
      {1, Kind::kDeleteWorkspace},
      {4, Kind::kAddOrganizationMember},
      {5, Kind::kRemoveOrganizationMember},
      {1, Kind::kRemoveUser},
      {1, Kind::kEraseUser},
  });
}

rc::Gen<Person> AnyCaller() {
  return weightedElement<Person>(
      {{12, kOwner}, {5, kAnn}, {3, kOrgAdmin}, {3, kOperator}, {3, kBen}, {2, kCat}, {2, kDan}});
}

// Cat and Dan, who begin as guests, have most of the rules.
rc::Gen<Person> AnyPerson() {
  return weightedElement<Person>({{6, kCat}, {6, kDan}, {4, kBen}, {3, kAnn}, {2, kOrgAdmin}, {1, kOwner}});
}

rc::Gen<Expiry> AnyExpiry() {
  return weightedElement<Expiry>({{3, Expiry::kUnset},
                                  {3, Expiry::kHour},
                                  {2, Expiry::kTwoDays},
                                  {2, Expiry::kTick},
                                  {3, Expiry::kNow},
                                  {1, Expiry::kPast}});
}

rc::Gen<Settings> AnySettings() {
  const auto lifetime = [] {
    return weightedElement<Expiry>({{4, Expiry::kUnset}, {1, Expiry::kHour}, {1, Expiry::kTwoDays}});
  };
  return rc::gen::build<Settings>(
      set(&Settings::grace, AnyGrace()), set(&Settings::fallback, lifetime()),
      set(&Settings::maximum, lifetime()),
      set(&Settings::cap, weightedElement<int>({{4, 0}, {1, 1}, {1, 2}})),
      set(&Settings::sponsor_cap, weightedElement<int>({{4, 0}, {1, 1}})),
      set(&Settings::domains,
          weightedElement<Domains>({{4, Domains::kAll}, {1, Domains::kTheirs}, {1, Domains::kOthers}})));
}

rc::Gen<Operation> AnyOperation() {
  return rc::gen::build<Operation>(
      set(&Operation::kind, AnyKind()), set(&Operation::caller, AnyCaller()),
      set(&Operation::user, AnyPerson()), set(&Operation::other, AnyPerson()),
      set(&Operation::workspace, weightedElement<int>({{20, 0}, {3, 1}, {1, 2}})),
      set(&Operation::channel,
          weightedElement<int>({{6, 0}, {6, 1}, {4, 2}, {3, 3}, {2, 4}, {2, 5}, {1, 6}, {1, 7}})),
      set(&Operation::invite, weightedElement<int>({{4, 0}, {2, 1}, {1, 2}, {1, 3}})),
      set(&Operation::role,
          weightedElement<Role>(
              {{3, Role::kMember}, {2, Role::kAdmin}, {1, Role::kViewer}, {5, Role::kGuest}})),
      set(&Operation::organization_role, element(OrganizationRole::kAdmin, OrganizationRole::kOwner)),
      set(&Operation::channel_kind,
          weightedElement<ChannelKind>(
              {{3, ChannelKind::kPublic}, {5, ChannelKind::kPrivate}, {1, ChannelKind::kDirect}})),
      set(&Operation::expiry, AnyExpiry()), set(&Operation::settings, AnySettings()),
      set(&Operation::link, weightedElement<bool>({{2, false}, {1, true}})),
      set(&Operation::dry_run, weightedElement<bool>({{9, false}, {1, true}})),
      set(&Operation::names_admin, element(false, true)));
}

}  // namespace

rc::Gen<absl::Duration> AnyGrace() { return element(absl::Hours(24), absl::ZeroDuration(), kTick); }

rc::Gen<std::vector<Operation>> AnyOperations(int most) {
  // The size bounds the sequence only: of an operation everything comes from the first.
  const auto operation = rc::gen::resize(rc::kNominalSize, AnyOperation());
  return rc::gen::resize(most, rc::gen::container<std::vector<Operation>>(operation));
}

}  // namespace guestpass::membership::model
