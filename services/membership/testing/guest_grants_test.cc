// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "services/membership/testing/cast.h"

namespace guestpass::membership {
namespace {

using rights::Action;
using type::v1::CHANNEL_KIND_PRIVATE;
using type::v1::CHANNEL_KIND_PUBLIC;

constexpr int kRivals = 50;

// As many ids as $2 of channels, in order.
constexpr char kSetGrants[] = R"sql(
  UPDATE members SET grants = array(SELECT left(translate(md5(i::text), '0189', 'ghij'), 26) COLLATE "C"
                                    FROM generate_series(1, $2::int) AS i ORDER BY 1)
  WHERE user_id = $1
)sql";

class GuestGrantsTest : public Cast {
 protected:
  using Ask = std::function<absl::Status(const rpc::Call&)>;

  v1::AddGuestGrantRequest Addition(const std::string& guest, const std::string& channel) const {
    v1::AddGuestGrantRequest request;
    request.set_name(here_.MemberName(guest));
    request.set_channel(channel);
    return request;
  }
  v1::RemoveGuestGrantRequest Removal(const std::string& guest, const std::string& channel) const {
    v1::RemoveGuestGrantRequest request;
    request.set_name(here_.MemberName(guest));
    request.set_channel(channel);
    return request;
  }
  Ask Asking(const v1::AddGuestGrantRequest& request) {
    return [this, request](const rpc::Call& call) {
      return here_.guest_grants.AddGuestGrant(call, request).status();
    };
  }
  Ask Asking(const v1::RemoveGuestGrantRequest& request) {
    return [this, request](const rpc::Call& call) {
      return here_.guest_grants.RemoveGuestGrant(call, request).status();
    };
  }
  std::string Granting(const std::string& guest, const std::string& channel) {
    return Told(Asking(Addition(guest, channel))(As("owner")));
  }
  std::string Taking(const std::string& guest, const std::string& channel) {
    return Told(Asking(Removal(guest, channel))(As("owner")));
  }
  void SetGrants(const std::string& guest, int count) {
    ASSERT_TRUE(here_.NewSession()->Run(kSetGrants, postgres::Params::Of(IdOf(guest), count)).ok());
  }

  rights::MemberState Guest(std::vector<ChannelId> grants) {
    std::sort(grants.begin(), grants.end());
    return {.workspace = here_.workspace,
            .user = IdOf("guest"),
            .role = rights::Role::kGuest,
            .grants = std::move(grants)};
  }
  static std::string Json(const rights::MemberState& guest, const std::string& note = "") {
    const auto append = [](std::string* out, const ChannelId& channel) {
      absl::StrAppend(out, "\"", channel.text(), "\"");
    };
    return absl::StrCat(R"({"role": "GUEST", "grants": [)", absl::StrJoin(guest.grants, ", ", append), "], ",
                        note, R"("expire_us": null, "access_end_us": null, "recorded_state": "ACTIVE"})");
  }

