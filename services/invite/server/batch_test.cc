// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/batch.h"

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "common/rpc/wire_status.h"
#include "services/invite/server/fake_courier.h"
#include "services/invite/server/service_fixture.h"
#include "services/invite/worker/mail_queue.h"
#include "tests/harness/eventually.h"

namespace guestpass::invite {
namespace {

class BatchTest : public ServiceTest {
 protected:
  v1::BatchCreateInvitesRequest RequestFor(const std::vector<std::string>& emails) const {
    v1::BatchCreateInvitesRequest request;
    request.set_parent(ToName(workspace_));
    for (const std::string& email : emails) {
      *request.add_requests() = GuestRequest(email);
      request.mutable_requests()->rbegin()->clear_parent();
    }
    return request;
  }

  // What became of each, in words.
  static std::string Words(const absl::StatusOr<v1::BatchCreateInvitesResponse>& response) {
    if (!response.ok()) return ReasonOf(response.status());
    std::vector<std::string> words;
    for (const auto& outcome : response->outcomes()) {
      words.push_back(outcome.has_created() ? "OK" : ReasonOf(rpc::FromWire(outcome.error())));
    }
    return absl::StrJoin(words, " ");
  }
  static std::string Problem(const absl::Status& status) {
    return absl::StrCat(FieldsOf(status), DetailsOf(status)->violations.at(0).description);
  }
  std::string Run(const v1::BatchCreateInvitesRequest& request) {
    return Words(batch_.Create(admin_, request));
  }
  std::string CountSends() { return Sql("SELECT count(*)::text FROM sends"); }

  FakeCourier courier_;
  MailQueue no_queue_{store_, no_mail_, {.threads = 1}};
  Batch batch_{store_, membership_, creation_, no_queue_};
  Creation mailing_{store_, membership_, courier_, options_};
};

TEST_F(BatchTest, OneBadOneFailsNoOtherAndDuplicatesCollide) {
  v1::BatchCreateInvitesRequest request =
      RequestFor({"a@example.com", "nonsense", "b@example.com", "A@example.com", "c@example.com"});
  request.mutable_requests(4)->set_parent(ToName(auth::NewId<WorkspaceId>()));
  *request.add_requests() = request.requests(0);
  request.mutable_requests(5)->mutable_invite()->mutable_link();
  *request.add_requests() = GuestRequest("d@example.com");
  request.mutable_requests(6)->set_request_id("r");
  *request.add_requests() = GuestRequest("e@example.com");
  const auto response = batch_.Create(admin_, request);
  EXPECT_EQ(Words(response),
            "OK FIELD_INVALID OK INVITE_PENDING_FOR_EMAIL FIELD_INVALID OK FIELD_INVALID OK");
  EXPECT_EQ(FieldsOf(rpc::FromWire(response->outcomes(1).error())), "invite.email ");
  EXPECT_EQ(FieldsOf(rpc::FromWire(response->outcomes(4).error())), "parent ");
  EXPECT_EQ(FieldsOf(rpc::FromWire(response->outcomes(6).error())), "request_id ");
  EXPECT_EQ(response->outcomes(2).created().invite().email(), "b@example.com");
  EXPECT_TRUE(Redeem(bob_, response->outcomes(5).created().secret()).ok());
  EXPECT_EQ(CountSends(), "4") << "each that was made counts";
}

TEST_F(BatchTest, AHundredAtMostAndAuthorityFirst) {
  EXPECT_EQ(Problem(batch_.Create(admin_, RequestFor({})).status()),
            "requests has none: 1 to 100 go into one call");
  std::vector<std::string> emails;
  for (int i = 0; i < 100; ++i) emails.push_back(absl::StrCat("user", i, "@example.com"));
  const auto all = batch_.Create(admin_, RequestFor(emails));
  ASSERT_TRUE(all.ok()) << all.status();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(all->outcomes(i).created().invite().email(), emails[i]);
  emails.push_back("late@example.com");
  EXPECT_EQ(Problem(batch_.Create(admin_, RequestFor(emails)).status()),
            "requests has more than 100: send several calls");
  membership_.check = Error(Reason::kRoleTooLow, "no");
  EXPECT_EQ(Run(RequestFor(emails)), "ROLE_TOO_LOW");
  EXPECT_EQ(FieldsOf(batch_.Create(admin_, {}).status()), "parent ");
}

TEST_F(BatchTest, TheLimitHoldsInsideABatch) {
  Creation limited(store_, membership_, no_mail_, {.limits = {.per_inviter_and_hour = 2}});
  Batch batch(store_, membership_, limited, no_queue_);
  EXPECT_EQ(Words(batch.Create(admin_, RequestFor({"a@example.com", "b@example.com", "c@example.com"}))),
            "OK OK INVITE_RATE_LIMITED");
}

TEST_F(BatchTest, ARepeatedBatchGivesWhatWasMadeAndTriesTheRestAgain) {
  v1::BatchCreateInvitesRequest request = RequestFor({"a@example.com", "b@example.com"});
  request.set_request_id("once");
  const std::string pending = Invited("b@example.com");
  const auto first = batch_.Create(admin_, request);
  EXPECT_EQ(Words(first), "OK INVITE_PENDING_FOR_EMAIL");
  Expire();
  const auto again = batch_.Create(admin_, request);
  EXPECT_EQ(Words(again), "OK OK");
  EXPECT_EQ(again->outcomes(0).created().invite().name(), first->outcomes(0).created().invite().name());
  EXPECT_TRUE(again->outcomes(0).created().secret_omitted());
  EXPECT_EQ(again->outcomes(0).created().secret(), "");
  EXPECT_NE(again->outcomes(1).created().secret(), "");
  request.mutable_requests(1)->mutable_invite()->set_email("c@example.com");
  EXPECT_EQ(Run(request), "REQUEST_ID_REUSED");
  request.set_request_id("no blanks");
  EXPECT_EQ(FieldsOf(batch_.Create(admin_, request).status()), "request_id ");
}

TEST_F(BatchTest, TheAnswerDoesNotWaitForMailWhichFailsLater) {
  absl::Notification answered;
  courier_.deliver = [&](const Invitation& invitation) -> FakeCourier::Outcome {
    answered.WaitForNotification();
    if (invitation.mailbox == "bad@example.com") return FakeCourier::Refused();
    return mail::Handover::kSent;
  };
  MailQueue queue(store_, courier_, {.threads = 1});
  Batch batch(store_, membership_, mailing_, queue);
  const auto response = batch.Create(admin_, RequestFor({"good@example.com", "bad@example.com"}));
  EXPECT_EQ(Sql("SELECT (lease_us - create_us)::text FROM invites WHERE email LIKE 'bad%'"),
            absl::StrCat(absl::ToInt64Microseconds(queue.lease())));
  answered.Notify();
  ASSERT_EQ(Words(response), "OK OK");
  for (const auto& outcome : response->outcomes()) {
    EXPECT_EQ(outcome.created().invite().delivery(), v1::Invite::DELIVERY_SENDING);
    EXPECT_EQ(outcome.created().secret(), "");
  }
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] {
    return Sql("SELECT count(*)::text FROM invites WHERE delivery = 'SENDING'") == "0";
  }));
  EXPECT_EQ(Sql("SELECT string_agg(state || ' ' || delivery, ', ' ORDER BY create_us) FROM invites"),
            "PENDING SENT, UNDELIVERED FAILED");
  EXPECT_EQ(CountSends(), "1") << "what failed is refunded";
  courier_.deliver = [](const Invitation&) { return mail::Handover::kSent; };
  EXPECT_EQ(Words(batch.Create(admin_, RequestFor({"bad@example.com"}))), "OK") << "it blocks no new one";
}

