// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/servers/private_nats.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "common/status/macros.h"
#include "tests/harness/servers/places.h"

namespace guestpass::harness {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);

// The port in {"nats":["nats://127.0.0.1:4222"],…}, or 0.
int PortIn(const std::string& path) {
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  constexpr absl::string_view kBefore = "nats://127.0.0.1:";
  const size_t start = text.find(kBefore.data(), 0, kBefore.size());
  if (start == std::string::npos) return 0;
  const std::string rest = text.substr(start + kBefore.size());
  int port = 0;
  return absl::SimpleAtoi(rest.substr(0, rest.find('"')), &port) ? port : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<PrivateNats>> PrivateNats::Start(NatsOptions options) {
  std::unique_ptr<PrivateNats> server(new PrivateNats(std::move(options)));
  if (server->options_.directory.empty()) {
    ASSIGN_OR_RETURN(server->directory_, MakeTempDirectory());
  } else {
    server->directory_ = std::filesystem::absolute(server->options_.directory).lexically_normal();
    RETURN_IF_ERROR(MakeDirectory(server->directory_));
  }
  RETURN_IF_ERROR(server->Restart());
  return server;
}

PrivateNats::~PrivateNats() {
  Stop();
  std::error_code ignored;
  if (options_.directory.empty() && !directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::string PrivateNats::url() const { return absl::StrCat("nats://127.0.0.1:", port_); }

void PrivateNats::Stop() {
  if (server_.has_value()) server_->Stop(SIGKILL);
  server_.reset();
}

absl::Status PrivateNats::Restart() {
  Stop();
  std::vector<std::string> args = {
      "nats-server",      "-a",      "127.0.0.1", "-p", absl::StrCat(port_ == 0 ? -1 : port_),
      "--ports_file_dir", directory_};
  args.insert(args.end(), options_.args.begin(), options_.args.end());
  ASSIGN_OR_RETURN(Process server,
                   Process::Start({.args = std::move(args), .output = log(), .unprivileged = true}));
  server_.emplace(std::move(server));
  return AwaitReady();
}

absl::Status PrivateNats::AwaitReady() {
  const std::string ports = absl::StrCat(directory_, "/nats-server_", server_->pid(), ".ports");
  const absl::Time deadline = absl::Now() + kPatience;
  while (absl::Now() < deadline && server_->Running()) {
    if (const int port = PortIn(ports); port != 0) {
      port_ = port;
      return absl::OkStatus();
    }
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::InternalError(absl::StrCat("nats-server does not start\n", Tail(log())));
}

}  // namespace guestpass::harness
