// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/server.h"

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "grpcpp/generic/generic_stub.h"
#include "gtest/gtest.h"

namespace guestpass::rpc {
namespace {

constexpr size_t kMiB = size_t{1} << 20;

// The most that this process has had in memory so far.
size_t PeakMiB() {
  std::ifstream status("/proc/self/status");
  size_t kib = 0;
  for (std::string word; status >> word;) {
    if (word == "VmHWM:") status >> kib;
  }
  return kib / 1024;
}

// So many bytes that whoever sends them holds 1 MiB: the same slice again and again.
grpc::ByteBuffer Zeros(size_t mib) {
  const std::vector<grpc::Slice> slices(mib, grpc::Slice(std::string(kMiB, '\0')));
  return grpc::ByteBuffer(slices.data(), slices.size());
}

class ServerTest : public testing::Test {
 protected:
  ServerTest() { server_->SetServing(true); }

  // Asks for the server's health, which takes no token.
  grpc::Status Ask(const grpc::ByteBuffer& request, grpc_compression_algorithm compression) {
    grpc::ClientContext context;
    context.set_compression_algorithm(compression);
    grpc::ByteBuffer response;
    grpc::Status status;
    absl::Notification answered;
    stub_.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                    [&](const grpc::Status& answer) {
                      status = answer;
                      answered.Notify();
                    });
    answered.WaitForNotification();
    return status;
  }

  const std::unique_ptr<Server> server_ = *Server::Start({.listen = "127.0.0.1:0"}, {}, {});
  grpc::GenericStub stub_{
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials())};
};

TEST_F(ServerTest, ACompressedRequestIsRefusedAndNotUnpacked) {
  const grpc::ByteBuffer bomb = Zeros(256);
  const size_t before = PeakMiB();
  for (const auto compression : {GRPC_COMPRESS_GZIP, GRPC_COMPRESS_DEFLATE}) {
    const grpc::Status status = Ask(bomb, compression);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << status.error_message();
  }
  EXPECT_LT(PeakMiB(), before + 64);
}

TEST_F(ServerTest, ARequestThatIsNotCompressedIsAnsweredUnlessItIsTooLarge) {
  const grpc::Status status = Ask(Zeros(0), GRPC_COMPRESS_NONE);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(Ask(Zeros(5), GRPC_COMPRESS_NONE).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

}  // namespace
}  // namespace guestpass::rpc
