// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "common/rights/objects.h"
#include "common/status/error.h"

// An object's state as rights_log.state and the audit log have it. The ids that are its key are not repeated
// in it; what is absent has only nulls and falses. Pure.
namespace guestpass::membership {

// The state in JSON, `notes` added to it as strings.
std::string StateJson(const rights::Object& object, const Metadata& notes = {});

// The object of a log entry. INTERNAL where it is none that StateJson wrote.
absl::StatusOr<rights::Object> ObjectOf(absl::string_view kind, absl::string_view key,
                                        absl::string_view state);

}  // namespace guestpass::membership
