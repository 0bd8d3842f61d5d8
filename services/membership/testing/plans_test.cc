// SPDX-License-Identifier: Apache-2.0
#include <functional>
#include <memory>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "gtest/gtest.h"
#include "services/membership/testing/plans_crowd.h"

// That no query reads more than it needs, by what the database counted while the store's own methods ran:
// with 100,000 members in 1,000 workspaces, one of which has 20,000, and with plans made then or while there
// were hardly any.
namespace guestpass::membership {
namespace {

using rights::Role;

constexpr int kTimes = 3;  // the first time plans, and the others use what is kept

// Tables that were read from end to end; rights_heads never has more than a row a shard.
constexpr char kScanned[] = R"sql(
  SELECT relname, seq_scan FROM pg_stat_user_tables
  WHERE seq_scan > 0 AND relname NOT IN ('rights_heads', 'schema_migrations')
)sql";

constexpr char kRead[] = R"sql(
  SELECT sum(idx_tup_read)::bigint, string_agg(indexrelname || ' ' || idx_tup_read, ', ' ORDER BY idx_tup_read DESC)
  FROM pg_stat_user_indexes WHERE idx_tup_read > 0
)sql";

// A method with arguments, and how many entries of indexes it may read, whenever it was planned.
struct Query {
  std::string name;
  int64_t most;
  std::function<absl::Status()> run;
};

class PlansTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    crowd_ = new Crowd();
    queries_ = new std::vector<Query>();
    AddReads();
    AddStoreReads();
    AddAccess();
    AddUpkeep();
    AddChanges();
    AddCreations();
    crowd_->rows().Run("ANALYZE");
    for (const Query& query : *queries_) Run(query);
    crowd_->Grow();
  }
  static void TearDownTestSuite() {
    delete queries_;
    delete crowd_;
  }

  static void Add(std::string name, int64_t most, std::function<absl::Status()> run) {
    queries_->push_back({std::move(name), most, std::move(run)});
  }
  static void AddReads();
  static void AddStoreReads();
  static void AddAccess();
  static void AddUpkeep();
  static void AddChanges();
  static void AddCreations();
  static void AddReadsOf(const std::string& who, Viewing viewing);

  static void Run(const Query& query) {
    for (int time = 0; time < kTimes; ++time) {
      const absl::Status status = query.run();
      ASSERT_TRUE(status.ok()) << query.name << ": " << status;
    }
  }

  // Runs the query, and expects that it read no table from end to end and no more than it may of indexes.
  static void ExpectFrugal(const Query& query) {
    crowd_->Flush();
    crowd_->rows().Run("SELECT pg_stat_reset()");
    Run(query);
    crowd_->Flush();
    const auto scanned = crowd_->rows().Run(kScanned);
    for (int row = 0; row < scanned.rows(); ++row) {
      ADD_FAILURE() << query.name << " scans " << scanned.Text(row, 0) << " " << scanned.Int64(row, 1)
                    << " times";
    }
    const auto read = crowd_->rows().Run(kRead);
    EXPECT_LE(read.Int64(0, 0), query.most * kTimes)
        << query.name << ", " << kTimes << " times, read these entries of indexes: " << read.Text(0, 1);
  }

  static Crowd* crowd_;
  static std::vector<Query>* queries_;
};

Crowd* PlansTest::crowd_;
std::vector<Query>* PlansTest::queries_;

