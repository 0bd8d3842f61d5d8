// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/stack/credentials.h"

#include <memory>
#include <string>
#include <vector>

#include "common/nats/connection.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/harness/eventually.h"
#include "tests/harness/servers/private_nats.h"
#include "tests/harness/stack/data_directory.h"

namespace guestpass::harness {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(10);

class NatsPermissions : public testing::Test {
 protected:
  void SetUp() override {
    auto directory = DataDirectory::Open("");
    ASSERT_TRUE(directory.ok()) << directory.status();
    directory_.emplace(*std::move(directory));
    const auto keys = directory_->Make("keys", DataDirectory::Owner::kUs);
    const auto files = directory_->Make("nats", DataDirectory::Owner::kServers);
    ASSERT_TRUE(keys.ok() && files.ok());
    auto credentials = Credentials::Make(directory_->path());
    ASSERT_TRUE(credentials.ok()) << credentials.status();
    credentials_.emplace(*std::move(credentials));
    const std::string configuration = *files + "/permissions.conf";
    ASSERT_TRUE(WriteFile(configuration, credentials_->NatsConfiguration(), 0644).ok());
    auto server = PrivateNats::Start({.directory = *files, .args = {"--config", configuration}});
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  std::unique_ptr<nats::Connection> Connect(absl::string_view service) {
    auto connection = nats::Connection::Connect({.url = server_->url(),
                                                 .name = "test",
                                                 .user = std::string(service),
                                                 .password = credentials_->nats_password(service)});
    EXPECT_TRUE(connection.ok()) << connection.status();
    EXPECT_TRUE(Eventually(kPatience, [&] { return (*connection)->connected(); })) << service;
    return *std::move(connection);
  }

  std::optional<DataDirectory> directory_;
  std::optional<Credentials> credentials_;
  std::unique_ptr<PrivateNats> server_;
};

TEST_F(NatsPermissions, OnlyMembershipPublishesRightsAndOnlyGatewaysMessages) {
  const auto membership = Connect(kMembership);
  const auto gateway = Connect(kGateway);
  const auto expiry = Connect(kGuestExpiry);
  absl::Mutex mutex;
  std::vector<std::string> received;
  const auto receive = [&](absl::string_view, absl::string_view bytes) {
    absl::MutexLock lock(&mutex);
    received.emplace_back(bytes);
  };
  const auto rights = gateway->Subscribe("guestpass.rights.>", receive);
  const auto messages = gateway->Subscribe("guestpass.messages.>", receive);
  ASSERT_TRUE(rights.ok() && messages.ok());
  ASSERT_TRUE(gateway->Flush(kPatience).ok());

  for (const auto* forger : {&gateway, &expiry}) {
    EXPECT_TRUE((*forger)->Publish("guestpass.rights.1", "forged").ok());
    EXPECT_TRUE((*forger)->Flush(kPatience).ok());
  }
  for (const auto* forger : {&membership, &expiry}) {
    EXPECT_TRUE((*forger)->Publish("guestpass.messages.1", "forged").ok());
    EXPECT_TRUE((*forger)->Flush(kPatience).ok());
  }
  EXPECT_TRUE(membership->Publish("guestpass.rights.1", "rights").ok());
  EXPECT_TRUE(membership->Flush(kPatience).ok());
  EXPECT_TRUE(gateway->Publish("guestpass.messages.1", "messages").ok());
  EXPECT_TRUE(gateway->Flush(kPatience).ok());
  EXPECT_TRUE(Eventually(kPatience, [&] {
    absl::MutexLock lock(&mutex);
    return received.size() >= 2;
  }));
  absl::MutexLock lock(&mutex);
  EXPECT_THAT(received, testing::UnorderedElementsAre("rights", "messages"));
}

}  // namespace
}  // namespace guestpass::harness
