// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/rpc/update_mask.h"
#include "guestpass/membership/v1/workspace.pb.h"
#include "services/membership/domain/model.h"

// A workspace's settings as requests have them. Pure.
namespace guestpass::membership {

// The settings of a new workspace. FIELD_INVALID naming each bad field.
absl::StatusOr<WorkspaceSettings> ReadSettings(const v1::Workspace& proto);

// What UpdateWorkspace changes.
const std::vector<std::string>& MutableWorkspacePaths();

// `before` with what `mask` names as `proto` has it. FIELD_INVALID naming each bad field.
absl::StatusOr<Workspace> Changed(Workspace before, const v1::Workspace& proto, const rpc::UpdateMask& mask);

// The settings as the audit log has them.
Metadata NotesOf(const WorkspaceSettings& settings);

}  // namespace guestpass::membership
