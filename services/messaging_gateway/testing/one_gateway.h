// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/notification.h"
#include "common/auth/issuer.h"
#include "common/auth/key_set.h"
#include "common/auth/token_verifier.h"
#include "common/nats/simulated_bus.h"
#include "common/rights_feed/simulated_membership.h"
#include "common/rpc/server.h"
#include "gtest/gtest.h"
#include "services/messaging_gateway/server/messaging_service.h"
#include "services/messaging_gateway/storage/postgres/pg_message_store.h"
#include "services/messaging_gateway/worker/fan_out.h"
#include "services/messaging_gateway/worker/ticker.h"
#include "services/messaging_gateway/worker/writer_lanes.h"
#include "tests/harness/servers/test_database.h"
#include "tests/harness/stream_client.h"

namespace guestpass::messaging {

inline constexpr uint32_t kShard = 7;
inline const auto kWorkspace = rights_feed::TestId<WorkspaceId>(2);
inline const auto kPlans = rights_feed::TestId<ChannelId>(3);   // PRIVATE
inline const auto kOffice = rights_feed::TestId<ChannelId>(4);  // PUBLIC

// A gateway as main.cc wires it, over gRPC and on a real PostgreSQL, with a membership and a bus that the
// test moves: what is committed arrives only when the test publishes it.
class OneGateway : public testing::Test {
 protected:
  OneGateway();
  ~OneGateway() override;

  // Users by name; at first nobody is a member.
  UserId User(const std::string& name) const;
  void JoinGuest(const std::string& name, std::vector<ChannelId> grants = {kPlans});
  void JoinMember(const std::string& name);

  // Commits a change and, if `tell`, publishes it.
  void Change(const rights::Object& object, bool tell = true);
  rights::MemberState Guest(const std::string& name, std::vector<ChannelId> grants) const;

  std::string Token(const std::string& name, absl::Duration ttl = absl::Hours(1)) const;
  absl::StatusOr<std::unique_ptr<harness::StreamClient>> Connect(const std::string& name,
                                                                 absl::Duration ttl = absl::Hours(1)) const;

  absl::StatusOr<v1::ListMessagesResponse> List(const std::string& name,
                                                const v1::ListMessagesRequest& request) const;

  // A channel to the gateway.
  std::shared_ptr<grpc::Channel> Dial() const;

  // Keeps every thread for blocking work busy until `release`.
  void Occupy(absl::Notification& release);

  // Waits for the channel's event of that number on a stream.
  static absl::StatusOr<harness::Received> AwaitEvent(harness::StreamClient& stream, uint64_t number);
  // Why a post was refused, or OK.
  static absl::Status PostError(harness::StreamClient& stream, const ChannelId& channel,
                                const std::string& id);

  const Clock& clock_ = SystemClock();
  rights_feed::SimulatedMembership membership_{clock_, kShard};
  nats::SimulatedBus bus_;
  harness::TestDatabase database_;
  PgMessageStore store_;
  rights_feed::Signer signer_{{{"k", std::string(32, 'k')}}};
  auth::Issuer issuer_ = auth::Issuer::Create();
  std::unique_ptr<FanOut> fan_out_;
  Live live_;
  rights_feed::Follower rights_;

 private:
  std::unique_ptr<auth::KeySetSource> keys_;
  std::unique_ptr<auth::TokenVerifier> verifier_;
  static constexpr int kThreads = 8;
  rpc::Executor executor_{kThreads, 1000};
  std::unique_ptr<rpc::Runner> runner_;
  std::unique_ptr<WriterLanes> lanes_;
  rpc::Rate rate_{1'000'000};
  std::unique_ptr<MessagingService> service_;
  std::unique_ptr<Ticker> tick_;
  std::unique_ptr<Ticker> repair_;
  std::unique_ptr<rpc::Server> server_;
};

std::string NameOf(const ChannelId& channel);

}  // namespace guestpass::messaging
