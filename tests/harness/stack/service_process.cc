// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/stack/service_process.h"

#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "common/rpc/client.h"
#include "common/status/macros.h"
#include "grpc/health/v1/health.pb.h"
#include "grpcpp/generic/generic_stub.h"
#include "grpcpp/impl/codegen/proto_utils.h"
#include "tests/harness/servers/places.h"

namespace guestpass::harness {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

constexpr absl::Duration kMigrationTimeout = absl::Seconds(60);
constexpr absl::Duration kProbeTimeout = absl::Milliseconds(500);
constexpr absl::Duration kBetweenProbes = absl::Milliseconds(10);

bool Serves(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::TemplatedGenericStub<HealthCheckRequest, HealthCheckResponse> stub(channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + kProbeTimeout));
  context.set_wait_for_ready(true);
  HealthCheckRequest request;
  HealthCheckResponse response;
  absl::Notification answered;
  grpc::Status status;
  stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", grpc::StubOptions(), &request, &response,
                 [&](grpc::Status given) {
                   status = std::move(given);
                   answered.Notify();
                 });
  answered.WaitForNotification();
  return status.ok() && response.status() == HealthCheckResponse::SERVING;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServiceProcess>> ServiceProcess::Create(ServiceOptions options) {
  std::unique_ptr<ServiceProcess> service(new ServiceProcess(std::move(options)));
  ASSIGN_OR_RETURN(service->port_, FreePort());
  service->options_.env["GUESTPASS_LISTEN"] = service->address();
  return service;
}

std::string ServiceProcess::address() const { return absl::StrCat("127.0.0.1:", port_); }

absl::Status ServiceProcess::Migrate() {
  return RunProgram(
      {.args = {options_.program, "migrate", "up"}, .env = options_.env, .output = options_.log},
      kMigrationTimeout);
}

absl::Status ServiceProcess::Launch() {
  ASSIGN_OR_RETURN(Process process,
                   Process::Start({.args = {options_.program}, .env = options_.env, .output = options_.log}));
  process_.emplace(std::move(process));
  return absl::OkStatus();
}

absl::Status ServiceProcess::AwaitServing(absl::Duration timeout) {
  const auto channel = rpc::Dial(address());
  const absl::Time deadline = absl::Now() + timeout;
  while (Running() && absl::Now() < deadline) {
    if (Serves(channel)) return absl::OkStatus();
    absl::SleepFor(kBetweenProbes);
  }
  return absl::InternalError(absl::StrCat(name(), Running() ? " does not become SERVING" : " has ended", "; ",
                                          log(), " ends with\n", Tail(log())));
}

absl::Status ServiceProcess::Restart() {
  RETURN_IF_ERROR(Launch());
  return AwaitServing();
}

void ServiceProcess::Kill() {
  if (process_.has_value()) process_->Stop(SIGKILL);
}

void ServiceProcess::Freeze() { Signal(SIGSTOP); }

void ServiceProcess::Thaw() { Signal(SIGCONT); }

int ServiceProcess::Stop(absl::Duration grace) {
  return process_.has_value() ? process_->Stop(SIGTERM, grace) : 0;
}

void ServiceProcess::Signal(int signal) {
  if (process_.has_value()) process_->Signal(signal);
}

std::optional<int> ServiceProcess::WaitForExit(absl::Duration timeout) {
  return process_.has_value() ? process_->Wait(timeout) : std::nullopt;
}

absl::StatusOr<std::string> FindServiceProgram(absl::string_view service) {
  const std::string folder = absl::StrReplaceAll(service, {{"-", "_"}});
  std::vector<std::string> roots;
  if (const char* named = std::getenv("GUESTPASS_BIN"); named != nullptr) roots.push_back(named);
  std::error_code ignored;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", ignored).string();
  if (const size_t tests = self.rfind("/tests/"); tests != std::string::npos) {
    roots.push_back(self.substr(0, tests));
  }
  for (const std::string& root : roots) {
    std::string path = absl::StrCat(root, "/services/", folder, "/", folder);
    if (access(path.c_str(), X_OK) == 0) return path;
  }
  return absl::NotFoundError(absl::StrCat("There is no program services/", folder, "/", folder,
                                          ": build //services/... with Bazel, or set GUESTPASS_BIN to the "
                                          "directory that has services/ in it (bazel-bin)."));
}

}  // namespace guestpass::harness