  const ChannelId public_ = here_.public_channel;    // granted to all guests
  const ChannelId private_ = here_.private_channel;  // the owner takes part
  const std::string name_ = ChannelName(private_);
};

TEST_F(GuestGrantsTest, AdminAuthorityGrantsAndTakes) {
  EXPECT_EQ(TellEverybody(Asking(Addition("guest", name_))), AdminsOnly());
  EXPECT_EQ(TellEverybody(Asking(Addition("nobody", name_))), AdminsOnly("MEMBER_NOT_FOUND"));
  EXPECT_EQ(TellEverybody(Asking(Addition("guest", "x"))), AdminsOnly("FIELD_INVALID"));
  EXPECT_EQ(TellEverybody(Asking(Removal("nobody", name_))), AdminsOnly("MEMBER_NOT_FOUND"));
  EXPECT_EQ(TellEverybody(Asking(Removal("guest", "x"))), AdminsOnly("FIELD_INVALID"));
  EXPECT_EQ(TellEverybody(Asking(Removal("locked", name_))), AdminsOnly("CHANNEL_NOT_FOUND"));
  EXPECT_EQ(FieldsOf(Asking(Removal("guest", "x"))(As("owner"))), std::vector<std::string>{"channel"});
  EXPECT_TRUE(WrittenBy([&] {
                ExpectSameRefusals(Asking(Addition("locked", name_)),
                                   Asking(Addition("nobody", NoChannel())));
                ExpectSameRefusals(Asking(Removal("guest", name_)), Asking(Removal("nobody", NoChannel())));
              }).nothing());
}

TEST_F(GuestGrantsTest, AGrantIsOneEntryOfTheMemberAndTwiceIsASuccessWithoutAnother) {
  EXPECT_EQ(Decided("guest", private_, Action::kRead), "CHANNEL_NOT_FOUND");
  v1::GuestGrant granted;
  const Written written = WrittenBy(
      [&] { granted = *here_.guest_grants.AddGuestGrant(As("orgadmin"), Addition("guest", name_)); });
  const rights::MemberState after = Guest({public_, private_});
  EXPECT_EQ(written.entries, std::vector<rights::Object>{after});
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "member.grant_added");
  EXPECT_EQ(written.audit[0].target, here_.MemberName("guest"));
  EXPECT_EQ(written.audit[0].actor, IdOf("orgadmin"));
  EXPECT_FALSE(written.audit[0].platform);
  EXPECT_EQ(written.audit[0].before, Json(Guest({public_})));
  EXPECT_EQ(written.audit[0].after, Json(after, absl::StrCat(R"("channel": ")", private_.text(), R"(", )")));
  EXPECT_EQ(granted.member(), here_.MemberName("guest"));
  EXPECT_EQ(granted.channel(), name_);
  EXPECT_EQ(granted.rights_revision(), LatestRevision());
  EXPECT_EQ(Decided("guest", private_, Action::kPost), "OK");
  EXPECT_TRUE(WrittenBy([&] { EXPECT_EQ(Granting("guest", name_), "OK"); }).nothing());
  EXPECT_EQ(here_.StateOf("guest"), after);
}

TEST_F(GuestGrantsTest, TakingOneIsOneEntryAndEndsReading) {
  ASSERT_EQ(Granting("guest", name_), "OK");
  v1::RemoveGuestGrantResponse taken;
  const Written written = WrittenBy([&] {
    taken = *here_.guest_grants.RemoveGuestGrant(As("operator"), Removal("guest", ChannelName(public_)));
  });
  EXPECT_EQ(written.entries, std::vector<rights::Object>{Guest({private_})});
  ASSERT_EQ(written.audit.size(), 1u);
  EXPECT_EQ(written.audit[0].action, "member.grant_removed");
  EXPECT_EQ(written.audit[0].target, here_.MemberName("guest"));
  EXPECT_TRUE(written.audit[0].platform);
  EXPECT_EQ(written.audit[0].before, Json(Guest({public_, private_})));
  EXPECT_EQ(written.audit[0].after,
            Json(Guest({private_}), absl::StrCat(R"("channel": ")", public_.text(), R"(", )")));
  EXPECT_EQ(taken.rights_revision(), LatestRevision());
  EXPECT_EQ(Decided("guest", public_, Action::kRead), "CHANNEL_NOT_FOUND");
  EXPECT_EQ(Decided("guest", private_, Action::kPost), "OK");
}

TEST_F(GuestGrantsTest, TheLastGrantStays) {
  const absl::Status last = Asking(Removal("guest", ChannelName(public_)))(As("owner"));
  EXPECT_EQ(Told(last), "LAST_GRANT");
  EXPECT_EQ(DetailsOf(last)->metadata, (Metadata{{"member", here_.MemberName("guest")}}));
  EXPECT_NE(last.message().find("remove the guest"), absl::string_view::npos);
  EXPECT_EQ(Taking("guest", name_), "CHANNEL_NOT_FOUND") << "it is not the last, as it is none";
  EXPECT_EQ(here_.StateOf("guest"), Guest({public_}));
}

TEST_F(GuestGrantsTest, OnlyGuestsHaveGrants) {
  for (const char* name : {"owner", "admin", "member", "viewer"}) {
    EXPECT_EQ(Granting(name, name_), "NOT_A_GUEST") << name;
    EXPECT_EQ(Taking(name, name_), "NOT_A_GUEST") << name;
  }
  for (const char* name : {"orgadmin", "stranger"}) {
    EXPECT_EQ(Granting(name, NoChannel()), "MEMBER_NOT_FOUND") << name;
    EXPECT_EQ(Taking(name, NoChannel()), "MEMBER_NOT_FOUND") << name;
  }
}