void PlansTest::AddReadsOf(const std::string& who, Viewing viewing) {
  const auto add = [&](const char* name, int64_t most, auto body) {
    const auto run = [viewing, body] {
      return crowd_->store().Read(viewing,
                                  [&](MembershipReads& reads, const View&) { return body(reads).status(); });
    };
    Add(absl::StrCat(who, ": ", name), most, run);
  };
  const UserId deep = *UserId::Parse(std::string(UserId::kLength, 'a'));
  const WorkspaceId deep_workspace = *WorkspaceId::Parse(std::string(UserId::kLength, 'a'));
  const ChannelId deep_channel = *ChannelId::Parse(std::string(UserId::kLength, 'a'));
  const UserId one = crowd_->rows().Id<UserId>("u", 2), sponsor = crowd_->rows().Id<UserId>("u", 0);
  const ChannelId channel = crowd_->rows().Id<ChannelId>("PRIVATE1", 0);
  std::vector<UserId> fifty;
  for (int i = 0; i < 50; ++i) fifty.push_back(crowd_->rows().Id<UserId>("u", i));
  const auto list = [deep](const MemberQuery& query) {
    return [=](MembershipReads& reads) { return reads.ListMembers(query, deep, 50); };
  };
  // Of 20,000 are 2,000 guests; a guest's list with a filter looks at everyone that it sees.
  const bool guest = who == "guest";
  const int64_t some = guest ? 20000 : 200, few = guest ? 20000 : 6000;
  add("FindMembers of one", 150, [=](MembershipReads& reads) { return reads.FindMembers({one}); });
  add("FindMembers of fifty", 500, [=](MembershipReads& reads) { return reads.FindMembers(fifty); });
  add("ListMembers", 500, list({}));
  add("ListMembers, admins", some, list({.role = Role::kAdmin}));
  add("ListMembers, guests", some, list({.role = Role::kGuest}));
  add("ListMembers by state", some, list({.guest_state = rights::GuestState::kActive}));
  add("ListMembers by sponsor", some, list({.sponsor = sponsor}));
  add("ListMembers by time", few, list({.expire_before = absl::FromUnixSeconds(1)}));
  add("ListMembers without valid sponsor", few, list({.without_valid_sponsor = true}));
  add("CountMembers", 30000, [](MembershipReads& reads) { return reads.CountMembers({}); });
  add("CountMembersOfAll", 60000, [](MembershipReads& reads) { return reads.CountMembersOfAll({}); });
  add("FindChannel", 200, [=](MembershipReads& reads) { return reads.FindChannel(channel); });
  add("ListChannels", 200, [=](MembershipReads& reads) { return reads.ListChannels({}, deep_channel, 50); });
  add("ListNamed", 500, [=](MembershipReads& reads) { return reads.ListNamed(channel, deep, 50); });
  add("ListAudit", 100, [=](MembershipReads& reads) { return reads.ListAudit({.after_number = 1000}, 50); });
  add("ListAudit of all", 100, [=](MembershipReads& reads) {
    return reads.ListAudit({.whole_organization = true, .after_number = 1000}, 50);
  });
  add("ListWorkspaces", 200, [=](MembershipReads& reads) { return reads.ListWorkspaces({}, 50); });
  add("ListOrganizations", 200, [=](MembershipReads& reads) { return reads.ListOrganizations({}, 50); });
  add("ListOrganizationMembers", 100,
      [=](MembershipReads& reads) { return reads.ListOrganizationMembers({}, 50); });
  add("ListMembersOfAll", 200, [=](MembershipReads& reads) {
    return reads.ListMembersOfAll({}, {deep_workspace, deep}, 50);
  });
  add("ListMembersOfAll, from the start", 200,
      [=](MembershipReads& reads) { return reads.ListMembersOfAll({}, {}, 50); });
  add("ListMembersOfAll, guests", 200,
      [=](MembershipReads& reads) { return reads.ListMembersOfAll({.role = Role::kGuest}, {}, 50); });
}

void PlansTest::AddReads() {
  const WorkspaceId big = crowd_->rows().Id<WorkspaceId>("w", 0);
  AddReadsOf("owner", {.workspace = big, .user = crowd_->rows().Id<UserId>("owner", 0)});
  AddReadsOf("member", {.workspace = big, .user = crowd_->rows().Id<UserId>("u", 2)});
  AddReadsOf("guest", {.workspace = big, .user = crowd_->rows().Id<UserId>("u", 19)});
  AddReadsOf("operator",
             {.workspace = big, .user = crowd_->rows().Id<UserId>("operator", 0), .everything = true});
  const Viewing everything{.user = crowd_->rows().Id<UserId>("operator", 0), .everything = true};
  Add("operator: ListWorkspaces of all", 200, [everything] {
    return crowd_->store().Read(everything, [](MembershipReads& reads, const View&) {
      return reads.ListWorkspaces({}, 50).status();
    });
  });
}

