// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <mutex>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "services/membership/testing/cast.h"

namespace guestpass::membership {
namespace {

using rights::Action;

constexpr int kRivals = 50;

class DirectConversationsTest : public Cast {
 protected:
  v1::StartDirectConversationRequest With(const std::vector<std::string>& users) const {
    v1::StartDirectConversationRequest request;
    request.set_parent(ToName(here_.workspace));
    for (const std::string& user : users) request.add_users(IdOf(user).ToString());
    return request;
  }
  absl::StatusOr<v1::Channel> Start(const rpc::Call& call,
                                    const v1::StartDirectConversationRequest& request) {
    return here_.channel_members.StartDirectConversation(call, request);
  }
  Answers Starting(const v1::StartDirectConversationRequest& request) {
    return TellEverybody([&](const rpc::Call& call) { return Start(call, request).status(); });
  }
  // In the order of their ids.
  static std::vector<UserId> Sorted(const std::vector<std::string>& names) {
    std::vector<UserId> users;
    for (const std::string& name : names) users.push_back(IdOf(name));
    std::sort(users.begin(), users.end());
    return users;
  }

  // Who may not start, and why not.
  const Answers refused_ = {{"viewer", "ROLE_TOO_LOW"},      {"guest", "DM_START_FORBIDDEN"},
                            {"locked", "GUEST_SOFT_LOCKED"}, {"ended", "GUEST_ENDED"},
                            {"stranger", "ROLE_TOO_LOW"},    {"operator", "ROLE_TOO_LOW"}};
};

TEST_F(DirectConversationsTest, MembersAndAdminsStartThem) {
  here_.AddMember("other", type::v1::ROLE_MEMBER);
  EXPECT_EQ(Starting(With({"other"})), refused_);
}

TEST_F(DirectConversationsTest, AuthorityComesBeforeValidation) {
  Answers told = refused_;
  for (const char* name : {"owner", "orgadmin", "admin", "member"}) told[name] = "FIELD_INVALID";
  v1::StartDirectConversationRequest malformed = With({"viewer"});
  malformed.add_users("viewer");
  malformed.add_users("");
  EXPECT_EQ(Starting(malformed), told);
  EXPECT_EQ(FieldsOf(Start(As("member"), malformed).status()),
            (std::vector<std::string>{"users[1]", "users[2]"}));
  for (const char* name : {"owner", "orgadmin", "admin", "member"}) told[name] = "MEMBER_NOT_FOUND";
  EXPECT_EQ(Starting(With({"nobody"})), told);
}

TEST_F(DirectConversationsTest, AGuestIsForbiddenAlsoWhereTheConversationExistsAndPostsInIt) {
  const ChannelId channel = StartDirect("member", {"guest"});
  const absl::Status existing = Start(As("guest"), With({"member"})).status();
  EXPECT_EQ(Told(existing), "DM_START_FORBIDDEN");
  EXPECT_EQ(existing, Start(As("guest"), With({"owner"})).status());
  EXPECT_EQ(existing, Start(As("guest"), With({"nobody"})).status());
  EXPECT_EQ(Decided("guest", channel, Action::kPost), "OK");
  EXPECT_EQ(Decided("member", channel, Action::kPost), "OK");
  for (const char* name : {"owner", "orgadmin", "admin", "viewer"}) {
    EXPECT_EQ(Decided(name, channel, Action::kRead), "CHANNEL_NOT_FOUND") << name;
  }
}

TEST_F(DirectConversationsTest, AnOperatorWhoIsAMemberStartsAsOne) {
  rpc::Call call = As("member");
  call.caller.is_operator = true;
  const Written written = WrittenBy([&] { EXPECT_TRUE(Start(call, With({"viewer"})).ok()); });
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_FALSE(written.audit[0].platform);
}

TEST_F(DirectConversationsTest, AStartIsTheChannelAndEachParticipant) {
  v1::Channel started;
  const Written written = WrittenBy([&] { started = *Start(As("member"), With({"orgadmin", "guest"})); });
  EXPECT_EQ(started.kind(), type::v1::CHANNEL_KIND_DIRECT);
  EXPECT_EQ(started.display_name(), "");
  EXPECT_EQ(started.rights_revision(), LatestRevision());
  const ChannelId channel = ParseChannelName("name", started.name())->channel;
  const std::vector<UserId> users = Sorted({"member", "orgadmin", "guest"});
  std::vector<rights::Object> entries = {rights::ChannelState{
      .channel = channel, .workspace = here_.workspace, .kind = rights::ChannelKind::kDirect}};
  for (const UserId& user : users) {
    entries.push_back(rights::ParticipantState{.channel = channel, .user = user, .present = true});
  }
  EXPECT_EQ(written.entries, entries);
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "channel.direct_started");
  EXPECT_EQ(written.audit[0].target, started.name());
  EXPECT_EQ(written.audit[0].actor, IdOf("member"));
  EXPECT_EQ(written.audit[0].before, "");
  const auto append = [](std::string* out, const UserId& user) { absl::StrAppend(out, user.text()); };
  EXPECT_EQ(written.audit[0].after,
            absl::StrCat(R"({"kind": "DIRECT", "archived": false, "workspace": ")", here_.workspace.text(),
                         R"(", "participants": ")", absl::StrJoin(users, " ", append), R"("})"));
}

