// SPDX-License-Identifier: Apache-2.0
#include "common/failpoint/failpoint.h"

#include "absl/base/attributes.h"

namespace guestpass::failpoint {

ABSL_ATTRIBUTE_WEAK void Reach(absl::string_view, absl::string_view) {}

}  // namespace guestpass::failpoint
