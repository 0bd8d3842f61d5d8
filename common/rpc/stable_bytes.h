// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "google/protobuf/message.h"

namespace guestpass::rpc {

// `message` serialized so that equal messages give equal bytes, maps in the order of their keys; what hashes
// and seals of a message are made of. The top-level fields named in `without` are left out. Builds that know
// different fields may give different bytes where a caller sends those fields. Pure.
std::string StableBytes(const google::protobuf::Message& message,
                        const std::vector<std::string>& without = {});

}  // namespace guestpass::rpc
