// SPDX-License-Identifier: Apache-2.0
#include "tests/faults/armed_stack.h"

#include <filesystem>
#include <fstream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "gtest/gtest.h"
#include "tests/harness/eventually.h"

namespace guestpass::faults {
namespace {

using harness::Client;
using harness::Eventually;
using invite::v1::InviteService;
using postgres::Params;

constexpr char kMany[] = "1000000";

constexpr char kOpen[] = R"sql(
  SELECT count(*) FROM reservations WHERE state = 'OPEN' AND create_us <= (SELECT now_us() - $1::bigint)
)sql";

constexpr char kOfInvites[] = R"sql(
  SELECT id, spent, reserved,
    (SELECT count(*) FROM reservations r WHERE r.invite = i.id AND state = 'SPENT' AND counts),
    (SELECT count(*) FROM reservations r WHERE r.invite = i.id AND state = 'OPEN')
  FROM invites i
)sql";

constexpr char kOfMembers[] = R"sql(
  SELECT invite, sum(joined)::bigint, sum(keys)::bigint FROM (
    SELECT after ->> 'invite' AS invite, 1 AS joined, 0 AS keys FROM audit_entries WHERE action = 'member.joined'
    UNION ALL
    SELECT split_part(join_key, '.', 1), 0, 1 FROM join_keys WHERE outcome = 'JOINED' AND NOT already_member
  ) a GROUP BY invite
)sql";

absl::Status RedeemOnce(const Client& client, const std::string& secret) {
  invite::v1::RedeemInviteRequest request;
  request.set_secret(secret);
  return client.Call(&InviteService::Stub::RedeemInvite, request, kPatience).status();
}

absl::StatusOr<invite::v1::RevokeInviteResponse> RevokeOnce(const Client& client, const std::string& name) {
  invite::v1::RevokeInviteRequest request;
  request.set_name(name);
  return client.Call(&InviteService::Stub::RevokeInvite, request);
}

postgres::Result Read(postgres::Session& session, const char* sql, const Params& params = {}) {
  absl::StatusOr<postgres::Result> result = session.Run(sql, params);
  if (!result.ok()) ADD_FAILURE() << result.status();
  return *std::move(result);
}

}  // namespace

bool IsToBeTriedAgain(const absl::Status& status) {
  return absl::IsUnavailable(status) || absl::IsDeadlineExceeded(status) || absl::IsAborted(status) ||
         absl::IsCancelled(status) || HasReason(status, Reason::kOverloaded) ||
         HasReason(status, Reason::kOutcomeUnknown);
}

absl::StatusOr<std::unique_ptr<ArmedStack>> ArmedStack::Start(std::map<std::string, std::string> invite) {
  std::unique_ptr<ArmedStack> armed(new ArmedStack);
  std::map<std::string, std::string> membership = {{"GUESTPASS_DATABASE_CONNECTIONS", "48"}};
  for (auto* const settings : {&invite, &membership}) {
    settings->insert({"GUESTPASS_FAILPOINTS", armed->orders_.path()});
    settings->insert({"GUESTPASS_THREADS", "64"});
  }
  for (const char* limit : {"INVITES_PER_HOUR", "REDEEMS_PER_MINUTE", "MAILS_PER_ADDRESS_AND_DAY"}) {
    invite.insert({absl::StrCat("GUESTPASS_", limit), kMany});
  }
  ASSIGN_OR_RETURN(
      armed->stack_,
      harness::Stack::Start({.env = {{"invite", invite}, {"membership", membership}},
                             .programs = {{"invite", "services/invite/armed_invite"},
                                          {"membership", "services/membership/armed_membership"}}}));
  const harness::PrivatePostgres& postgres = armed->stack_->postgres();
  ASSIGN_OR_RETURN(armed->invites_,
                   postgres::Session::Connect({.conninfo = postgres.conninfo("guestpass_invite")}));
  ASSIGN_OR_RETURN(armed->members_,
                   postgres::Session::Connect({.conninfo = postgres.conninfo("guestpass_membership")}));
  return armed;
}

std::string ArmedStack::PathOf(const std::string& point, const std::string& key) const {
  return absl::StrCat(orders_.path(), "/", point, key.empty() ? "" : "@", key);
}

void ArmedStack::Order(const std::string& point, const std::string& key, const std::string& order) {
  const std::string path = PathOf(point, key);
  std::ofstream(path + ".new") << order;
  std::filesystem::rename(path + ".new", path);
}

bool ArmedStack::Reached(const std::string& point, const std::string& key) const {
  return std::filesystem::exists(PathOf(point, key) + ".reached");
}

