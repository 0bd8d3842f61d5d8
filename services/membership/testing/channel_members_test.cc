// SPDX-License-Identifier: Apache-2.0
#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "services/membership/testing/cast.h"

namespace guestpass::membership {
namespace {

using rights::Action;
using type::v1::CHANNEL_KIND_PRIVATE;
using type::v1::CHANNEL_KIND_PUBLIC;

class ChannelMembersTest : public Cast {
 protected:
  using Ask = std::function<absl::Status(const rpc::Call&)>;

  static v1::AddChannelMemberRequest Addition(const std::string& channel, const std::string& user) {
    v1::AddChannelMemberRequest request;
    request.set_channel(channel);
    request.set_user(IdOf(user).ToString());
    return request;
  }
  static v1::RemoveChannelMemberRequest Removal(const std::string& channel, const std::string& user) {
    v1::RemoveChannelMemberRequest request;
    request.set_channel(channel);
    request.set_user(IdOf(user).ToString());
    return request;
  }
  Ask Asking(const v1::AddChannelMemberRequest& request) {
    return [this, request](const rpc::Call& call) {
      return here_.channel_members.AddChannelMember(call, request).status();
    };
  }
  Ask Asking(const v1::RemoveChannelMemberRequest& request) {
    return [this, request](const rpc::Call& call) {
      return here_.channel_members.RemoveChannelMember(call, request).status();
    };
  }
  Ask Adding(const std::string& channel, const std::string& user) { return Asking(Addition(channel, user)); }
  Ask Removing(const std::string& channel, const std::string& user) { return Asking(Removal(channel, user)); }
  // What a user is told who ends its own part.
  std::string Leaving(const std::string& user, const std::string& channel) {
    return Told(Removing(channel, user)(As(user)));
  }

  rights::Object Part(const std::string& user, bool present) const {
    return rights::ParticipantState{.channel = private_, .user = IdOf(user), .present = present};
  }
  void ExpectAudited(const Written& written, const std::string& action, const std::string& actor,
                     const std::string& user, bool present) {
    ASSERT_EQ(written.audit.size(), 1u);
    const Audited& audited = written.audit[0];
    EXPECT_EQ(audited.action, action);
    EXPECT_EQ(audited.target, name_);
    EXPECT_EQ(audited.actor, IdOf(actor));
    EXPECT_EQ(audited.platform, actor == "operator");
    EXPECT_EQ(audited.before, present ? R"({"present": false})" : R"({"present": true})");
    EXPECT_EQ(audited.after, absl::StrCat(R"({"present": )", present ? "true" : "false",
                                          R"(, "participant": ")", IdOf(user).text(), R"("})"));
  }

  const ChannelId private_ = here_.private_channel;  // the owner takes part
  const std::string name_ = ChannelName(private_);
};

TEST_F(ChannelMembersTest, AdminAuthorityAddsWhetherOrNotItTakesPart) {
  EXPECT_EQ(TellEverybody(Adding(name_, "member")), AdminsOnly());
  EXPECT_EQ(TellEverybody(Adding(NoChannel(), "member")), AdminsOnly("CHANNEL_NOT_FOUND"));
  v1::AddChannelMemberRequest malformed = Addition(name_, "member");
  malformed.set_user("member");
  EXPECT_EQ(TellEverybody(Asking(malformed)), AdminsOnly("FIELD_INVALID"));
  EXPECT_EQ(FieldsOf(Asking(malformed)(As("owner"))), std::vector<std::string>{"user"});
  ExpectSameRefusals(Adding(name_, "stranger"), Adding(NoChannel(), "member"));
}

TEST_F(ChannelMembersTest, AddingIsOneEntryAndTwiceIsASuccessWithoutAnother) {
  EXPECT_EQ(Decided("member", private_, Action::kRead), "CHANNEL_NOT_FOUND");
  v1::ChannelMember added;
  const Written written = WrittenBy(
      [&] { added = *here_.channel_members.AddChannelMember(As("admin"), Addition(name_, "member")); });
  EXPECT_EQ(written.entries, std::vector<rights::Object>{Part("member", true)});
  ExpectAudited(written, "channel.participant_added", "admin", "member", true);
  EXPECT_EQ(added.channel(), name_);
  EXPECT_EQ(added.user(), IdOf("member").ToString());
  EXPECT_FALSE(added.granted());
  EXPECT_EQ(added.rights_revision(), LatestRevision());
  EXPECT_EQ(Decided("member", private_, Action::kPost), "OK");
  EXPECT_TRUE(WrittenBy([&] { EXPECT_TRUE(AddPart(private_, "member").ok()); }).nothing());
}

TEST_F(ChannelMembersTest, AnAdminAddsItselfToReadAndThatIsAudited) {
  for (const char* name : {"admin", "orgadmin"}) {
    EXPECT_EQ(Decided(name, private_, Action::kRead), "CHANNEL_NOT_FOUND");
    const Written written = WrittenBy([&] { EXPECT_TRUE(AddPart(private_, name, name).ok()); });
    EXPECT_EQ(written.entries, std::vector<rights::Object>{Part(name, true)});
    ExpectAudited(written, "channel.participant_added", name, name, true);
    EXPECT_EQ(Decided(name, private_, Action::kRead), "OK");
  }
}

TEST_F(ChannelMembersTest, EverybodyOfTheWorkspaceButGuestsMayTakePart) {
  for (const char* name : {"owner", "orgadmin", "admin", "member", "viewer"}) {
    EXPECT_EQ(Told(AddPart(private_, name)), "OK") << name;
  }
  for (const char* guest : {"guest", "locked", "ended"}) {
    EXPECT_EQ(FieldsOf(AddPart(private_, guest)), std::vector<std::string>{"user"}) << guest;
  }
  for (const char* name : {"stranger", "operator"}) {
    const absl::Status status = AddPart(private_, name);
    EXPECT_EQ(Told(status), "MEMBER_NOT_FOUND");
    EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"member", here_.MemberName(name)}}));
  }
}

