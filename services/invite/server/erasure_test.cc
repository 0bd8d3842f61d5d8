// SPDX-License-Identifier: Apache-2.0
#include "services/invite/server/erasure.h"

#include "services/invite/server/service_fixture.h"

namespace guestpass::invite {
namespace {

class ErasureTest : public ServiceTest {
 protected:
  ErasureTest() { operator_.caller.is_operator = true; }

  absl::StatusOr<v1::EraseInviteeResponse> Erase(const std::string& email, bool validate_only = false) {
    v1::EraseInviteeRequest request;
    request.set_email(email);
    request.set_validate_only(validate_only);
    return erasure_.Erase(operator_, request);
  }

  // An invite to a workspace of its own, made by a request with an id.
  void InviteTo(const std::string& email) {
    v1::CreateInviteRequest request = GuestRequest(email);
    const WorkspaceId workspace = auth::NewId<WorkspaceId>();
    request.set_parent(ToName(workspace));
    request.mutable_invite()->set_channels(0, ChannelName{workspace, channel_}.ToString());
    request.set_request_id("once");
    EXPECT_TRUE(creation_.Create(NewUser(), request).ok());
  }

  rpc::Call operator_ = NewUser();
  Erasure erasure_{upkeep_, SystemClock(), {.step = 2}};
};

TEST_F(ErasureTest, AnAddressGoesFromEveryWorkspaceHoweverItIsWritten) {
  for (int i = 0; i < 5; ++i) InviteTo("Ann@Example.com");
  InviteTo("bob@example.com");
  const auto counted = Erase("ann@EXAMPLE.com", true);
  ASSERT_TRUE(counted.ok()) << counted.status();
  EXPECT_EQ(counted->cleared(), 10) << "five invites and five kept answers";
  EXPECT_EQ(counted->remaining(), 10);
  EXPECT_FALSE(counted->done());
  const auto erased = Erase("ann@EXAMPLE.com");
  ASSERT_TRUE(erased.ok()) << erased.status();
  EXPECT_EQ(erased->cleared(), 10);
  EXPECT_TRUE(erased->done());
  EXPECT_EQ(Sql("SELECT count(*)::text FROM invites WHERE state = 'REVOKED' AND email IS NULL"), "5");
  EXPECT_EQ(Sql("SELECT email FROM invites WHERE state = 'PENDING'"), "bob@example.com");
  EXPECT_EQ(Erase("ann@EXAMPLE.com")->cleared(), 0);
}

TEST_F(ErasureTest, ARequestThatIsSentAgainDoesNotInviteAnErasedAddressAnew) {
  v1::CreateInviteRequest request = GuestRequest("ann@example.com");
  request.set_request_id("once");
  ASSERT_TRUE(creation_.Create(admin_, request).ok());
  ASSERT_TRUE(Erase("ann@example.com").ok());
  const absl::Status again = creation_.Create(admin_, request).status();
  ASSERT_EQ(ReasonOf(again), "INVITE_NO_LONGER_VALID");
  EXPECT_EQ(DetailsOf(again)->metadata, (Metadata{{"request_id", "once"}}));
  EXPECT_EQ(InviteState(), "REVOKED") << "there is no other";
  request.mutable_invite()->set_email("bob@example.com");
  EXPECT_EQ(ReasonOf(creation_.Create(admin_, request).status()), "INVITE_NO_LONGER_VALID")
      << "what it asked for is not known any more";
  request.mutable_invite()->set_email("ann@example.com");
  request.set_request_id("another");
  EXPECT_TRUE(creation_.Create(admin_, request).ok()) << "who is erased may be invited again";
}

TEST_F(ErasureTest, OnlyOperatorsEraseAndOnlyAddresses) {
  EXPECT_EQ(FieldsOf(Erase("nobody").status()), "email ");
  operator_.caller.is_operator = false;
  EXPECT_EQ(ReasonOf(Erase("nobody").status()), "CALLER_NOT_ALLOWED");
}

}  // namespace
}  // namespace guestpass::invite
