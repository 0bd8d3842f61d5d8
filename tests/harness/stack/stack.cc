// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/stack/stack.h"

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/postgres/session.h"
#include "common/status/macros.h"

namespace guestpass::harness {
namespace {

constexpr char kHasDatabase[] = "SELECT FROM pg_database WHERE datname = $1";
constexpr char kHasRole[] = "SELECT FROM pg_roles WHERE rolname = $1";

bool StoresSomething(absl::string_view service) { return service != kGuestExpiry; }

bool UsesNats(absl::string_view service) { return service != kInvite; }

std::string RoleOf(absl::string_view service) {
  return service == kGateway ? "guestpass_messaging"
                             : absl::StrCat("guestpass_", absl::StrReplaceAll(service, {{"-", "_"}}));
}

}  // namespace

absl::StatusOr<std::unique_ptr<Stack>> Stack::Start(StackOptions options) {
  std::unique_ptr<Stack> stack(new Stack);
  stack->options_ = std::move(options);
  ASSIGN_OR_RETURN(DataDirectory directory, DataDirectory::Open(stack->options_.data_dir));
  stack->directory_.emplace(std::move(directory));
  for (const char* name : {"keys", "logs", "mail"}) {
    RETURN_IF_ERROR(stack->directory_->Make(name, DataDirectory::Owner::kUs).status());
  }
  ASSIGN_OR_RETURN(Credentials credentials, Credentials::Make(stack->directory()));
  stack->credentials_.emplace(std::move(credentials));
  RETURN_IF_ERROR(stack->StartServers());
  RETURN_IF_ERROR(stack->StartServices());
  return stack;
}

Stack::~Stack() {
  while (!services_.empty()) {
    services_.back()->Thaw();
    services_.back()->Stop();
    services_.pop_back();
  }
  nats_.reset();
  // What goes away need not be written out first, which takes seconds on a busy disk.
  if (postgres_ != nullptr && postgres_->pid() > 0 && !keeps_data()) kill(postgres_->pid(), SIGQUIT);
  postgres_.reset();
}

absl::Status Stack::StartServers() {
  Progress("PostgreSQL");
  ASSIGN_OR_RETURN(const std::string postgres, directory_->Make("postgres", DataDirectory::Owner::kServers));
  ASSIGN_OR_RETURN(postgres_, PrivatePostgres::Start({.directory = postgres, .durable = true}));
  Progress("nats-server");
  ASSIGN_OR_RETURN(const std::string nats, directory_->Make("nats", DataDirectory::Owner::kServers));
  const std::string configuration = nats + "/permissions.conf";
  // Readable for nats-server's user; the directory keeps all others out.
  RETURN_IF_ERROR(WriteFile(configuration, credentials_->NatsConfiguration(), 0644));
  ASSIGN_OR_RETURN(nats_, PrivateNats::Start({.directory = nats, .args = {"--config", configuration}}));
  return absl::OkStatus();
}

absl::Status Stack::StartServices() {
  for (const absl::string_view service : {kMembership, kInvite, kGateway}) {
    RETURN_IF_ERROR(CreateDatabase(service));
  }
  RETURN_IF_ERROR(Add(kMembership, std::string(kMembership)));
  RETURN_IF_ERROR(Add(kInvite, std::string(kInvite)));
  RETURN_IF_ERROR(Add(kGuestExpiry, std::string(kGuestExpiry)));
  for (int i = 1; i <= options_.gateways; ++i) {
    RETURN_IF_ERROR(Add(kGateway, i == 1 ? std::string(kGateway) : absl::StrCat(kGateway, "-", i)));
  }
  for (const auto& service : services_) {
    Progress(service->name());
    RETURN_IF_ERROR(service->AwaitServing());
  }
  return absl::OkStatus();
}

absl::Status Stack::CreateDatabase(absl::string_view service) {
  const std::string name = RoleOf(service);
  ASSIGN_OR_RETURN(const auto session, postgres::Session::Connect({.conninfo = postgres_->conninfo()}));
  ASSIGN_OR_RETURN(const postgres::Result role, session->Run(kHasRole, postgres::Params::Of(name)));
  if (role.rows() == 0) {
    RETURN_IF_ERROR(session->Script(absl::StrCat("CREATE ROLE ", name, " LOGIN")));
  }
  ASSIGN_OR_RETURN(const postgres::Result database, session->Run(kHasDatabase, postgres::Params::Of(name)));
  if (database.rows() == 1) return absl::OkStatus();
  RETURN_IF_ERROR(session->Script(absl::StrCat("CREATE DATABASE ", name, " OWNER ", name)));
  return session->Script(absl::StrCat("REVOKE CONNECT ON DATABASE ", name, " FROM PUBLIC"));
}

absl::Status Stack::Add(absl::string_view service, const std::string& name) {
  ASSIGN_OR_RETURN(std::string program, Program(service));
  ASSIGN_OR_RETURN(auto process, ServiceProcess::Create({.name = name,
                                                         .program = std::move(program),
                                                         .env = Settings(service),
                                                         .log = absl::StrCat(log_dir(), "/", name, ".log")}));
  if (StoresSomething(service) && name == service) {
    Progress(absl::StrCat(name, ": migrate up"));
    RETURN_IF_ERROR(process->Migrate());
  }
  RETURN_IF_ERROR(process->Launch());
  services_.push_back(std::move(process));
  return absl::OkStatus();
}

absl::StatusOr<std::string> Stack::Program(absl::string_view service) const {
  const auto other = options_.programs.find(std::string(service));
  if (other != options_.programs.end()) return other->second;
  return FindServiceProgram(service);
}

std::map<std::string, std::string> Stack::Settings(absl::string_view service) const {
  std::map<std::string, std::string> settings = {
      {"GUESTPASS_KEY_SET_FILE", credentials_->key_set_file()},
      {"GUESTPASS_TOKEN_ISSUER", auth::kDevelopmentIssuer},
      {"GUESTPASS_TOKEN_AUDIENCE", auth::kDevelopmentAudience},
  };
  if (StoresSomething(service)) {
    settings["GUESTPASS_DATABASE"] = postgres_->conninfo(RoleOf(service), RoleOf(service));
  }
  if (service == kMembership || service == kInvite) {
    settings["GUESTPASS_PAGE_KEYS_FILE"] = credentials_->page_keys_file();
  }
  if (service != kMembership) {
    settings["GUESTPASS_MEMBERSHIP"] = services_.front()->address();
    settings["GUESTPASS_SERVICE_TOKEN_FILE"] = credentials_->service_token_file(service);
  }
  if (UsesNats(service)) {
    settings["GUESTPASS_NATS_URL"] = nats_->url();
    settings["GUESTPASS_NATS_USER"] = std::string(service);
    settings["GUESTPASS_NATS_PASSWORD"] = credentials_->nats_password(service);
    settings["GUESTPASS_RIGHTS_KEYS_FILE"] = credentials_->rights_keys_file();
  }
  if (service == kInvite) {
    settings["GUESTPASS_MAIL_DIRECTORY"] = mail_dir();
    settings["GUESTPASS_PUBLIC_URL"] = "http://localhost:8080";
  }
  const auto more = options_.env.find(std::string(service));
  if (more != options_.env.end()) {
    for (const auto& [name, value] : more->second) settings[name] = value;
  }
  return settings;
}

void Stack::Progress(absl::string_view what) const {
  if (options_.progress != nullptr) options_.progress(what);
}

ServiceProcess& Stack::service(absl::string_view name) const {
  for (const auto& service : services_) {
    if (service->name() == name) return *service;
  }
  std::fprintf(stderr, "There is no service %s.\n", std::string(name).c_str());
  std::abort();
}

ServiceProcess& Stack::gateway(size_t index) const {
  return service(index == 0 ? std::string(kGateway) : absl::StrCat(kGateway, "-", index + 1));
}

Addresses Stack::addresses() const {
  Addresses addresses = {.membership = service(kMembership).address(),
                         .invite = service(kInvite).address(),
                         .guest_expiry = service(kGuestExpiry).address()};
  for (const auto& service : services_) {
    if (absl::StartsWith(service->name(), kGateway)) addresses.gateways.push_back(service->address());
  }
  return addresses;
}

std::string Stack::Token(absl::string_view name, const TokenOptions& options) const {
  return credentials_->Token(name, options);
}

std::string Stack::UserId(absl::string_view name) const {
  return auth::UserIdOf(auth::kDevelopmentIssuer, name).ToString();
}

Client Stack::User(absl::string_view name, size_t gateway) const {
  return Client(addresses(), Token(name, {.email = absl::StrCat(name, "@example.com")}), gateway);
}

Client Stack::Operator(absl::string_view name) const {
  return Client(addresses(), Token(name, {.is_operator = true}));
}

Client Stack::Service(absl::string_view name) const {
  return Client(addresses(), Token(name, {.service = true}));
}

}  // namespace guestpass::harness
