// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/decide.h"

#include <cstdlib>

#include "benchmark/benchmark.h"
#include "common/rights_feed/decide_now.h"
#include "common/rights_feed/feed.h"

namespace guestpass::bench {
namespace {

constexpr absl::Duration kBoot = absl::Hours(1);
const auto kWorkspace = *WorkspaceId::Parse("wwwwwwwwwwwwwwwwwwwwwwwwww");
const auto kOrganization = *OrganizationId::Parse("oooooooooooooooooooooooooo");
const auto kChannel = *ChannelId::Parse("cccccccccccccccccccccccccc");
const auto kUser = *UserId::Parse("uuuuuuuuuuuuuuuuuuuuuuuuuu");

rights_feed::RightsSnapshot GuestWithAGrant(absl::Time now) {
  using namespace rights;
  return {
      .found = true,
      .objects = {WorkspaceState{.workspace = kWorkspace, .organization = kOrganization},
                  OrganizationMemberState{.organization = kOrganization, .user = kUser},
                  MemberState{.workspace = kWorkspace,
                              .user = kUser,
                              .role = Role::kGuest,
                              .expire_time = now + absl::Hours(1),
                              .access_end_time = now + absl::Hours(2),
                              .grants = {kChannel}},
                  ChannelState{.channel = kChannel, .workspace = kWorkspace, .kind = ChannelKind::kPrivate},
                  ParticipantState{.channel = kChannel, .user = kUser}}};
}

void DecideHot(benchmark::State& state) {
  rights_feed::Feed feed;
  const absl::Time now = absl::FromUnixSeconds(1'800'000'000);
  feed.OnHeads(kBoot, kBoot, {.epoch = "e", .database_time = now, .heads = std::vector<uint64_t>(256, 0)});
  const rights_feed::RightsQuery query{.workspace = kWorkspace, .user = kUser, .channels = {kChannel}};
  const auto held = feed.OnSnapshot(query, "e", GuestWithAGrant(now), kBoot);
  if (!held.has_value()) std::abort();
  const rights_feed::ChannelRights& rights = held->channels[0];
  if (rights_feed::Decide(rights, rights::Action::kPost, kBoot).refusal.has_value()) std::abort();
  for (auto _ : state) {
    benchmark::DoNotOptimize(rights_feed::Decide(rights, rights::Action::kPost, kBoot));
  }
}

class Keep : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override { nanoseconds = runs[0].GetAdjustedRealTime(); }
  double nanoseconds = 0;
};

}  // namespace

Figures MeasureDecide() {
  benchmark::ClearRegisteredBenchmarks();
  benchmark::RegisterBenchmark("decide_hot", DecideHot);
  Keep keep;
  benchmark::RunSpecifiedBenchmarks(&keep);
  return {{"decide_hot", keep.nanoseconds}};
}

}  // namespace guestpass::bench