void PlansTest::AddStoreReads() {
  PgMembershipStore& store = crowd_->store();
  const RightsQuery query{.workspace = crowd_->rows().Id<WorkspaceId>("w", 0),
                          .user = crowd_->rows().Id<UserId>("u", 2),
                          .channels = {crowd_->rows().Id<ChannelId>("PRIVATE1", 0)}};
  Add("ReadRights of one", 20, [&store, query] { return store.ReadRights({query}).status(); });
  Add("ReadRights of a thousand", 10000,
      [&store, query] { return store.ReadRights(std::vector<RightsQuery>(1000, query)).status(); });
  Add("ReadForInvites", 20, [&store, query] {
    return store.ReadForInvites({{query, "a1", true}})[0].status();
  });
  Add("ReadHeads", 600, [&store] { return store.ReadHeads().status(); });
  Add("ReadChanges", 200, [&store] { return store.ReadChanges(0, 1, 100).status(); });
  Add("NextDeadline", 1000, [&store] { return store.NextDeadline().status(); });
  Add("DueShards", 1000, [&store] { return store.DueShards().status(); });
  Add("ApplyDue", 100, [&store] { return store.ApplyDue(0, 5, {}).status(); });
  Add("ResolveJoinKey", 10, [&store] { return store.ResolveJoinKey("key1").status(); });
}

void PlansTest::AddAccess() {
  const AccessQuery query{.workspace = crowd_->rows().Id<WorkspaceId>("w", 0),
                          .asker = crowd_->rows().Id<UserId>("u", 0),
                          .user = crowd_->rows().Id<UserId>("u", 2),
                          .channel = crowd_->rows().Id<ChannelId>("PRIVATE1", 0)};
  const auto add = [query](const char* name, int64_t most, size_t count) {
    Add(name, most,
        [=] { return crowd_->access().ReadAccess(std::vector<AccessQuery>(count, query)).status(); });
  };
  add("ReadAccess of one", 20, 1);
  add("ReadAccess of a thousand", 10000, 1000);
}

// Each step clears less than there is, so that there is always something to pass by.
void PlansTest::AddUpkeep() {
  const auto add = [](const char* name, int64_t most, auto body) {
    Add(name, most, [body] { return body(crowd_->upkeep()).status(); });
  };
  const auto workspace = [](int i) { return crowd_->rows().Id<WorkspaceId>("w", i); };
  const OrganizationId organization = crowd_->rows().Id<OrganizationId>("o", 0);
  const UserId everywhere = crowd_->rows().Id<UserId>("everywhere", 0);
  const UserId gone = crowd_->rows().Id<UserId>("gone", 0), admin = crowd_->rows().Id<UserId>("u", 0);
  const WorkspaceId big = workspace(0), without_participants = workspace(8), deleted = workspace(9);
  add("PruneLog", 20, [](Upkeep& upkeep) { return upkeep.PruneLog(1, absl::Hours(1), 3); });
  add("ForgetJoinKeys", 60, [](Upkeep& upkeep) { return upkeep.ForgetJoinKeys(5); });
  add("ForgetAnswers", 60, [](Upkeep& upkeep) { return upkeep.ForgetAnswers(5); });
  add("UnclearedWorkspaces", 60, [](Upkeep& upkeep) { return upkeep.UnclearedWorkspaces(10); });
  add("ClearWorkspace, participants", 100, [=](Upkeep& upkeep) { return upkeep.ClearWorkspace(deleted, 5); });
  add("ClearWorkspace, members", 100,
      [=](Upkeep& upkeep) { return upkeep.ClearWorkspace(without_participants, 5); });
  add("CountMembers", 6000, [=](Upkeep& upkeep) { return upkeep.CountMembers(deleted); });
  add("EraseAddresses", 60, [=](Upkeep& upkeep) { return upkeep.EraseAddresses(gone, 3); });
  add("CountAddresses", 1100, [=](Upkeep& upkeep) { return upkeep.CountAddresses(everywhere); });
  // These look at the user's workspaces, 1,000, of whichever organization.
  add("WorkspacesOf", 2500,
      [=](Upkeep& upkeep) { return upkeep.WorkspacesOf(organization, everywhere, {}, 5); });
  add("CountWorkspacesOf", 2500,
      [=](Upkeep& upkeep) { return upkeep.CountWorkspacesOf(organization, everywhere, {}); });
  add("OnlyAdminOf", 10, [=](Upkeep& upkeep) { return upkeep.OnlyAdminOf({big}, admin); });
  add("WorkspacesWithAddress", 60,
      [=](Upkeep& upkeep) { return upkeep.WorkspacesWithAddress(everywhere, {}, 5); });
}

