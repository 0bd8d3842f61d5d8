// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "services/membership/testing/records.h"

// Who finds which channels (C2, P11), and who is named in them.
namespace guestpass::membership {
namespace {

using rights::ChannelKind;
using testing::ElementsAre;
using testing::ElementsAreArray;
using testing::IsEmpty;

using Names = std::vector<std::string>;

const Names kChannels = {"direct",     "directtwo",      "elsewherepublic", "missing",  "private",
                         "privatetwo", "privategranted", "public",          "publictwo"};

Names NamesOf(const std::vector<Channel>& channels) {
  Names names;
  for (const Channel& channel : channels) names.push_back(NameOf(channel.state.channel));
  return names;
}

// Everybody takes part in "direct" and "private"; the guest is granted "privategranted" and "public". That it
// takes part in "private", as nothing here can bring about, gives a guest nothing.
class ChannelReadsTest : public testing::Test {
 protected:
  ChannelReadsTest() {
    here_.SetOrganizationRole("owner", "OWNER");
    here_.AddMember("admin", "ADMIN");
    here_.AddMember("member", "MEMBER");
    here_.AddMember("viewer", "VIEWER");
    for (const std::string name : {"public", "publictwo"}) here_.AddChannel(name, "PUBLIC");
    for (const std::string name : {"private", "privatetwo", "privategranted"}) {
      here_.AddChannel(name, "PRIVATE");
    }
    for (const std::string name : {"direct", "directtwo"}) here_.AddChannel(name, "DIRECT");
    here_.AddChannel("elsewherepublic", "PUBLIC", "elsewhere");
    here_.AddGuest("guest", {"privategranted", "public"});
    for (const std::string channel : {"direct", "private"}) {
      here_.AddParticipants(channel, {"owner", "admin", "member", "viewer", "guest"});
    }
  }

  // Those that a reader lists; it finds the same and no others.
  Names ChannelsOf(const Viewing& viewing) {
    Names listed;
    here_.Read(viewing, [&](MembershipReads& reads, const View&) {
      listed = NamesOf(*reads.ListChannels({}, {}, 1000));
      Names found;
      for (const std::string& name : kChannels) {
        const auto channel = *reads.FindChannel(Named<ChannelId>(name));
        if (channel.has_value()) found.push_back(NameOf(channel->state.channel));
      }
      EXPECT_THAT(listed, testing::UnorderedElementsAreArray(found));
    });
    return listed;
  }

