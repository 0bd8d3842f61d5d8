// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <set>

#include "common/rights/names.h"
#include "common/status/error.h"
#include "services/membership/testing/cast.h"

namespace guestpass::membership {
namespace {

using type::v1::CHANNEL_KIND_DIRECT;
using type::v1::CHANNEL_KIND_PRIVATE;
using type::v1::CHANNEL_KIND_PUBLIC;

// Beside the installation's public channel, which the guests are granted, and the owner's private one.
class ChannelListsTest : public Cast {
 protected:
  absl::StatusOr<v1::Channel> Get(const rpc::Call& call, const std::string& name) {
    v1::GetChannelRequest request;
    request.set_name(name);
    return here_.channels.GetChannel(call, request);
  }
  Answers Getting(const std::string& name) {
    return TellEverybody([&](const rpc::Call& call) { return Get(call, name).status(); });
  }
  v1::ListChannelsRequest All() const {
    v1::ListChannelsRequest request;
    request.set_parent(ToName(here_.workspace));
    return request;
  }
  std::vector<std::string> List(const std::string& name, v1::ListChannelsRequest request) {
    std::vector<std::string> names;
    do {
      const auto page = here_.channels.ListChannels(As(name), request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      EXPECT_TRUE(request.page_size() == 0 || page->channels_size() <= request.page_size());
      for (const v1::Channel& channel : page->channels()) names.push_back(channel.name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return names;
  }
  std::string Told(const std::string& name, const v1::ListChannelsRequest& request) {
    return Cast::Told(here_.channels.ListChannels(As(name), request).status());
  }
  // In the order of a list.
  std::vector<std::string> Names(const std::vector<ChannelId>& channels) const {
    std::vector<std::string> names;
    for (const ChannelId& channel : channels) names.push_back(ChannelName(channel));
    std::sort(names.begin(), names.end());
    return names;
  }

  const ChannelId public_ = AddChannel(CHANNEL_KIND_PUBLIC);
  const ChannelId private_ = AddChannel(CHANNEL_KIND_PRIVATE, "admin");
  const ChannelId direct_ = StartDirect("member", {"guest"});
  const Answers strangers_ = {{"stranger", "ROLE_TOO_LOW"}, {"ended", "GUEST_ENDED"}};
};

TEST_F(ChannelListsTest, WhoMayReadAChannelGetsIt) {
  EXPECT_EQ(Getting(ChannelName(here_.public_channel)), strangers_);
  Answers told = strangers_;
  told["guest"] = told["locked"] = "CHANNEL_NOT_FOUND";
  EXPECT_EQ(Getting(ChannelName(public_)), told);
  for (const char* name : {"owner", "orgadmin", "viewer", "member"}) told[name] = "CHANNEL_NOT_FOUND";
  EXPECT_EQ(Getting(ChannelName(private_)), told);
  told["admin"] = "CHANNEL_NOT_FOUND";
  Answers of_direct = told;
  of_direct.erase("member");
  of_direct.erase("guest");
  EXPECT_EQ(Getting(ChannelName(direct_)), of_direct);
  told["operator"] = "CHANNEL_NOT_FOUND";
  EXPECT_EQ(Getting(NoChannel()), told);
}

TEST_F(ChannelListsTest, WhatOneMayNotReadIsAnsweredAsWhatThereIsNot) {
  const auto answer = [&](const std::string& caller, const std::string& name) {
    const absl::Status status = Get(As(caller), name).status();
    EXPECT_EQ(DetailsOf(status)->metadata, (Metadata{{"channel", name}}));
    return std::string(status.message());
  };
  const std::string nothing = answer("member", NoChannel());
  EXPECT_EQ(answer("member", ChannelName(private_)), nothing);
  EXPECT_EQ(answer("admin", ChannelName(direct_)), nothing);
  EXPECT_EQ(answer("guest", ChannelName(public_)), nothing);
  v1::GetChannelRequest malformed;
  malformed.set_name("channels/x");
  EXPECT_EQ(FieldsOf(here_.channels.GetChannel(As("stranger"), malformed).status()),
            std::vector<std::string>{"name"});
}

TEST_F(ChannelListsTest, AChannelComesWithTheRevisionThatItWasReadAt) {
  const auto channel = Get(As("member"), ChannelName(direct_));
  ASSERT_TRUE(channel.ok()) << channel.status();
  EXPECT_EQ(channel->kind(), CHANNEL_KIND_DIRECT);
  EXPECT_EQ(channel->display_name(), "");
  EXPECT_EQ(channel->rights_revision(), LatestRevision());
  const auto page = here_.channels.ListChannels(As("member"), All());
  for (const v1::Channel& listed : page->channels()) {
    EXPECT_EQ(listed.rights_revision(), LatestRevision());
    EXPECT_EQ(listed.SerializeAsString(), Get(As("member"), listed.name())->SerializeAsString());
  }
}

TEST_F(ChannelListsTest, EachListsWhatItMayRead) {
  const ChannelId open = here_.public_channel, secret = here_.private_channel;
  EXPECT_EQ(List("owner", All()), Names({open, public_, secret}));
  EXPECT_EQ(List("orgadmin", All()), Names({open, public_}));
  EXPECT_EQ(List("admin", All()), Names({open, public_, private_}));
  EXPECT_EQ(List("member", All()), Names({open, public_, direct_}));
  EXPECT_EQ(List("viewer", All()), Names({open, public_}));
  EXPECT_EQ(List("guest", All()), Names({open, direct_}));
  EXPECT_EQ(List("locked", All()), Names({open}));
  EXPECT_EQ(List("operator", All()), Names({open, public_, secret, private_, direct_}));
  EXPECT_EQ(
      TellEverybody([&](const rpc::Call& call) { return here_.channels.ListChannels(call, All()).status(); }),
      strangers_);
}

TEST_F(ChannelListsTest, OfAKindAndWithArchivedOnesWhereAskedFor) {
  ASSERT_TRUE(Archive(public_).ok());
  v1::ListChannelsRequest request = All();
  EXPECT_EQ(List("member", request), Names({here_.public_channel, direct_}));
  request.set_with_archived(true);
  EXPECT_EQ(List("member", request), Names({here_.public_channel, public_, direct_}));
  request.set_kind(CHANNEL_KIND_PUBLIC);
  EXPECT_EQ(List("member", request), Names({here_.public_channel, public_}));
  request.set_kind(CHANNEL_KIND_DIRECT);
  EXPECT_EQ(List("member", request), Names({direct_}));
  request.set_kind(static_cast<type::v1::ChannelKind>(77));
  EXPECT_EQ(FieldsOf(here_.channels.ListChannels(As("member"), request).status()),
            std::vector<std::string>{"kind"});
  EXPECT_EQ(Told("stranger", request), "ROLE_TOO_LOW");
}

TEST_F(ChannelListsTest, PagesNeitherRepeatNorSkip) {
  std::vector<ChannelId> all = {here_.public_channel, public_, direct_};
  for (int i = 0; i < 7; ++i) all.push_back(AddChannel(CHANNEL_KIND_PUBLIC));
  for (int size : {0, 1, 3, 5, 10, 2000}) {
    v1::ListChannelsRequest request = All();
    request.set_page_size(size);
    EXPECT_EQ(List("member", request), Names(all)) << size;
  }
}

TEST_F(ChannelListsTest, APageTokenIsItsCallersForItsArguments) {
  v1::ListChannelsRequest request = All();
  request.set_page_size(-1);
  EXPECT_EQ(Told("member", request), "FIELD_INVALID");
  request.set_page_size(1);
  request.set_page_token(here_.channels.ListChannels(As("member"), request)->next_page_token());
  EXPECT_EQ(Told("member", request), "OK");
  EXPECT_EQ(Told("viewer", request), "PAGE_TOKEN_INVALID");
  request.set_with_archived(true);
  EXPECT_EQ(Told("member", request), "PAGE_TOKEN_INVALID");
  request.set_page_token("x");
  EXPECT_EQ(Told("member", request), "PAGE_TOKEN_INVALID");
}

}  // namespace
}  // namespace guestpass::membership
