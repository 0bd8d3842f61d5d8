// SPDX-License-Identifier: Apache-2.0
#include "common/nats/connection.h"

#include <nats/nats.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <sstream>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "common/telemetry/log.h"

namespace guestpass::nats {
namespace {

constexpr int kMostPendingMessages = 1 << 20;
constexpr int kMostPendingBytes = 256 << 20;
constexpr int64_t kReconnectWaitMs = 100;
constexpr int64_t kReconnectJitterMs = 20;
constexpr int64_t kConnectTimeoutMs = 2'000;

// A server that no longer reads holds a publisher up for so long, once; then the connection is away.
constexpr int64_t kWriteDeadlineMs = 500;

// The least that the library takes; 0 would mean 8 MB.
constexpr int kNoReconnectBuffer = 1;

absl::Status Unavailable(natsStatus status) {
  return Error(Reason::kServiceUnavailable,
               absl::StrCat("NATS does not answer (", natsStatus_GetText(status), ")."));
}

absl::StatusOr<std::string> ReadToken(const std::string& path) {
  std::ifstream file(path);
  if (!file) {
    return absl::InvalidArgumentError(
        absl::StrCat("The NATS token file ", path, " cannot be read: name a readable file."));
  }
  std::ostringstream text;
  text << file.rdbuf();
  return std::string(absl::StripAsciiWhitespace(text.str()));
}

void OnNatsMessage(natsConnection*, natsSubscription*, natsMsg* message, void* closure) {
  const auto& receiver = *static_cast<std::shared_ptr<Receiver>*>(closure);
  receiver->Deliver(natsMsg_GetSubject(message),
                    absl::string_view(natsMsg_GetData(message), natsMsg_GetDataLength(message)));
  natsMsg_Destroy(message);
}

void OnSubscriptionEnd(void* closure) { delete static_cast<std::shared_ptr<Receiver>*>(closure); }

void OnError(natsConnection*, natsSubscription*, natsStatus status, void*) {
  telemetry::Log(telemetry::Severity::kWarning,
                 "NATS reports an error; what was lost is repaired from the database.",
                 {{"error", natsStatus_GetText(status)}});
}

bool IsUrl(absl::string_view url) {
  for (absl::string_view scheme : {"nats://", "tls://"}) {
    if (absl::StartsWith(url, scheme)) return url.size() > scheme.size();
  }
  return false;
}

// The URL without user and password.
std::string WithoutCredentials(absl::string_view url) {
  const size_t at = url.rfind('@');
  const size_t scheme = url.find("://");
  if (at == absl::string_view::npos) return std::string(url);
  return absl::StrCat(scheme == absl::string_view::npos ? "" : url.substr(0, scheme + 3), url.substr(at + 1));
}

}  // namespace

struct Connection::Events {
  std::string url;  // for the log
  std::string token_file;
  std::string token;  // of the connecting under way
  std::atomic<bool> up{false};
  absl::Mutex mutex;
  bool closing ABSL_GUARDED_BY(mutex) = false;  // by us: what comes after is not told
  bool closed ABSL_GUARDED_BY(mutex) = false;   // by the library: then no event comes after
  std::function<void()> on_reconnect ABSL_GUARDED_BY(mutex);

  void LogAway() {
    telemetry::Log(
        telemetry::Severity::kWarning,
        "NATS is not reachable: changes arrive late, from the database, until it is back; start it, "
        "or correct the NATS URL.",
        {{"url", url}});
  }

  static void Lost(natsConnection*, void* closure) {
    auto& events = *static_cast<Events*>(closure);
    events.up = false;
    absl::MutexLock lock(&events.mutex);
    if (!events.closing) events.LogAway();
  }

  static void Back(natsConnection*, void* closure) {
    auto& events = *static_cast<Events*>(closure);
    events.up = true;
    absl::MutexLock lock(&events.mutex);
    if (events.closing) return;
    telemetry::Log(telemetry::Severity::kInfo, "NATS is connected.", {{"url", events.url}});
    if (events.on_reconnect != nullptr) events.on_reconnect();
  }

  // The last event: by us, or because the server refuses who we are.
  static void Closed(natsConnection*, void* closure) {
    auto* events = static_cast<Events*>(closure);
    events->up = false;
    {
      absl::MutexLock lock(&events->mutex);
      events->closed = true;
      if (!events->closing) {
        telemetry::Log(telemetry::Severity::kError,
                       "NATS refuses this service: correct its NATS user, password or token, and restart it.",
                       {{"url", events->url}});
        return;
      }
    }
    delete events;
  }

  static const char* Token(void* closure) {
    auto& events = *static_cast<Events*>(closure);
    if (auto token = ReadToken(events.token_file); token.ok()) events.token = *std::move(token);
    return events.token.c_str();
  }

