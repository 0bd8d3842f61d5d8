// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "services/membership/testing/cast.h"

namespace guestpass::membership {
namespace {

using rights::ChannelKind;
using type::v1::CHANNEL_KIND_DIRECT;
using type::v1::CHANNEL_KIND_PRIVATE;
using type::v1::CHANNEL_KIND_PUBLIC;

constexpr int kRivals = 50;

class ChannelsTest : public Cast {
 protected:
  using Ask = std::function<absl::Status(const rpc::Call&)>;

  v1::CreateChannelRequest New(type::v1::ChannelKind kind) const {
    v1::CreateChannelRequest request;
    request.set_parent(ToName(here_.workspace));
    request.mutable_channel()->set_display_name("new");
    request.mutable_channel()->set_kind(kind);
    return request;
  }
  static v1::UpdateChannelRequest Renaming(const std::string& name, const std::string& to) {
    v1::UpdateChannelRequest request;
    request.mutable_channel()->set_name(name);
    request.mutable_channel()->set_display_name(to);
    return request;
  }
  static v1::ArchiveChannelRequest Archiving(const std::string& name) {
    v1::ArchiveChannelRequest request;
    request.set_name(name);
    return request;
  }
  Ask Creating(const v1::CreateChannelRequest& request) {
    return [this, request](const rpc::Call& call) {
      return here_.channels.CreateChannel(call, request).status();
    };
  }
  Ask Updating(const v1::UpdateChannelRequest& request) {
    return [this, request](const rpc::Call& call) {
      return here_.channels.UpdateChannel(call, request).status();
    };
  }
  Ask Asking(const v1::ArchiveChannelRequest& request) {
    return [this, request](const rpc::Call& call) {
      return here_.channels.ArchiveChannel(call, request).status();
    };
  }
  int64_t Channels() { return here_.Count("SELECT count(*) FROM channels"); }

  rights::ChannelState StateOf(const ChannelId& channel, ChannelKind kind, bool archived = false) const {
    return {.channel = channel, .workspace = here_.workspace, .kind = kind, .archived = archived};
  }
  std::string Json(const std::string& kind, bool archived, const std::string& note = "") const {
    return absl::StrCat(R"({"kind": ")", kind, R"(", )", note, R"("archived": )", archived ? "true" : "false",
                        R"(, "workspace": ")", here_.workspace.text(), R"("})");
  }
};

TEST_F(ChannelsTest, AdminAuthorityCreatesAndIsCheckedBeforeTheRequestIs) {
  EXPECT_EQ(TellEverybody(Creating(New(CHANNEL_KIND_PUBLIC))), AdminsOnly());
  EXPECT_EQ(TellEverybody(Creating(New(CHANNEL_KIND_DIRECT))), AdminsOnly("FIELD_INVALID"));
  v1::CreateChannelRequest elsewhere = New(CHANNEL_KIND_PUBLIC);
  elsewhere.set_parent("workspaces/" + std::string(26, 'z'));
  EXPECT_EQ(Told(Creating(elsewhere)(As("operator"))), "WORKSPACE_NOT_FOUND");
  EXPECT_EQ(Creating(elsewhere)(As("stranger")), Creating(New(CHANNEL_KIND_PUBLIC))(As("stranger")));
  elsewhere.set_parent("workspaces");
  EXPECT_EQ(FieldsOf(Creating(elsewhere)(As("stranger"))), std::vector<std::string>{"parent"});
}

TEST_F(ChannelsTest, ANewChannelHasAVisibleNameAndAKind) {
  v1::CreateChannelRequest request = New(CHANNEL_KIND_DIRECT);
  request.mutable_channel()->set_display_name("two\nlines");
  EXPECT_EQ(FieldsOf(Creating(request)(As("owner"))),
            (std::vector<std::string>{"channel.display_name", "channel.kind"}));
  const auto made = here_.channels.CreateChannel(As("owner"), New(CHANNEL_KIND_PRIVATE));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->display_name(), "new");
  EXPECT_EQ(made->kind(), CHANNEL_KIND_PRIVATE);
  EXPECT_FALSE(made->archived());
  EXPECT_GT(made->create_time().seconds(), 0);
  EXPECT_EQ(made->rights_revision(), LatestRevision());
  v1::GetChannelRequest get;
  get.set_name(made->name());
  EXPECT_EQ(here_.channels.GetChannel(As("owner"), get)->etag(), made->etag());
}

TEST_F(ChannelsTest, TheCreatorOfAPrivateChannelTakesPartInItUnlessItActsAsAnOperator) {
  for (const auto& [creator, takes_part] :
       {std::pair("admin", true), std::pair("orgadmin", true), std::pair("operator", false)}) {
    ChannelId channel;
    const Written written = WrittenBy([&, by = creator] { channel = AddChannel(CHANNEL_KIND_PRIVATE, by); });
    std::vector<rights::Object> entries = {StateOf(channel, ChannelKind::kPrivate)};
    std::string note;
    if (takes_part) {
      entries.push_back(rights::ParticipantState{.channel = channel, .user = IdOf(creator), .present = true});
      note = absl::StrCat(R"(, "participant": ")", IdOf(creator).text(), R"("})");
    }
    EXPECT_EQ(written.entries, entries) << creator;
    ASSERT_EQ(written.audit.size(), 1u);
    EXPECT_EQ(written.audit[0].action, "channel.created");
    EXPECT_EQ(written.audit[0].target, ChannelName(channel));
    EXPECT_EQ(written.audit[0].actor, IdOf(creator));
    EXPECT_EQ(written.audit[0].platform, !takes_part);
    EXPECT_EQ(written.audit[0].before, "");
    std::string after = Json("PRIVATE", false);
    if (takes_part) after.replace(after.size() - 1, 1, note);
    EXPECT_EQ(written.audit[0].after, after);
    EXPECT_EQ(Decided(creator, channel, rights::Action::kPost), takes_part ? "OK" : "ROLE_TOO_LOW");
  }
}

TEST_F(ChannelsTest, APublicChannelIsOneEntryAndHasNoParticipants) {
  ChannelId channel;
  const Written written = WrittenBy([&] { channel = AddChannel(CHANNEL_KIND_PUBLIC); });
  EXPECT_EQ(written.entries, (std::vector<rights::Object>{StateOf(channel, ChannelKind::kPublic)}));
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].after, Json("PUBLIC", false));
}

