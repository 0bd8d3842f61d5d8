// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "common/rpc/call.h"
#include "guestpass/messaging/v1/messaging.grpc.pb.h"
#include "services/messaging_gateway/server/gateway.h"

namespace guestpass::messaging {

// MessagingService (proto/guestpass/messaging/v1), whose comments say what each method does and answers.
// Connect takes bytes: see Session.
class MessagingService
    : public v1::MessagingService::WithRawCallbackMethod_Connect<
          v1::MessagingService::WithCallbackMethod_ListMessages<v1::MessagingService::Service>> {
 public:
  explicit MessagingService(const Gateway& gateway) : gateway_(gateway) {}

  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Connect(
      grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* ListMessages(grpc::CallbackServerContext* context,
                                         const v1::ListMessagesRequest* request,
                                         v1::ListMessagesResponse* response) override;

 private:
  absl::StatusOr<v1::ListMessagesResponse> List(const rpc::Call& call,
                                                const v1::ListMessagesRequest& request);

  absl::Status AwaitRights(const RightsRevision& revision) const;

  Gateway gateway_;
};

}  // namespace guestpass::messaging