TEST_F(ChannelMembersTest, AGuestWithARoleInTheOrganizationIsNoneAndMayTakePart) {
  ASSERT_TRUE(here_.NewSession()
                  ->Run("INSERT INTO organization_members VALUES ($1, $2, 'ADMIN')",
                        postgres::Params::Of(here_.organization, IdOf("ended")))
                  .ok());
  EXPECT_EQ(Told(AddPart(private_, "ended")), "OK");
  EXPECT_EQ(Decided("ended", private_, Action::kPost), "OK");
}

TEST_F(ChannelMembersTest, OnlyPrivateChannelsThatAreNotArchivedTakeInAnybody) {
  EXPECT_EQ(FieldsOf(AddPart(here_.public_channel, "member")), std::vector<std::string>{"channel"});
  const ChannelId direct = StartDirect("admin", {"viewer"});
  EXPECT_EQ(Told(AddPart(direct, "member", "owner")), "CHANNEL_NOT_FOUND");
  EXPECT_EQ(FieldsOf(AddPart(direct, "member", "admin")), std::vector<std::string>{"channel"});
  EXPECT_EQ(FieldsOf(AddPart(direct, "member", "operator")), std::vector<std::string>{"channel"});
  ASSERT_TRUE(AddPart(private_, "viewer").ok());
  ASSERT_TRUE(Archive(private_).ok());
  EXPECT_EQ(Told(AddPart(private_, "member")), "CHANNEL_ARCHIVED");
  EXPECT_EQ(Told(AddPart(private_, "viewer")), "OK") << "it takes part already";
}

TEST_F(ChannelMembersTest, RemovingIsOneEntryAndEndsReading) {
  ASSERT_TRUE(AddPart(private_, "member").ok());
  v1::RemoveChannelMemberResponse removed;
  const Written written = WrittenBy([&] {
    removed = *here_.channel_members.RemoveChannelMember(As("orgadmin"), Removal(name_, "member"));
  });
  EXPECT_EQ(written.entries, std::vector<rights::Object>{Part("member", false)});
  ExpectAudited(written, "channel.participant_removed", "orgadmin", "member", false);
  EXPECT_EQ(removed.rights_revision(), LatestRevision());
  EXPECT_EQ(Decided("member", private_, Action::kRead), "CHANNEL_NOT_FOUND");
  ASSERT_TRUE(AddPart(private_, "member").ok());
  ExpectAudited(WrittenBy([&] { EXPECT_TRUE(Removing(name_, "member")(As("operator")).ok()); }),
                "channel.participant_removed", "operator", "member", false);
}

TEST_F(ChannelMembersTest, WhoRemovesSomebodyElseHasAdminAuthority) {
  EXPECT_EQ(TellEverybody(Removing(NoChannel(), "orgadmin")), AdminsOnly("CHANNEL_NOT_FOUND"));
  EXPECT_EQ(TellEverybody(Removing(name_, "stranger")), AdminsOnly("MEMBER_NOT_FOUND"));
  ExpectSameRefusals(Removing(name_, "owner"), Removing(NoChannel(), "owner"));
  v1::RemoveChannelMemberRequest malformed = Removal(name_, "member");
  malformed.set_user("member");
  EXPECT_EQ(TellEverybody(Asking(malformed)), AdminsOnly("FIELD_INVALID"));
}

TEST_F(ChannelMembersTest, WhoTakesNoPartCannotBeRemoved) {
  const absl::Status status = Removing(name_, "member")(As("owner"));
  EXPECT_EQ(Told(status), "MEMBER_NOT_FOUND");
  EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"channel", name_}, {"user", IdOf("member").ToString()}}));
  EXPECT_EQ(Told(Removing(ChannelName(here_.public_channel), "member")(As("owner"))), "MEMBER_NOT_FOUND");
  const std::string direct = ChannelName(StartDirect("admin", {"viewer"}));
  EXPECT_EQ(Told(Removing(direct, "viewer")(As("owner"))), "CHANNEL_NOT_FOUND");
  EXPECT_EQ(FieldsOf(Removing(direct, "viewer")(As("admin"))), std::vector<std::string>{"channel"});
}