TEST_F(ChannelsTest, OnlyJudgingCreatesNothing) {
  v1::CreateChannelRequest request = New(CHANNEL_KIND_PRIVATE);
  request.set_validate_only(true);
  request.set_request_id("once");
  const int64_t channels = Channels();
  EXPECT_TRUE(WrittenBy([&] { EXPECT_EQ(TellEverybody(Creating(request)), AdminsOnly()); }).nothing());
  request.mutable_channel()->set_kind(CHANNEL_KIND_DIRECT);
  EXPECT_EQ(Told(Creating(request)(As("owner"))), "FIELD_INVALID");
  EXPECT_EQ(Channels(), channels);
}

TEST_F(ChannelsTest, ARepeatedRequestGetsTheSameChannelAndAnotherOneIsRefused) {
  v1::CreateChannelRequest request = New(CHANNEL_KIND_PUBLIC);
  request.set_request_id("once");
  const auto first = here_.channels.CreateChannel(As("owner"), request);
  ASSERT_TRUE(first.ok()) << first.status();
  AddChannel(CHANNEL_KIND_PUBLIC);
  EXPECT_TRUE(WrittenBy([&] {
                const auto again = here_.channels.CreateChannel(As("owner"), request);
                EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
              }).nothing());
  EXPECT_NE(here_.channels.CreateChannel(As("admin"), request)->name(), first->name());
  request.mutable_channel()->set_display_name("other");
  EXPECT_EQ(Told(Creating(request)(As("owner"))), "REQUEST_ID_REUSED");
  EXPECT_EQ(Told(Creating(request)(As("member"))), "ROLE_TOO_LOW");
}

TEST_F(ChannelsTest, WhoMayNotManageIsToldTheSameWhetherOrNotTheChannelExists) {
  for (const ChannelId& channel : {here_.public_channel, here_.private_channel}) {
    const std::string name = ChannelName(channel);
    EXPECT_TRUE(WrittenBy([&] {
                  ExpectSameRefusals(Updating(Renaming(name, "\n")), Updating(Renaming(NoChannel(), "x")));
                  ExpectSameRefusals(Asking(Archiving(name)), Asking(Archiving(NoChannel())));
                }).nothing());
  }
}

