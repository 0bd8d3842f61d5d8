// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "absl/strings/str_cat.h"
#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

enum class Who { kInvited, kUnverified, kStranger };

// An invite of which several things are true at once, and the one of them that is told.
struct Case {
  const char* name;
  const char* told;
  bool link = false;
  const char* state = "PENDING";
  bool expired = false;
  Who who = Who::kInvited;
  bool own = false;      // the caller has redeemed it before
  bool ended = false;    // the caller is a guest whose access has ended
  bool member = false;   // the caller is a member by now
  bool used_up = false;  // by somebody else
  bool refused = false;  // by membership
};

// Each pair of neighbours in I21's order, but those that cannot both be true.
const Case kCases[] = {
    {.name = "own before revoked",
     .told = "OK",
     .link = true,
     .state = "REVOKED",
     .own = true,
     .member = true},
    {.name = "own before declined",
     .told = "OK",
     .link = true,
     .state = "DECLINED",
     .own = true,
     .member = true},
    {.name = "own before expired", .told = "OK", .link = true, .expired = true, .own = true, .member = true},
    {.name = "own, and no member any more",
     .told = "INVITE_REVOKED",
     .link = true,
     .state = "REVOKED",
     .own = true},
    {.name = "own, and ended: revoked first",
     .told = "INVITE_REVOKED",
     .link = true,
     .state = "REVOKED",
     .own = true,
     .ended = true},
    {.name = "own, and ended", .told = "GUEST_ENDED", .link = true, .own = true, .ended = true},
    {.name = "revoked before expired", .told = "INVITE_REVOKED", .state = "REVOKED", .expired = true},
    {.name = "declined before expired", .told = "INVITE_DECLINED", .state = "DECLINED", .expired = true},
    {.name = "revoked before unverified",
     .told = "INVITE_REVOKED",
     .state = "REVOKED",
     .who = Who::kUnverified},
    {.name = "expired before unverified", .told = "INVITE_EXPIRED", .expired = true, .who = Who::kUnverified},
    {.name = "expired before mismatch", .told = "INVITE_EXPIRED", .expired = true, .who = Who::kStranger},
    {.name = "expired before already a member", .told = "INVITE_EXPIRED", .expired = true, .member = true},
    {.name = "unverified before mismatch", .told = "EMAIL_NOT_VERIFIED", .who = Who::kUnverified},
    {.name = "unverified before ended",
     .told = "EMAIL_NOT_VERIFIED",
     .link = true,
     .who = Who::kUnverified,
     .ended = true},
    {.name = "unverified before already a member",
     .told = "EMAIL_NOT_VERIFIED",
     .link = true,
     .who = Who::kUnverified,
     .member = true},
    {.name = "mismatch before ended", .told = "INVITE_EMAIL_MISMATCH", .who = Who::kStranger, .ended = true},
    {.name = "mismatch before already a member",
     .told = "INVITE_EMAIL_MISMATCH",
     .who = Who::kStranger,
     .member = true},
    {.name = "mismatch before exhausted",
     .told = "INVITE_EMAIL_MISMATCH",
     .who = Who::kStranger,
     .used_up = true},
    {.name = "ended before exhausted", .told = "GUEST_ENDED", .link = true, .ended = true, .used_up = true},
    {.name = "ended before no longer valid", .told = "GUEST_ENDED", .link = true, .ended = true},
    {.name = "already a member before exhausted",
     .told = "OK",
     .link = true,
     .member = true,
     .used_up = true},
    {.name = "already a member before exhausted, by mail", .told = "OK", .member = true, .used_up = true},
    {.name = "exhausted before no longer valid",
     .told = "INVITE_EXHAUSTED",
     .link = true,
     .used_up = true,
     .refused = true},
    {.name = "exhausted before no longer valid, by mail",
     .told = "INVITE_EXHAUSTED",
     .used_up = true,
     .refused = true},
    {.name = "no longer valid", .told = "INVITE_NO_LONGER_VALID", .refused = true},
};

class RedemptionOrderTest : public ServiceTest {
 protected:
  void Arrange(const Case& c, const Made& made, const rpc::Call& caller, const std::string& address) {
    if (c.own) {
      EXPECT_EQ(ReasonOf(Redeem(caller, made.secret).status()), "OK");
    }
    if (c.own && !c.member) membership_.Remove(UserOf(caller));
    if (c.used_up) {
      EXPECT_EQ(ReasonOf(Redeem(NewUser(address), made.secret).status()), "OK");
    }
    if (c.ended) membership_.End(UserOf(caller));
    if (c.member && !c.own) membership_.Add(UserOf(caller), {.role = rights::Role::kViewer});
    const std::string id = made.name.invite.ToString();
    if (std::string(c.state) != "PENDING") {
      Sql(absl::StrCat("UPDATE invites SET state = '", c.state, "', end_us = create_us WHERE id = '", id,
                       "' RETURNING id"));
    }
    if (c.expired) Sql("UPDATE invites SET expire_us = create_us WHERE id = '" + id + "' RETURNING id");
    if (c.refused) membership_.refusal = Error(Reason::kInviteNoLongerValid, "no");
  }
};

TEST_F(RedemptionOrderTest, OfSeveralReasonsTheFirstIsTold) {
  int n = 0;
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    const std::string address = absl::StrCat("ann", n++, "@example.com");
    const Made made = c.link ? Linked(c.own ? 2 : 1) : MadeBy(GuestRequest(address));
    const rpc::Call caller = NewUser(c.who == Who::kInvited    ? address
                                     : c.who == Who::kStranger ? "bob@example.com"
                                                               : "");
    Arrange(c, made, caller, address);
    EXPECT_EQ(ReasonOf(Redeem(caller, made.secret).status()), c.told);
    EXPECT_EQ(ReasonOf(Redeem(caller, made.secret + "a").status()), "INVITE_NOT_FOUND")
        << "before all others";
    membership_.refusal = absl::OkStatus();
  }
  EXPECT_EQ(OpenCount(), 0);
}

}  // namespace
}  // namespace guestpass::invite
