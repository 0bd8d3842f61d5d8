// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "services/membership/testing/model.h"

// The model's parts of Apply: each does the operations of its kinds, and gives nothing for the others.
namespace guestpass::membership::model {

using Outcome = std::optional<std::string>;

Outcome ChangeMembers(const Operation& op, Model& model);
Outcome ChangeGuests(const Operation& op, Model& model);  // their grants and times, and joins
Outcome ChangeChannels(const Operation& op, Model& model);
Outcome ChangeOrganization(const Operation& op, Model& model);

// Of becoming a guest, in this order: the channel can be granted (C5), the time is allowed (G7), the address
// admitted (I20); and, last of all, there is room (G9).
No CheckGrantable(int channel, int workspace, const Model& model);
No CheckLifetime(Expiry expiry, const Settings& settings);
No CheckDomain(const Settings& settings, bool has_address);
No CheckRoom(int workspace, std::optional<Person> but, std::optional<Person> sponsor, const Model& model);

// How long a new guest writes: as asked for, else the default, else the maximum, else without end (G7).
absl::Duration LifetimeOf(Expiry expiry, const Settings& settings);

// Sets a guest's time; recorded is what it says at once.
void SetTime(absl::Duration lifetime, const Settings& settings, int step, Guest& guest);

// M5, M4.
No CheckRemovable(Person person, int workspace, const Model& model);
bool IsLastAdmin(Person person, int workspace, const Model& model);
void Remove(Person person, int workspace, Model& model);

// Ends the person's part in the workspace's channels, or in its PRIVATE ones only.
void Leave(Person person, int workspace, bool private_only, Model& model);

// The workspace that a call on op.channel is about: its own; where there is no such channel, op.workspace.
int WorkspaceOfChannel(const Operation& op, const Model& model);

}  // namespace guestpass::membership::model
