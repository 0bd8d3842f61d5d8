// SPDX-License-Identifier: Apache-2.0
#include "common/rights_feed/wire.h"

#include "common/rights_feed/simulated_membership.h"
#include "common/rights_feed/wire_types.h"
#include "gtest/gtest.h"

namespace guestpass::rights_feed {
namespace {

const absl::Time kTime = absl::FromUnixMicros(1'800'000'000'123'456);

const rights::MemberState kMember{.workspace = TestId<WorkspaceId>(1),
                                  .user = TestId<UserId>(2),
                                  .role = rights::Role::kGuest,
                                  .expire_time = kTime,
                                  .recorded = rights::GuestState::kSoftLocked,
                                  .grants = {TestId<ChannelId>(3), TestId<ChannelId>(4)}};

TEST(Wire, EveryObjectComesBackAsItWas) {
  const rights::Object objects[] = {
      rights::OrganizationMemberState{TestId<OrganizationId>(1), TestId<UserId>(2),
                                      rights::OrganizationRole::kAdmin},
      rights::OrganizationMemberState{TestId<OrganizationId>(1), TestId<UserId>(2), std::nullopt},
      rights::WorkspaceState{TestId<WorkspaceId>(1), TestId<OrganizationId>(2), true},
      rights::ChannelState{TestId<ChannelId>(1), TestId<WorkspaceId>(2), rights::ChannelKind::kDirect, true},
      rights::ChannelState{.channel = TestId<ChannelId>(1)},
      kMember,
      rights::MemberState{.workspace = TestId<WorkspaceId>(1), .user = TestId<UserId>(2)},
      rights::ParticipantState{TestId<ChannelId>(1), TestId<UserId>(2), true},
  };
  for (const rights::Object& object : objects) {
    const rights::Entry entry{.n = 5, .record_time = kTime, .effective_time = kTime, .object = object};
    const auto read = FromProto(ToProto(entry));
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(read->n, 5u);
    EXPECT_EQ(read->record_time, kTime);
    EXPECT_EQ(read->effective_time, kTime);
    EXPECT_EQ(read->object, object);
  }
}

TEST(Wire, AnEndThatNeverComesIsZero) {
  EXPECT_EQ(EndToMicros(absl::InfiniteFuture()), 0);
  EXPECT_EQ(EndFromMicros(0), absl::InfiniteFuture());
  EXPECT_EQ(EndFromMicros(EndToMicros(kTime)), kTime);
  EXPECT_EQ(ToProto(kMember).access_end_us(), 0);
}

TEST(Wire, GrantsAreSortedOnReading) {
  rights::v1::MemberState wire = ToProto(kMember);
  wire.mutable_grants()->SwapElements(0, 1);
  EXPECT_EQ(*FromProto(wire), kMember);
}

TEST(Wire, MalformedEntriesAreRefused) {
  const rights::v1::RightsEntry good = ToProto(rights::Entry{.n = 1, .object = kMember});
  ASSERT_TRUE(FromProto(good).ok());
  EXPECT_FALSE(FromProto(rights::v1::RightsEntry()).ok());
  const auto refused = [&](auto change) {
    rights::v1::RightsEntry entry = good;
    change(*entry.mutable_member());
    return !FromProto(entry).ok();
  };
  using Member = rights::v1::MemberState;
  EXPECT_TRUE(refused([](Member& m) { m.set_user(""); }));
  EXPECT_TRUE(refused([](Member& m) { m.set_workspace("UPPER"); }));
  EXPECT_TRUE(refused([](Member& m) { m.set_role(static_cast<type::v1::Role>(99)); }));
  EXPECT_TRUE(refused([](Member& m) { m.set_recorded_state(static_cast<type::v1::GuestState>(99)); }));
  EXPECT_TRUE(refused([](Member& m) { m.add_grants("x"); }));
  EXPECT_TRUE(refused([](Member& m) {
    for (int i = m.grants_size(); i <= 100; ++i) m.add_grants(m.grants(0));
  }));
  rights::v1::RightsEntries entries;
  entries.set_shard(256);
  EXPECT_FALSE(FromProto(entries).ok());
}

TEST(WireTypes, EveryValueComesBackAndNothingIsUnspecified) {
  for (int i = 0; i <= type::v1::Role_MAX; ++i) {
    EXPECT_EQ(ToProto(FromProto(static_cast<type::v1::Role>(i))), i);
  }
  for (int i = 0; i <= type::v1::OrganizationRole_MAX; ++i) {
    EXPECT_EQ(ToProto(FromProto(static_cast<type::v1::OrganizationRole>(i))), i);
  }
  for (int i = 0; i <= type::v1::GuestState_MAX; ++i) {
    EXPECT_EQ(ToProto(FromProto(static_cast<type::v1::GuestState>(i))), i);
  }
  for (int i = 0; i <= type::v1::ChannelKind_MAX; ++i) {
    EXPECT_EQ(ToProto(FromProto(static_cast<type::v1::ChannelKind>(i))), i);
  }
  for (int i = 0; i <= type::v1::Action_MAX; ++i) {
    EXPECT_EQ(ToProto(FromProto(static_cast<type::v1::Action>(i))), i);
  }
  EXPECT_EQ(FromProto(type::v1::ROLE_UNSPECIFIED), std::nullopt);
  EXPECT_EQ(FromProto(type::v1::ACTION_UNSPECIFIED), std::nullopt);
}

}  // namespace
}  // namespace guestpass::rights_feed