TEST_F(ChannelMembersTest, WhoTakesPartMayLeave) {
  for (const char* name : {"member", "viewer", "admin"}) ASSERT_TRUE(AddPart(private_, name).ok());
  ASSERT_TRUE(Archive(private_).ok());
  for (const char* name : {"owner", "member", "viewer", "admin"}) {
    const Written written = WrittenBy([&] { EXPECT_EQ(Leaving(name, name_), "OK") << name; });
    EXPECT_EQ(written.entries, std::vector<rights::Object>{Part(name, false)});
    ExpectAudited(written, "channel.participant_removed", name, name, false);
  }
}

TEST_F(ChannelMembersTest, WhoLeavesWhatItMayNotReadIsToldTheSameAsOfWhatThereIsNot) {
  const std::string others = ChannelName(StartDirect("admin", {"owner"}));
  const std::string open = ChannelName(AddChannel(CHANNEL_KIND_PUBLIC));
  const auto message = [&](const std::string& user, const std::string& channel) {
    const absl::Status status = Removing(channel, user)(As(user));
    EXPECT_EQ(Told(status), "CHANNEL_NOT_FOUND") << user;
    EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"channel", channel}}));
    return std::string(status.message());
  };
  for (const char* user : {"member", "viewer", "guest", "locked"}) {
    for (const std::string& hidden : {name_, others})
      EXPECT_EQ(message(user, hidden), message(user, NoChannel()));
  }
  EXPECT_EQ(message("guest", open), message("guest", NoChannel()));
  EXPECT_EQ(Leaving("stranger", name_), "ROLE_TOO_LOW");
  EXPECT_EQ(Leaving("ended", name_), "GUEST_ENDED");
}

TEST_F(ChannelMembersTest, WhoReadsAndTakesNoPartIsToldSo) {
  const std::string open = ChannelName(here_.public_channel);
  for (const char* user : {"admin", "member", "viewer", "guest", "locked"}) {
    EXPECT_EQ(Leaving(user, open), "MEMBER_NOT_FOUND") << user;
  }
  EXPECT_EQ(Leaving("admin", name_), "MEMBER_NOT_FOUND") << "it manages what it does not read";
}

TEST_F(ChannelMembersTest, WhoTakesPartInAConversationLeavesItAndItIsNotTheSameAnyMore) {
  for (const char* user : {"member", "guest", "admin", "orgadmin"}) {
    const ChannelId channel = StartDirect("owner", {user});
    const std::string direct = ChannelName(channel);
    const Written written = WrittenBy([&] { EXPECT_EQ(Leaving(user, direct), "OK") << user; });
    ASSERT_EQ(written.audit.size(), 1u);
    EXPECT_EQ(written.audit[0].action, "channel.participant_removed");
    EXPECT_EQ(Decided(user, channel, Action::kRead), "CHANNEL_NOT_FOUND") << user;
    EXPECT_EQ(Decided("owner", channel, Action::kPost), "OK") << user;
    EXPECT_EQ(Leaving(user, direct), "CHANNEL_NOT_FOUND") << user;
    EXPECT_NE(StartDirect("owner", {user}), channel) << user;
  }
}

TEST_F(ChannelMembersTest, OnlyJudgingRemovesNobody) {
  v1::RemoveChannelMemberRequest request = Removal(name_, "owner");
  request.set_validate_only(true);
  EXPECT_TRUE(WrittenBy([&] { EXPECT_EQ(TellEverybody(Asking(request)), AdminsOnly()); }).nothing());
  EXPECT_EQ(Decided("owner", private_, Action::kRead), "OK");
}

TEST_F(ChannelMembersTest, ARepeatedRequestIsAnsweredAndNotDoneAgain) {
  v1::RemoveChannelMemberRequest removal = Removal(name_, "owner");
  removal.set_request_id("once");
  const auto removed = here_.channel_members.RemoveChannelMember(As("admin"), removal);
  v1::AddChannelMemberRequest addition = Addition(name_, "owner");
  addition.set_request_id("once");
  const auto added = here_.channel_members.AddChannelMember(As("admin"), addition);
  ASSERT_TRUE(removed.ok() && added.ok());
  EXPECT_TRUE(WrittenBy([&] {
                const auto again = here_.channel_members.RemoveChannelMember(As("admin"), removal);
                EXPECT_EQ(again->rights_revision(), removed->rights_revision());
              }).nothing());
  ASSERT_TRUE(Removing(name_, "owner")(As("admin")).ok());
  EXPECT_TRUE(WrittenBy([&] {
                const auto again = here_.channel_members.AddChannelMember(As("admin"), addition);
                EXPECT_EQ(again->SerializeAsString(), added->SerializeAsString());
              }).nothing());
  addition.set_user(IdOf("member").ToString());
  EXPECT_EQ(Told(Asking(addition)(As("admin"))), "REQUEST_ID_REUSED");
}

}  // namespace
}  // namespace guestpass::membership
