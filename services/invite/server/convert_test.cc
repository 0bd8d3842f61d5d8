// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/convert.h"

#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
const WorkspaceId kWorkspace = auth::NewId<WorkspaceId>();

v1::Invite GuestInvite() {
  v1::Invite invite;
  invite.set_email(" Ann@example.com ");
  invite.set_role(type::v1::ROLE_GUEST);
  invite.add_channels(ChannelName{kWorkspace, auth::NewId<ChannelId>()}.ToString());
  return invite;
}

// The fields that are wrong with it.
std::string Fields(const v1::Invite& invite) {
  return FieldsOf(ParseDraft(kWorkspace, invite, kNow).status());
}

// What is wrong with them.
std::string Problems(const v1::Invite& invite) {
  const auto details = DetailsOf(ParseDraft(kWorkspace, invite, kNow).status());
  std::string problems;
  for (const FieldViolation& violation : details->violations) {
    absl::StrAppend(&problems, violation.description, "; ");
  }
  return problems;
}

TEST(ParseDraft, ReadsWhatIsAskedFor) {
  v1::Invite invite = GuestInvite();
  *invite.mutable_guest_expire_time() = rpc::ToProto(kNow + absl::Hours(1));
  *invite.mutable_expire_time() = rpc::ToProto(kNow + absl::Hours(2));
  const auto draft = ParseDraft(kWorkspace, invite, kNow);
  ASSERT_TRUE(draft.ok()) << draft.status();
  EXPECT_EQ(draft->address.shown, "Ann@example.com");
  EXPECT_EQ(draft->role, rights::Role::kGuest);
  EXPECT_EQ(draft->channels.size(), 1u);
  EXPECT_EQ(draft->guest_expiry, GuestExpiry(kNow + absl::Hours(1)));
  EXPECT_EQ(draft->expire_time, kNow + absl::Hours(2));
}

TEST(ParseDraft, NothingAtAllNamesWhatIsMissing) { EXPECT_EQ(Fields({}), "invite.email invite.role "); }

TEST(ParseDraft, WhatIsMissingIsToldFromWhatIsWrong) {
  v1::Invite invite;
  EXPECT_EQ(Problems(invite),
            "is missing: give an email or a link; "
            "is missing: give ROLE_ADMIN, ROLE_MEMBER, ROLE_VIEWER or ROLE_GUEST; ");
  invite.set_email("ann");
  invite.set_role(static_cast<type::v1::Role>(99));
  const std::string problems = Problems(invite);
  EXPECT_TRUE(absl::StartsWith(problems, "is no mail address: ")) << problems;
  EXPECT_TRUE(absl::EndsWith(problems, "; is none of ROLE_ADMIN, ROLE_MEMBER, ROLE_VIEWER and ROLE_GUEST; "));
}

TEST(ParseDraft, ARoleThatIsNoneIsRefused) {
  v1::Invite invite = GuestInvite();
  invite.set_role(static_cast<type::v1::Role>(99));
  EXPECT_EQ(Fields(invite), "invite.role ");
}

TEST(ParseDraft, TimesThatAreNoneAreRefusedOnce) {
  v1::Invite invite = GuestInvite();
  invite.mutable_expire_time()->set_seconds(INT64_MAX);
  invite.mutable_guest_ttl()->set_nanos(-5'000'000);
  invite.mutable_guest_ttl()->set_seconds(1);
  EXPECT_EQ(Fields(invite), "invite.guest_ttl invite.expire_time ");
  invite.mutable_guest_expire_time()->set_seconds(INT64_MIN);
  EXPECT_EQ(Fields(invite), "invite.guest_expire_time invite.expire_time ");
}

TEST(ParseDraft, AListThatIsTooLongIsOneViolation) {
  v1::Invite invite = GuestInvite();
  for (int i = 0; i < 5000; ++i) invite.add_channels("nonsense");
  EXPECT_EQ(Fields(invite), "invite.channels ");
}