TEST_F(ChannelsTest, AdminAuthorityManagesAlsoWhatItDoesNotRead) {
  const std::string name = ChannelName(AddChannel(CHANNEL_KIND_PRIVATE));
  EXPECT_EQ(TellEverybody(Updating(Renaming(name, "x"))), AdminsOnly());
  EXPECT_EQ(TellEverybody(Asking(Archiving(name))), AdminsOnly());
  EXPECT_EQ(TellEverybody(Updating(Renaming(NoChannel(), "x"))), AdminsOnly("CHANNEL_NOT_FOUND"));
  EXPECT_EQ(TellEverybody(Asking(Archiving(NoChannel()))), AdminsOnly("CHANNEL_NOT_FOUND"));
  EXPECT_EQ(FieldsOf(Asking(Archiving("channels"))(As("stranger"))), std::vector<std::string>{"name"});
}

TEST_F(ChannelsTest, ADirectConversationIsManagedByNobody) {
  const std::string theirs = ChannelName(StartDirect("member", {"viewer"}));
  const std::string of_admin = ChannelName(StartDirect("admin", {"viewer"}));
  EXPECT_TRUE(WrittenBy([&] {
                Answers told = AdminsOnly("CHANNEL_NOT_FOUND");
                told["operator"] = "FIELD_INVALID";  // who sees it as it sees everything
                EXPECT_EQ(TellEverybody(Updating(Renaming(theirs, "x"))), told);
                EXPECT_EQ(TellEverybody(Asking(Archiving(theirs))), told);
                told["admin"] = "FIELD_INVALID";
                EXPECT_EQ(TellEverybody(Updating(Renaming(of_admin, "x"))), told);
                EXPECT_EQ(TellEverybody(Asking(Archiving(of_admin))), told);
              }).nothing());
  EXPECT_EQ(FieldsOf(Updating(Renaming(of_admin, "x"))(As("admin"))),
            std::vector<std::string>{"channel.name"});
  EXPECT_EQ(FieldsOf(Asking(Archiving(of_admin))(As("admin"))), std::vector<std::string>{"name"});
}

TEST_F(ChannelsTest, AnUpdateChangesTheNameAndIsOneEntryThatDoesNotSayIt) {
  v1::Channel updated;
  const Written written = WrittenBy([&] {
    updated =
        *here_.channels.UpdateChannel(As("admin"), Renaming(ChannelName(here_.public_channel), "secret"));
  });
  EXPECT_EQ(updated.display_name(), "secret");
  EXPECT_EQ(updated.kind(), CHANNEL_KIND_PUBLIC);
  EXPECT_EQ(updated.rights_revision(), LatestRevision());
  EXPECT_EQ(here_.Count("SELECT count(*) FROM channels WHERE display_name = 'secret'"), 1);
  EXPECT_EQ(written.entries,
            (std::vector<rights::Object>{StateOf(here_.public_channel, ChannelKind::kPublic)}));
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "channel.updated");
  EXPECT_EQ(written.audit[0].target, ChannelName(here_.public_channel));
  EXPECT_EQ(written.audit[0].actor, IdOf("admin"));
  EXPECT_EQ(written.audit[0].before, Json("PUBLIC", false));
  EXPECT_EQ(written.audit[0].after, Json("PUBLIC", false, R"("changed": "display_name", )"));
}

TEST_F(ChannelsTest, TheSameNameAgainWritesNothing) {
  const v1::UpdateChannelRequest rename = Renaming(ChannelName(here_.public_channel), "x");
  const auto first = here_.channels.UpdateChannel(As("admin"), rename);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(WrittenBy([&] {
                const auto again = here_.channels.UpdateChannel(As("admin"), rename);
                EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
              }).nothing());
}