TEST_F(GuestGrantsTest, GrantsNameUnarchivedPublicAndPrivateChannelsOfTheSameWorkspace) {
  v1::CreateWorkspaceRequest workspace;
  workspace.set_parent(ToName(here_.organization));
  workspace.mutable_workspace()->set_display_name("Elsewhere");
  v1::CreateChannelRequest channel;
  channel.set_parent(here_.workspaces.CreateWorkspace(As("owner"), workspace)->name());
  channel.mutable_channel()->set_display_name("theirs");
  channel.mutable_channel()->set_kind(CHANNEL_KIND_PUBLIC);
  const std::string theirs = here_.channels.CreateChannel(As("owner"), channel)->name();
  const auto [elsewhere, their_id] = *ParseChannelName("name", theirs);
  const ChannelId archived = AddChannel(CHANNEL_KIND_PRIVATE);
  ASSERT_TRUE(Archive(archived).ok());
  EXPECT_TRUE(WrittenBy([&] {
                EXPECT_EQ(Granting("guest", NoChannel()), "CHANNEL_NOT_FOUND");
                EXPECT_EQ(Granting("guest", theirs), "CHANNEL_NOT_FOUND");
                EXPECT_EQ(Granting("guest", ChannelName(their_id)), "CHANNEL_NOT_FOUND");
                EXPECT_EQ(Granting("guest", ChannelName(archived)), "CHANNEL_ARCHIVED");
                EXPECT_EQ(Taking("guest", theirs), "CHANNEL_NOT_FOUND");
                for (const ChannelId& ours : {public_, private_}) {
                  const std::string there = guestpass::ChannelName{elsewhere, ours}.ToString();
                  EXPECT_EQ(Granting("guest", there), "CHANNEL_NOT_FOUND");
                  EXPECT_EQ(Taking("guest", there), "CHANNEL_NOT_FOUND");
                }
              }).nothing());
  for (const auto& users : {std::vector<std::string>{"viewer"}, std::vector<std::string>{"guest"}}) {
    EXPECT_EQ(Granting("guest", ChannelName(StartDirect("owner", users))), "CHANNEL_NOT_FOUND");
  }
}

TEST_F(GuestGrantsTest, AnArchivedChannelsGrantStaysAndCanBeTaken) {
  ASSERT_EQ(Granting("guest", name_), "OK");
  ASSERT_TRUE(Archive(private_).ok());
  EXPECT_EQ(Granting("guest", name_), "OK") << "it has it already";
  EXPECT_EQ(Decided("guest", private_, Action::kRead), "OK");
  EXPECT_EQ(Taking("guest", name_), "OK");
}

TEST_F(GuestGrantsTest, AnAdminPreparesALockedOrEndedGuestsReturn) {
  for (const auto& [name, told] :
       {std::pair("locked", "GUEST_SOFT_LOCKED"), std::pair("ended", "GUEST_ENDED")}) {
    rights::MemberState expected = here_.StateOf(name);
    expected.grants = {private_};
    EXPECT_EQ(Granting(name, name_), "OK");
    EXPECT_EQ(Taking(name, ChannelName(public_)), "OK");
    EXPECT_EQ(here_.StateOf(name), expected);
    EXPECT_EQ(Decided(name, private_, Action::kPost), told);
    ASSERT_TRUE(here_.SetTtl(name, absl::Hours(1)).ok());
    EXPECT_EQ(Decided(name, private_, Action::kPost), "OK");
  }
}

TEST_F(GuestGrantsTest, AHundredIsTheMost) {
  SetGrants("guest", 99);
  EXPECT_EQ(Granting("guest", name_), "OK");
  EXPECT_EQ(FieldsOf(Asking(Addition("guest", ChannelName(public_)))(As("owner"))),
            std::vector<std::string>{"channel"});
  EXPECT_EQ(Granting("guest", name_), "OK") << "it has it already";
}

TEST_F(GuestGrantsTest, OnlyJudgingTakesNothing) {
  ASSERT_EQ(Granting("guest", name_), "OK");
  v1::RemoveGuestGrantRequest request = Removal("guest", name_);
  request.set_validate_only(true);
  EXPECT_TRUE(WrittenBy([&] { EXPECT_EQ(TellEverybody(Asking(request)), AdminsOnly()); }).nothing());
  EXPECT_EQ(here_.StateOf("guest"), Guest({public_, private_}));
}

