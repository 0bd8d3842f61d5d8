// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/auth/service_token.h"
#include "common/auth/test_files.h"
#include "common/rpc/client.h"
#include "common/rpc/server.h"

namespace guestpass::rpc {

// Another service in a test of its client: `service` on a port of its own, and the credential that the client
// shows there.
class TestPeer {
 public:
  // `service` outlives this.
  explicit TestPeer(grpc::Service& service, const std::string& token = "service.token")
      : server_(*Server::Start({.listen = "127.0.0.1:0"}, {&service}, {})),
        channel_(Dial(absl::StrCat("127.0.0.1:", server_->port()))),
        token_(TokenIn(auth::NewTestDirectory() + "/token", token)) {}

  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  const auth::ServiceToken& token() const { return *token_; }

  // Nobody answers there any more.
  void Stop() { server_.reset(); }

 private:
  static std::unique_ptr<auth::ServiceToken> TokenIn(const std::string& path, const std::string& token) {
    auth::Replace(path, token);
    return *auth::ServiceToken::Open(path);
  }

  std::unique_ptr<Server> server_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<auth::ServiceToken> token_;
};

}  // namespace guestpass::rpc
