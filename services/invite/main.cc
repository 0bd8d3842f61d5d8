// SPDX-License-Identifier: Apache-2.0
#include "common/mail/mail_settings.h"
#include "common/postgres/service_database.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "common/status/macros.h"
#include "services/invite/client/mail_courier.h"
#include "services/invite/client/membership_client.h"
#include "services/invite/server/invite_service.h"
#include "services/invite/storage/postgres/invite_migrations.h"
#include "services/invite/storage/postgres/pg_invite_store.h"

namespace guestpass::invite {
namespace {

constexpr char kProgram[] = "invite";

struct Config {
  rpc::HostOptions host;
  std::string database, membership, service_token_file, public_url;
  mail::MailOptions mail;
  absl::Duration default_lifetime;
  int redeems = 0;
};

postgres::Migrations Migrations() { return postgres::Migrations(kProgram, InviteMigrations()); }

Config Read(config::Settings& settings) {
  Config config{.host = rpc::ReadHostOptions(settings), .database = postgres::ReadConninfo(settings)};
  config.membership = settings.Text("membership", "membership's host and port");
  config.service_token_file = settings.Text("service-token-file", "the file with this service's own token");
  config.mail = mail::ReadMailOptions(settings);
  config.public_url = settings.TextOr("public-url", "", "what invites link to; needed for mail");
  config.default_lifetime = settings.DurationOr("default-invite-lifetime", CreationOptions().default_lifetime,
                                                absl::Seconds(1), kMaxLifetime, "how long invites hold");
  config.redeems = settings.IntOr("redeems-per-minute", 30, 1, 1'000'000'000, "what one user may redeem");
  return config;
}

absl::StatusOr<std::optional<PublicUrl>> ReadPublicUrl(const Config& config) {
  if (config.public_url.empty() && !config.mail.configured()) return std::optional<PublicUrl>();
  ASSIGN_OR_RETURN(PublicUrl url, PublicUrl::Parse(config.public_url));
  return std::optional<PublicUrl>(url);
}

absl::Status Serve(const Config& config) {
  const postgres::SessionOptions database{.conninfo = config.database, .application_name = kProgram};
  ASSIGN_OR_RETURN(const std::optional<PublicUrl> public_url, ReadPublicUrl(config));
  ASSIGN_OR_RETURN(const std::unique_ptr<mail::Mailer> mailer, mail::OpenMailer(config.mail));
  std::optional<MailCourier> courier;
  if (config.mail.configured()) courier.emplace(*mailer, *public_url, config.mail.from);
  RETURN_IF_ERROR(postgres::CheckServable(database, Migrations()));
  ASSIGN_OR_RETURN(const auto host, rpc::Host::Create(config.host));
  ASSIGN_OR_RETURN(const auto token, auth::ServiceToken::Open(config.service_token_file));
  postgres::Pool pool({.conninfo = config.database, .application_name = kProgram});
  PgInviteStore store(pool);
  MembershipClient membership(rpc::Dial(config.membership), *token);
  Creation creation(store, membership, courier.has_value() ? &*courier : nullptr,
                    {.default_lifetime = config.default_lifetime, .public_url = public_url});
  Redemption redemption(store, membership);
  rpc::Rate redeem_rate(config.redeems);
  InviteService service(host->runner(), creation, redemption, redeem_rate);
  return host->Serve({&service}, {v1::InviteService::service_full_name()});
}

absl::Status Command(const Config& config, const std::vector<std::string>& words) {
  return postgres::RunCommand(words, config.database, Migrations());
}

}  // namespace
}  // namespace guestpass::invite

int main(int argc, char** argv) {
  using namespace guestpass::invite;
  return guestpass::rpc::Main<Config>(kProgram, argc, argv, Read, Serve, Command);
}
