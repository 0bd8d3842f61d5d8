// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/request_key.h"

#include "common/auth/random.h"
#include "common/rpc/test_messages.pb.h"
#include "common/status/error.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

const UserId kAlice = auth::UserIdOf("issuer", "alice");

Call CallOf(std::optional<UserId> user, const std::string& service) {
  Call call;
  if (user.has_value()) call.caller.user = auth::Identity{.user = *user};
  call.caller.service = service;
  return call;
}

test::CreateThingRequest Create(const std::string& id, const std::string& title = "t") {
  test::CreateThingRequest request;
  request.set_request_id(id);
  request.mutable_thing()->set_title(title);
  return request;
}

RequestKey KeyOf(const Call& call, const google::protobuf::Message& request) {
  return ReadRequestKey(call, request)->value();
}

TEST(RequestKey, WithoutAnIdThereIsNone) {
  const Call call = CallOf(kAlice, "");
  const auto key = ReadRequestKey(call, Create(""));
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(*key, std::nullopt);
  EXPECT_EQ(*ReadRequestKey(call, test::Thing()), std::nullopt);
}

TEST(RequestKey, NamesCallerMethodAndId) {
  const RequestKey key = KeyOf(CallOf(kAlice, "edge"), Create("id-1"));
  EXPECT_EQ(key.caller, kAlice.ToString() + "/edge");
  EXPECT_EQ(key.method, "guestpass.rpc.test.CreateThingRequest");
  EXPECT_EQ(key.id, "id-1");
  EXPECT_EQ(key.hash.size(), 52u);
}

TEST(RequestKey, IsTheSameForTheSameRequestAgain) {
  const Call call = CallOf(kAlice, "");
  EXPECT_EQ(KeyOf(call, Create("id-1")), KeyOf(call, Create("id-1")));
}

TEST(RequestKey, TheHashIsOfTheRequestWithoutItsId) {
  const Call call = CallOf(kAlice, "");
  const RequestKey key = KeyOf(call, Create("id-1"));
  EXPECT_EQ(KeyOf(call, Create("id-2")).hash, key.hash);
  EXPECT_NE(KeyOf(call, Create("id-1", "other")).hash, key.hash);
}

TEST(RequestKey, AnotherMethodHasAnother) {
  test::DeleteThingRequest other;
  ASSERT_TRUE(other.ParseFromString(Create("id-1").SerializeAsString()));
  EXPECT_NE(KeyOf(CallOf(kAlice, ""), other).method, KeyOf(CallOf(kAlice, ""), Create("id-1")).method);
}

TEST(RequestKey, TellsUsersAndServicesApart) {
  EXPECT_EQ(CallerText(CallOf(kAlice, "")), kAlice.ToString() + "/");
  EXPECT_EQ(CallerText(CallOf(std::nullopt, "edge")), "/edge");
  EXPECT_NE(CallerText(CallOf(kAlice, "edge")), CallerText(CallOf(kAlice, "")));
  EXPECT_NE(CallerText(CallOf(kAlice, "")), CallerText(CallOf(auth::UserIdOf("issuer", "bob"), "")));
}

TEST(RequestKey, AnIdIsPrintableAsciiWithoutBlanks) {
  const Call call = CallOf(kAlice, "");
  for (const std::string& good : {std::string(1, '!'), std::string(128, '~')}) {
    EXPECT_TRUE(ReadRequestKey(call, Create(good)).ok()) << good;
  }
  for (const std::string& bad : {std::string(129, 'a'), std::string("a b"), std::string("a\n"),
                                 std::string("\x7f"), std::string("ä"), std::string("a\0b", 3)}) {
    const absl::Status status = ReadRequestKey(call, Create(bad)).status();
    ASSERT_TRUE(HasReason(status, Reason::kFieldInvalid)) << bad;
    EXPECT_EQ(DetailsOf(status)->violations[0].field, "request_id");
  }
}

}  // namespace
}  // namespace guestpass::rpc
