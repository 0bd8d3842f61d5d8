// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/barrier.h"
#include "common/rights/names.h"
#include "common/status/error.h"
#include "gtest/gtest.h"
#include "services/membership/testing/served.h"

// What the database keeps however many callers race, over gRPC.
namespace guestpass::membership {
namespace {

using Stub = v1::MembershipService::Stub;
using Answers = std::map<std::string, int>;

constexpr int kCallers = 60;
constexpr int kRounds = 3;

class ServedRacesTest : public testing::Test {
 protected:
  // How often each answer was given to `ask(i)`, all asked at once.
  Answers Race(const std::function<absl::Status(int)>& ask) {
    absl::Mutex mutex;
    Answers answers;
    std::vector<std::thread> threads;
    auto* start = new absl::Barrier(kCallers);
    for (int i = 0; i < kCallers; ++i) {
      threads.emplace_back([&, i] {
        if (start->Block()) delete start;
        const absl::Status status = ask(i);
        const auto details = DetailsOf(status);
        absl::MutexLock lock(&mutex);
        ++answers[status.ok()           ? "OK"
                  : details.has_value() ? std::string(ReasonName(details->reason))
                                        : status.ToString()];
      });
    }
    for (std::thread& thread : threads) thread.join();
    return answers;
  }

  absl::Status SetRole(const std::string& by, const std::string& name, type::v1::Role role) {
    v1::UpdateMemberRequest request;
    request.mutable_member()->set_name(served_.here.MemberName(name));
    request.mutable_member()->set_role(role);
    return served_.As(by, &Stub::UpdateMember, request).status();
  }
  absl::Status Remove(const std::string& by, const std::string& name) {
    v1::DeleteMemberRequest request;
    request.set_name(served_.here.MemberName(name));
    return served_.As(by, &Stub::DeleteMember, request).status();
  }
  absl::Status AddOrganizationMember(const std::string& by, const std::string& name,
                                     type::v1::OrganizationRole role) {
    v1::AddOrganizationMemberRequest request;
    request.set_organization(ToName(served_.here.organization));
    request.set_user(Installation::IdOf(name).ToString());
    request.set_role(role);
    return served_.As(by, &Stub::AddOrganizationMember, request).status();
  }
  absl::Status RemoveOrganizationMember(const std::string& by, const std::string& name) {
    v1::RemoveOrganizationMemberRequest request;
    request.set_organization(ToName(served_.here.organization));
    request.set_user(Installation::IdOf(name).ToString());
    return served_.As(by, &Stub::RemoveOrganizationMember, request).status();
  }