  Records here_;
};

TEST_F(ChannelReadsTest, EachRoleFindsTheKindsThatItMayRead) {
  const Names as_member = {"direct", "private", "public", "publictwo"};
  const std::map<std::string, Names> expected = {
      {"owner", as_member},
      {"admin", as_member},
      {"member", as_member},
      {"viewer", as_member},
      {"guest", {"direct", "privategranted", "public"}},
      {"stranger", {}},
  };
  for (const auto& [user, channels] : expected) {
    EXPECT_THAT(ChannelsOf(Records::TeamAs(user)), ElementsAreArray(channels)) << user;
  }
}

TEST_F(ChannelReadsTest, AnOperatorFindsAllWhateverItIsThere) {
  for (const std::string user : {"operator", "guest", "member"}) {
    Viewing viewing = Records::TeamAs(user);
    viewing.everything = true;
    EXPECT_THAT(ChannelsOf(viewing), ElementsAre("direct", "directtwo", "private", "privategranted",
                                                 "privatetwo", "public", "publictwo"));
  }
}

TEST_F(ChannelReadsTest, AGuestWithARoleInTheOrganizationReadsAsAnAdmin) {
  here_.SetOrganizationRole("guest", "ADMIN");
  EXPECT_THAT(ChannelsOf(Records::TeamAs("guest")), ElementsAre("direct", "private", "public", "publictwo"));
}

TEST_F(ChannelReadsTest, ASoftLockedGuestFindsWhatItDidAndAnEndedOneNothing) {
  here_.SetTimes("guest", -absl::Hours(1), absl::Hours(1));
  EXPECT_THAT(ChannelsOf(Records::TeamAs("guest")), ElementsAre("direct", "privategranted", "public"));
  here_.SetTimes("guest", -absl::Hours(2), -absl::Microseconds(1));
  EXPECT_THAT(ChannelsOf(Records::TeamAs("guest")), IsEmpty());
}

TEST_F(ChannelReadsTest, ArchivedOnesAreListedWhereAskedForAndAlwaysFound) {
  here_.Run("UPDATE channels SET archived = true WHERE id = ANY (array[$1, $2, $3])",
            postgres::Params::Of(Named<ChannelId>("public"), Named<ChannelId>("private"),
                                 Named<ChannelId>("privategranted")));
  const std::map<std::string, std::pair<Names, Names>> expected = {
      {"member", {{"direct", "publictwo"}, {"direct", "private", "public", "publictwo"}}},
      {"guest", {{"direct"}, {"direct", "privategranted", "public"}}},
  };
  for (const auto& [user, lists] : expected) {
    here_.ReadAs(user, [&lists = lists](MembershipReads& reads, const View&) {
      EXPECT_THAT(NamesOf(*reads.ListChannels({}, {}, 1000)), ElementsAreArray(lists.first));
      EXPECT_THAT(NamesOf(*reads.ListChannels({.with_archived = true}, {}, 1000)),
                  ElementsAreArray(lists.second));
      EXPECT_TRUE(reads.FindChannel(Named<ChannelId>("public"))->value().state.archived);
    });
  }
}

TEST_F(ChannelReadsTest, AreListedByKind) {
  const auto list = [&](const std::string& user, ChannelKind kind) {
    Names names;
    here_.ReadAs(user, [&](MembershipReads& reads, const View&) {
      names = NamesOf(*reads.ListChannels({.kind = kind}, {}, 1000));
    });
    return names;
  };
  EXPECT_THAT(list("member", ChannelKind::kPublic), ElementsAre("public", "publictwo"));
  EXPECT_THAT(list("member", ChannelKind::kPrivate), ElementsAre("private"));
  EXPECT_THAT(list("member", ChannelKind::kDirect), ElementsAre("direct"));
  EXPECT_THAT(list("guest", ChannelKind::kPublic), ElementsAre("public"));
  EXPECT_THAT(list("guest", ChannelKind::kPrivate), ElementsAre("privategranted"));
  EXPECT_THAT(list("guest", ChannelKind::kDirect), ElementsAre("direct"));
}

TEST_F(ChannelReadsTest, PagesNeitherRepeatNorSkip) {
  for (const std::string user : {"member", "guest", "operator"}) {
    Viewing viewing = Records::TeamAs(user);
    viewing.everything = user == "operator";
    const Names all = ChannelsOf(viewing);
    here_.Read(viewing, [&](MembershipReads& reads, const View&) {
      for (const int limit : {1, 2}) {
        const auto walked = Walk<ChannelId>(
            limit, [&](const ChannelId& after, int most) { return reads.ListChannels({}, after, most); },
            [](const Channel& channel) { return channel.state.channel; });
        EXPECT_THAT(NamesOf(walked), ElementsAreArray(all)) << user << " in pages of " << limit;
      }
    });
  }
}

TEST_F(ChannelReadsTest, NothingIsInADeletedWorkspace) {
  here_.DeleteWorkspace("team");
  Viewing viewing = Records::TeamAs("admin");
  EXPECT_THAT(ChannelsOf(viewing), IsEmpty());
  viewing.everything = true;
  EXPECT_THAT(ChannelsOf(viewing), IsEmpty());
}

// Who is named in a channel.
class NamedInChannelTest : public ChannelReadsTest {
 protected:
  // "+" before who is granted it.
  Names NamedAs(const std::string& user, const std::string& channel) {
    Names names;
    here_.ReadAs(user, [&](MembershipReads& reads, const View&) {
      const auto list = [&](const UserId& after, int limit) {
        return reads.ListNamed(Named<ChannelId>(channel), after, limit);
      };
      for (const auto& named : Walk<UserId>(1, list, [](const auto& last) { return last.user; })) {
        names.push_back((named.granted ? "+" : "") + NameOf(named.user));
      }
      EXPECT_EQ(list({}, 1000)->size(), names.size());
    });
    return names;
  }
};

TEST_F(NamedInChannelTest, AreItsParticipantsAndTheGuestsThatItIsGrantedTo) {
  here_.AddGuest("another", {"privategranted"});
  here_.AddParticipants("privategranted", {"member"});
  EXPECT_THAT(NamedAs("member", "privategranted"), ElementsAre("+another", "+guest", "member"));
  EXPECT_THAT(NamedAs("guest", "privategranted"), ElementsAre("+another", "+guest", "member"));
  EXPECT_THAT(NamedAs("viewer", "public"), ElementsAre("+guest"));
  EXPECT_THAT(NamedAs("guest", "public"), ElementsAre("+guest"));
  EXPECT_THAT(NamedAs("guest", "direct"), ElementsAre("admin", "guest", "member", "owner", "viewer"));
}

TEST_F(NamedInChannelTest, AreToldToNobodyWhoMayNotReadIt) {
  here_.AddParticipants("privatetwo", {"member"});
  EXPECT_THAT(NamedAs("member", "privatetwo"), ElementsAre("member"));
  for (const std::string user : {"admin", "owner", "guest", "stranger"}) {
    EXPECT_THAT(NamedAs(user, "privatetwo"), IsEmpty()) << user;
  }
  EXPECT_THAT(NamedAs("guest", "publictwo"), IsEmpty());
  here_.ReadAsOperator([](MembershipReads& reads, const View&) {
    EXPECT_EQ(reads.ListNamed(Named<ChannelId>("privatetwo"), {}, 1000)->size(), 1u);
  });
}

TEST_F(NamedInChannelTest, WhoIsGrantedItAndTakesPartIsNamedOnce) {
  here_.SetOrganizationRole("guest", "ADMIN");
  here_.AddParticipants("privategranted", {"guest"});
  EXPECT_THAT(NamedAs("guest", "privategranted"), ElementsAre("guest"));
}

}  // namespace
}  // namespace guestpass::membership
