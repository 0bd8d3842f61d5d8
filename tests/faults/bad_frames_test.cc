// SPDX-License-Identifier: Apache-2.0
#include <string>

#include "absl/synchronization/notification.h"
#include "common/postgres/session.h"
#include "common/rpc/client.h"
#include "common/status/error.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/support/byte_buffer.h"
#include "gtest/gtest.h"
#include "tests/harness/workplace.h"

namespace guestpass::faults {
namespace {

using harness::Stack;
using membership::v1::CreateOrganizationRequest;
using membership::v1::MembershipService;
using messaging::v1::MessagingService;

constexpr size_t kOverTheLimit = (4 << 20) + 1;
constexpr grpc::StatusCode kCannotParse = grpc::StatusCode::UNIMPLEMENTED;  // as gRPC 1.51 says it
constexpr char kMarker[] = "Marker of what must not be stored";

// Calls a method with these bytes, whatever they are.
grpc::Status CallRaw(const std::string& address, const std::string& token, const std::string& method,
                     const std::string& bytes) {
  grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(rpc::Dial(address));
  grpc::ClientContext context;
  context.AddMetadata("authorization", "Bearer " + token);
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer request(&slice, 1);
  grpc::ByteBuffer response;
  absl::Notification answered;
  grpc::Status status;
  stub.UnaryCall(&context, method, grpc::StubOptions(), &request, &response, [&](grpc::Status given) {
    status = std::move(given);
    answered.Notify();
  });
  answered.WaitForNotification();
  return status;
}

CreateOrganizationRequest Request(const Stack& stack, const std::string& display_name) {
  CreateOrganizationRequest request;
  request.set_owner(stack.UserId("olga"));
  request.mutable_organization()->set_display_name(display_name);
  return request;
}

int64_t OrganizationsStored(const Stack& stack) {
  const auto session =
      postgres::Session::Connect({.conninfo = stack.postgres().conninfo("guestpass_membership")});
  EXPECT_TRUE(session.ok()) << session.status();
  if (!session.ok()) return -1;
  const auto count = (*session)->Run("SELECT count(*) FROM organizations");
  EXPECT_TRUE(count.ok()) << count.status();
  return count.ok() ? count->Int64(0, 0) : -1;
}

class BadFrames : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto started = Stack::Start();
    ASSERT_TRUE(started.ok()) << started.status();
    stack_ = *std::move(started);
  }
  static void TearDownTestSuite() { stack_.reset(); }

  void SetUp() override { ASSERT_NE(stack_, nullptr); }

  grpc::Status CreateOrganizationRaw(const std::string& bytes) {
    return CallRaw(stack_->addresses().membership, stack_->Token("oscar", {.is_operator = true}),
                   "/guestpass.membership.v1.MembershipService/CreateOrganization", bytes);
  }

  // That the service still does what it is asked for.
  void ExpectToGoOn() {
    const auto made = stack_->Operator("oscar").Call(&MembershipService::Stub::CreateOrganization,
                                                     Request(*stack_, "Harbour"));
    EXPECT_TRUE(made.ok()) << made.status();
    EXPECT_TRUE(stack_->service("membership").Running());
  }

  static std::unique_ptr<Stack> stack_;
};

std::unique_ptr<Stack> BadFrames::stack_;

TEST_F(BadFrames, AMessageOverTheLimitIsRefusedByGrpcItselfAndNothingIsStored) {
  const int64_t before = OrganizationsStored(*stack_);
  const grpc::Status refused =
      CreateOrganizationRaw(Request(*stack_, std::string(kOverTheLimit, 'x')).SerializeAsString());
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << refused.error_message();
  EXPECT_TRUE(refused.error_details().empty());
  EXPECT_EQ(OrganizationsStored(*stack_), before);
  ExpectToGoOn();
}

TEST_F(BadFrames, WhatIsNotUtf8IsRefusedByGrpcItselfAndNothingIsStored) {
  const int64_t before = OrganizationsStored(*stack_);
  std::string bytes = Request(*stack_, kMarker).SerializeAsString();
  bytes[bytes.find(kMarker)] = '\xff';
  const grpc::Status refused = CreateOrganizationRaw(bytes);
  EXPECT_EQ(refused.error_code(), kCannotParse) << refused.error_message();
  EXPECT_TRUE(refused.error_details().empty());
  const grpc::Status garbage = CreateOrganizationRaw("\x0a\xff\xff");
  EXPECT_EQ(garbage.error_code(), kCannotParse) << garbage.error_message();
  EXPECT_EQ(OrganizationsStored(*stack_), before);
  ExpectToGoOn();
}

TEST_F(BadFrames, AFieldTooLongIsNamed) {
  const auto refused = stack_->Operator("oscar").Call(&MembershipService::Stub::CreateOrganization,
                                                      Request(*stack_, std::string(129, 'x')));
  EXPECT_TRUE(HasReason(refused.status(), Reason::kFieldInvalid)) << refused.status();
  const auto details = DetailsOf(refused.status());
  ASSERT_TRUE(details.has_value());
  ASSERT_EQ(details->violations.size(), 1);
  EXPECT_EQ(details->violations[0].field, "organization.display_name");
}

TEST_F(BadFrames, AFrameOfAStreamThatIsNoUtf8StoresNothingAndTheGatewayGoesOn) {
  const auto place = harness::MakeWorkplace(*stack_);
  ASSERT_TRUE(place.ok()) << place.status();
  const harness::Client olga = stack_->User("olga");
  const auto broken = olga.Connect(place->workspace);
  ASSERT_TRUE(broken.ok()) << broken.status();
  (*broken)->StartPost(place->open_channel, "bad", "\xff\xfe");
  const auto bad = (*broken)->Result("bad", absl::Seconds(10));
  EXPECT_TRUE(absl::IsUnavailable(bad.status())) << bad.status();
  EXPECT_TRUE(HasReason((*broken)->WaitForEnd(absl::Seconds(10)), Reason::kFieldInvalid));

  const auto stream = olga.Connect(place->workspace);
  ASSERT_TRUE(stream.ok()) << stream.status();
  const auto posted = (*stream)->Post(place->open_channel, "good", "Good morning");
  ASSERT_TRUE(posted.ok()) << posted.status();
  EXPECT_EQ(posted->number(), 1);
  const auto large = (*stream)->Post(place->open_channel, "large", std::string(10'001, 'x'));
  EXPECT_TRUE(HasReason(large.status(), Reason::kFieldInvalid)) << large.status();
  (*stream)->StartPost(place->open_channel, "huge", std::string(kOverTheLimit, 'x'));
  const auto huge = (*stream)->Result("huge", absl::Seconds(10));
  EXPECT_TRUE(absl::IsUnavailable(huge.status())) << huge.status();
  messaging::v1::ListMessagesRequest request;
  request.set_parent(place->open_channel);
  const auto history = olga.Call(&MessagingService::Stub::ListMessages, request);
  ASSERT_TRUE(history.ok()) << history.status();
  EXPECT_EQ(history->messages_size(), 1);
}

}  // namespace
}  // namespace guestpass::faults