  Served served_;
};

TEST_F(ServedRacesTest, AdminsWhoDemoteAndRemoveEachOtherLeaveOne) {
  Installation& here = served_.here;
  const std::vector<std::string> admins = {"a0", "a1", "a2", "a3", "a4", "a5"};
  for (const std::string& name : admins) here.AddMember(name, type::v1::ROLE_ADMIN);
  ASSERT_TRUE(here.NewSession()
                  ->Run("UPDATE members SET role = 'MEMBER' WHERE user_id = $1",
                        postgres::Params::Of(Installation::IdOf("owner")))
                  .ok());
  for (int round = 0; round < kRounds; ++round) {
    for (const std::string& name : admins) {
      if (!here.StateOf(name).role.has_value()) here.AddMember(name, type::v1::ROLE_ADMIN);
      ASSERT_TRUE(SetRole("orgadmin", name, type::v1::ROLE_ADMIN).ok());
    }
    const Answers answers = Race([&](int i) {
      const std::string& target = admins[static_cast<size_t>(i) % admins.size()];
      return i % 2 == 0 ? SetRole("orgadmin", target, type::v1::ROLE_VIEWER) : Remove("orgadmin", target);
    });
    EXPECT_EQ(here.Count("SELECT count(*) FROM members WHERE role = 'ADMIN'"), 1);
    EXPECT_GE(answers.at("LAST_ADMIN"), 1);
    for (const auto& [answer, count] : answers) {
      EXPECT_TRUE(answer == "OK" || answer == "LAST_ADMIN" || answer == "MEMBER_NOT_FOUND")
          << answer << count;
    }
  }
}

TEST_F(ServedRacesTest, OwnersWhoTakeEachOthersRoleLeaveOne) {
  const std::vector<std::string> owners = {"owner", "o1", "o2", "o3"};
  for (int round = 0; round < kRounds; ++round) {
    const std::string survivor = [&] {
      for (const std::string& name : owners) {
        if (served_.here.Count(
                absl::StrCat("SELECT count(*) FROM organization_members WHERE role = 'OWNER' AND user_id = '",
                             Installation::IdOf(name).ToString(), "'")) == 1) {
          return name;
        }
      }
      return std::string();
    }();
    for (const std::string& name : owners) {
      ASSERT_TRUE(AddOrganizationMember(survivor, name, type::v1::ORGANIZATION_ROLE_OWNER).ok());
    }
    const Answers answers = Race([&](int i) {
      const std::string& name = owners[static_cast<size_t>(i) % owners.size()];
      return i % 2 == 0 ? RemoveOrganizationMember(name, name)
                        : AddOrganizationMember(name, name, type::v1::ORGANIZATION_ROLE_ADMIN);
    });
    EXPECT_EQ(served_.here.Count("SELECT count(*) FROM organization_members WHERE role = 'OWNER'"), 1);
    EXPECT_GE(answers.at("LAST_OWNER"), 1);
  }
}

TEST_F(ServedRacesTest, AnOwnerIsProtectedHoweverItsRolesAreChangedMeanwhile) {
  const Answers answers = Race([&](int i) {
    if (i % 3 == 0) return Remove("orgadmin", "owner");
    if (i % 3 == 1) return SetRole("orgadmin", "owner", type::v1::ROLE_VIEWER);
    return AddOrganizationMember("owner", absl::StrCat("o", i), type::v1::ORGANIZATION_ROLE_OWNER);
  });
  EXPECT_EQ(answers, (Answers{{"OK", kCallers / 3}, {"ORG_OWNER_PROTECTED", 2 * kCallers / 3}}));
}

TEST_F(ServedRacesTest, AGuestKeepsOneGrantHoweverManyTakeThem) {
  Installation& here = served_.here;
  here.AddMember("guest", type::v1::ROLE_GUEST);
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::string> channels = {here.ChannelName(here.public_channel),
                                         here.ChannelName(here.private_channel)};
    for (const std::string& channel : channels) {
      v1::AddGuestGrantRequest request;
      request.set_name(here.MemberName("guest"));
      request.set_channel(channel);
      ASSERT_TRUE(served_.As("owner", &Stub::AddGuestGrant, request).ok());
    }
    const Answers answers = Race([&](int i) {
      v1::RemoveGuestGrantRequest request;
      request.set_name(here.MemberName("guest"));
      request.set_channel(channels[static_cast<size_t>(i) % channels.size()]);
      return served_.As("owner", &Stub::RemoveGuestGrant, request).status();
    });
    EXPECT_EQ(answers.at("OK"), 1);
    EXPECT_EQ(answers.at("LAST_GRANT"), kCallers / 2);
    EXPECT_EQ(here.StateOf("guest").grants.size(), 1u);
  }
}

TEST_F(ServedRacesTest, ARequestIdMakesOneOfManyAndAnotherRequestWithItIsRefused) {
  for (int round = 0; round < kRounds; ++round) {
    absl::Mutex mutex;
    std::map<std::string, int> names;
    const Answers answers = Race([&](int i) {
      v1::CreateChannelRequest request;
      request.set_parent(ToName(served_.here.workspace));
      request.mutable_channel()->set_kind(type::v1::CHANNEL_KIND_PUBLIC);
      request.mutable_channel()->set_display_name(i % 2 == 0 ? "one" : "other");
      request.set_request_id(absl::StrCat("round-", round));
      const auto channel = served_.As("owner", &Stub::CreateChannel, request);
      absl::MutexLock lock(&mutex);
      if (channel.ok()) ++names[channel->name()];
      return channel.status();
    });
    EXPECT_EQ(answers, (Answers{{"OK", kCallers / 2}, {"REQUEST_ID_REUSED", kCallers / 2}}));
    EXPECT_EQ(names.size(), 1u);
  }
}

}  // namespace
}  // namespace guestpass::membership
