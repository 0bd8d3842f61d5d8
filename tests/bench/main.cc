// SPDX-License-Identifier: Apache-2.0
// ./guestpass bench: ours and the peer's figures for the same work, in turn, in one run.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <set>

#include "absl/strings/str_cat.h"
#include "tests/bench/decide.h"
#include "tests/bench/expiries.h"
#include "tests/bench/peer.h"
#include "tests/bench/posts.h"
#include "tests/bench/revocations.h"

namespace guestpass::bench {
namespace {

struct Options {
  bool quick = false;
  std::string json;
  std::set<std::string> names;  // empty: all
};

// One measurement: what it fills, how, and what the peer calls the same.
struct Work {
  struct Filled {
    RowName row;
    std::string figure;  // in our figures and in the peer's
  };
  std::vector<Filled> rows;
  std::string peer_mode;  // empty: no peer does this
  std::function<absl::StatusOr<Figures>()> measure;
};

std::vector<Work> AllWork(const Options& options, harness::Stack*& stack, Posters*& posters) {
  const absl::Duration time = options.quick ? absl::Seconds(2) : absl::Seconds(5);
  const auto posts = [&stack, &posters, time](int clients, int in_flight) {
    return [=, &stack, &posters] { return posters->Measure(*stack, clients, in_flight, time); };
  };
  const auto expiries = [&stack](int count) {
    return [&stack, count] { return MeasureExpiries(*stack, count); };
  };
  const int revocations = options.quick ? 200 : 1000;
  return {
      {{{{"decide_hot", "ns", false}, "decide_hot"}}, "", [] { return MeasureDecide(); }},
      {{{{"post_1_client_p50", "ms", false}, "p50_ms"}}, "post_1_client", posts(1, 1)},
      {{{{"post_32x1", "posts/s", true}, "posts_per_s"}}, "post_32x1", posts(32, 1)},
      {{{{"post_32x8", "posts/s", true}, "posts_per_s"}, {{"post_32x8_p99", "ms", false}, "p99_ms"}},
       "post_32x8",
       posts(32, 8)},
      {{{{"revoke_notice_p50", "ms", false}, "p50_ms"}, {{"revoke_notice_p99", "ms", false}, "p99_ms"}},
       "",
       [&stack, revocations] { return MeasureRevocations(*stack, revocations); }},
      {{{{"expiry_100_p99", "ms", false}, "p99_late_ms"}}, "expiry_100", expiries(100)},
      {{{{"expiry_10000_max", "ms", false}, "max_late_ms"}}, "expiry_10000", expiries(10'000)},
  };
}

bool Wanted(const Work& work, const Options& options) {
  if (options.names.empty()) return true;
  for (const auto& filled : work.rows) {
    if (options.names.contains(filled.row.name)) return true;
  }
  return false;
}

absl::Status Add(const Work& work, const Figures& figures, std::vector<double> Row::*side,
                 std::vector<Row>& rows) {
  for (const auto& filled : work.rows) {
    const auto figure = figures.find(filled.figure);
    if (figure == figures.end())
      return absl::InternalError(absl::StrCat("no ", filled.figure, " was measured"));
    for (Row& row : rows) {
      if (row.what.name == filled.row.name) (row.*side).push_back(figure->second);
    }
  }
  return absl::OkStatus();
}

absl::Status Round(const Work& work, const Peer& peer, std::vector<Row>& rows) {
  std::fprintf(stderr, "  %s\n", work.rows[0].row.name.c_str());
  const auto ours = work.measure();
  if (!ours.ok()) return ours.status();
  if (absl::Status status = Add(work, *ours, &Row::ours, rows); !status.ok()) return status;
  if (work.peer_mode.empty() || !peer.exists()) return absl::OkStatus();
  const auto peers = peer.Measure(work.peer_mode);
  if (!peers.ok()) return peers.status();
  return Add(work, *peers, &Row::peers, rows);
}

absl::Status Run(const Options& options, const Peer& peer, std::vector<Row>& rows) {
  harness::Stack* stack = nullptr;
  Posters* posters = nullptr;
  std::vector<Work> all = AllWork(options, stack, posters);
  std::erase_if(all, [&](const Work& work) { return !Wanted(work, options); });
  if (all.empty()) return absl::InvalidArgumentError("no row has such a name");
  for (const Work& work : all) {
    for (const auto& filled : work.rows) rows.push_back({.what = filled.row});
  }
  auto started = harness::Stack::Start(
      {.env = {{"messaging-gateway", {{"GUESTPASS_GUEST_POSTS_PER_MINUTE", "1000000000"}}}}});
  if (!started.ok()) return started.status();
  stack = started->get();
  auto made = Posters::Make(*stack, 32);
  if (!made.ok()) return made.status();
  posters = &*made;
  const int rounds = options.quick ? 1 : 3;
  for (int round = 1; round <= rounds; ++round) {
    std::fprintf(stderr, "round %d of %d\n", round, rounds);
    for (const Work& work : all) {
      if (absl::Status status = Round(work, peer, rows); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

absl::Status Parse(int argc, char** argv, Options& options) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--quick") {
      options.quick = true;
    } else if (argument == "--json" && i + 1 < argc) {
      options.json = argv[++i];
    } else if (argument.starts_with("-")) {
      return absl::InvalidArgumentError("usage: ./guestpass bench [--quick] [--json FILE] [NAME…]");
    } else {
      options.names.insert(argument);
    }
  }
  return absl::OkStatus();
}

int Main(int argc, char** argv) {
  Options options;
  const char* directory = std::getenv("GUESTPASS_BENCH_PEER");
  const Peer peer(directory == nullptr ? "" : directory);
  if (!peer.exists()) {
    std::fprintf(stderr,
                 "No peer to compare with: GUESTPASS_BENCH_PEER names no directory with a program `run`.\n");
  }
  std::vector<Row> rows;
  absl::Status status = Parse(argc, argv, options);
  if (status.ok()) status = Run(options, peer, rows);
  if (!status.ok()) {
    std::fprintf(stderr, "bench: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  std::printf("%s", Table(rows).c_str());
  if (!options.json.empty()) std::ofstream(options.json) << Json(rows);
  return 0;
}

}  // namespace
}  // namespace guestpass::bench

int main(int argc, char** argv) { return guestpass::bench::Main(argc, argv); }