TEST_F(BatchTest, WhereTheOutboxIsFullNothingIsStored) {
  MailQueue queue(store_, courier_, {.places = 1});
  Batch batch(store_, membership_, mailing_, queue);
  const std::optional<Outbox::Place> taken = queue.TakePlace();
  v1::BatchCreateInvitesRequest request = RequestFor({"a@example.com", "b@example.com"});
  request.mutable_requests(1)->mutable_invite()->mutable_link();
  EXPECT_EQ(Words(batch.Create(admin_, request)), "OVERLOADED OK") << "a link needs no place";
  EXPECT_EQ(CountSends(), "1");
}

// Membership that goes down after a while.
class GoesDown : public FakeMembership {
 public:
  int calls = 0;

  absl::StatusOr<InviteCheck> CheckInvite(const rpc::Call& call, const WorkspaceId& workspace,
                                          const Draft& draft) override {
    if (++calls > 2) return Unavailable();
    return FakeMembership::CheckInvite(call, workspace, draft);
  }
};

TEST_F(BatchTest, WhatWouldMeetTheSameOutageIsNotTried) {
  GoesDown membership;
  Creation creation(store_, membership, no_mail_, options_);
  Batch batch(store_, membership, creation, no_queue_);
  EXPECT_EQ(Words(batch.Create(admin_, RequestFor({"a@example.com", "b@example.com", "c@example.com"}))),
            "OK SERVICE_UNAVAILABLE SERVICE_UNAVAILABLE");
  EXPECT_EQ(membership.calls, 3);
}

// Membership that takes its time for every invite, and none for the authority alone.
class TakesItsTime : public FakeMembership {
 public:
  absl::Notification may_answer;
  std::atomic<int> waiting = 0;

  absl::StatusOr<InviteCheck> CheckInvite(const rpc::Call& call, const WorkspaceId& workspace,
                                          const Draft& draft) override {
    if (!draft.address.folded.empty()) {
      ++waiting;
      may_answer.WaitForNotificationWithTimeout(absl::Seconds(20));
    }
    return FakeMembership::CheckInvite(call, workspace, draft);
  }
};

TEST_F(BatchTest, OneUserHasTwoUnderWayAndAllTogetherTwelveAndNothingIsMadeBeyondThat) {
  TakesItsTime membership;
  Creation creation(store_, membership, no_mail_, options_);
  Batch batch(store_, membership, creation, no_queue_);
  v1::BatchCreateInvitesRequest request = RequestFor({"a@example.com"});
  request.mutable_requests(0)->set_validate_only(true);
  std::vector<std::thread> threads;
  const auto begin_two = [&](const rpc::Call& call) {
    for (int i = 0; i < 2; ++i) {
      threads.emplace_back([&, call] { EXPECT_EQ(Words(batch.Create(call, request)), "OK"); });
    }
    return harness::Eventually(absl::Seconds(10), [&] { return membership.waiting == std::ssize(threads); });
  };
  EXPECT_TRUE(begin_two(admin_));
  const absl::Status refused = batch.Create(admin_, request).status();
  EXPECT_EQ(ReasonOf(refused), "OVERLOADED");
  EXPECT_GT(DetailsOf(refused).value_or(ErrorDetails()).retry_after, absl::ZeroDuration());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(begin_two(NewUser()));
  EXPECT_EQ(Words(batch.Create(NewUser(), request)), "OVERLOADED");
  EXPECT_EQ(FieldsOf(batch.Create(NewUser(), RequestFor({})).status()), "requests ");
  membership.may_answer.Notify();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(Words(batch.Create(admin_, request)), "OK");
}

}  // namespace
}  // namespace guestpass::invite