// One transaction that does most of what a transaction can with what is there, and goes back to that.
void PlansTest::AddChanges() {
  const WorkspaceId workspace = crowd_->rows().Id<WorkspaceId>("w", 0);
  const OrganizationId organization = crowd_->rows().Id<OrganizationId>("o", 0);
  const UserId user = crowd_->rows().Id<UserId>("new", 0), another = crowd_->rows().Id<UserId>("u", 2),
               owner = crowd_->rows().Id<UserId>("owner", 0);
  const ChannelId channel = crowd_->rows().Id<ChannelId>("PRIVATE1", 0);
  LockPlan plan{.workspace = workspace,
                .workspace_mode = LockMode::kUpdate,
                .channels = {{channel, LockMode::kUpdate}}};
  plan.With(user, LockMode::kUpdate).With(another, LockMode::kUpdate);
  plan.newcomer = {user, "a1"};
  const auto body = [=](MembershipTx& tx, const Locked& locked) -> absl::Status {
    const std::string once = crowd_->NewId<UserId>().ToString();
    Member member{.state = {.workspace = workspace, .user = user, .role = Role::kMember},
                  .create_time = locked.now};
    tx.InsertMember(member);
    member.state.role = Role::kViewer;
    tx.UpdateMember(member);
    tx.SetAddress(member);
    tx.UpdateOrganization(*locked.organization);
    tx.PutOrganizationMember({organization, user, rights::OrganizationRole::kAdmin});
    tx.PutOrganizationMember({organization, user, std::nullopt});
    RETURN_IF_ERROR(tx.LeaveWithoutMember(organization, user).status());
    tx.NoteRemoval(organization, user);
    RETURN_IF_ERROR(tx.NoteAddresses(organization, user, {"a1"}).status());
    tx.NoteAddress(organization, user, "a2", 1);
    RETURN_IF_ERROR(tx.FindDirect(workspace, {user, another}).status());
    tx.UpdateWorkspace(*locked.workspace);
    tx.UpdateChannel(*locked.ChannelOf(channel));
    tx.InsertParticipant(channel, user);
    tx.DeleteParticipant(channel, user);
    tx.InsertParticipant(channel, user);
    RETURN_IF_ERROR(tx.IsParticipant(channel, user).status());
    RETURN_IF_ERROR(tx.LeavePrivateChannels(workspace, user).status());
    tx.InsertJoinKey({once, JoinKey::Outcome::kJoined, workspace, user});
    tx.Audit({.action = "action", .target = "target", .organization = organization, .workspace = workspace});
    RETURN_IF_ERROR(tx.AnswerTo({"caller", "method", once, "hash"}).status());
    tx.KeepAnswer({"caller", "method", once, "hash"}, "answer");
    return tx.RemoveMember(member).status();
  };
  // Each of 20,000 members is looked at if the plan was made for few, else the 2,000 guests.
  const auto count_guests = [=](MembershipTx& tx, const Locked& locked) -> absl::Status {
    tx.OnlyJudge();
    return tx.CountGuests(workspace, another, user, locked.now).status();
  };
  const auto count_others = [=](MembershipTx& tx, const Locked&) -> absl::Status {
    tx.OnlyJudge();
    RETURN_IF_ERROR(tx.CountOtherOwners(organization, user).status());
    return tx.CountOtherAdmins(workspace, user).status();
  };
  // These leave the 1,000 channels of workspace 2, and look at none of the 100,000 others.
  const WorkspaceId busy_workspace = crowd_->rows().Id<WorkspaceId>("w", 2);
  const UserId busy = crowd_->rows().Id<UserId>("busy", 0);
  LockPlan removal{.workspace = busy_workspace};
  removal.With(busy, LockMode::kUpdate);
  const auto remove_busy = [=](MembershipTx& tx, const Locked&) -> absl::Status {
    tx.OnlyJudge();
    return tx.RemoveMember({.state = {.workspace = busy_workspace, .user = busy}}).status();
  };
  const auto make_guest = [=](MembershipTx& tx, const Locked&) -> absl::Status {
    tx.OnlyJudge();
    return tx.LeavePrivateChannels(busy_workspace, busy).status();
  };
  const auto leave_organization = [=](MembershipTx& tx, const Locked&) -> absl::Status {
    tx.OnlyJudge();
    return tx.LeaveWithoutMember(organization, busy).status();
  };
  const auto find_full = [=](MembershipTx& tx, const Locked&) -> absl::Status {
    tx.OnlyJudge();
    return tx.FindFull(busy_workspace, rights::ChannelKind::kPrivate, {another, busy}).status();
  };
  const auto own_parts = [=](MembershipTx& tx, const Locked& locked) -> absl::Status {
    tx.OnlyJudge();
    const Member member{.state = {.workspace = busy_workspace, .user = owner, .role = Role::kMember},
                        .create_time = locked.now};
    tx.InsertMember(member);
    tx.UpdateMember(member);
    return tx.RemoveMember(member).status();
  };
  LockPlan joining{.workspace = busy_workspace};
  joining.With(owner, LockMode::kUpdate);
  const auto transact = [](const LockPlan& plan, auto body) {
    return [=] { return crowd_->store().Transact(plan, {}, body).status(); };
  };
  Add("Transact", 300, transact(plan, body));
  Add("CountGuests", 20100, transact(plan, count_guests));
  Add("CountOtherOwners, CountOtherAdmins", 2100, transact(plan, count_others));
  Add("RemoveMember, of a thousand parts", 2200, transact(removal, remove_busy));
  Add("LeavePrivateChannels, a thousand", 3300, transact(removal, make_guest));
  Add("LeaveWithoutMember, none", 50, transact(removal, leave_organization));
  Add("FindFull", 1100, transact(removal, find_full));
  Add("InsertMember, UpdateMember, of an owner", 50, transact(joining, own_parts));
}