TEST_F(ChannelsTest, AnUpdateNamesWhatItChangesAndKeepsToTheRulesOfNames) {
  const auto told = [&](v1::UpdateChannelRequest request, const std::string& path) {
    request.mutable_update_mask()->add_paths(path);
    return FieldsOf(Updating(request)(As("owner")));
  };
  const std::string name = ChannelName(here_.public_channel);
  EXPECT_EQ(told(Renaming(name, "x"), "kind"), std::vector<std::string>{"update_mask"});
  EXPECT_EQ(told(Renaming(name, "x"), "archived"), std::vector<std::string>{"update_mask"});
  EXPECT_EQ(told(Renaming(name, ""), "display_name"), std::vector<std::string>{"channel.display_name"});
  EXPECT_EQ(FieldsOf(Updating(Renaming(name, ""))(As("owner"))), std::vector<std::string>{"update_mask"});
  EXPECT_EQ(FieldsOf(Updating(Renaming(name, "a\u202e"))(As("owner"))),
            std::vector<std::string>{"channel.display_name"});
}

TEST_F(ChannelsTest, AStaleEtagIsRefused) {
  v1::UpdateChannelRequest rename = Renaming(ChannelName(here_.public_channel), "x");
  rename.mutable_channel()->set_etag(here_.channels.UpdateChannel(As("owner"), rename)->etag());
  rename.mutable_channel()->set_display_name("y");
  EXPECT_TRUE(here_.channels.UpdateChannel(As("owner"), rename).ok());
  EXPECT_EQ(Told(Updating(rename)(As("owner"))), "ETAG_MISMATCH");
  v1::ArchiveChannelRequest archive = Archiving(ChannelName(here_.public_channel));
  archive.set_etag(rename.channel().etag());
  EXPECT_EQ(Told(Asking(archive)(As("owner"))), "ETAG_MISMATCH");
  EXPECT_EQ(Told(Asking(archive)(As("member"))), "ROLE_TOO_LOW");
}

TEST_F(ChannelsTest, ArchivingEndsWritingForEveryoneAndReadingGoesOn) {
  ASSERT_TRUE(Archive(here_.public_channel).ok());
  for (const char* name : {"owner", "orgadmin", "admin", "member", "viewer", "guest"}) {
    for (rights::Action write : {rights::Action::kPost, rights::Action::kReply, rights::Action::kEditOwn,
                                 rights::Action::kDeleteAny, rights::Action::kReact}) {
      EXPECT_EQ(Decided(name, here_.public_channel, write), "CHANNEL_ARCHIVED") << name;
    }
    EXPECT_EQ(Decided(name, here_.public_channel, rights::Action::kRead), "OK") << name;
    v1::GetChannelRequest get;
    get.set_name(ChannelName(here_.public_channel));
    EXPECT_TRUE(here_.channels.GetChannel(As(name), get)->archived()) << name;
  }
}

TEST_F(ChannelsTest, ArchivingIsOneEntryAndTwiceIsASuccessWithoutAnother) {
  v1::ArchiveChannelRequest request = Archiving(ChannelName(here_.private_channel));
  v1::Channel archived;
  const Written written = WrittenBy([&] { archived = *here_.channels.ArchiveChannel(As("admin"), request); });
  EXPECT_TRUE(archived.archived());
  EXPECT_EQ(archived.rights_revision(), LatestRevision());
  EXPECT_EQ(written.entries,
            (std::vector<rights::Object>{StateOf(here_.private_channel, ChannelKind::kPrivate, true)}));
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "channel.archived");
  EXPECT_EQ(written.audit[0].target, ChannelName(here_.private_channel));
  EXPECT_EQ(written.audit[0].actor, IdOf("admin"));
  EXPECT_EQ(written.audit[0].before, Json("PRIVATE", false));
  EXPECT_EQ(written.audit[0].after, Json("PRIVATE", true));
  request.set_etag("stale");
  EXPECT_TRUE(WrittenBy([&] {
                const auto again = here_.channels.ArchiveChannel(As("admin"), request);
                EXPECT_EQ(again->SerializeAsString(), archived.SerializeAsString());
              }).nothing());
}

TEST_F(ChannelsTest, HoweverManyArchiveItIsOneEntry) {
  std::atomic<int> archived = 0;
  const Written written =
      WrittenBy([&] { Race(kRivals, [&](int) { archived += Archive(here_.public_channel).ok(); }); });
  EXPECT_EQ(archived, kRivals);
  EXPECT_EQ(written.entries.size(), 1u);
  EXPECT_EQ(written.audit.size(), 1u);
}

}  // namespace
}  // namespace guestpass::membership
