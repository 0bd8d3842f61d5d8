// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/auth/random.h"
#include "common/rpc/call.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/invite/server/creation.h"
#include "services/invite/server/fake_membership.h"
#include "services/invite/server/redemption.h"
#include "services/invite/storage/postgres/invite_migrations.h"
#include "services/invite/storage/postgres/pg_invite_store.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::invite {

// "FIELD_INVALID", or "OK".
inline std::string ReasonOf(const absl::Status& status) {
  if (status.ok()) return "OK";
  const std::optional<ErrorDetails> details = DetailsOf(status);
  return details.has_value() ? std::string(ReasonName(details->reason)) : status.ToString();
}

// The fields that a FIELD_INVALID names, each followed by a blank; "" for another status.
inline std::string FieldsOf(const absl::Status& status) {
  const std::optional<ErrorDetails> details = DetailsOf(status);
  std::string fields;
  if (!details.has_value()) return fields;
  for (const FieldViolation& violation : details->violations) absl::StrAppend(&fields, violation.field, " ");
  return fields;
}

// A call of that user; without an address it is not verified.
inline rpc::Call CallOf(const UserId& user, const std::string& verified_email) {
  rpc::Call call{.request_id = "r1", .deadline = absl::InfiniteFuture()};
  call.caller.user =
      auth::Identity{.user = user, .email = verified_email, .email_verified = !verified_email.empty()};
  return call;
}

// The service's two methods on a database of their own, membership being a fake.
class ServiceTest : public testing::Test {
 protected:
  v1::CreateInviteRequest GuestRequest(const std::string& email = "ann@example.com") const {
    v1::CreateInviteRequest request;
    request.set_parent(ToName(workspace_));
    request.mutable_invite()->set_email(email);
    request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
    request.mutable_invite()->add_channels(ChannelName{workspace_, channel_}.ToString());
    request.mutable_invite()->mutable_guest_ttl()->set_seconds(3);
    return request;
  }

  // The secret of a new invite for that address.
  std::string Invited(const std::string& email = "ann@example.com") {
    const auto created = creation_.Create(admin_, GuestRequest(email));
    EXPECT_TRUE(created.ok()) << created.status();
    return created.ok() ? created->secret() : "";
  }

  absl::StatusOr<v1::RedeemInviteResponse> Redeem(const rpc::Call& call, const std::string& secret) {
    v1::RedeemInviteRequest request;
    request.set_secret(secret);
    return redemption_.Redeem(call, request);
  }

  // One text of the database.
  std::string Sql(const std::string& sql) {
    const auto session = pool_.Acquire();
    const auto result = (*session)->Run(sql);
    EXPECT_TRUE(result.ok()) << result.status();
    return result.ok() && result->rows() > 0 ? std::string(result->Text(0, 0)) : "";
  }

  std::string InviteState() { return Sql("SELECT string_agg(state, ' ' ORDER BY create_us) FROM invites"); }
  std::string Reservations() {
    return Sql("SELECT string_agg(state, ' ' ORDER BY create_us) FROM reservations");
  }

  // As if the reservations' callers had died a while ago.
  void Age() { Sql("UPDATE reservations SET create_us = create_us - 6000000 RETURNING join_key"); }
  void Expire() { Sql("UPDATE invites SET expire_us = create_us RETURNING id"); }

  harness::TestDatabase database_{InviteMigrations()};
  postgres::Pool pool_{database_.options(16)};
  PgInviteStore store_{pool_};
  FakeMembership membership_;
  Creation creation_{
      store_, membership_, nullptr, {.public_url = *PublicUrl::Parse("https://chat.example.com")}};
  Redemption redemption_{store_, membership_};
  const WorkspaceId workspace_ = auth::NewId<WorkspaceId>();
  const ChannelId channel_ = auth::NewId<ChannelId>();
  const rpc::Call admin_ = CallOf(auth::NewId<UserId>(), "admin@example.com");
  const rpc::Call ann_ = CallOf(auth::NewId<UserId>(), "Ann@Example.com");
  const rpc::Call bob_ = CallOf(auth::NewId<UserId>(), "bob@example.com");
};

}  // namespace guestpass::invite
