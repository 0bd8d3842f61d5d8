// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {

v1::CreateInviteRequest ServiceTest::GuestRequest(const std::string& email) const {
  v1::CreateInviteRequest request;
  request.set_parent(ToName(workspace_));
  request.mutable_invite()->set_email(email);
  request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
  request.mutable_invite()->add_channels(ChannelName{workspace_, channel_}.ToString());
  request.mutable_invite()->mutable_guest_ttl()->set_seconds(3);
  return request;
}

std::string ServiceTest::Invited(const std::string& email) {
  const auto created = creation_.Create(admin_, GuestRequest(email));
  EXPECT_TRUE(created.ok()) << created.status();
  return created.ok() ? created->secret() : "";
}

ServiceTest::Made ServiceTest::Linked(int max_uses, bool allow_unverified) {
  v1::CreateInviteRequest request = GuestRequest();
  v1::Invite::Link& link = *request.mutable_invite()->mutable_link();
  link.set_max_uses(max_uses);
  link.set_unlimited_uses(max_uses == 0);
  link.set_allow_unverified_email(allow_unverified);
  return MadeBy(request);
}

ServiceTest::Made ServiceTest::MadeBy(const v1::CreateInviteRequest& request) {
  const auto created = creation_.Create(NewUser(), request);
  EXPECT_TRUE(created.ok()) << created.status();
  if (!created.ok()) return {};
  return {created->secret(), *ParseInviteName("name", created->invite().name())};
}

absl::StatusOr<v1::RedeemInviteResponse> ServiceTest::RedeemPatiently(const rpc::Call& call,
                                                                      const std::string& secret) {
  for (const absl::Time end = absl::Now() + absl::Seconds(60);;) {
    auto redeemed = Redeem(call, secret);
    if (!HasReason(redeemed.status(), Reason::kConflict) || absl::Now() > end) return redeemed;
    absl::SleepFor(absl::Milliseconds(5));
  }
}

absl::StatusOr<v1::RevokeInviteResponse> ServiceTest::Revoke(const InviteName& name) {
  v1::RevokeInviteRequest request;
  request.set_name(name.ToString());
  return revocation_.Revoke(admin_, request);
}

Invite ServiceTest::Stored(const InviteName& name) {
  const auto invite = store_.Get(name);
  EXPECT_TRUE(invite.ok()) << invite.status();
  return invite.ok() ? *invite : Invite();
}

absl::StatusOr<v1::RedeemInviteResponse> ServiceTest::Redeem(const rpc::Call& call,
                                                             const std::string& secret) {
  v1::RedeemInviteRequest request;
  request.set_secret(secret);
  return redemption_.Redeem(call, request);
}

std::string ServiceTest::Sql(const std::string& sql) {
  const auto session = pool_.Acquire();
  const auto result = (*session)->Run(sql);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() && result->rows() > 0 ? std::string(result->Text(0, 0)) : "";
}

std::string ServiceTest::Reservations() {
  return Sql("SELECT string_agg(state, ' ' ORDER BY create_us) FROM reservations");
}

postgres::PoolOptions ServiceTest::PoolForCrowds() const {
  postgres::PoolOptions options = database_.options(16);
  options.lease_timeout = options.statement_timeout = absl::Seconds(60);
  return options;
}

}  // namespace guestpass::invite
