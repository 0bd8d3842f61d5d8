// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/story.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "tests/e2e/expect.h"
#include "tests/harness/workplace.h"

namespace guestpass::e2e {
namespace {

using guestexpiry::v1::GuestExpiryService;
using harness::Received;
using invite::v1::InviteService;
using membership::v1::MembershipService;
using messaging::v1::ConnectResponse;
using messaging::v1::MessagingService;

constexpr absl::Duration kGuestTtl = absl::Seconds(3);
constexpr absl::Duration kNoticeLimit = absl::Seconds(1);
constexpr absl::Duration kFrameTimeout = absl::Seconds(5);
constexpr char kAddress[] = "gina@example.com";

absl::Time TimeOf(const google::protobuf::Timestamp& time) {
  return rpc::FromProto("", time).value_or(absl::InfinitePast());
}

std::string Milliseconds(absl::Duration duration) {
  return absl::StrFormat("%.1f ms", absl::ToDoubleMilliseconds(duration));
}

}  // namespace

Story::Note Story::MakeOrganization() {
  membership::v1::CreateOrganizationRequest request;
  request.mutable_organization()->set_display_name("Harbour");
  request.set_owner(stack_.UserId("olga"));
  ASSIGN_OR_RETURN(const auto made,
                   stack_.Operator("oscar").Call(&MembershipService::Stub::CreateOrganization, request));
  organization_ = made.name();
  return organization_;
}

Story::Note Story::MakeWorkspace() {
  membership::v1::CreateWorkspaceRequest request;
  request.set_parent(organization_);
  request.mutable_workspace()->set_display_name("Harbour works");
  ASSIGN_OR_RETURN(const auto made, olga_.Call(&MembershipService::Stub::CreateWorkspace, request));
  workspace_ = made.name();
  return workspace_;
}

Story::Note Story::MakePlans() { return MakeChannel("plans", type::v1::CHANNEL_KIND_PRIVATE, plans_); }

Story::Note Story::MakeOffice() { return MakeChannel("office", type::v1::CHANNEL_KIND_PUBLIC, office_); }

Story::Note Story::MakeChannel(const char* name, type::v1::ChannelKind kind, std::string& channel) {
  membership::v1::CreateChannelRequest request;
  request.set_parent(workspace_);
  request.mutable_channel()->set_display_name(name);
  request.mutable_channel()->set_kind(kind);
  ASSIGN_OR_RETURN(const auto made, olga_.Call(&MembershipService::Stub::CreateChannel, request));
  RETURN_IF_ERROR(Expect(made.kind() == kind, "the kind that was asked for"));
  channel = made.name();
  return channel.substr(channel.find("/channels/") + 1);
}

Story::Note Story::Invite() {
  invite::v1::CreateInviteRequest request;
  request.set_parent(workspace_);
  invite::v1::Invite& invite = *request.mutable_invite();
  invite.set_email(kAddress);
  invite.set_role(type::v1::ROLE_GUEST);
  invite.add_channels(plans_);
  *invite.mutable_guest_ttl() = rpc::ToProto(kGuestTtl);
  ASSIGN_OR_RETURN(const auto made, olga_.Call(&InviteService::Stub::CreateInvite, request));
  RETURN_IF_ERROR(Expect(made.secret().empty(), "no secret in the answer"));
  RETURN_IF_ERROR(
      Expect(made.invite().delivery() == invite::v1::Invite::DELIVERY_SENT, "the mail to be SENT"));
  return "PENDING, SENT";
}

Story::Note Story::FindMail() {
  ASSIGN_OR_RETURN(secret_, harness::MailedSecret(stack_.mail_dir(), kAddress));
  return stack_.mail_dir();
}

absl::StatusOr<invite::v1::RedeemInviteResponse> Story::Redeem(const harness::Client& client) {
  invite::v1::RedeemInviteRequest request;
  request.set_secret(secret_);
  return client.Call(&InviteService::Stub::RedeemInvite, request);
}

Story::Note Story::RedeemAsMallory() {
  const absl::Status refusal = Redeem(stack_.User("mallory")).status();
  RETURN_IF_ERROR(ExpectRefused(refusal, Reason::kInviteEmailMismatch));
  RETURN_IF_ERROR(Expect(!absl::StrContains(refusal.ToString(), kAddress),
                         "an error that does not name the bound address"));
  return "INVITE_EMAIL_MISMATCH";
}

Story::Note Story::RedeemAsGina() {
  ASSIGN_OR_RETURN(const auto joined, Redeem(gina_));
  RETURN_IF_ERROR(Expect(!joined.already_member() && joined.role() == type::v1::ROLE_GUEST,
                         "gina to be a guest from now on"));
  RETURN_IF_ERROR(
      Expect(joined.channels_size() == 1 && joined.channels(0) == plans_, "one grant, of #plans"));
  member_ = joined.member();
  expire_time_ = TimeOf(joined.guest_expire_time());
  return absl::StrCat("GUEST, posts until ", Rfc3339(expire_time_));
}

Story::Note Story::OpenStream() {
  ASSIGN_OR_RETURN(stream_, gina_.Connect(workspace_));
  const messaging::v1::Rights& rights = stream_->welcome().rights();
  RETURN_IF_ERROR(Expect(stream_->welcome().user() == stack_.UserId("gina"), "to be welcomed by gina's id"));
  RETURN_IF_ERROR(Expect(rights.role() == type::v1::ROLE_GUEST &&
                             rights.guest_state() == type::v1::GUEST_STATE_ACTIVE &&
                             TimeOf(rights.expire_time()) == expire_time_,
                         "to be welcomed as an active guest with that expire_time"));
  stream_->Subscribe(plans_);
  return "Welcome, ACTIVE";
}

Story::Note Story::PostInPlans() { return PostAndReceive("hello-1", 1); }

Story::Note Story::PostInOffice() {
  RETURN_IF_ERROR(
      ExpectRefused(stream_->Post(office_, "hello-2", "Hello?").status(), Reason::kChannelOutOfScope));
  return "CHANNEL_OUT_OF_SCOPE";
}

Story::Note Story::PostAndReceive(const std::string& id, uint64_t number) {
  ASSIGN_OR_RETURN(const auto stored, stream_->Post(plans_, id, "Good morning, harbour."));
  RETURN_IF_ERROR(Expect(stored.number() == number, absl::StrCat("number ", number)));
  RETURN_IF_ERROR(AwaitEvent(number).status());
  return absl::StrCat("number ", number);
}

absl::StatusOr<Received> Story::AwaitEvent(uint64_t number) {
  return stream_->WaitFor(
      [&](const ConnectResponse& frame) {
        return frame.has_event() && frame.event().channel() == plans_ && frame.event().number() == number;
      },
      kFrameTimeout);
}

Story::Note Story::AwaitSoftLock() {
  const auto locked = [](const ConnectResponse& frame) {
    return frame.has_rights_changed() && frame.rights_changed().reason() == "GUEST_SOFT_LOCKED";
  };
  ASSIGN_OR_RETURN(const Received notice, stream_->WaitFor(locked, kGuestTtl + kFrameTimeout));
  const messaging::v1::RightsChanged& changed = notice.frame.rights_changed();
  RETURN_IF_ERROR(Expect(TimeOf(changed.rights().expire_time()) == expire_time_ &&
                             changed.rights().guest_state() == type::v1::GUEST_STATE_SOFT_LOCKED,
                         "RightsChanged to name the expire_time"));
  const absl::Duration late = notice.at - expire_time_;
  RETURN_IF_ERROR(Expect(absl::AbsDuration(late) <= kNoticeLimit,
                         absl::StrCat("at most 1 s after expire_time, not ", Milliseconds(late))));
  return absl::StrCat("RightsChanged, within ", Milliseconds(absl::AbsDuration(late)), " of expire_time");
}

Story::Note Story::PostLate() {
  RETURN_IF_ERROR(
      ExpectRefused(stream_->Post(plans_, "late-1", "One more thing").status(), Reason::kGuestSoftLocked));
  return "GUEST_SOFT_LOCKED";
}

Story::Note Story::ReadOn() {
  ASSIGN_OR_RETURN(const auto olgas, olga_.Connect(workspace_));
  RETURN_IF_ERROR(olgas->Post(plans_, "reply-1", "Good morning, gina.").status());
  RETURN_IF_ERROR(AwaitEvent(2).status());
  messaging::v1::ListMessagesRequest request;
  request.set_parent(plans_);
  ASSIGN_OR_RETURN(const auto history, gina_.Call(&MessagingService::Stub::ListMessages, request));
  RETURN_IF_ERROR(Expect(history.messages_size() == 2, "2 messages in the history"));
  RETURN_IF_ERROR(Expect(TimeOf(history.messages(0).create_time()) < expire_time_,
                         "gina's message to be older than her expire_time"));
  return "2 messages";
}

Story::Note Story::CheckSoftLock() {
  membership::v1::CheckAccessRequest check;
  check.set_name(member_);
  check.set_channel(plans_);
  check.set_action(type::v1::ACTION_POST);
  ASSIGN_OR_RETURN(const auto access, olga_.Call(&MembershipService::Stub::CheckAccess, check));
  RETURN_IF_ERROR(
      Expect(!access.allowed() && access.reason() == "GUEST_SOFT_LOCKED", "CheckAccess to refuse a post"));
  guestexpiry::v1::GetExpirationRequest get;
  get.set_name(member_ + "/expiration");
  ASSIGN_OR_RETURN(const auto expiration, gina_.Call(&GuestExpiryService::Stub::GetExpiration, get));
  RETURN_IF_ERROR(Expect(expiration.state() == type::v1::GUEST_STATE_SOFT_LOCKED &&
                             TimeOf(expiration.expire_time()) == expire_time_,
                         "GetExpiration to say SOFT_LOCKED since expire_time"));
  return absl::StrCat("SOFT_LOCKED, reads until ", Rfc3339(TimeOf(expiration.access_end_time())));
}

Story::Note Story::Extend() {
  const size_t before = stream_->received();
  guestexpiry::v1::ExtendExpirationRequest request;
  request.set_name(member_ + "/expiration");
  *request.mutable_ttl() = rpc::ToProto(absl::Hours(1));
  ASSIGN_OR_RETURN(const auto extended, olga_.Call(&GuestExpiryService::Stub::ExtendExpiration, request));
  const absl::Time until = TimeOf(extended.expire_time());
  const auto restored = [&](const ConnectResponse& frame) {
    return frame.has_rights_changed() && frame.rights_changed().reason().empty() &&
           TimeOf(frame.rights_changed().rights().expire_time()) == until;
  };
  ASSIGN_OR_RETURN(const Received notice, stream_->WaitFor(restored, kFrameTimeout, before));
  return absl::StrCat("RightsChanged, ", Milliseconds(notice.at - TimeOf(extended.record_time())),
                      " from commit to notice");
}

Story::Note Story::PostAgain() { return PostAndReceive("again-1", 3); }

Story::Note Story::Remove() {
  membership::v1::DeleteMemberRequest request;
  request.set_name(member_);
  RETURN_IF_ERROR(olga_.Call(&MembershipService::Stub::DeleteMember, request).status());
  return AwaitGoodbye();
}

Story::Note Story::AwaitGoodbye() {
  ASSIGN_OR_RETURN(
      const Received notice,
      stream_->WaitFor([](const ConnectResponse& frame) { return frame.has_goodbye(); }, kFrameTimeout));
  const messaging::v1::Goodbye& goodbye = notice.frame.goodbye();
  RETURN_IF_ERROR(Expect(goodbye.reason() == messaging::v1::Goodbye::REASON_REMOVED && !goodbye.reconnect(),
                         "Goodbye REMOVED, without a way back"));
  RETURN_IF_ERROR(Expect(goodbye.has_record_time(), "Goodbye to say when the removal was recorded"));
  RETURN_IF_ERROR(Expect(!absl::IsDeadlineExceeded(stream_->WaitForEnd(kFrameTimeout)), "the stream to end"));
  return absl::StrCat("Goodbye REMOVED, ", Milliseconds(notice.at - TimeOf(goodbye.record_time())),
                      " from commit to notice");
}

Story::Note Story::ComeBack() {
  RETURN_IF_ERROR(ExpectRefused(gina_.Connect(workspace_).status(), Reason::kRoleTooLow));
  return "ROLE_TOO_LOW";
}

}  // namespace guestpass::e2e