  natsStatus Apply(const ConnectionOptions& from, natsOptions* to) {
    const std::vector<std::string> urls = absl::StrSplit(from.url, ',');
    std::vector<const char*> servers;
    for (const std::string& url : urls) servers.push_back(url.c_str());
    const int64_t ping_ms = absl::ToInt64Milliseconds(from.ping_interval);
    natsStatus s = natsOptions_SetServers(to, servers.data(), static_cast<int>(servers.size()));
    if (s == NATS_OK) s = natsOptions_SetName(to, from.name.c_str());
    if (s == NATS_OK && !from.user.empty()) {
      s = natsOptions_SetUserInfo(to, from.user.c_str(), from.password.c_str());
    }
    if (s == NATS_OK && !token_file.empty()) s = natsOptions_SetTokenHandler(to, Token, this);
    if (s == NATS_OK) s = natsOptions_SetTimeout(to, kConnectTimeoutMs);
    if (s == NATS_OK) s = natsOptions_SetWriteDeadline(to, kWriteDeadlineMs);
    if (s == NATS_OK) s = natsOptions_SetPingInterval(to, ping_ms);
    if (s == NATS_OK) s = natsOptions_SetMaxPingsOut(to, 2);
    if (s == NATS_OK) s = natsOptions_SetMaxReconnect(to, -1);
    if (s == NATS_OK) s = natsOptions_SetReconnectWait(to, kReconnectWaitMs);
    if (s == NATS_OK) s = natsOptions_SetReconnectJitter(to, kReconnectJitterMs, kReconnectJitterMs);
    if (s == NATS_OK) s = natsOptions_SetReconnectBufSize(to, kNoReconnectBuffer);
    if (s == NATS_OK) s = natsOptions_SetMaxPendingMsgs(to, kMostPendingMessages);
    if (s == NATS_OK) s = natsOptions_SetErrorHandler(to, OnError, nullptr);
    if (s == NATS_OK) s = natsOptions_SetDisconnectedCB(to, Lost, this);
    if (s == NATS_OK) s = natsOptions_SetReconnectedCB(to, Back, this);
    if (s == NATS_OK) s = natsOptions_SetClosedCB(to, Closed, this);
    if (s == NATS_OK) s = natsOptions_SetRetryOnFailedConnect(to, true, Back, this);
    return s;
  }
};

absl::StatusOr<std::unique_ptr<Connection>> Connection::Connect(const ConnectionOptions& options) {
  const std::string shown = WithoutCredentials(options.url);
  const absl::Status bad_url = absl::InvalidArgumentError(
      absl::StrCat("The NATS URL '", shown, "' cannot be used: write it as nats://host:port."));
  const std::vector<absl::string_view> urls = absl::StrSplit(options.url, ',');
  if (!std::all_of(urls.begin(), urls.end(), IsUrl)) return bad_url;
  auto events = std::make_unique<Events>();
  events->url = shown;
  events->token_file = options.token_file;
  if (!options.token_file.empty()) {
    if (const auto token = ReadToken(options.token_file); !token.ok()) return token.status();
  }
  natsOptions* library_options = nullptr;
  natsConnection* connection = nullptr;
  natsStatus status = natsOptions_Create(&library_options);
  if (status == NATS_OK) status = events->Apply(options, library_options);
  if (status == NATS_OK) status = natsConnection_Connect(&connection, library_options);
  natsOptions_Destroy(library_options);
  if (status != NATS_OK && status != NATS_NOT_YET_CONNECTED) return bad_url;
  if (status == NATS_NOT_YET_CONNECTED) events->LogAway();
  if (status == NATS_OK) events->up = natsConnection_Status(connection) == NATS_CONN_STATUS_CONNECTED;
  return std::unique_ptr<Connection>(new Connection(connection, events.release()));
}

Connection::~Connection() {
  bool closed;
  {
    absl::MutexLock lock(&events_->mutex);
    closed = events_->closed;
    events_->closing = true;
    events_->on_reconnect = nullptr;
  }
  natsConnection_Destroy(connection_);
  if (closed) delete events_;
}

absl::Status Connection::Publish(absl::string_view subject, absl::string_view bytes) {
  if (!connected()) return Unavailable(NATS_CONNECTION_DISCONNECTED);
  const natsStatus status = natsConnection_Publish(connection_, std::string(subject).c_str(), bytes.data(),
                                                   static_cast<int>(bytes.size()));
  if (status == NATS_OK) return absl::OkStatus();
  if (status != NATS_MAX_PAYLOAD && status != NATS_INVALID_SUBJECT) return Unavailable(status);
  return Error(Reason::kInternal,
               absl::StrCat("NATS does not take this message (", natsStatus_GetText(status), ")."));
}

absl::StatusOr<std::unique_ptr<Subscription>> Connection::Subscribe(absl::string_view subject,
                                                                    OnMessage on_message) {
  auto receiver = std::make_shared<Receiver>(std::move(on_message));
  auto* closure = new std::shared_ptr<Receiver>(receiver);
  natsSubscription* subscription = nullptr;
  natsStatus status = natsConnection_Subscribe(&subscription, connection_, std::string(subject).c_str(),
                                               OnNatsMessage, closure);
  if (status != NATS_OK) {
    delete closure;
    return Error(Reason::kInternal, absl::StrCat("NATS does not take a subscription to '", subject, "' (",
                                                 natsStatus_GetText(status), ")."));
  }
  natsSubscription_SetOnCompleteCB(subscription, OnSubscriptionEnd, closure);
  natsSubscription_SetPendingLimits(subscription, kMostPendingMessages, kMostPendingBytes);
  return std::make_unique<Subscription>(std::move(receiver));
}

absl::Status Connection::Flush(absl::Duration timeout) {
  const int64_t milliseconds = std::max<int64_t>(1, absl::ToInt64Milliseconds(timeout));
  const natsStatus status =
      connected() ? natsConnection_FlushTimeout(connection_, milliseconds) : NATS_CONNECTION_DISCONNECTED;
  return status == NATS_OK ? absl::OkStatus() : Unavailable(status);
}

// Not asked of the library, which holds its lock while it connects.
bool Connection::connected() const { return events_->up; }

void Connection::SetOnReconnect(std::function<void()> callback) {
  absl::MutexLock lock(&events_->mutex);
  events_->on_reconnect = std::move(callback);
}

}  // namespace guestpass::nats
