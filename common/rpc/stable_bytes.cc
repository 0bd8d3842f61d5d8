// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/stable_bytes.h"

#include <memory>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace guestpass::rpc {

std::string StableBytes(const google::protobuf::Message& message, const std::vector<std::string>& without) {
  const std::unique_ptr<google::protobuf::Message> kept(message.New());
  kept->CopyFrom(message);
  for (const std::string& name : without) {
    const auto* field = kept->GetDescriptor()->FindFieldByName(name);
    if (field != nullptr) kept->GetReflection()->ClearField(kept.get(), field);
  }
  std::string bytes;
  google::protobuf::io::StringOutputStream stream(&bytes);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  kept->SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

}  // namespace guestpass::rpc