// What there was not.
void PlansTest::AddCreations() {
  const auto body = [](MembershipTx& tx, const Locked& locked) -> absl::Status {
    const Organization organization{
        .id = crowd_->NewId<OrganizationId>(), .shard = 200, .create_time = locked.now};
    const Workspace workspace{
        .state = {.workspace = crowd_->NewId<WorkspaceId>(), .organization = organization.id},
        .shard = organization.shard,
        .create_time = locked.now};
    Channel channel{.state = {.channel = crowd_->NewId<ChannelId>(),
                              .workspace = workspace.state.workspace,
                              .kind = rights::ChannelKind::kPublic},
                    .create_time = locked.now};
    tx.InsertOrganization(organization);
    tx.InsertWorkspace(workspace);
    tx.InsertChannel(channel);
    channel.state.channel = crowd_->NewId<ChannelId>();
    channel.state.kind = rights::ChannelKind::kDirect;
    tx.InsertDirect(channel, {crowd_->NewId<UserId>(), crowd_->NewId<UserId>()});
    return absl::OkStatus();
  };
  Add("Transact, an organization", 60, [=] { return crowd_->store().Transact({}, {}, body).status(); });
}

TEST_F(PlansTest, WhatWasPlannedForFewReadsNoMoreOnceThereAreMany) {
  for (const Query& query : *queries_) {
    ExpectFrugal(query);
  }
}

TEST_F(PlansTest, NothingHotReadsATableFromEndToEndOrMoreThanItNeeds) {
  crowd_->rows().Run("ANALYZE");
  for (const Query& query : *queries_) ExpectFrugal(query);
}

}  // namespace
}  // namespace guestpass::membership
