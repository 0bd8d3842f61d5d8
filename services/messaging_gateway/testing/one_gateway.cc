// SPDX-License-Identifier: Apache-2.0
#include "services/messaging_gateway/testing/one_gateway.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "common/auth/random.h"
#include "common/rpc/client.h"
#include "common/rpc/wire_status.h"
#include "services/messaging_gateway/storage/postgres/messaging_migrations.h"
#include "services/messaging_gateway/storage/postgres/pg_message_writer.h"

namespace guestpass::messaging {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);
const auto kOrganization = rights_feed::TestId<OrganizationId>(1);

std::string WriteKeys(const auth::Issuer& issuer) {
  const std::string path = absl::StrCat(testing::TempDir(), "/jwks-", auth::Base32(auth::RandomBytes(8)));
  std::ofstream(path) << issuer.Jwks();
  return path;
}

}  // namespace

std::string NameOf(const ChannelId& channel) { return ChannelName{kWorkspace, channel}.ToString(); }

OneGateway::OneGateway()
    : database_(MessagingMigrations()),
      store_(database_.options()),
      live_(store_, clock_, [this](uint32_t shard) { return fan_out_->Follow(shard); }),
      rights_(live_.feed, bus_, membership_, signer_, clock_) {
  fan_out_ = std::make_unique<FanOut>(
      bus_, signer_, [this](std::vector<Message> stored) { live_.hubs.Offer(std::move(stored)); });
  keys_ = *auth::KeySetSource::Open(WriteKeys(issuer_));
  verifier_ =
      std::make_unique<auth::TokenVerifier>(*keys_, auth::kDevelopmentIssuer, auth::kDevelopmentAudience);
  runner_ = std::make_unique<rpc::Runner>(executor_, *verifier_, clock_);
  lanes_ = std::make_unique<WriterLanes>(
      PgMessageWriter::Make(2, {.conninfo = database_.conninfo()}, clock_), clock_,
      [this](std::vector<Message> stored) { fan_out_->Send(std::move(stored)); });
  service_ = std::make_unique<MessagingService>(
      Gateway{live_, rights_, store_, *lanes_, executor_, *runner_, clock_, rate_});
  server_ = *rpc::Server::Start({.listen = "127.0.0.1:0", .drain = absl::Seconds(1)}, {service_.get()},
                                {v1::MessagingService::service_full_name()});
  tick_ = std::make_unique<Ticker>(absl::Milliseconds(5), [this] { live_.Tick(); });
  repair_ = std::make_unique<Ticker>(absl::Milliseconds(5), [this] { live_.Repair(); });
  membership_.Commit(rights::WorkspaceState{.workspace = kWorkspace, .organization = kOrganization});
  for (const auto& [channel, kind] :
       {std::pair(kPlans, rights::ChannelKind::kPrivate), std::pair(kOffice, rights::ChannelKind::kPublic)}) {
    membership_.Commit(rights::ChannelState{.channel = channel, .workspace = kWorkspace, .kind = kind});
  }
  EXPECT_TRUE(rights_.Start().ok());
  while (!rights_.ready().ok()) absl::SleepFor(absl::Milliseconds(1));
}

OneGateway::~OneGateway() {
  server_->Drain([this] { live_.sessions.GoodbyeAll(); });
  executor_.Stop();
  tick_.reset();
  repair_.reset();
  lanes_.reset();
  fan_out_.reset();
  rights_.Stop();
}

UserId OneGateway::User(const std::string& name) const {
  return auth::UserIdOf(auth::kDevelopmentIssuer, name);
}

rights::MemberState OneGateway::Guest(const std::string& name, std::vector<ChannelId> grants) const {
  return {
      .workspace = kWorkspace, .user = User(name), .role = rights::Role::kGuest, .grants = std::move(grants)};
}

void OneGateway::JoinGuest(const std::string& name, std::vector<ChannelId> grants) {
  Change(Guest(name, std::move(grants)));
}

void OneGateway::JoinMember(const std::string& name) {
  Change(rights::MemberState{.workspace = kWorkspace, .user = User(name), .role = rights::Role::kMember});
}

void OneGateway::Change(const rights::Object& object, bool tell) {
  const rights_feed::Entries entries = membership_.Commit(object);
  if (tell) {
    EXPECT_TRUE(bus_.Publish(rights_feed::RightsSubject(kShard), signer_.SealEntries(entries)).ok());
  }
}

std::string OneGateway::Token(const std::string& name, absl::Duration ttl) const {
  return issuer_.Mint({.subject = name,
                       .issuer = std::string(auth::kDevelopmentIssuer),
                       .audience = std::string(auth::kDevelopmentAudience),
                       .issue_time = absl::Now(),
                       .expire_time = absl::Now() + ttl});
}

absl::StatusOr<std::unique_ptr<harness::StreamClient>> OneGateway::Connect(const std::string& name,
                                                                           absl::Duration ttl) const {
  return harness::StreamClient::Open(absl::StrCat("127.0.0.1:", server_->port()), Token(name, ttl),
                                     ToName(kWorkspace));
}

absl::StatusOr<v1::ListMessagesResponse> OneGateway::List(const std::string& name,
                                                          const v1::ListMessagesRequest& request) const {
  grpc::ClientContext context;
  context.AddMetadata("authorization", absl::StrCat("Bearer ", Token(name)));
  v1::ListMessagesResponse response;
  const grpc::Status status =
      v1::MessagingService::NewStub(Dial())->ListMessages(&context, request, &response);
  if (!status.ok()) return rpc::FromGrpc(status, "gateway");
  return response;
}

std::shared_ptr<grpc::Channel> OneGateway::Dial() const {
  return rpc::Dial(absl::StrCat("127.0.0.1:", server_->port()));
}

void OneGateway::Occupy(absl::Notification& release) {
  auto busy = std::make_shared<absl::BlockingCounter>(kThreads);
  for (int i = 0; i < kThreads; ++i) {
    ASSERT_TRUE(executor_.Submit([busy, &release] {
      busy->DecrementCount();
      release.WaitForNotification();
    }));
  }
  busy->Wait();
}

absl::StatusOr<harness::Received> OneGateway::AwaitEvent(harness::StreamClient& stream, uint64_t number) {
  return stream.WaitFor(
      [number](const v1::ConnectResponse& frame) {
        return frame.has_event() && frame.event().number() == number;
      },
      kPatience);
}

absl::Status OneGateway::PostError(harness::StreamClient& stream, const ChannelId& channel,
                                   const std::string& id) {
  return stream.Post(NameOf(channel), id, "text of " + id, kPatience).status();
}

}  // namespace guestpass::messaging
