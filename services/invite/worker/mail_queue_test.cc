// SPDX-License-Identifier: Apache-2.0
#include "services/invite/worker/mail_queue.h"

#include <string>
#include <thread>

#include "absl/synchronization/notification.h"
#include "services/invite/server/fake_courier.h"
#include "services/invite/server/service_fixture.h"
#include "tests/harness/eventually.h"

namespace guestpass::invite {
namespace {

class MailQueueTest : public ServiceTest {
 protected:
  // An invite in delivery, and what its mail says.
  Invitation InDelivery(const std::string& email) {
    const auto made =
        mailing_.Make(NewUser(), workspace_, GuestRequest(email), std::nullopt, absl::Minutes(5));
    EXPECT_TRUE(made.ok()) << made.status();
    return InvitationOf(made->issued.invite, made->issued.secret);
  }

  static void Put(MailQueue& queue, Invitation invitation) {
    std::optional<Outbox::Place> place = queue.TakePlace();
    ASSERT_TRUE(place.has_value());
    std::move(*place).Put(std::move(invitation));
  }

  std::string Deliveries() { return Sql("SELECT string_agg(delivery, ' ' ORDER BY create_us) FROM invites"); }
  bool Becomes(const std::string& deliveries) {
    return harness::Eventually(absl::Seconds(10), [&] { return Deliveries() == deliveries; });
  }

  FakeCourier courier_;
  Creation mailing_{store_, membership_, courier_, options_};
};

TEST_F(MailQueueTest, RecordsWhatBecameOfEachMail) {
  courier_.deliver = [](const Invitation& invitation) -> FakeCourier::Outcome {
    if (invitation.mailbox[0] == 'f') return FakeCourier::Refused();
    if (invitation.mailbox[0] == 'u') return mail::Handover::kUnknown;
    return mail::Handover::kSent;
  };
  MailQueue queue(store_, courier_, {.threads = 1});
  for (const char* email : {"s@example.com", "f@example.com", "u@example.com"}) Put(queue, InDelivery(email));
  EXPECT_TRUE(Becomes("SENT FAILED UNKNOWN")) << Deliveries();
  EXPECT_EQ(InviteState(), "PENDING UNDELIVERED PENDING");
  EXPECT_EQ(courier_.got()[0].mailbox, "s@example.com") << "in order";
}

TEST_F(MailQueueTest, APlaceIsGivenBackUnusedAndFreeOnceItsMailGoesOut) {
  MailQueue queue(store_, courier_, {.threads = 1, .places = 1});
  {
    const auto place = queue.TakePlace();
    EXPECT_TRUE(place.has_value());
    EXPECT_FALSE(queue.TakePlace().has_value());
  }
  absl::Notification go;
  courier_.deliver = [&](const Invitation&) {
    go.WaitForNotification();
    return mail::Handover::kSent;
  };
  Put(queue, InDelivery("a@example.com"));
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] { return courier_.got().size() == 1; }));
  EXPECT_TRUE(queue.TakePlace().has_value());
  go.Notify();
}

TEST_F(MailQueueTest, WhatIsNoLongerInDeliveryIsNotSent) {
  MailQueue queue(store_, courier_, {.threads = 1});
  const Invitation late = InDelivery("late@example.com");
  Sql("UPDATE invites SET delivery = 'UNKNOWN', lease_us = NULL RETURNING id");
  Put(queue, late);
  const Invitation resent = InDelivery("resent@example.com");
  Sql("UPDATE invites SET generation = 2 WHERE email LIKE 'resent%' RETURNING id");
  Put(queue, resent);
  const Invitation revoked = InDelivery("revoked@example.com");
  EXPECT_TRUE(Revoke(revoked.invite).ok());
  Put(queue, revoked);
  Put(queue, InDelivery("a@example.com"));
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] { return !courier_.got().empty(); }));
  EXPECT_EQ(courier_.got()[0].mailbox, "a@example.com");
}

TEST_F(MailQueueTest, BeforeAMailGoesOutItsLeaseIsRenewed) {
  absl::Notification go;
  courier_.deliver = [&](const Invitation&) {
    go.WaitForNotification();
    return mail::Handover::kSent;
  };
  MailQueue queue(store_, courier_, {.threads = 1});
  const Invitation invitation = InDelivery("a@example.com");
  Sql("UPDATE invites SET lease_us = now_us() + 1000 RETURNING id");
  Put(queue, invitation);
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] { return courier_.got().size() == 1; }));
  EXPECT_EQ(Sql("SELECT (lease_us > now_us() + 20000000)::text FROM invites"), "true");
  EXPECT_EQ(*upkeep_.EndLeases(10), 0);
  go.Notify();
  EXPECT_TRUE(Becomes("SENT"));
}

TEST_F(MailQueueTest, StoppingFinishesTheMailUnderWayAndLeavesTheRestToItsLease) {
  absl::Notification go;
  courier_.deliver = [&](const Invitation&) {
    go.WaitForNotification();
    return mail::Handover::kSent;
  };
  MailQueue queue(store_, courier_, {.threads = 1});
  Put(queue, InDelivery("a@example.com"));
  Put(queue, InDelivery("b@example.com"));
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] { return courier_.got().size() == 1; }));
  std::thread stopper([&] { queue.Stop(); });
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] { return !queue.TakePlace().has_value(); }));
  go.Notify();
  stopper.join();
  EXPECT_EQ(Deliveries(), "SENT SENDING");
  EXPECT_EQ(courier_.got().size(), 1u);
}

TEST_F(MailQueueTest, WhatWaitsKeepsItsLeaseHoweverLong) {
  absl::Notification go;
  courier_.deliver = [&](const Invitation&) {
    go.WaitForNotification();
    return mail::Handover::kSent;
  };
  MailQueue queue(store_, courier_, {.threads = 1, .renewal = absl::Milliseconds(10)});
  Put(queue, InDelivery("a@example.com"));
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] { return courier_.got().size() == 1; }));
  Put(queue, InDelivery("b@example.com"));
  const std::string is_b = " WHERE email = 'b@example.com'";
  Sql("UPDATE invites SET lease_us = now_us() + 5000000" + is_b + " RETURNING id");
  EXPECT_TRUE(harness::Eventually(absl::Seconds(10), [&] {
    return Sql("SELECT (lease_us > now_us() + 20000000)::text FROM invites" + is_b) == "true";
  }));
  Sql("UPDATE invites SET generation = 2, lease_us = 7" + is_b + " RETURNING id");
  absl::SleepFor(absl::Milliseconds(50));  // some renewals
  EXPECT_EQ(Sql("SELECT lease_us::text FROM invites" + is_b), "7") << "another generation is another's";
  go.Notify();
  EXPECT_TRUE(Becomes("SENT SENDING"));
}

}  // namespace
}  // namespace guestpass::invite
