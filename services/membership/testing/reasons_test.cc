// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <thread>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights/revision.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/served.h"

// Every reason for which membership refuses a call, over gRPC, each reached at least once. The others of the
// API's are other services' (invites, mail, messages); SCHEMA_OUT_OF_DATE stops the start, and
// OUTCOME_UNKNOWN is common/postgres's to reach, where a test can break a connection within a commit.
namespace guestpass::membership {
namespace {

using Stub = v1::MembershipService::Stub;
using RightsStub = rights::v1::RightsService::Stub;

class ReasonsTest : public testing::Test {
 protected:
  ReasonsTest() {
    here_.AddMember("admin", type::v1::ROLE_ADMIN);
    here_.AddMember("member", type::v1::ROLE_MEMBER);
    here_.AddMember("guest", type::v1::ROLE_GUEST);
  }

  template <typename Request, typename Response>
  void Expect(Reason reason, const std::string& name,
              grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
              const Request& request) {
    ExpectReason(reason, served_.As(name, method, request).status());
  }
  void ExpectReason(Reason reason, const absl::Status& status) {
    EXPECT_TRUE(HasReason(status, reason)) << ReasonName(reason) << ": " << status;
    const auto details = DetailsOf(status);
    if (details.has_value()) reached_.insert(details->reason);
  }
  template <typename Request, typename Response>
  absl::StatusOr<Response> AsOperator(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                                   Response*),
                                      const Request& request) {
    return served_.Call(*served_.membership, method, served_.UserToken("root", true), request);
  }

  std::string Other(const std::string& kind) const { return kind + "/" + std::string(26, 'x'); }
  v1::GetMemberRequest Get(const std::string& name) {
    v1::GetMemberRequest request;
    request.set_name(here_.MemberName(name));
    return request;
  }
  v1::UpdateMemberRequest ToRole(const std::string& name, type::v1::Role role) {
    v1::UpdateMemberRequest request;
    request.mutable_member()->set_name(here_.MemberName(name));
    request.mutable_member()->set_role(role);
    return request;
  }
  v1::UpdateWorkspaceRequest Settings() {
    v1::UpdateWorkspaceRequest request;
    request.mutable_workspace()->set_name(ToName(here_.workspace));
    return request;
  }
  v1::CreateMemberRequest NewGuest(const std::string& name) {
    v1::CreateMemberRequest request;
    request.set_parent(ToName(here_.workspace));
    request.set_user(Installation::IdOf(name).ToString());
    request.set_role(type::v1::ROLE_GUEST);
    request.mutable_guest()->add_channels(here_.ChannelName(here_.public_channel));
    return request;
  }
  std::string TokenWith(auth::TokenClaims claims) {
    const absl::Time now = SystemClock().Now();
    claims.subject = "ann";
    claims.issue_time = now - absl::Hours(2);
    if (claims.expire_time == absl::Time()) claims.expire_time = now + absl::Hours(1);
    return here_.issuer.Mint(claims);
  }
  absl::Status ReadWith(const std::string& token) {
    return served_.Call(*served_.membership, &Stub::GetMember, token, Get("member")).status();
  }
  // What CheckAccess says of the user, which is an answer and no error.
  std::string Judged(const std::string& name, const std::string& channel, type::v1::Action action) {
    v1::CheckAccessRequest request;
    request.set_name(here_.MemberName(name));
    request.set_channel(channel);
    request.set_action(action);
    return served_.As("owner", &Stub::CheckAccess, request)->reason();
  }

