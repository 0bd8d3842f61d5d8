// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/host.h"

#include <algorithm>
#include <cstdio>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/status/macros.h"
#include "common/telemetry/log.h"
#include "common/time/clock.h"
#include "google/protobuf/stubs/logging.h"

namespace guestpass::rpc {
namespace {

constexpr size_t kQueuePerThread = 128;
constexpr absl::Duration kReadyPause = absl::Milliseconds(20);
constexpr absl::Duration kReadySays = absl::Seconds(5);

// Waits for `ready` beside the signals, and says now and then what it waits for.
void ServeWhenReady(Server& server, const std::function<absl::Status()>& ready, absl::Notification& stop) {
  absl::Duration said = -absl::InfiniteDuration();
  for (;;) {
    const absl::Status status = ready == nullptr ? absl::OkStatus() : ready();
    if (status.ok()) break;
    const absl::Duration now = SystemClock().Boot();
    if (now - said >= kReadySays) {
      telemetry::Log(telemetry::Severity::kWarning, "not serving yet",
                     {{"why", std::string(status.message())}});
      said = now;
    }
    if (stop.WaitForNotificationWithTimeout(kReadyPause)) return;
  }
  server.SetServing(true);
  telemetry::Log(telemetry::Severity::kInfo, "serving", {{"port", absl::StrCat(server.port())}});
}

// A command and its one argument come first: "migrate --dry-run" is no flag.
std::vector<std::string> TakeCommand(std::vector<std::string>& arguments) {
  if (arguments.empty() || arguments[0].starts_with("-")) return {};
  const size_t count = std::min<size_t>(2, arguments.size());
  std::vector<std::string> words(arguments.begin(), arguments.begin() + count);
  arguments.erase(arguments.begin(), arguments.begin() + count);
  return words;
}

// What clients send can make the library speak: in our log's form, and only for who asks.
void OnProtobufLog(google::protobuf::LogLevel, const char*, int, const std::string& message) {
  telemetry::Log(telemetry::Severity::kDebug, "protobuf", {{"said", message}});
}

telemetry::Severity LevelOf(const std::string& text) {
  if (text == "debug") return telemetry::Severity::kDebug;
  if (text == "warning") return telemetry::Severity::kWarning;
  if (text == "error") return telemetry::Severity::kError;
  return telemetry::Severity::kInfo;
}

}  // namespace

HostOptions ReadHostOptions(config::Settings& settings) {
  HostOptions options;
  options.server.listen =
      settings.Text("listen", "where to serve gRPC, as 127.0.0.1:7001; port 0: a free one");
  options.server.drain =
      settings.DurationOr("drain", absl::Seconds(10), absl::ZeroDuration(), absl::Minutes(10),
                          "how long calls get to end when the service stops");
  options.key_set_file =
      settings.Text("key-set-file", "the file with the JSON Web Key Set that tokens are verified with");
  options.token_issuer = settings.Text("token-issuer", "the `iss` that tokens must have");
  options.token_audience = settings.TextOr("token-audience", "guestpass", "the `aud` that tokens must have");
  options.threads = settings.IntOr("threads", 48, 1, 512, "threads for calls that may block");
  options.user_services =
      absl::StrSplit(settings.TextOr("user-services", "edge",
                                     "services that are trusted to act for users, with commas between"),
                     ',');
  telemetry::SetLogLevel(LevelOf(settings.TextOr("log-level", "info", "debug, info, warning or error")));
  return options;
}

absl::StatusOr<std::unique_ptr<Host>> Host::Create(const HostOptions& options) {
  ASSIGN_OR_RETURN(auto keys, auth::KeySetSource::Open(options.key_set_file));
  return std::unique_ptr<Host>(new Host(options, std::move(keys)));
}

Host::Host(const HostOptions& options, std::unique_ptr<auth::KeySetSource> keys)
    : options_(options),
      keys_(std::move(keys)),
      verifier_(*keys_, options.token_issuer, options.token_audience),
      executor_(options.threads, options.threads * kQueuePerThread),
      runner_(executor_, verifier_, SystemClock(), options.user_services) {}

absl::Status Host::Serve(const std::vector<grpc::Service*>& services, std::vector<std::string> names,
                         const std::function<absl::Status()>& ready, const std::function<void()>& goodbye) {
  ASSIGN_OR_RETURN(const std::unique_ptr<Server> server,
                   Server::Start(options_.server, services, std::move(names)));
  absl::Notification stop;
  std::thread waiting([&] { ServeWhenReady(*server, ready, stop); });
  WaitForTerminationSignal();
  stop.Notify();
  waiting.join();
  telemetry::Log(telemetry::Severity::kInfo, "stopping");
  server->Drain(goodbye == nullptr ? [] {} : goodbye);
  executor_.Stop();  // what streams left behind may use what main takes down next
  telemetry::Log(telemetry::Severity::kInfo, "stopped");
  return absl::OkStatus();
}

int RunMain(const std::string& program, int argc, char** argv,
            const std::function<void(config::Settings&)>& read, const std::function<absl::Status()>& serve,
            const std::function<absl::Status(const std::vector<std::string>&)>& command) {
  BlockTerminationSignals();
  // The distribution's Abseil looks for cycles at every lock, gRPC's too, under one lock of its own: tests
  // may.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  telemetry::SetLogService(program);
  google::protobuf::SetLogHandler(OnProtobufLog);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  const std::vector<std::string> words = TakeCommand(arguments);
  config::Settings settings(std::move(arguments), config::ProcessEnvironment());
  read(settings);
  if (settings.HelpAsked()) {
    std::printf("%s", settings.Help().c_str());
    return 0;
  }
  if (!settings.positional().empty() || (!words.empty() && command == nullptr)) {
    const std::string& word = words.empty() ? settings.positional()[0] : words[0];
    std::fprintf(stderr, "%s: `%s` is no flag and no command here.\n", program.c_str(), word.c_str());
    return 2;
  }
  absl::Status status = settings.Finish();
  const bool misused = !status.ok();
  if (status.ok()) status = words.empty() ? serve() : command(words);
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s: %s\n", program.c_str(), std::string(status.message()).c_str());
  if (misused) std::fprintf(stderr, "%s --help lists all settings.\n", program.c_str());
  return 2;
}

}  // namespace guestpass::rpc
