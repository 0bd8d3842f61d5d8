// SPDX-License-Identifier: Apache-2.0
// ./guestpass bench: ours and the peer's figures for the same work, in turn, in one run.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "tests/bench/peer.h"
#include "tests/bench/works.h"

namespace guestpass::bench {
namespace {

struct Options {
  bool quick = false;
  std::string json;
  std::set<std::string> names;  // empty: all
};

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

absl::Status Measure(const Group& group, int rounds, const Peer& peer, std::vector<Row>& rows) {
  if (absl::Status status = group.start(); !status.ok()) return status;
  for (int round = 1; round <= rounds; ++round) {
    std::fprintf(stderr, "round %d of %d\n", round, rounds);
    for (const Work& work : group.works) {
      if (absl::Status status = Round(work, peer, rows); !status.ok()) return status;
    }
  }
  group.stop();
  return absl::OkStatus();
}

absl::Status Run(const Options& options, const Peer& peer, std::vector<Row>& rows) {
  std::vector<Group> groups = AllGroups(options.quick);
  for (Group& group : groups) {
    std::erase_if(group.works, [&](const Work& work) { return !Wanted(work, options); });
    for (const Work& work : group.works) {
      for (const auto& filled : work.rows) rows.push_back({.what = filled.row});
    }
  }
  if (rows.empty()) return absl::InvalidArgumentError("no row has such a name");
  for (const Group& group : groups) {
    if (group.works.empty()) continue;
    if (absl::Status status = Measure(group, options.quick ? 1 : 3, peer, rows); !status.ok()) return status;
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
  absl::SetMutexDeadlockDetectionMode(
      absl::OnDeadlockCycle::kIgnore);  // as the services (common/rpc/host.cc)
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
