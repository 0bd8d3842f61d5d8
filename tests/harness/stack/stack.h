// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/harness/client.h"
#include "tests/harness/servers/private_nats.h"
#include "tests/harness/servers/private_postgres.h"
#include "tests/harness/stack/credentials.h"
#include "tests/harness/stack/data_directory.h"
#include "tests/harness/stack/service_process.h"

namespace guestpass::harness {

struct StackOptions {
  std::string data_dir;  // where everything lives and stays; "": a temporary one, removed at the end
  int gateways = 1;
  std::map<std::string, std::map<std::string, std::string>> env;  // by service: more settings, or others
  std::map<std::string, std::string> programs;      // by service: a path, where it is not the shipped program
  std::function<void(absl::string_view)> progress;  // told what is being started, if there
};

// guestpass on this machine: a private PostgreSQL, durable as in production, a private nats-server and the
// services, each a process with credentials of its own, on free ports of 127.0.0.1. Everything dies with the
// thread that started it. For one thread at a time.
class Stack {
 public:
  // Starts all of it, migrations included, and waits until every service is SERVING. An error is a sentence,
  // with the end of a log where that says more.
  static absl::StatusOr<std::unique_ptr<Stack>> Start(StackOptions options = {});

  ~Stack();  // stops all of it in reverse order

  // "membership", "invite", "guest-expiry", "messaging-gateway", "messaging-gateway-2", …
  ServiceProcess& service(absl::string_view name) const;
  ServiceProcess& gateway(size_t index) const;  // from 0
  const std::vector<std::unique_ptr<ServiceProcess>>& services() const { return services_; }

  Addresses addresses() const;
  PrivatePostgres& postgres() const { return *postgres_; }
  PrivateNats& nats() const { return *nats_; }

  const std::string& directory() const { return directory_->path(); }
  bool keeps_data() const { return directory_->kept(); }
  std::string mail_dir() const { return directory() + "/mail"; }
  std::string log_dir() const { return directory() + "/logs"; }

  // A token of the user `name`, and the id that the services know that user by.
  std::string Token(absl::string_view name, const TokenOptions& options = {}) const;
  std::string UserId(absl::string_view name) const;

  // All that a user of that name, with the verified address NAME@example.com, calls.
  Client User(absl::string_view name, size_t gateway = 0) const;
  Client Operator(absl::string_view name) const;

  // The same, as the service of that name.
  Client Service(absl::string_view name) const;

 private:
  Stack() = default;

  absl::Status StartServers();
  absl::Status StartServices();
  absl::Status CreateDatabase(absl::string_view service);
  absl::Status Add(absl::string_view service, const std::string& name);
  absl::StatusOr<std::string> Program(absl::string_view service) const;
  std::map<std::string, std::string> Settings(absl::string_view service) const;
  void Progress(absl::string_view what) const;

  StackOptions options_;
  std::optional<DataDirectory> directory_;
  std::optional<Credentials> credentials_;
  std::unique_ptr<PrivatePostgres> postgres_;
  std::unique_ptr<PrivateNats> nats_;
  std::vector<std::unique_ptr<ServiceProcess>> services_;  // as started
};

}  // namespace guestpass::harness
