// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/check_access.h"

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/rights/revision.h"
#include "common/rpc/proto_time.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/access_rows.h"

namespace guestpass::membership {
namespace {

using type::v1::Action;

rpc::Call As(const std::string& name) {
  rpc::Call call;
  call.caller.user = auth::Identity{.user = AccessRows::User(name)};
  return call;
}

rpc::Call AsOperator() {
  rpc::Call call = As("operator");
  call.caller.is_operator = true;
  return call;
}

rpc::Call AsService(const std::string& user = "") {
  rpc::Call call = user.empty() ? rpc::Call{} : As(user);
  call.caller.service = "messaging-gateway";
  return call;
}

v1::CheckAccessRequest Ask(const std::string& user, const std::string& channel = "public",
                           Action action = type::v1::ACTION_POST, const std::string& workspace = "w") {
  const WorkspaceId in = AccessRows::Workspace(workspace);
  v1::CheckAccessRequest request;
  request.set_name(MemberName{in, AccessRows::User(user)}.ToString());
  request.set_channel(ChannelName{in, AccessRows::Channel(channel)}.ToString());
  request.set_action(action);
  return request;
}

template <typename Response>
std::string ReasonOf(const absl::StatusOr<Response>& answer) {
  if (answer.ok()) return "OK";
  const auto details = DetailsOf(answer.status());
  return details.has_value() ? std::string(ReasonName(details->reason)) : answer.status().ToString();
}

std::string FieldsOf(const absl::Status& status) {
  std::string fields;
  const auto details = DetailsOf(status);
  for (const FieldViolation& violation : details->violations) fields += violation.field + " ";
  return fields;
}

std::string InMetadata(const absl::Status& status, const std::string& key) {
  return DetailsOf(status)->metadata[key];
}

// In "w": adam its ADMIN, ann a MEMBER, vic a VIEWER, gus a guest of "private"; olga owns the organization.
class CheckAccessTest : public testing::Test {
 protected:
  CheckAccessTest() {
    rows_.AddWorkspace("w", "o", 7);
    rows_.AddWorkspace("far", "p", 8);
    rows_.AddChannel("w", "public", "PUBLIC");
    rows_.AddChannel("w", "private", "PRIVATE");
    rows_.AddChannel("far", "far's", "PUBLIC");
    rows_.AddOrganizationMember("o", "olga", "OWNER");
    rows_.AddMember("w", "adam", "ADMIN");
    rows_.AddMember("w", "ann", "MEMBER");
    rows_.AddMember("w", "vic", "VIEWER");
    rows_.AddMember("far", "fay", "MEMBER");
    rows_.AddGuest("w", "gus", "private");
    rows_.Run("UPDATE rights_heads SET n = 41 WHERE shard = 7");
  }

  v1::CheckAccessResponse Must(const v1::CheckAccessRequest& request) {
    const auto answer = checks_.Check(AsService(), request);
    EXPECT_TRUE(answer.ok()) << answer.status();
    return *answer;
  }
  std::string Reason(const v1::CheckAccessRequest& request) { return Must(request).reason(); }

  void SetGuestsTimes(absl::Time expire_time, absl::Time access_end_time) {
    rows_.Run("UPDATE members SET expire_us = $1::bigint, access_end_us = $2::bigint WHERE role = 'GUEST'",
              postgres::Params::Of(expire_time, access_end_time));
  }
  rights::RightsRevision Revision(uint64_t n) {
    return {.epoch = std::string(rows_.Run("SELECT rights_epoch()").Text(0, 0)), .shard = 7, .n = n};
  }