TEST_F(DirectConversationsTest, TheSamePeopleGetTheSameConversationWhoeverAsks) {
  const auto first = Start(As("member"), With({"admin", "guest"}));
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(WrittenBy([&] {
                for (const auto& again : {Start(As("member"), With({"guest", "admin"})),
                                          Start(As("admin"), With({"guest", "member"})),
                                          Start(As("member"), With({"guest", "member", "admin", "guest"}))}) {
                  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
                }
              }).nothing());
  EXPECT_NE(StartDirect("member", {"admin"}), StartDirect("member", {"guest"}));
  EXPECT_EQ(here_.Count("SELECT count(*) FROM channels WHERE kind = 'DIRECT'"), 3);
}

TEST_F(DirectConversationsTest, TakesOneToNineteenOthers) {
  std::vector<std::string> names;
  for (int i = 0; i < 20; ++i) {
    names.push_back(absl::StrCat("member", i));
    here_.AddMember(names.back(), type::v1::ROLE_MEMBER);
  }
  EXPECT_EQ(FieldsOf(Start(As("member0"), With({})).status()), std::vector<std::string>{"users"});
  EXPECT_EQ(FieldsOf(Start(As("member0"), With({"member0"})).status()), std::vector<std::string>{"users"});
  const auto all = Start(As("member0"), With(names));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(
      here_.Count("SELECT count(*) FROM participants JOIN channels ON id = channel WHERE kind = 'DIRECT'"),
      20);
  EXPECT_EQ(FieldsOf(Start(As("owner"), With(names)).status()), std::vector<std::string>{"users"});
}

TEST_F(DirectConversationsTest, EachIsOfTheWorkspaceAndHasNotEnded) {
  const auto not_found = [&](const std::vector<std::string>& users, const UserId& first) {
    const absl::Status status = Start(As("member"), With(users)).status();
    EXPECT_EQ(Told(status), "MEMBER_NOT_FOUND");
    EXPECT_EQ(DetailsOf(status)->metadata,
              (Metadata{{"member", guestpass::MemberName{here_.workspace, first}.ToString()}}));
  };
  not_found({"stranger"}, IdOf("stranger"));
  not_found({"operator"}, IdOf("operator"));
  not_found({"guest", "ended"}, IdOf("ended"));
  not_found({"ended", "nobody", "stranger"}, Sorted({"ended", "nobody", "stranger"})[0]);
  not_found({"stranger", "nobody", "ended"}, Sorted({"ended", "nobody", "stranger"})[0]);
  for (const char* name : {"owner", "orgadmin", "admin", "viewer", "guest", "locked"}) {
    EXPECT_TRUE(Start(As("member"), With({name})).ok()) << name;
  }
}