  Served served_;
  Installation& here_ = served_.here;
  std::set<Reason> reached_;
};

TEST_F(ReasonsTest, OfWhoCalls) {
  ExpectReason(Reason::kCredentialsMissing, ReadWith(""));
  ExpectReason(Reason::kTokenMalformed, ReadWith("x.y"));
  ExpectReason(Reason::kTokenExpired, ReadWith(TokenWith({.expire_time = absl::Now() - absl::Seconds(2)})));
  ExpectReason(Reason::kTokenAudience, ReadWith(TokenWith({.audience = "others"})));
  ExpectReason(Reason::kTokenIssuer, ReadWith(TokenWith({.issuer = "https://others.test"})));
  ExpectReason(Reason::kTokenAlgorithm, ReadWith(absl::StrCat(absl::WebSafeBase64Escape(R"({"alg":"none"})"),
                                                              ".", absl::WebSafeBase64Escape("{}"), ".")));
  const auth::Issuer stranger = auth::Issuer::Create();
  ExpectReason(
      Reason::kTokenSignature,
      ReadWith(stranger.Mint(
          {.subject = "ann", .issue_time = absl::Now(), .expire_time = absl::Now() + absl::Hours(1)})));
  EXPECT_EQ(reached_.size(), 7u);
}

TEST_F(ReasonsTest, OfWhatACallerMay) {
  Expect(Reason::kRoleTooLow, "stranger", &Stub::GetMember, Get("member"));
  v1::CreateOrganizationRequest organization;
  Expect(Reason::kCallerNotAllowed, "owner", &Stub::CreateOrganization, organization);
  v1::StartDirectConversationRequest direct;
  direct.set_parent(ToName(here_.workspace));
  direct.add_users(Installation::IdOf("member").ToString());
  Expect(Reason::kDmStartForbidden, "guest", &Stub::StartDirectConversation, direct);
  const auto protected_owner = ToRole("owner", type::v1::ROLE_VIEWER);
  Expect(Reason::kOrgOwnerProtected, "admin", &Stub::UpdateMember, protected_owner);
  ASSERT_TRUE(here_.SetTtl("guest", absl::ZeroDuration()).ok());
  EXPECT_EQ(Judged("guest", here_.ChannelName(here_.public_channel), type::v1::ACTION_POST),
            "GUEST_SOFT_LOCKED");
  EXPECT_EQ(Judged("member", here_.ChannelName(here_.private_channel), type::v1::ACTION_POST),
            "CHANNEL_OUT_OF_SCOPE");
  ASSERT_TRUE(
      here_.NewSession()->Script("UPDATE members SET recorded_state = 'ENDED' WHERE role = 'GUEST'").ok());
  Expect(Reason::kGuestEnded, "guest", &Stub::GetMember, Get("guest"));
}

TEST_F(ReasonsTest, OfWhatIsNotThere) {
  v1::GetOrganizationRequest organization;
  organization.set_name(Other("organizations"));
  ExpectReason(Reason::kOrganizationNotFound, AsOperator(&Stub::GetOrganization, organization).status());
  v1::GetWorkspaceRequest workspace;
  workspace.set_name(Other("workspaces"));
  ExpectReason(Reason::kWorkspaceNotFound, AsOperator(&Stub::GetWorkspace, workspace).status());
  Expect(Reason::kMemberNotFound, "member", &Stub::GetMember, Get("nobody"));
  v1::GetChannelRequest channel;
  channel.set_name(ToName(here_.workspace) + "/" + Other("channels"));
  Expect(Reason::kChannelNotFound, "member", &Stub::GetChannel, channel);
}

TEST_F(ReasonsTest, OfWhatStandsInTheWay) {
  Expect(Reason::kMemberExists, "admin", &Stub::CreateMember, NewGuest("guest"));
  v1::RemoveOrganizationMemberRequest last_owner;
  last_owner.set_organization(ToName(here_.organization));
  last_owner.set_user(Installation::IdOf("owner").ToString());
  Expect(Reason::kLastOwner, "owner", &Stub::RemoveOrganizationMember, last_owner);
  ASSERT_TRUE(here_.NewSession()
                  ->Run("UPDATE members SET role = 'MEMBER' WHERE user_id = $1",
                        postgres::Params::Of(Installation::IdOf("owner")))
                  .ok());
  Expect(Reason::kLastAdmin, "orgadmin", &Stub::UpdateMember, ToRole("admin", type::v1::ROLE_VIEWER));
  v1::RemoveGuestGrantRequest grant;
  grant.set_name(here_.MemberName("guest"));
  grant.set_channel(here_.ChannelName(here_.public_channel));
  Expect(Reason::kLastGrant, "admin", &Stub::RemoveGuestGrant, grant);
  grant.set_name(here_.MemberName("member"));
  Expect(Reason::kNotAGuest, "admin", &Stub::RemoveGuestGrant, grant);
  v1::ArchiveChannelRequest archive;
  archive.set_name(here_.ChannelName(here_.private_channel));
  ASSERT_TRUE(served_.As("admin", &Stub::ArchiveChannel, archive).ok());
  v1::AddGuestGrantRequest archived;
  archived.set_name(here_.MemberName("guest"));
  archived.set_channel(here_.ChannelName(here_.private_channel));
  Expect(Reason::kChannelArchived, "admin", &Stub::AddGuestGrant, archived);
}

TEST_F(ReasonsTest, OfAWorkspacesSettings) {
  auto settings = Settings();
  settings.mutable_workspace()->add_guest_domains("example.org");
  ASSERT_TRUE(served_.As("admin", &Stub::UpdateWorkspace, settings).ok());
  Expect(Reason::kEmailDomainNotAllowed, "admin", &Stub::CreateMember, NewGuest("new"));
  settings = Settings();
  settings.mutable_update_mask()->add_paths("guest_domains");
  settings.mutable_update_mask()->add_paths("guest_cap");
  settings.mutable_update_mask()->add_paths("maximum_guest_lifetime");
  settings.mutable_workspace()->set_guest_cap(1);
  *settings.mutable_workspace()->mutable_maximum_guest_lifetime() = rpc::ToProto(absl::Hours(1));
  ASSERT_TRUE(served_.As("admin", &Stub::UpdateWorkspace, settings).ok());
  Expect(Reason::kGuestLimitReached, "admin", &Stub::CreateMember, NewGuest("new"));
  auto too_long = NewGuest("new");
  *too_long.mutable_guest()->mutable_ttl() = rpc::ToProto(absl::Hours(2));
  Expect(Reason::kGuestLifetimeExceeded, "admin", &Stub::CreateMember, too_long);
}

TEST_F(ReasonsTest, OfHowMuchOneTakesPartIn) {
  const auto filled = here_.NewSession()->Run(
      "WITH made AS (INSERT INTO channels (id, workspace, kind, display_name, create_us) "
      "              SELECT 'c' || i, $1, 'PRIVATE', '', 0 FROM generate_series(1, 1000) i RETURNING id) "
      "INSERT INTO participants (channel, user_id, workspace) SELECT id, $2, $1 FROM made",
      postgres::Params::Of(here_.workspace, Installation::IdOf("member")));
  ASSERT_TRUE(filled.ok()) << filled.status();
  v1::AddChannelMemberRequest add;
  add.set_channel(here_.ChannelName(here_.private_channel));
  add.set_user(Installation::IdOf("member").ToString());
  Expect(Reason::kParticipationLimitReached, "admin", &Stub::AddChannelMember, add);
}

TEST_F(ReasonsTest, OfARequestItself) {
  Expect(Reason::kFieldInvalid, "admin", &Stub::UpdateMember, v1::UpdateMemberRequest());
  v1::ListMembersRequest list;
  list.set_parent(ToName(here_.workspace));
  list.set_page_token("AAAA");
  Expect(Reason::kPageTokenInvalid, "member", &Stub::ListMembers, list);
  auto stale = ToRole("member", type::v1::ROLE_VIEWER);
  stale.mutable_member()->set_etag("stale");
  Expect(Reason::kEtagMismatch, "admin", &Stub::UpdateMember, stale);
  v1::ArchiveChannelRequest once;
  once.set_name(here_.ChannelName(here_.private_channel));
  once.set_request_id("id");
  ASSERT_TRUE(served_.As("admin", &Stub::ArchiveChannel, once).ok());
  once.set_name(here_.ChannelName(here_.public_channel));
  Expect(Reason::kRequestIdReused, "admin", &Stub::ArchiveChannel, once);
  v1::CheckAccessRequest ahead;
  ahead.set_name(here_.MemberName("member"));
  ahead.set_channel(here_.ChannelName(here_.public_channel));
  ahead.set_action(type::v1::ACTION_READ);
  auto revision =
      *rights::RightsRevision::Parse(served_.As("owner", &Stub::CheckAccess, ahead)->rights_revision());
  revision.n += 1;
  ahead.set_rights_revision(revision.ToString());
  Expect(Reason::kRightsStale, "owner", &Stub::CheckAccess, ahead);
}

TEST_F(ReasonsTest, OfJoiningAndOfTheFeed) {
  const auto join = [&](const rights::v1::JoinMemberRequest& request, const std::string& user) {
    return served_
        .Call(*served_.rights, &RightsStub::JoinMember, served_.ServiceToken("invite"), request, user)
        .status();
  };
  auto invite = here_.InviteBy("member", "key");
  ExpectReason(Reason::kInviteNoLongerValid, join(invite, served_.UserToken("new")));
  ExpectReason(Reason::kEmailNotVerified, join(here_.InviteBy("owner", "unverified"), TokenWith({})));
  rights::v1::ResolveJoinRequest cancel;
  cancel.set_join_key("cancelled");
  ASSERT_TRUE(
      served_.Call(*served_.rights, &RightsStub::ResolveJoin, served_.ServiceToken("invite"), cancel).ok());
  ExpectReason(Reason::kConflict, join(here_.InviteBy("owner", "cancelled"), served_.UserToken("new")));
  ASSERT_TRUE(here_.NewSession()->Script("UPDATE rights_heads SET pruned_n = 1, n = greatest(n, 1)").ok());
  ExpectReason(Reason::kFeedTruncated,
               served_
                   .Call(*served_.rights, &RightsStub::ListRightsChanges,
                         served_.ServiceToken("guest-expiry"), rights::v1::ListRightsChangesRequest())
                   .status());
}

TEST_F(ReasonsTest, OfTooMuchAtOnceAndOfADatabaseThatDoesNotAnswer) {
  const auto holder = here_.NewSession();
  ASSERT_TRUE(holder->Script("BEGIN; SELECT 1 FROM workspaces FOR UPDATE").ok());
  auto settings = Settings();
  settings.mutable_workspace()->set_display_name("Renamed");
  std::vector<std::thread> callers;
  absl::Mutex mutex;
  for (int i = 0; i < 130; ++i) {
    callers.emplace_back([&] {
      const absl::Status status = served_.As("admin", &Stub::UpdateWorkspace, settings).status();
      const auto details = DetailsOf(status);
      absl::MutexLock lock(&mutex);
      if (details.has_value()) reached_.insert(details->reason);
      // The first to be given up has waited for a statement's time; then the others may have what they want.
      if (HasReason(status, Reason::kDatabaseUnavailable)) holder->Script("COMMIT").IgnoreError();
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(reached_, (std::set<Reason>{Reason::kOverloaded, Reason::kDatabaseUnavailable}));
  EXPECT_TRUE(served_.As("admin", &Stub::UpdateWorkspace, settings).ok()) << "and it recovers";
}

}  // namespace
}  // namespace guestpass::membership