  AccessRows rows_;
  AccessLanes lanes_{rows_.reader()};
  AccessChecks checks_{lanes_};
};

TEST_F(CheckAccessTest, AnswersAsTheDecisionDoes) {
  EXPECT_EQ(Reason(Ask("ann")), "");
  EXPECT_EQ(Reason(Ask("vic")), "ROLE_TOO_LOW");
  EXPECT_EQ(Reason(Ask("vic", "public", type::v1::ACTION_READ)), "");
  EXPECT_EQ(Reason(Ask("ann", "private")), "CHANNEL_OUT_OF_SCOPE");
  EXPECT_EQ(Reason(Ask("ann", "private", type::v1::ACTION_READ)), "CHANNEL_NOT_FOUND");
  EXPECT_EQ(Reason(Ask("ann", "no such")), "CHANNEL_OUT_OF_SCOPE");
  EXPECT_EQ(Reason(Ask("gus", "private")), "");
  EXPECT_EQ(Reason(Ask("olga", "public", type::v1::ACTION_DELETE_ANY)), "");
  EXPECT_EQ(Reason(Ask("stranger")), "ROLE_TOO_LOW");
  rows_.Run("UPDATE channels SET archived = true");
  EXPECT_EQ(Reason(Ask("ann")), "CHANNEL_ARCHIVED");
}

TEST_F(CheckAccessTest, ARefusalSaysWhyAndEachAnswerOfWhatAndWhen) {
  const absl::Time before = rows_.Now();
  const v1::CheckAccessResponse answer = Must(Ask("vic"));
  EXPECT_FALSE(answer.allowed());
  EXPECT_EQ(answer.metadata().at("role"), "VIEWER");
  EXPECT_EQ(answer.role(), type::v1::ROLE_VIEWER);
  EXPECT_EQ(answer.guest_state(), type::v1::GUEST_STATE_UNSPECIFIED);
  EXPECT_GE(*rpc::FromProto("", answer.decide_time()), before);
  EXPECT_EQ(rights::RightsRevision::Parse(answer.rights_revision()), Revision(41));
  EXPECT_TRUE(Must(Ask("ann")).allowed());
}

TEST_F(CheckAccessTest, TimeAloneLocksAndEndsAGuest) {
  const absl::Time now = rows_.Now();
  SetGuestsTimes(now - absl::Seconds(1), now + absl::Hours(1));
  const v1::CheckAccessResponse locked = Must(Ask("gus", "private"));
  EXPECT_EQ(locked.reason(), "GUEST_SOFT_LOCKED");
  EXPECT_EQ(locked.guest_state(), type::v1::GUEST_STATE_SOFT_LOCKED);
  EXPECT_EQ(*rpc::FromProto("", locked.expire_time()), now - absl::Seconds(1));
  EXPECT_EQ(*rpc::FromProto("", locked.access_end_time()), now + absl::Hours(1));
  EXPECT_EQ(locked.metadata().at("expire_time"), Rfc3339(now - absl::Seconds(1)));
  EXPECT_EQ(Reason(Ask("gus", "private", type::v1::ACTION_READ)), "");
  SetGuestsTimes(now - absl::Seconds(2), now - absl::Seconds(1));
  EXPECT_EQ(Reason(Ask("gus", "private", type::v1::ACTION_READ)), "GUEST_ENDED");
}

TEST_F(CheckAccessTest, UsersAskAboutThemselvesAndWithAdminAuthorityAboutAnybodyOfTheWorkspace) {
  const auto asks = [&](const rpc::Call& call, const std::string& about) {
    return ReasonOf(checks_.Check(call, Ask(about)));
  };
  for (const char* name : {"ann", "vic", "gus", "adam", "olga"})
    EXPECT_EQ(asks(As(name), name), "OK") << name;
  for (const char* name : {"adam", "olga"}) EXPECT_EQ(asks(As(name), "ann"), "OK") << name;
  EXPECT_EQ(asks(As("adam"), "stranger"), "OK");
  EXPECT_EQ(asks(AsOperator(), "ann"), "OK");
  EXPECT_EQ(asks(AsService(), "stranger"), "OK");
  for (const char* name : {"ann", "vic", "gus", "fay", "stranger"}) {
    EXPECT_EQ(asks(As(name), "adam"), "ROLE_TOO_LOW") << name;
  }
  EXPECT_EQ(asks(As("stranger"), "stranger"), "ROLE_TOO_LOW");
  EXPECT_EQ(asks(AsService("vic"), "adam"), "ROLE_TOO_LOW");
}

TEST_F(CheckAccessTest, WhoMayNotAskLearnsNothingOfWhatIsThere) {
  v1::CheckAccessRequest bad = Ask("adam");
  bad.set_channel("nonsense");
  bad.set_action(type::v1::ACTION_UNSPECIFIED);
  bad.set_rights_revision("nonsense");
  const auto stranger = checks_.Check(As("stranger"), bad);
  EXPECT_EQ(ReasonOf(stranger), "ROLE_TOO_LOW");
  EXPECT_EQ(InMetadata(stranger.status(), "role"), "NONE");
  const auto nowhere = checks_.Check(As("stranger"), Ask("adam", "public", type::v1::ACTION_POST, "no such"));
  EXPECT_EQ(nowhere.status(), stranger.status());
  EXPECT_EQ(InMetadata(checks_.Check(As("ann"), bad).status(), "role"), "MEMBER");
  const absl::Time now = rows_.Now();
  SetGuestsTimes(now - absl::Seconds(2), now - absl::Seconds(1));
  EXPECT_EQ(ReasonOf(checks_.Check(As("gus"), bad)), "GUEST_ENDED");
  EXPECT_EQ(ReasonOf(checks_.Check(As("gus"), Ask("gus"))), "GUEST_ENDED");
}

TEST_F(CheckAccessTest, EachBadFieldIsNamedAndTheNameBeforeAll) {
  v1::CheckAccessRequest bad = Ask("adam");
  bad.set_channel("nonsense");
  bad.set_action(type::v1::ACTION_UNSPECIFIED);
  bad.set_rights_revision("nonsense");
  EXPECT_EQ(FieldsOf(checks_.Check(As("adam"), bad).status()), "channel action rights_revision ");
  bad.set_name("nonsense");
  EXPECT_EQ(FieldsOf(checks_.Check(As("stranger"), bad).status()), "name ");
  v1::CheckAccessRequest elsewhere = Ask("ann");
  elsewhere.set_channel(ChannelName{AccessRows::Workspace("far"), AccessRows::Channel("far's")}.ToString());
  EXPECT_EQ(FieldsOf(checks_.Check(AsService(), elsewhere).status()), "channel ");
}

TEST_F(CheckAccessTest, ARevisionIsNeverAnsweredFromAnOlderState) {
  const auto with = [&](const rights::RightsRevision& revision) {
    v1::CheckAccessRequest request = Ask("ann");
    request.set_rights_revision(revision.ToString());
    return ReasonOf(checks_.Check(AsService(), request));
  };
  EXPECT_EQ(with(Revision(40)), "OK");
  EXPECT_EQ(with(Revision(41)), "OK");
  EXPECT_EQ(with(Revision(42)), "RIGHTS_STALE");
  rights::RightsRevision other = Revision(42);
  other.shard = 8;
  EXPECT_EQ(with(other), "OK");
  other = Revision(42);
  other.epoch = "another";
  EXPECT_EQ(with(other), "OK");
  const v1::CheckAccessResponse nowhere = Must(Ask("ann", "public", type::v1::ACTION_POST, "no such"));
  EXPECT_EQ(nowhere.reason(), "ROLE_TOO_LOW");
  EXPECT_EQ(nowhere.rights_revision(), "");
}

TEST_F(CheckAccessTest, ABatchIsAnsweredInOrderAsOneByOne) {
  v1::BatchCheckAccessRequest batch;
  const std::vector<v1::CheckAccessRequest> each = {
      Ask("ann"), Ask("vic"), Ask("fay", "far's", type::v1::ACTION_READ, "far"),
      Ask("stranger", "public", type::v1::ACTION_READ, "no such")};
  for (int i = 0; i < 1000; ++i) *batch.add_requests() = each[static_cast<size_t>(i) % each.size()];
  const auto answer = checks_.BatchCheck(AsService(), batch);
  ASSERT_TRUE(answer.ok()) << answer.status();
  ASSERT_EQ(answer->responses_size(), 1000);
  for (int i = 0; i < 1000; ++i) {
    v1::CheckAccessResponse alone = Must(each[static_cast<size_t>(i) % each.size()]);
    *alone.mutable_decide_time() = answer->responses(0).decide_time();
    EXPECT_EQ(answer->responses(i).SerializeAsString(), alone.SerializeAsString()) << i;
    if (HasFailure()) break;
  }
  *batch.add_requests() = Ask("ann");
  EXPECT_EQ(FieldsOf(checks_.BatchCheck(AsService(), batch).status()), "requests ");
  EXPECT_EQ(checks_.BatchCheck(AsService(), {})->responses_size(), 0);
}

TEST_F(CheckAccessTest, OneThatMayNotBeAskedOrIsMalformedFailsTheBatchAndIsNamed) {
  v1::BatchCheckAccessRequest batch;
  *batch.add_requests() = Ask("ann");
  *batch.add_requests() = Ask("ann", "far's", type::v1::ACTION_READ, "far");
  batch.mutable_requests(0)->set_channel("nonsense");
  const auto refused = checks_.BatchCheck(As("adam"), batch);
  EXPECT_EQ(ReasonOf(refused), "ROLE_TOO_LOW");
  EXPECT_EQ(InMetadata(refused.status(), "request"), "requests[1]");
  EXPECT_EQ(InMetadata(refused.status(), "role"), "NONE");
  batch.mutable_requests(1)->clear_action();
  EXPECT_EQ(FieldsOf(checks_.BatchCheck(AsService(), batch).status()),
            "requests[0].channel requests[1].action ");
  batch.mutable_requests(1)->set_name("nonsense");
  EXPECT_EQ(FieldsOf(checks_.BatchCheck(As("stranger"), batch).status()), "requests[1].name ");
  batch.clear_requests();
  *batch.add_requests() = Ask("ann");
  *batch.add_requests() = Ask("ann");
  batch.mutable_requests(1)->set_rights_revision(Revision(42).ToString());
  const auto stale = checks_.BatchCheck(AsService(), batch);
  EXPECT_EQ(ReasonOf(stale), "RIGHTS_STALE");
  EXPECT_EQ(InMetadata(stale.status(), "request"), "requests[1]");
}

}  // namespace
}  // namespace guestpass::membership
