// SPDX-License-Identifier: Apache-2.0
#include "services/membership/domain/model.h"

namespace guestpass::membership {

absl::Time LatestExpireTime() {
  return absl::FromCivil(absl::CivilSecond(9999, 12, 1, 0, 0, 0), absl::UTCTimeZone());
}

}  // namespace guestpass::membership
