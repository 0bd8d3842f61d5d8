// SPDX-License-Identifier: Apache-2.0
#include "services/membership/testing/cast.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "common/rights/names.h"
#include "common/status/error.h"

namespace guestpass::membership {
namespace {

constexpr char kAudited[] = R"sql(
  SELECT action, target, actor, platform, before::text, after::text FROM audit_entries WHERE number > $1
  ORDER BY number
)sql";

}  // namespace

Cast::Cast() {
  here_.AddMember("admin", type::v1::ROLE_ADMIN);
  here_.AddMember("member", type::v1::ROLE_MEMBER);
  here_.AddMember("viewer", type::v1::ROLE_VIEWER);
  for (const char* guest : {"guest", "locked", "ended"}) here_.AddMember(guest, type::v1::ROLE_GUEST);
  EXPECT_TRUE(here_.SetTtl("locked", absl::ZeroDuration()).ok());
  EXPECT_TRUE(here_.SetTtl("ended", absl::ZeroDuration()).ok());
  const auto end = here_.NewSession()->Run("UPDATE members SET access_end_us = expire_us WHERE user_id = $1",
                                           postgres::Params::Of(IdOf("ended")));
  EXPECT_TRUE(end.ok()) << end.status();
}

const std::vector<std::string>& Cast::Everybody() {
  static const auto& names = *new std::vector<std::string>{
      "owner", "orgadmin", "admin", "member", "viewer", "guest", "locked", "ended", "stranger", "operator"};
  return names;
}

rpc::Call Cast::As(const std::string& name) {
  return name == "operator" ? Installation::AsOperator() : Installation::As(name);
}

std::string Cast::Told(const absl::Status& status) {
  if (status.ok()) return "OK";
  const auto details = DetailsOf(status);
  return details.has_value() ? std::string(ReasonName(details->reason)) : status.ToString();
}

Cast::Answers Cast::TellEverybody(const std::function<absl::Status(const rpc::Call&)>& ask) {
  Answers answers;
  for (const std::string& name : Everybody()) {
    const std::string told = Told(ask(As(name)));
    if (told != "OK") answers[name] = told;
  }
  return answers;
}

Cast::Answers Cast::AdminsOnly(const std::string& told) {
  Answers answers{{"member", "ROLE_TOO_LOW"}, {"viewer", "ROLE_TOO_LOW"}, {"guest", "ROLE_TOO_LOW"},
                  {"locked", "ROLE_TOO_LOW"}, {"ended", "GUEST_ENDED"},   {"stranger", "ROLE_TOO_LOW"}};
  if (told == "OK") return answers;
  for (const char* manager : {"owner", "orgadmin", "admin", "operator"}) answers[manager] = told;
  return answers;
}

void Cast::ExpectSameRefusals(const std::function<absl::Status(const rpc::Call&)>& ask,
                              const std::function<absl::Status(const rpc::Call&)>& other) {
  for (const auto& [name, told] : AdminsOnly()) {
    const absl::Status status = ask(As(name));
    EXPECT_EQ(Told(status), told) << name;
    EXPECT_EQ(status, other(As(name))) << name;
  }
}

std::vector<std::string> Cast::FieldsOf(const absl::Status& status) {
  EXPECT_EQ(Told(status), "FIELD_INVALID") << status;
  std::vector<std::string> fields;
  const auto details = DetailsOf(status);
  if (!details.has_value()) return fields;
  for (const FieldViolation& violation : details->violations) fields.push_back(violation.field);
  return fields;
}

std::string Cast::NoChannel() const { return ChannelName(*ChannelId::Parse(std::string(26, 'z'))); }

ChannelId Cast::AddChannel(type::v1::ChannelKind kind, const std::string& by) {
  v1::CreateChannelRequest request;
  request.set_parent(ToName(here_.workspace));
  request.mutable_channel()->set_display_name("channel");
  request.mutable_channel()->set_kind(kind);
  const auto channel = here_.channels.CreateChannel(As(by), request);
  EXPECT_TRUE(channel.ok()) << channel.status();
  return ParseChannelName("name", channel->name())->channel;
}

absl::Status Cast::Archive(const ChannelId& channel) {
  v1::ArchiveChannelRequest request;
  request.set_name(ChannelName(channel));
  return here_.channels.ArchiveChannel(As("owner"), request).status();
}

absl::Status Cast::AddPart(const ChannelId& channel, const std::string& user, const std::string& by) {
  v1::AddChannelMemberRequest request;
  request.set_channel(ChannelName(channel));
  request.set_user(IdOf(user).ToString());
  return here_.channel_members.AddChannelMember(As(by), request).status();
}

ChannelId Cast::StartDirect(const std::string& by, const std::vector<std::string>& users) {
  v1::StartDirectConversationRequest request;
  request.set_parent(ToName(here_.workspace));
  for (const std::string& user : users) request.add_users(IdOf(user).ToString());
  const auto channel = here_.channel_members.StartDirectConversation(As(by), request);
  EXPECT_TRUE(channel.ok()) << channel.status();
  return channel.ok() ? ParseChannelName("name", channel->name())->channel : ChannelId();
}

std::string Cast::Decided(const std::string& user, const ChannelId& channel, rights::Action action) {
  const auto read = here_.store.ReadRights({{here_.workspace, IdOf(user), {channel}}});
  EXPECT_TRUE(read.ok()) << read.status();
  const MemberRights& member = read->members[0];
  const ChannelRights& in_channel = member.channels[0];
  const auto refusal = rights::Decide(
      rights::StandingOf(member.authority(), member.member, in_channel.channel, in_channel.participant),
      action, read->now);
  if (!refusal.has_value()) return "OK";
  return Told(rights::RefusalError(*refusal, member.authority(), action, ""));
}

std::string Cast::LatestRevision() const {
  rights::RightsRevision latest;
  for (const CommittedEntries& commit : here_.recorder.commits()) {
    latest = {commit.epoch, commit.shard, std::max(latest.n, commit.entries.back().n)};
  }
  return latest.ToString();
}

Written Cast::WrittenBy(const std::function<void()>& act) {
  const size_t commits = here_.recorder.commits().size();
  const int64_t audit = here_.Count("SELECT max(number) FROM audit_entries");
  act();
  Written written;
  const std::vector<CommittedEntries> told = here_.recorder.commits();
  for (size_t i = commits; i < told.size(); ++i) {
    for (const rights::Entry& entry : told[i].entries) written.entries.push_back(entry.object);
  }
  const auto rows = here_.NewSession()->Run(kAudited, postgres::Params::Of(audit));
  const auto json = [&](int row, int col) {
    return rows->IsNull(row, col) ? std::string() : std::string(rows->Text(row, col));
  };
  for (int row = 0; row < rows->rows(); ++row) {
    written.audit.push_back({.action = std::string(rows->Text(row, 0)),
                             .target = std::string(rows->Text(row, 1)),
                             .actor = rows->As<UserId>(row, 2),
                             .platform = rows->Bool(row, 3),
                             .before = json(row, 4),
                             .after = json(row, 5)});
  }
  return written;
}

void Cast::Race(int count, const std::function<void(int)>& body) {
  auto* connected = new absl::Barrier(count);
  auto* start = new absl::Barrier(count);
  const auto meet = [](absl::Barrier* barrier) {
    if (barrier->Block()) delete barrier;
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      {
        const auto session = here_.pool.Acquire();
        EXPECT_TRUE(session.ok()) << session.status();
        meet(connected);
      }
      meet(start);
      body(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace guestpass::membership