TEST(ParseDraft, ALinkIsForOneUnlessItSaysMoreAndNotForSoManyAndAll) {
  v1::Invite invite = GuestInvite();
  v1::Invite::Link& link = *invite.mutable_link();
  const auto max_uses = [&] { return ParseDraft(kWorkspace, invite, kNow)->link->max_uses; };
  EXPECT_EQ(max_uses(), 1);
  link.set_max_uses(7);
  EXPECT_EQ(max_uses(), 7);
  link.set_unlimited_uses(true);
  EXPECT_EQ(Fields(invite), "invite.link.max_uses ");
  link.clear_max_uses();
  EXPECT_EQ(max_uses(), std::nullopt);
  link.set_allow_unverified_email(true);
  EXPECT_TRUE(ParseDraft(kWorkspace, invite, kNow)->link->allow_unverified);
  link.set_unlimited_uses(false);
  link.set_max_uses(-1);
  EXPECT_EQ(Fields(invite), "invite.link.max_uses ");
  link.set_max_uses(1);
  invite.set_role(type::v1::ROLE_ADMIN);
  invite.clear_channels();
  EXPECT_EQ(Fields(invite), "invite.role ");
}

TEST(ToProto, ALinkHasNoAddressAndSaysWhatIsUsed) {
  Invite invite{.link = Link{.max_uses = 7, .allow_unverified = true}, .spent = 2, .reserved = 1};
  invite.resend_time = kNow;
  const v1::Invite proto = ToProto(invite, kNow);
  EXPECT_EQ(proto.target_case(), v1::Invite::kLink);
  EXPECT_EQ(proto.link().max_uses(), 7);
  EXPECT_TRUE(proto.link().allow_unverified_email());
  EXPECT_EQ(proto.link().used(), 3);
  EXPECT_EQ(proto.resend_time().seconds(), 1'800'000'000);
  invite.link = Link{.max_uses = std::nullopt};
  EXPECT_TRUE(ToProto(invite, kNow).link().unlimited_uses());
  EXPECT_EQ(ToProto(invite, kNow).link().max_uses(), 0);
}

TEST(ToProto, EveryStateGoesThereAndBackAndEveryDeliveryHasAWord) {
  for (State state : {State::kPending, State::kRedeemed, State::kExpired, State::kRevoked, State::kDeclined,
                      State::kUndelivered}) {
    const Invite invite{.state = state, .expire_time = kNow};
    EXPECT_EQ(FromProto(ToProto(invite, kNow - absl::Seconds(1)).state()), state);
  }
  EXPECT_EQ(FromProto(v1::Invite::STATE_UNSPECIFIED), std::nullopt);
  std::set<int> words;
  for (Delivery delivery :
       {Delivery::kSending, Delivery::kSent, Delivery::kNotConfigured, Delivery::kDevRestricted,
        Delivery::kUnknown, Delivery::kFailed, Delivery::kNotMailed}) {
    words.insert(ToProto(Invite{.delivery = delivery}, kNow).delivery());
  }
  EXPECT_EQ(words.size(), 7u);
  EXPECT_EQ(words.count(v1::Invite::DELIVERY_UNSPECIFIED), 0u);
}

TEST(ToProto, AnInvitesStateIsAsOfNow) {
  const Invite invite{.expire_time = kNow};
  EXPECT_EQ(ToProto(invite, kNow - absl::Microseconds(1)).state(), v1::Invite::STATE_PENDING);
  EXPECT_EQ(ToProto(invite, kNow).state(), v1::Invite::STATE_EXPIRED);
}

TEST(ToProto, WithoutEndIsAbsent) {
  const MemberName name{kWorkspace, auth::NewId<UserId>()};
  EXPECT_FALSE(ToProto(name, Member()).has_guest_expire_time());
  const auto member = ToProto(name, {.expire_time = kNow, .access_end_time = kNow + absl::Hours(1)});
  EXPECT_EQ(member.guest_expire_time().seconds(), 1'800'000'000);
  EXPECT_EQ(member.access_end_time().seconds(), 1'800'003'600);
}

}  // namespace
}  // namespace guestpass::invite
