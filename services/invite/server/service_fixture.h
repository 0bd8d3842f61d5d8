// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/rpc/call.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/invite/server/creation.h"
#include "services/invite/server/fake_membership.h"
#include "services/invite/server/preview.h"
#include "services/invite/server/redemption.h"
#include "services/invite/server/revocation.h"
#include "services/invite/storage/postgres/invite_migrations.h"
#include "services/invite/storage/postgres/pg_invite_store.h"
#include "services/invite/storage/postgres/pg_invite_upkeep.h"
#include "services/invite/worker/keeper.h"
#include "services/invite/worker/settler.h"
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

// A user like nobody before, with that verified address, or without one.
inline rpc::Call NewUser(const std::string& verified_email = "somebody@example.com") {
  return CallOf(auth::NewId<UserId>(), verified_email);
}

inline const UserId& UserOf(const rpc::Call& call) { return call.caller.user->user; }

// The service's parts on a database of their own, membership being a fake. The settler is not started: what
// it is given is settled at once. The keeper works when a test says so.
class ServiceTest : public testing::Test {
 protected:
  v1::CreateInviteRequest GuestRequest(const std::string& email = "ann@example.com") const;

  // The secret of a new invite for that address.
  std::string Invited(const std::string& email = "ann@example.com");
  struct Made {
    std::string secret;
    InviteName name;
  };
  // A new link for guests, by an inviter of its own; 0: without a limit.
  Made Linked(int max_uses, bool allow_unverified = false);

  Made MadeBy(const v1::CreateInviteRequest& request);

  // As a client does it: again after CONFLICT, as often as it takes.
  absl::StatusOr<v1::RedeemInviteResponse> RedeemPatiently(const rpc::Call& call, const std::string& secret);

  absl::StatusOr<v1::RevokeInviteResponse> Revoke(const InviteName& name);

  Invite Stored(const InviteName& name);

  absl::StatusOr<v1::RedeemInviteResponse> Redeem(const rpc::Call& call, const std::string& secret);

  // One text of the database.
  std::string Sql(const std::string& sql);

  std::string InviteState() { return Sql("SELECT string_agg(state, ' ' ORDER BY create_us) FROM invites"); }
  std::string Reservations();

  // As if the reservations' callers had died a while ago.
  void Age() { Sql("UPDATE reservations SET create_us = create_us - 6000000 RETURNING join_key"); }
  int OpenCount() { return std::stoi(Sql("SELECT count(*)::text FROM reservations WHERE state = 'OPEN'")); }
  void Expire() { Sql("UPDATE invites SET expire_us = create_us RETURNING id"); }

  harness::TestDatabase database_{InviteMigrations()};
  // Crowds wait for a connection for as long as it takes.
  postgres::PoolOptions PoolForCrowds() const;

  postgres::Pool pool_{PoolForCrowds()};
  PgInviteStore store_{pool_};
  PgInviteUpkeep upkeep_{pool_};
  FakeMembership membership_;
  NoCourier no_mail_;
  const CreationOptions options_{.public_url = *PublicUrl::Parse("https://chat.example.com"),
                                 .limits = {.per_inviter_and_hour = 1'000'000}};
  Creation creation_{store_, membership_, no_mail_, options_};
  Settler settler_{store_};
  Redemption redemption_{store_, membership_, settler_};
  Preview preview_{store_, membership_};
  Revocation revocation_{store_, membership_};
  Keeper keeper_{store_, upkeep_, membership_};
  const WorkspaceId workspace_ = auth::NewId<WorkspaceId>();
  const ChannelId channel_ = auth::NewId<ChannelId>();
  const rpc::Call admin_ = CallOf(auth::NewId<UserId>(), "admin@example.com");
  const rpc::Call ann_ = CallOf(auth::NewId<UserId>(), "Ann@Example.com");
  const rpc::Call bob_ = CallOf(auth::NewId<UserId>(), "bob@example.com");
};

}  // namespace guestpass::invite
