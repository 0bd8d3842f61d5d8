// SPDX-License-Identifier: Apache-2.0
#include "common/auth/seal.h"
#include "common/postgres/service_database.h"
#include "common/rpc/client.h"
#include "common/rpc/host.h"
#include "common/status/macros.h"
#include "services/invite/client/mail_courier.h"
#include "services/invite/client/membership_client.h"
#include "services/invite/config.h"
#include "services/invite/server/invite_service.h"
#include "services/invite/storage/postgres/invite_migrations.h"
#include "services/invite/storage/postgres/pg_invite_store.h"
#include "services/invite/storage/postgres/pg_invite_upkeep.h"
#include "services/invite/worker/keeper.h"
#include "services/invite/worker/mail_queue.h"
#include "services/invite/worker/settler.h"

namespace guestpass::invite {
namespace {

constexpr char kProgram[] = "invite";

postgres::Migrations Migrations() { return postgres::Migrations(kProgram, InviteMigrations()); }

std::unique_ptr<Courier> NewCourier(const Config& config, mail::Mailer& mailer) {
  if (!config.mail.configured()) return std::make_unique<NoCourier>();
  return std::make_unique<MailCourier>(mailer, *config.service.creation.public_url, config.mail.from);
}

absl::Status Serve(const Config& read) {
  Config config = read;
  ASSIGN_OR_RETURN(config.service.creation.public_url, PublicUrlOf(config));
  ASSIGN_OR_RETURN(const std::unique_ptr<mail::Mailer> mailer, mail::OpenMailer(config.mail));
  ASSIGN_OR_RETURN(auth::Sealer pages, auth::Sealer::Parse(config.page_keys));
  const std::unique_ptr<Courier> courier = NewCourier(config, *mailer);
  const postgres::SessionOptions database{.conninfo = config.database, .application_name = kProgram};
  RETURN_IF_ERROR(postgres::CheckServable(database, Migrations()));
  ASSIGN_OR_RETURN(const auto host, rpc::Host::Create(config.host));
  ASSIGN_OR_RETURN(const auto token, auth::ServiceToken::Open(config.service_token_file));
  postgres::Pool pool({.conninfo = config.database, .application_name = kProgram});
  PgInviteStore store(pool);
  PgInviteUpkeep upkeep(pool);
  MembershipClient membership(rpc::Dial(config.membership), *token);
  MailQueue outbox(store, *courier, {.mail_timeout = config.service.creation.mail_timeout});
  Settler settler(store);
  settler.Start();
  Keeper keeper(store, upkeep, membership);
  keeper.Start();
  InviteService service(host->runner(), {store, upkeep, membership, *courier, outbox, settler},
                        std::move(pages), config.service);
  return host->Serve({&service}, {v1::InviteService::service_full_name()});
}

absl::Status Command(const Config& config, const std::vector<std::string>& words) {
  return postgres::RunCommand(words, config.database, Migrations());
}

}  // namespace
}  // namespace guestpass::invite

int main(int argc, char** argv) {
  using namespace guestpass::invite;
  return guestpass::rpc::Main<Config>(kProgram, argc, argv, ReadConfig, Serve, Command);
}
