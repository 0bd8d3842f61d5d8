// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/invites.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/postgres/session.h"
#include "common/status/macros.h"
#include "guestpass/invite/v1/invite.grpc.pb.h"
#include "tests/bench/closed_loop.h"
#include "tests/harness/workplace.h"

namespace guestpass::bench {
namespace {

using invite::v1::CreateInviteRequest;
using invite::v1::InviteService;
using invite::v1::RedeemInviteRequest;

constexpr int kCallers = 16;
constexpr int kConnections = 2;       // as an edge with two workers has
constexpr int kTokensASecond = 4000;  // more than are redeemed
constexpr int kInvitesOfAPlace = 50;  // as many as one inviter may send in an hour
constexpr int kPlacesASecond = 80;    // more than are filled

constexpr char kEnded[] = R"sql(
  INSERT INTO invites (workspace, id, email, email_folded, role, channels, inviter, rights_n, check_us, state, delivery,
                       secret_hash, expire_us, create_us, end_us, workspace_display_name)
  SELECT 'w' || i % 1000, 'i' || i, 'a@example.com', 'a@example.com', 'MEMBER', '{}', 'u', 0, 0, 'EXPIRED', 'SENT',
         sha256(i::text::bytea), 1, 0, 1, 'Acme'
  FROM generate_series(1, $1::bigint) i
)sql";

std::vector<std::unique_ptr<InviteService::Stub>> Stubs(const harness::Stack& stack) {
  std::vector<std::unique_ptr<InviteService::Stub>> stubs;
  for (const auto& channel : Connections(stack.addresses().invite, kConnections)) {
    stubs.push_back(InviteService::NewStub(channel));
  }
  return stubs;
}

absl::StatusOr<std::string> LinkWithoutLimit(const harness::Stack& stack, const harness::Workplace& place) {
  CreateInviteRequest request;
  request.set_parent(place.workspace);
  request.mutable_invite()->mutable_link()->set_unlimited_uses(true);
  request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
  request.mutable_invite()->add_channels(place.closed_channel);
  ASSIGN_OR_RETURN(const auto created, stack.User("olga").Call(&InviteService::Stub::CreateInvite, request));
  return created.secret();
}

}  // namespace

absl::StatusOr<std::unique_ptr<harness::Stack>> StartForInvites() {
  return harness::Stack::Start({.env = {{"invite", {{"GUESTPASS_MAIL_DIRECTORY", ""}}}}});
}

absl::StatusOr<Figures> MeasureRedemptions(const harness::Stack& stack, absl::Duration time) {
  ASSIGN_OR_RETURN(const harness::Workplace place, harness::MakeWorkplace(stack));
  RedeemInviteRequest request;
  ASSIGN_OR_RETURN(*request.mutable_secret(), LinkWithoutLimit(stack, place));
  std::vector<std::string> tokens;
  const std::string round = absl::StrCat(absl::ToUnixMicros(absl::Now()));
  for (int64_t i = 0; i < kTokensASecond * absl::ToInt64Seconds(time); ++i) {
    tokens.push_back(
        stack.Token(absl::StrCat("u", round, "-", i), {.email = absl::StrCat("u", i, "@example.com")}));
  }
  const auto stubs = Stubs(stack);
  size_t next = 0;
  const auto redeem = [&](int caller, grpc::CompletionQueue& queue, void* tag) {
    return Begin(*stubs[static_cast<size_t>(caller) % stubs.size()], &InviteService::Stub::AsyncRedeemInvite,
                 tokens[next++ % tokens.size()], request, queue, tag);
  };
  ASSIGN_OR_RETURN(Figures figures, MeasureLoop(kCallers, redeem, time));
  if (next > tokens.size()) return absl::InternalError("more was redeemed than there are users");
  return Figures{{"redemptions_per_s", figures["per_s"]}, {"p99_ms", figures["p99_ms"]}};
}

absl::StatusOr<Figures> MeasureCreations(const harness::Stack& stack, absl::Duration time) {
  std::vector<harness::Workplace> places;
  for (int64_t i = 0; i < kPlacesASecond * absl::ToInt64Seconds(time); ++i) {
    ASSIGN_OR_RETURN(places.emplace_back(), harness::MakeWorkplace(stack));
  }
  const std::string token = stack.Token("olga"), round = absl::StrCat(absl::ToUnixMicros(absl::Now()));
  const auto stubs = Stubs(stack);
  size_t places_used = 0;
  std::vector<size_t> made(kCallers);
  const auto create = [&](int caller, grpc::CompletionQueue& queue, void* tag) {
    const auto own = static_cast<size_t>(caller);
    const size_t n = made[own]++;
    const size_t next = n / kInvitesOfAPlace * kCallers + own;
    places_used = std::max(places_used, next + 1);
    const harness::Workplace& place = places[next % places.size()];
    CreateInviteRequest request;
    request.set_parent(place.workspace);
    request.mutable_invite()->set_email(absl::StrCat("a", round, "-", own, "-", n, "@example.com"));
    request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
    request.mutable_invite()->add_channels(place.closed_channel);
    return Begin(*stubs[static_cast<size_t>(caller) % stubs.size()], &InviteService::Stub::AsyncCreateInvite,
                 token, request, queue, tag);
  };
  absl::StatusOr<Figures> figures = MeasureLoop(kCallers, create, time);
  if (places_used > places.size()) return absl::InternalError("more was created than there are places for");
  RETURN_IF_ERROR(figures.status());
  return Figures{{"per_s", (*figures)["per_s"]}};
}

absl::StatusOr<Figures> MeasureSweep(const harness::Stack& stack, int count) {
  ASSIGN_OR_RETURN(const auto session,
                   postgres::Session::Connect({.conninfo = stack.postgres().conninfo("guestpass_invite"),
                                               .statement_timeout = absl::Minutes(5)}));
  RETURN_IF_ERROR(session->Run(kEnded, postgres::Params::Of(count)).status());
  RETURN_IF_ERROR(session->Script("ANALYZE invites"));
  const harness::Client platform = stack.Operator("opal");
  const absl::Time begun = absl::Now();
  // The service's own keeper takes part.
  for (bool done = false; !done;) {
    ASSIGN_OR_RETURN(const auto swept,
                     platform.Call(&InviteService::Stub::SweepInvites, invite::v1::SweepInvitesRequest()));
    done = swept.done();
  }
  return Figures{{"rows_per_s", count / absl::ToDoubleSeconds(absl::Now() - begun)}};
}

}  // namespace guestpass::bench