TEST_F(DirectConversationsTest, AnArchivedOneIsReturnedAsItIs) {
  const ChannelId channel = StartDirect("member", {"viewer"});
  ASSERT_TRUE(here_.NewSession()
                  ->Run("UPDATE channels SET archived = true WHERE id = $1", postgres::Params::Of(channel))
                  .ok());
  EXPECT_TRUE(WrittenBy([&] {
                const auto again = Start(As("member"), With({"viewer"}));
                EXPECT_EQ(again->name(), ChannelName(channel));
                EXPECT_TRUE(again->archived());
              }).nothing());
}

TEST_F(DirectConversationsTest, WhoComesBackAfterARemovalStartsAnew) {
  const ChannelId first = StartDirect("member", {"viewer"});
  ASSERT_TRUE(here_.Remove("owner", "viewer").ok());
  EXPECT_EQ(Told(Start(As("member"), With({"viewer"})).status()), "MEMBER_NOT_FOUND");
  here_.AddMember("viewer", type::v1::ROLE_VIEWER);
  EXPECT_NE(StartDirect("member", {"viewer"}), first);
  EXPECT_EQ(Decided("viewer", first, Action::kRead), "CHANNEL_NOT_FOUND");
}

TEST_F(DirectConversationsTest, ARepeatedRequestIsAnsweredAndAnotherOneIsRefused) {
  v1::StartDirectConversationRequest request = With({"viewer"});
  request.set_request_id("once");
  const auto first = Start(As("member"), request);
  ASSERT_TRUE(first.ok()) << first.status();
  ASSERT_TRUE(Archive(here_.public_channel).ok());
  EXPECT_EQ(Start(As("member"), request)->SerializeAsString(), first->SerializeAsString());
  request.add_users(IdOf("guest").ToString());
  EXPECT_EQ(Told(Start(As("member"), request).status()), "REQUEST_ID_REUSED");
}

TEST_F(DirectConversationsTest, NobodyIsInOneWhoIsRemovedAtTheSameTime) {
  std::vector<std::string> names;
  for (int i = 0; i < kRivals / 2; ++i) {
    names.push_back(absl::StrCat("member", i));
    here_.AddMember(names.back(), type::v1::ROLE_MEMBER);
  }
  Race(kRivals, [&](int i) {
    const std::string& name = names[i / 2];
    if (i % 2 == 0) {
      EXPECT_TRUE(here_.Remove("owner", name).ok());
    } else {
      const std::string told = Told(Start(As("member"), With({name})).status());
      EXPECT_TRUE(told == "OK" || told == "MEMBER_NOT_FOUND") << told;
    }
  });
  EXPECT_EQ(
      here_.Count("SELECT count(*) FROM participants p JOIN channels c ON c.id = p.channel WHERE NOT EXISTS "
                  "(SELECT FROM members m WHERE m.workspace = c.workspace AND m.user_id = p.user_id)"),
      0);
}

TEST_F(DirectConversationsTest, HoweverManyStartTheSameItIsStartedOnce) {
  for (const auto& [one, other] : {std::pair("member", "admin"), std::pair("owner", "orgadmin")}) {
    std::mutex mutex;
    std::set<std::string> names;
    const Written written = WrittenBy([&, one = one, other = other] {
      Race(kRivals, [&](int i) {
        const auto channel = Start(As(i % 2 ? one : other), With({i % 2 ? other : one, "guest"}));
        EXPECT_TRUE(channel.ok()) << channel.status();
        const std::lock_guard lock(mutex);
        if (channel.ok()) names.insert(channel->name());
      });
    });
    EXPECT_EQ(names.size(), 1u);
    EXPECT_EQ(written.entries.size(), 4u);
    EXPECT_EQ(written.audit.size(), 1u);
  }
}

}  // namespace
}  // namespace guestpass::membership
