// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/field_mask.pb.h"
#include "google/protobuf/message.h"

namespace guestpass::rpc {

// What an update changes, of what it may change (AIP-134). A value.
class UpdateMask {
 public:
  // Reads `mask` for a change to what `resource` says. `mutable_paths` are fields of the resource or of
  // messages in it ("title", "settings.guest_grace"). A mask names some of them, by a message's name all
  // those below it, or all by "*". An empty mask means those that are set in `resource`: present, or other
  // than the default where a field cannot be absent, or not empty where it is repeated.
  //
  // FIELD_INVALID for a path that is not among them, and for an empty mask where none of them is set.
  static absl::StatusOr<UpdateMask> Read(const google::protobuf::FieldMask& mask,
                                         const google::protobuf::Message& resource,
                                         const std::vector<std::string>& mutable_paths);

  // Whether the update changes `path`, one of the mutable paths.
  bool Has(absl::string_view path) const { return paths_.find(path) != paths_.end(); }

 private:
  using Paths = std::set<std::string, std::less<>>;

  explicit UpdateMask(Paths paths) : paths_(std::move(paths)) {}

  Paths paths_;  // each a mutable path
};

}  // namespace guestpass::rpc
