// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <utility>

#include "common/rights/objects.h"

namespace guestpass::rights_feed {

// Which object: its kind and the ids that name it among its kind. A value; hashable, made without allocating.
struct ObjectKey {
  size_t kind = 0;  // the index in rights::Object
  std::array<char, 2 * UserId::kLength> ids{};

  static ObjectKey Of(const rights::Object& object);
  static ObjectKey Workspace(const WorkspaceId& workspace);
  static ObjectKey OrganizationMember(const OrganizationId& organization, const UserId& user);
  static ObjectKey Member(const WorkspaceId& workspace, const UserId& user);
  static ObjectKey Channel(const ChannelId& channel);
  static ObjectKey Participant(const ChannelId& channel, const UserId& user);

  friend bool operator==(const ObjectKey&, const ObjectKey&) = default;

  template <typename H>
  friend H AbslHashValue(H state, const ObjectKey& key) {
    return H::combine(std::move(state), key.kind, key.ids);
  }
};

// One cached object. Guarded by its shard's lock.
struct Cell {
  ObjectKey key;
  rights::Object object;
  uint64_t as_of = 0;  // the n at which `object` was its state; every later entry taken in has had its effect
  bool known = false;  // false: not read yet, or its state was of an epoch that has ended
  bool read = false;   // ever: `object` was its state at some time
  bool to_read = false;  // to be read anew: unknown, or behind a truncation
  int holders = 0;
};

}  // namespace guestpass::rights_feed
