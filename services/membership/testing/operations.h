// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <ostream>
#include <string>

#include "absl/time/time.h"
#include "common/rights/objects.h"

// What the property test does to membership, as data: the model and the world each know what it means.
namespace guestpass::membership::model {

// By its place among these. Whoever comes behind them is the platform operator, who only calls.
using Person = int;
inline constexpr const char* kPeople[] = {"owner", "orgadmin", "ann", "ben", "cat", "dan"};
inline constexpr Person kOwner = 0, kOrgAdmin = 1, kAnn = 2, kBen = 3, kCat = 4, kDan = 5, kOperator = 6;
inline constexpr int kPersons = 6, kViewers = 7;
const char* NameOf(Person person);

// Workspaces and channels are numbered as they are made; a number too high stands for one that there is not.
inline constexpr int kMaxWorkspaces = 3, kMaxChannels = 8, kMaxInvites = 4;

enum class Kind {
  kCreateMember,
  kChangeRole,
  kChangeSponsor,
  kReassignGuests,
  kDeleteMember,
  kCreateChannel,
  kUpdateChannel,
  kArchiveChannel,
  kAddChannelMember,
  kRemoveChannelMember,
  kAddGuestGrant,
  kRemoveGuestGrant,
  kStartDirect,
  kSetExpiration,
  kApplyDue,
  kInvite,
  kJoin,
  kSetEmail,
  kCreateWorkspace,
  kUpdateWorkspace,
  kDeleteWorkspace,
  kAddOrganizationMember,
  kRemoveOrganizationMember,
  kRemoveUser,
  kEraseUser,
};

// Times that are over by the next call, or not for a long time: nothing depends on how fast the test runs.
enum class Expiry { kUnset, kHour, kTwoDays, kTick, kNow, kPast };

inline constexpr absl::Duration kTick = absl::Microseconds(1);

// How long that is. Nothing where it is unset; zero for kNow and kPast.
std::optional<absl::Duration> LengthOf(Expiry expiry);

// Whose addresses may become guests: everybody's, those that people here have, others.
enum class Domains { kAll, kTheirs, kOthers };

struct Settings {
  absl::Duration grace = absl::Hours(24);
  Expiry fallback = Expiry::kUnset, maximum = Expiry::kUnset;  // guests' lifetimes
  int cap = 0, sponsor_cap = 0;                                // 0: none
  Domains domains = Domains::kAll;
};

// One call. Each kind reads what it needs.
struct Operation {
  Kind kind = Kind::kApplyDue;
  Person caller = kOwner;
  Person user = kAnn;   // whom it is about
  Person other = kAnn;  // a sponsor, the first admin
  int workspace = 0;
  int channel = 0;
  int invite = 0;
  rights::Role role = rights::Role::kMember;
  rights::OrganizationRole organization_role = rights::OrganizationRole::kAdmin;
  rights::ChannelKind channel_kind = rights::ChannelKind::kPublic;
  Expiry expiry = Expiry::kUnset;
  Settings settings;
  bool link = false;         // an invite without an address
  bool dry_run = false;      // validate_only, where there is that
  bool names_admin = false;  // of a new workspace: `other`
};

// Whether the kind has validate_only.
bool CanOnlyJudge(Kind kind);

// "cat: ChangeRole(dan, workspace 0, GUEST, channel 3, 1h)"
std::ostream& operator<<(std::ostream& out, const Operation& operation);

}  // namespace guestpass::membership::model