bool ArmedStack::AwaitReached(const std::string& point, const std::string& key) const {
  return Eventually(kPatience, [&] { return Reached(point, key); });
}

void ArmedStack::Release(const std::string& point, const std::string& key) {
  std::filesystem::remove(PathOf(point, key));
  std::filesystem::remove(PathOf(point, key) + ".reached");
}

void ArmedStack::ReleaseAll() {
  for (const auto& entry : std::filesystem::directory_iterator(orders_.path())) {
    std::filesystem::remove(entry.path());
  }
}

absl::StatusOr<Link> ArmedStack::MakeLink(const harness::Workplace& place, int uses, const std::string& by,
                                          const std::string& channel) const {
  invite::v1::CreateInviteRequest request;
  request.set_parent(place.workspace);
  request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
  request.mutable_invite()->add_channels(channel.empty() ? place.open_channel : channel);
  auto& link = *request.mutable_invite()->mutable_link();
  if (uses > 0) {
    link.set_max_uses(uses);
  } else {
    link.set_unlimited_uses(true);
  }
  absl::StatusOr<invite::v1::CreateInviteResponse> made;
  const Client client = stack_->User(by);
  Eventually(kPatience, [&] {
    made = client.Call(&InviteService::Stub::CreateInvite, request);
    return !IsToBeTriedAgain(made.status());
  });
  RETURN_IF_ERROR(made.status());
  const std::string& name = made->invite().name();
  return Link{.name = name, .id = name.substr(name.rfind('/') + 1), .secret = made->secret()};
}

ArmedStack::Outcome ArmedStack::Redeem(const std::string& user, const std::string& secret) const {
  const auto client = std::make_shared<const Client>(stack_->User(user));
  return std::async(std::launch::async, [client, secret] { return RedeemOnce(*client, secret); });
}

ArmedStack::Outcome ArmedStack::RedeemInsisting(const std::string& user, const std::string& secret) const {
  const auto client = std::make_shared<const Client>(stack_->User(user));
  return std::async(std::launch::async, [client, secret] {
    absl::Status status;
    Eventually(kAMinute, [&] {
      status = RedeemOnce(*client, secret);
      return !IsToBeTriedAgain(status);
    });
    return status;
  });
}

ArmedStack::Outcome ArmedStack::Revoke(const std::string& name) const {
  const auto client = std::make_shared<const Client>(stack_->User("olga"));
  return std::async(std::launch::async, [client, name] { return RevokeOnce(*client, name).status(); });
}

absl::StatusOr<int32_t> ArmedStack::RevokeInsisting(const std::string& name) const {
  const Client client = stack_->User("olga");
  absl::StatusOr<invite::v1::RevokeInviteResponse> revoked;
  Eventually(kPatience, [&] {
    revoked = RevokeOnce(client, name);
    return !IsToBeTriedAgain(revoked.status());
  });
  RETURN_IF_ERROR(revoked.status());
  return revoked->joined();
}

int64_t ArmedStack::OpenReservations(absl::Duration age) {
  return Read(*invites_, kOpen, Params::Of(age)).Int64(0, 0);
}

std::map<std::string, Uses> ArmedStack::AllUses() {
  std::map<std::string, Uses> all;
  const postgres::Result invites = Read(*invites_, kOfInvites);
  for (int row = 0; row < invites.rows(); ++row) {
    all[std::string(invites.Text(row, 0))] = {.spent = invites.Int64(row, 1),
                                              .reserved = invites.Int64(row, 2),
                                              .confirmed = invites.Int64(row, 3),
                                              .open = invites.Int64(row, 4)};
  }
  const postgres::Result members = Read(*members_, kOfMembers);
  for (int row = 0; row < members.rows(); ++row) {
    if (members.IsNull(row, 0)) continue;
    Uses& uses = all[std::string(members.Text(row, 0))];
    uses.joined = members.Int64(row, 1);
    uses.keys = members.Int64(row, 2);
  }
  return all;
}

void ArmedStack::ExpectSettled() {
  EXPECT_TRUE(Eventually(kAMinute, [&] { return OpenReservations() == 0; }));
  EXPECT_EQ(OpenReservations(kAMinute), 0);
  for (const auto& [invite, uses] : AllUses()) {
    EXPECT_EQ(uses.spent, uses.joined) << invite;
    EXPECT_EQ(uses.spent, uses.confirmed) << invite;
    EXPECT_EQ(uses.joined, uses.keys) << invite;
    EXPECT_EQ(uses.reserved, 0) << invite;
    EXPECT_EQ(uses.open, 0) << invite;
  }
}

}  // namespace guestpass::faults