TEST_F(GuestGrantsTest, ARepeatedRequestIsAnsweredAndNotDoneAgain) {
  v1::AddGuestGrantRequest addition = Addition("guest", name_);
  v1::RemoveGuestGrantRequest removal = Removal("guest", name_);
  addition.set_request_id("once");
  removal.set_request_id("once");
  const auto added = here_.guest_grants.AddGuestGrant(As("owner"), addition);
  const auto removed = here_.guest_grants.RemoveGuestGrant(As("owner"), removal);
  ASSERT_TRUE(added.ok() && removed.ok());
  EXPECT_TRUE(WrittenBy([&] {
                const auto again = here_.guest_grants.AddGuestGrant(As("owner"), addition);
                EXPECT_EQ(again->SerializeAsString(), added->SerializeAsString());
                const auto gone = here_.guest_grants.RemoveGuestGrant(As("owner"), removal);
                EXPECT_EQ(gone->rights_revision(), removed->rights_revision());
              }).nothing());
  EXPECT_EQ(here_.StateOf("guest"), Guest({public_}));
  addition.set_channel(ChannelName(public_));
  EXPECT_EQ(Told(Asking(addition)(As("owner"))), "REQUEST_ID_REUSED");
}

TEST_F(GuestGrantsTest, HoweverManyTakeGrantsOneStays) {
  SetGrants("guest", kRivals);
  const std::vector<ChannelId> grants = here_.StateOf("guest").grants;
  std::atomic<int> taken = 0, last = 0;
  const Written written = WrittenBy([&] {
    Race(kRivals, [&](int i) {
      const std::string told = Taking("guest", ChannelName(grants[i]));
      taken += told == "OK";
      last += told == "LAST_GRANT";
    });
  });
  EXPECT_EQ(taken, kRivals - 1);
  EXPECT_EQ(last, 1);
  EXPECT_EQ(written.entries.size(), static_cast<size_t>(kRivals - 1));
  EXPECT_EQ(here_.StateOf("guest").grants.size(), 1u);
}

TEST_F(GuestGrantsTest, HoweverManyGrantThereAreAHundredAtMost) {
  SetGrants("guest", 90);
  std::vector<std::string> channels;
  for (int i = 0; i < kRivals; ++i) channels.push_back(ChannelName(AddChannel(CHANNEL_KIND_PUBLIC)));
  std::atomic<int> granted = 0, refused = 0;
  Race(kRivals, [&](int i) {
    const std::string told = Granting("guest", channels[i]);
    granted += told == "OK";
    refused += told == "FIELD_INVALID";
  });
  EXPECT_EQ(granted, 10);
  EXPECT_EQ(refused, kRivals - 10);
  const std::vector<ChannelId> grants = here_.StateOf("guest").grants;
  EXPECT_EQ(grants.size(), 100u);
  EXPECT_EQ(std::adjacent_find(grants.begin(), grants.end(), std::greater_equal<>()), grants.end());
}

TEST_F(GuestGrantsTest, NothingIsGrantedThatWasArchivedBefore) {
  for (int round = 0; round < 5; ++round) {
    const ChannelId channel = AddChannel(CHANNEL_KIND_PUBLIC);
    const size_t commits = here_.recorder.commits().size();
    Race(kRivals, [&](int i) {
      if (i == 0) {
        EXPECT_TRUE(Archive(channel).ok());
      } else {
        const std::string told = Granting(i % 2 ? "guest" : "locked", ChannelName(channel));
        EXPECT_TRUE(told == "OK" || told == "CHANNEL_ARCHIVED") << told;
      }
    });
    uint64_t archived_n = 0, granted_n = 0;
    const std::vector<CommittedEntries> told = here_.recorder.commits();
    for (size_t i = commits; i < told.size(); ++i) {
      const rights::Entry& entry = told[i].entries.front();
      uint64_t& n = std::holds_alternative<rights::ChannelState>(entry.object) ? archived_n : granted_n;
      n = std::max(n, entry.n);
    }
    EXPECT_LT(granted_n, archived_n);
  }
}

}  // namespace
}  // namespace guestpass::membership
