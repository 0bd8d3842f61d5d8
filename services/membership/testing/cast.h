// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "services/membership/testing/installation.h"

namespace guestpass::membership {

// What one commit or more left in the audit log.
struct Audited {
  std::string action, target;
  UserId actor;
  bool platform = false;
  std::string before, after;  // JSON, as the database writes it; empty: nothing
};

// What some calls wrote.
struct Written {
  std::vector<rights::Object> entries;  // of the rights log
  std::vector<Audited> audit;

  bool nothing() const { return entries.empty() && audit.empty(); }
};

// An Installation with one user of each sort: beside "owner" and "orgadmin" there are "admin", "member",
// "viewer", and the guests "guest", "locked" (soft-locked) and "ended", all three of the public channel;
// "stranger" is no member and "operator" a platform operator.
class Cast : public testing::Test {
 protected:
  Cast();

  static const std::vector<std::string>& Everybody();

  static rpc::Call As(const std::string& name);
  static UserId IdOf(const std::string& name) { return Installation::IdOf(name); }

  // "OK", or the reason's name.
  static std::string Told(const absl::Status& status);
  // What everybody was told, by who called: "OK" need not be listed.
  using Answers = std::map<std::string, std::string>;
  static Answers TellEverybody(const std::function<absl::Status(const rpc::Call&)>& ask);
  // TellEverybody's where only ADMIN authority and operators may, and are told this.
  static Answers AdminsOnly(const std::string& told = "OK");
  // Who may not is told exactly the same of both (M3).
  static void ExpectSameRefusals(const std::function<absl::Status(const rpc::Call&)>& ask,
                                 const std::function<absl::Status(const rpc::Call&)>& other);
  // The fields that a FIELD_INVALID names.
  static std::vector<std::string> FieldsOf(const absl::Status& status);

  std::string ChannelName(const ChannelId& channel) const { return here_.ChannelName(channel); }
  std::string NoChannel() const;  // the name of a channel that there is not
  ChannelId AddChannel(type::v1::ChannelKind kind, const std::string& by = "owner");
  absl::Status Archive(const ChannelId& channel);
  absl::Status AddPart(const ChannelId& channel, const std::string& user, const std::string& by = "owner");
  ChannelId StartDirect(const std::string& by, const std::vector<std::string>& users);

  // What the decision library says of that user there, by what the database has.
  std::string Decided(const std::string& user, const ChannelId& channel, rights::Action action);

  // Of the latest commit.
  std::string LatestRevision() const;

  Written WrittenBy(const std::function<void()>& act);

  // Calls `body` with 0 to `count` - 1 on as many threads at once, when each has had a session to itself, so
  // that none has to wait for a connection.
  void Race(int count, const std::function<void(int)>& body);

  Installation here_;
};

}  // namespace guestpass::membership
