// SPDX-License-Identifier: Apache-2.0
#include "common/rpc/update_mask.h"

#include <algorithm>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"

namespace guestpass::rpc {
namespace {

constexpr char kField[] = "update_mask";
constexpr size_t kLongestShown = 64;

// Whether `path` is set in `message`, or nothing where there is no such field.
std::optional<bool> IsSet(const google::protobuf::Message& message, absl::string_view path) {
  const std::vector<std::string> names = absl::StrSplit(path, '.');
  const google::protobuf::Message* holder = &message;
  for (size_t i = 0;; ++i) {
    const auto* field = holder->GetDescriptor()->FindFieldByName(names[i]);
    if (field == nullptr) return std::nullopt;
    const auto* reflection = holder->GetReflection();
    if (i + 1 == names.size()) {
      return field->is_repeated() ? reflection->FieldSize(*holder, field) > 0
                                  : reflection->HasField(*holder, field);
    }
    if (field->is_repeated() || field->message_type() == nullptr) return std::nullopt;
    holder = &reflection->GetMessage(*holder, field);
  }
}

bool Covers(absl::string_view named, absl::string_view path) {
  return named == "*" || named == path ||
         (absl::StartsWith(path, named) && absl::StartsWith(path.substr(named.size()), "."));
}

absl::Status CannotBeChanged(absl::string_view named, const std::vector<std::string>& mutable_paths) {
  return FieldInvalid(kField,
                      absl::StrCat("'", absl::CEscape(named.substr(0, kLongestShown)),
                                   "' cannot be changed; what can: ", absl::StrJoin(mutable_paths, ", ")));
}

}  // namespace

absl::StatusOr<UpdateMask> UpdateMask::Read(const google::protobuf::FieldMask& mask,
                                            const google::protobuf::Message& resource,
                                            const std::vector<std::string>& mutable_paths) {
  Paths paths;
  for (const std::string& path : mutable_paths) {
    const std::optional<bool> set = IsSet(resource, path);
    if (!set.has_value()) {
      return Error(Reason::kInternal,
                   absl::StrCat(resource.GetDescriptor()->full_name(), " has no field ", path, "."));
    }
    if (*set && mask.paths().empty()) paths.insert(path);
  }
  for (const std::string& named : mask.paths()) {
    bool known = false;
    for (const std::string& path : mutable_paths) {
      if (!Covers(named, path)) continue;
      known = true;
      paths.insert(path);
    }
    if (!known) return CannotBeChanged(named, mutable_paths);
  }
  if (paths.empty()) {
    return FieldInvalid(kField, absl::StrCat("names nothing to change; what can be changed: ",
                                             absl::StrJoin(mutable_paths, ", ")));
  }
  return UpdateMask(std::move(paths));
}

}  // namespace guestpass::rpc
