// SPDX-License-Identifier: Apache-2.0
// Prints docs/plans.md.
#include <libpq-fe.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "services/membership/storage/postgres/membership_migrations.h"
#include "services/membership/storage/postgres/pg_access_reader.h"
#include "services/membership/storage/postgres/pg_membership_store.h"
#include "services/membership/testing/crowd_rows.h"
#include "services/membership/testing/short_plan.h"
#include "services/membership/testing/silent.h"
#include "tests/harness/servers/test_database.h"

namespace guestpass::membership {
namespace {

using rights::Role;

constexpr int kOrganizations = 1000, kOrganizationsAtOnce = 50, kBigWorkspace = 100090, kMembersEach = 90;
constexpr int kMaxLines = 25;

// So that the server tells each session the plan of each of its statements.
constexpr char kExplain[] =
    " options='-c session_preload_libraries=auto_explain -c auto_explain.log_min_duration=0"
    " -c auto_explain.log_analyze=on -c auto_explain.log_timing=off -c auto_explain.log_level=notice'";

constexpr char kIntroduction[] = R"md(# Plans of membership's hot queries

Printed by `bazel run //services/membership/testing:plans > docs/plans.md`: the store's methods run on 1,000,000
members in 10,000 workspaces of 1,000 organizations, 100,000 of them guests; one workspace has 100,090 members
and is the one that is read. PostgreSQL tells the plan of each statement (`auto_explain`) as the sessions of a
service get it ([ADR 8](adr/0008-statements-are-planned-once.md)): made once, for any parameters. `rows` are those
of one loop, on the average. Costs and what was never executed are left out, and nested loops that feed each
other are one ([short_plan.h](../services/membership/testing/short_plan.h)). The program prints no plan that scans
a table; `plans_test` holds these and all other statements of the store to what they may read.
)md";

// A statement of a call: the part of its text that tells it from the call's others, and what to say of it.
struct Statement {
  std::string part, title, sentence;
};

struct Call {
  std::function<absl::Status()> run;
  std::vector<Statement> statements;
};

[[noreturn]] void Die(absl::string_view why) {
  std::fprintf(stderr, "plans: %s\n", std::string(why).c_str());
  std::exit(1);
}

void OrDie(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

// What PostgreSQL says of one statement: its text and the plan.
struct Explained {
  std::string sql, plan;
};

// Notices begin "duration: … plan:\nQuery Text: …", and the plan where its first node has its cost.
void TakeNotice(void* explained, const PGresult* notice) {
  const char* field = PQresultErrorField(notice, PG_DIAG_MESSAGE_PRIMARY);
  const std::string text = field == nullptr ? "" : field;
  const size_t cost = text.find("  (cost=");
  if (cost == std::string::npos) return;
  const size_t plan = text.rfind('\n', cost) + 1;
  static_cast<std::vector<Explained>*>(explained)->push_back({text.substr(0, plan), text.substr(plan)});
}

// Made short, and good enough to be shown.
std::string Shown(const std::string& title, const std::string& plan) {
  if (absl::StrContains(plan, "Seq Scan")) Die(absl::StrCat(title, " scans a table:\n", plan));
  std::string shown = ShortPlan(plan);
  if (std::count(shown.begin(), shown.end(), '\n') > kMaxLines) {
    Die(absl::StrCat(title, " has a plan too long to be read:\n", shown));
  }
  return shown;
}

// The rows, and what reads and changes them on a pool of one session, which says what it is told.
class Plans {
 public:
  Plans() {
    Fill();
    const auto lease = pool_.Acquire();
    OrDie(lease.status());
    PQsetNoticeReceiver((**lease).connection(), TakeNotice, &explained_);
  }

  void Print() {
    std::fputs(kIntroduction, stdout);
    for (const Call& call : Calls()) {
      explained_.clear();
      OrDie(call.run());
      for (const Statement& statement : call.statements) Print(statement);
    }
  }

 private:
  void Fill() {
    for (int first = 0; first < kOrganizations; first += kOrganizationsAtOnce) {
      rows_.AddOrganizations(first, first + kOrganizationsAtOnce - 1);
    }
    rows_.AddMembers(0, 0, 0, kBigWorkspace - 1);
    rows_.AddMembers(1, kOrganizations * 10 - 1, 0, kMembersEach - 1);
    rows_.AddConversations(0, 19999);
    rows_.Run("VACUUM ANALYZE");
  }

  void Print(const Statement& statement) const {
    for (const Explained& explained : explained_) {
      if (!absl::StrContains(explained.sql, statement.part)) continue;
      std::printf("\n## %s\n\n%s\n\n```\n%s```\n", statement.title.c_str(), statement.sentence.c_str(),
                  Shown(statement.title, explained.plan).c_str());
      return;
    }
    std::string told;
    for (const Explained& explained : explained_) absl::StrAppend(&told, explained.sql);
    Die(absl::StrCat(statement.title, " was not run, but:\n", told));
  }

  std::vector<Call> Calls();
  Call Lists(UserId viewer, std::function<absl::Status(MembershipReads&)> body,
             std::vector<Statement> statements);
  Call Rights();
  Call Change();
  Call Join();

  template <typename IdType>
  IdType Id(const char* kind, int number) {
    return rows_.Id<IdType>(kind, number);
  }

  const harness::TestDatabase database_{MembershipMigrations()};
  CrowdRows rows_{database_.conninfo()};
  std::vector<Explained> explained_;
  postgres::Pool pool_{{.conninfo = database_.conninfo() + kExplain, .size = 1}};
  Silent silent_;
  PgMembershipStore store_{pool_, silent_};
  PgAccessReader access_{pool_};
};

Call Plans::Lists(UserId viewer, std::function<absl::Status(MembershipReads&)> body,
                  std::vector<Statement> statements) {
  const Viewing viewing{.workspace = Id<WorkspaceId>("w", 0), .user = std::move(viewer)};
  return {[this, viewing, body] {
            return store_.Read(viewing, [&](MembershipReads& reads, const View&) { return body(reads); });
          },
          std::move(statements)};
}

Call Plans::Rights() {
  const RightsQuery query{.workspace = Id<WorkspaceId>("w", 0),
                          .user = Id<UserId>("u", 2),
                          .channels = {Id<ChannelId>("PRIVATE1", 0)}};
  return {[this, query] { return store_.ReadRights(std::vector<RightsQuery>(100, query)).status(); },
          {{"h.n, o.role", "BatchGetRights: members", "100 members with their workspaces and roles."},
           {"p.present, w.shard", "BatchGetRights: channels", "A channel asked for with each of them."}}};
}

// A MEMBER becomes a VIEWER, by an ADMIN.
Call Plans::Change() {
  const UserId admin = Id<UserId>("u", 0), user = Id<UserId>("u", 2);
  LockPlan plan{.workspace = Id<WorkspaceId>("w", 0)};
  plan.With(admin, LockMode::kShare).With(user, LockMode::kUpdate);
  const auto change = [user](MembershipTx& tx, const Locked& locked) -> absl::Status {
    Member member = *locked.MemberOf(user);
    member.state.role = Role::kViewer;
    tx.UpdateMember(member);
    tx.Audit({.action = "member.updated",
              .target = "workspaces/w/members/u",
              .organization = locked.organization->id,
              .workspace = member.state.workspace,
              .after = member.state});
    return absl::OkStatus();
  };
  return {[=, this] { return store_.Transact(plan, {.user = admin}, change).status(); },
          {{"pg_advisory_xact_lock", "A change: locks",
            "All of them, in the order of the plan; what follows reads what they keep as it is."},
           {"FOR NO KEY UPDATE", "A change: rows of members", "Those that change, which batches write, too."},
           {"now_us(), rights_epoch()", "A change: organization, workspace, head", "And the clock."},
           {"SELECT q.i, q.id, o.role", "A change: people",
            "Their roles in the organization, and their members."},
           {"UPDATE members", "A change: the member", "The change itself."},
           {"UPDATE rights_heads", "A change: the head and the logs",
            "The last statement: advances the shard's head and writes whatever is told of the change."}}};
}

// As a guest whose inviter has a cap. Judged only, so that the crowd stays what it is.
Call Plans::Join() {
  const UserId inviter = Id<UserId>("u", 0), user = Id<UserId>("new", 0);
  const WorkspaceId workspace = Id<WorkspaceId>("w", 0);
  LockPlan plan{.workspace = workspace, .channels = {{Id<ChannelId>("PUBLIC1", 0), LockMode::kShare}}};
  plan.With(inviter, LockMode::kShare).With(user, LockMode::kUpdate);
  plan.newcomer = {user, "a@example.com"};
  const auto join = [=](MembershipTx& tx, const Locked& locked) -> absl::Status {
    tx.OnlyJudge();
    return tx.CountGuests(workspace, inviter, user, locked.now).status();
  };
  return {
      [=, this] { return store_.Transact(plan, {.user = user}, join).status(); },
      {{"FROM channels WHERE", "JoinMember: channels", "Those granted; its other locks are a change's."},
       {"FILTER (WHERE m.sponsor", "JoinMember: guests", "Counted only where the workspace has a cap (G9)."},
       {"removed_members", "JoinMember: removals", "Of the user or the address, after the invite (M7)."}}};
}

std::vector<Call> Plans::Calls() {
  const UserId member = Id<UserId>("u", 2), guest = Id<UserId>("u", 19), owner = Id<UserId>("owner", 0);
  const UserId deep = *UserId::Parse(std::string(UserId::kLength, 'm'));
  const WorkspaceId deep_workspace = *WorkspaceId::Parse(std::string(WorkspaceId::kLength, 'b'));
  const auto page = [=](MembershipReads& reads) { return reads.ListMembers({}, deep, 50).status(); };
  const auto page_of_all = [=](MembershipReads& reads) {
    return reads.ListMembersOfAll({}, {deep_workspace, deep}, 50).status();
  };
  const auto channels = [](MembershipReads& reads) { return reads.ListChannels({}, {}, 50).status(); };
  const AccessQuery check{.workspace = Id<WorkspaceId>("w", 0),
                          .asker = Id<UserId>("u", 0),
                          .user = member,
                          .channel = Id<ChannelId>("PRIVATE1", 0)};
  return {
      {[=, this] { return access_.ReadAccess(std::vector<AccessQuery>(100, check)).status(); },
       {{"FROM unnest", "CheckAccess", "As many checks as wait at the moment are one statement; here 100."}}},
      Rights(),
      Lists(member, page,
            {{"o.role, m.user_id FROM", "ListMembers, for a member", "A page of 50 from the middle."}}),
      Lists(guest, page, {{"u.user_id", "ListMembers, for a guest", "A page of 50 of those it sees (M2)."}}),
      Lists(
          owner, page_of_all,
          {{"om.role", "Every read: where the viewer stands", "The first statement of each read's snapshot."},
           {"CASE w.id", "ListMembers over an organization", "A page of 50, to an owner."}}),
      Lists(member, channels, {{"FROM channels", "ListChannels, for a member", "A page of 50."}}),
      Lists(guest, channels, {{"AS g (id)", "ListChannels, for a guest", "Granted ones and conversations."}}),
      Change(),
      Join(),
      {[=, this] { return store_.ApplyDue(0, 250, {}).status(); },
       {{"SKIP LOCKED", "ApplyDueExpirations: locks", "A batch of a shard's guests, the longest due first."},
        {"SET recorded_state", "ApplyDueExpirations: states",
         "By where the rows are; then heads and logs."}}},
      {[=, this] { return store_.NextDeadline().status(); },
       {{"min(d.due_us)", "NextDeadline", "One look into the index for each shard."}}},
      {[=, this] { return store_.DueShards().status(); }, {{"SELECT h.shard", "DueShards", "The same way."}}},
      {[=, this] { return store_.ReadChanges(0, 1000, 500).status(); },
       {{"FROM rights_log", "ListRightsChanges", "What a shard's log has after a number."}}},
  };
}

}  // namespace
}  // namespace guestpass::membership

int main() { guestpass::membership::Plans().Print(); }
