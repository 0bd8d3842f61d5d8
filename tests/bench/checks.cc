// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/checks.h"

#include <cstdlib>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/status/macros.h"
#include "guestpass/membership/v1/membership.grpc.pb.h"
#include "nlohmann/json.hpp"
#include "tests/bench/closed_loop.h"
#include "tests/harness/servers/process.h"

namespace guestpass::bench {
namespace {

using membership::v1::CheckAccessRequest;
using membership::v1::MembershipService;
using nlohmann::json;

constexpr int kCallers = 16;
constexpr int kConnections = 4;
constexpr int kAsked = 100'000;
constexpr int kAskedByGhz = 10'000;
constexpr char kAsker[] = "messaging-gateway";

std::string AskersToken(const Crowd& crowd) { return crowd.stack().Token(kAsker, {.service = true}); }

// What ghz wrote down of its run.
absl::StatusOr<Figures> FiguresIn(const std::string& path) {
  std::ifstream file(path);
  const json report = json::parse(file, nullptr, false);
  if (!report.is_object()) return absl::InternalError("ghz wrote no JSON");
  const json& codes = report.at("statusCodeDistribution");
  if (codes.size() != 1 || !codes.contains("OK")) {
    return absl::InternalError(absl::StrCat("not every call of ghz was answered: ", codes.dump()));
  }
  Figures figures = {{"per_s", report.at("rps").get<double>()}};
  for (const json& latency : report.at("latencyDistribution")) {
    const std::string name = absl::StrCat("p", latency.at("percentage").get<int>(), "_ms");
    figures[name] = latency.at("latency").get<double>() / 1e6;
  }
  return figures;
}

json Calls(const std::vector<Someone>& asked) {
  json calls = json::array();
  for (const Someone& someone : asked) {
    calls.push_back({{"name", someone.member}, {"channel", someone.channel}, {"action", "ACTION_POST"}});
  }
  return calls;
}

}  // namespace

absl::StatusOr<Figures> MeasureChecks(Crowd& crowd, absl::Duration time) {
  ASSIGN_OR_RETURN(const std::vector<Someone> asked, crowd.Anybody(kAsked));
  const std::string token = AskersToken(crowd);
  std::vector<std::unique_ptr<MembershipService::Stub>> stubs;
  for (const auto& channel : Connections(crowd.stack().addresses().membership, kConnections)) {
    stubs.push_back(MembershipService::NewStub(channel));
  }
  size_t next = 0;
  const auto check = [&](int caller, grpc::CompletionQueue& queue, void* tag) {
    const Someone& someone = asked[next++ % asked.size()];
    CheckAccessRequest request;
    request.set_name(someone.member);
    request.set_channel(someone.channel);
    request.set_action(type::v1::ACTION_POST);
    return Begin(*stubs[static_cast<size_t>(caller) % stubs.size()],
                 &MembershipService::Stub::AsyncCheckAccess, token, request, queue, tag);
  };
  return MeasureLoop(kCallers, check, time);
}

absl::StatusOr<Figures> MeasureChecksByGhz(Crowd& crowd, absl::Duration time) {
  const char* ghz = std::getenv("GUESTPASS_GHZ");
  if (ghz == nullptr) {
    return absl::FailedPreconditionError(
        "GUESTPASS_GHZ is not set to the path of ghz; ./guestpass bench does both");
  }
  ASSIGN_OR_RETURN(const std::vector<Someone> asked, crowd.Anybody(kAskedByGhz));
  const std::string directory = crowd.stack().directory();
  const std::string calls = directory + "/ghz-calls.json", metadata = directory + "/ghz-metadata.json",
                    report = directory + "/ghz-report.json";
  std::ofstream(calls) << Calls(asked);
  RETURN_IF_ERROR(harness::WriteFile(
      metadata, json{{"authorization", absl::StrCat("Bearer ", AskersToken(crowd))}}.dump()));
  RETURN_IF_ERROR(harness::RunProgram({.args = {ghz,
                                                "--insecure",
                                                "--call",
                                                "guestpass.membership.v1.MembershipService/CheckAccess",
                                                "--data-file",
                                                calls,
                                                "--metadata-file",
                                                metadata,
                                                "--disable-template-functions",
                                                "--disable-template-data",
                                                "--concurrency",
                                                absl::StrCat(kCallers),
                                                "--connections",
                                                absl::StrCat(kConnections),
                                                "--duration",
                                                absl::FormatDuration(time),
                                                "--duration-stop",
                                                "wait",
                                                "--format",
                                                "json",
                                                "--output",
                                                report,
                                                crowd.stack().addresses().membership},
                                       .output = crowd.stack().log_dir() + "/ghz.log"},
                                      time + absl::Seconds(60)));
  return FiguresIn(report);
}

}  // namespace guestpass::bench
