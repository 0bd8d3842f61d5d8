// SPDX-License-Identifier: Apache-2.0
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "common/rights/names.h"
#include "services/membership/testing/organization_cast.h"

namespace guestpass::membership {
namespace {

constexpr int kRivals = 60;

// Members that were removed while they were owners of the organization, by the order of the log.
constexpr char kProtectedAndGone[] = R"sql(
  SELECT count(*) FROM rights_log m WHERE m.kind = 'MEMBER' AND m.state->>'role' IS NULL AND 'OWNER' = (
    SELECT o.state->>'role' FROM rights_log o
    WHERE o.kind = 'ORG_MEMBER' AND split_part(o.key, '/', 2) = split_part(m.key, '/', 2) AND o.n < m.n
    ORDER BY o.n DESC LIMIT 1)
)sql";

class UserRemovalRacesTest : public OrganizationCast {
 protected:
  using Admins = std::map<WorkspaceId, std::set<UserId>>;

  UserRemovalRacesTest() {
    workspaces_.push_back(here_.workspace);
    for (int i = 0; i < 3; ++i) workspaces_.push_back(AddWorkspace());
    for (const std::string& user : users_) {
      for (const WorkspaceId& workspace : workspaces_) {
        EXPECT_EQ(Told(AddDirect(workspace, user, type::v1::ROLE_ADMIN)), "OK");
      }
    }
    // The organization's owner would be an admin for ever.
    const auto gone = here_.NewSession()->Run(
        "DELETE FROM members WHERE user_id = ANY ($1::text[])",
        postgres::Params::Of(std::vector<std::string>{IdOf("owner").ToString(), IdOf("admin").ToString()}));
    EXPECT_TRUE(gone.ok()) << gone.status();
  }

  Admins AdminsNow() {
    Admins admins;
    const auto rows = here_.NewSession()->Run("SELECT workspace, user_id FROM members WHERE role = 'ADMIN'");
    for (int row = 0; row < rows->rows(); ++row) {
      admins[rows->As<WorkspaceId>(row, 0)].insert(rows->As<UserId>(row, 1));
    }
    return admins;
  }

  // What `race` did to the admins, entry by entry; none of them may leave a workspace without one.
  Admins Replay(const std::function<void()>& race) {
    Admins admins = AdminsNow();
    const size_t before = here_.recorder.commits().size();
    race();
    std::map<uint64_t, rights::Object> log;
    const std::vector<CommittedEntries> commits = here_.recorder.commits();
    for (size_t i = before; i < commits.size(); ++i) {
      for (const rights::Entry& entry : commits[i].entries) log[entry.n] = entry.object;
    }
    for (const auto& [n, object] : log) {
      const auto* member = std::get_if<rights::MemberState>(&object);
      if (member == nullptr) continue;
      std::set<UserId>& in_workspace = admins[member->workspace];
      if (member->role == rights::Role::kAdmin) {
        in_workspace.insert(member->user);
      } else {
        in_workspace.erase(member->user);
      }
      EXPECT_FALSE(in_workspace.empty()) << "after entry " << n;
    }
    return admins;
  }

  absl::StatusOr<v1::RemoveUserFromOrganizationResponse> RemoveUser(const std::string& user) {
    v1::RemoveUserFromOrganizationRequest request;
    request.set_organization(Name());
    request.set_user(IdOf(user).ToString());
    rpc::Call call = As("operator");
    call.deadline = absl::InfiniteFuture();
    return here_.user_removals.RemoveUserFromOrganization(call, request);
  }
  absl::Status SetRole(const WorkspaceId& workspace, const std::string& user, type::v1::Role role) {
    v1::UpdateMemberRequest request;
    request.mutable_member()->set_name(guestpass::MemberName{workspace, IdOf(user)}.ToString());
    request.mutable_member()->set_role(role);
    return here_.members.UpdateMember(As("owner"), request).status();
  }
  absl::Status Join(const std::string& user, type::v1::Role role, const std::string& key) {
    auto invite = here_.InviteBy("owner", key);
    invite.set_role(role);
    invite.clear_channels();
    return here_.rights.JoinMember(Installation::AsService("invite", user), invite).status();
  }
  static void ExpectAnswered(const absl::Status& status) {
    EXPECT_NE(status.code(), absl::StatusCode::kInternal) << status;
    EXPECT_NE(status.code(), absl::StatusCode::kUnavailable) << status;
  }

  std::vector<WorkspaceId> workspaces_;
  const std::vector<std::string> users_{"ann", "ben", "carol", "dora", "emil"};
};

TEST_F(UserRemovalRacesTest, WhereAllAdminsAreRemovedAtOnceOneStays) {
  const Admins left = Replay(
      [&] { Race(kRivals, [&](int i) { ExpectAnswered(RemoveUser(users_[i % users_.size()]).status()); }); });
  EXPECT_EQ(left, AdminsNow());
  for (const WorkspaceId& workspace : workspaces_) EXPECT_EQ(left.at(workspace).size(), 1u);
  EXPECT_EQ(here_.Count("SELECT count(*) FROM audit_entries WHERE action = 'member.removed'"),
            static_cast<int64_t>(workspaces_.size() * (users_.size() - 1)));
}

TEST_F(UserRemovalRacesTest, JoinsAndRoleChangesBetweenThemLeaveAnAdminToo) {
  const Admins left = Replay([&] {
    Race(kRivals, [&](int i) {
      const std::string& user = users_[i % users_.size()];
      for (int step = 0; step < 3; ++step) {
        const WorkspaceId& workspace = workspaces_[(i + step) % workspaces_.size()];
        switch ((i / 5 + step) % 4) {
          case 0:
            ExpectAnswered(RemoveUser(user).status());
            break;
          case 1:
            ExpectAnswered(Join(user, type::v1::ROLE_ADMIN, absl::StrCat("race-", i, "-", step)));
            break;
          case 2:
            ExpectAnswered(SetRole(workspace, user, type::v1::ROLE_MEMBER));
            break;
          case 3:
            ExpectAnswered(SetRole(workspace, user, type::v1::ROLE_ADMIN));
        }
      }
    });
  });
  EXPECT_EQ(left, AdminsNow());
}

TEST_F(UserRemovalRacesTest, WhoIsAnOwnerByThenIsNotRemoved) {
  Replay([&] {
    Race(kRivals, [&](int i) {
      const std::string& user = users_[i % users_.size()];
      if (i % 2 == 0) {
        ExpectAnswered(RemoveUser(user).status());
      } else {
        ExpectAnswered(Add("owner", user, kOwner));
        ExpectAnswered(Add("owner", user, kAdmin));
      }
    });
  });
  EXPECT_EQ(here_.Count(kProtectedAndGone), 0);
}

}  // namespace
}  // namespace guestpass::membership
