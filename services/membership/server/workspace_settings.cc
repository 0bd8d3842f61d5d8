// SPDX-License-Identifier: Apache-2.0
#include "services/membership/server/workspace_settings.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/rpc/field_reader.h"
#include "common/rpc/proto_time.h"
#include "common/rpc/text.h"
#include "common/status/macros.h"
#include "services/membership/domain/guest_admission.h"

namespace guestpass::membership {
namespace {

constexpr absl::Duration kLongestLifetime = absl::Hours(10 * 365 * 24);
constexpr int32_t kLargestCap = 1'000'000;
constexpr int kMaxDomains = 100;

absl::StatusOr<absl::Duration> GraceIn(const v1::Workspace& proto) {
  constexpr char kField[] = "workspace.guest_grace";
  if (!proto.has_guest_grace()) return WorkspaceSettings().guest_grace;
  ASSIGN_OR_RETURN(const absl::Duration grace, rpc::FromProto(kField, proto.guest_grace()));
  if (grace < absl::ZeroDuration() || grace > kMaxGuestGrace) {
    return FieldInvalid(kField, "is not between 0 and 30 days");
  }
  return grace;
}

absl::StatusOr<absl::Duration> LifetimeIn(absl::string_view field, const google::protobuf::Duration& proto) {
  ASSIGN_OR_RETURN(const absl::Duration lifetime, rpc::FromProto(field, proto));
  if (lifetime < absl::Seconds(1) || lifetime > kLongestLifetime) {
    return FieldInvalid(field, "is not between 1 second and 10 years");
  }
  return lifetime;
}

absl::StatusOr<int64_t> CapIn(absl::string_view field, int32_t cap) {
  if (cap < 0 || cap > kLargestCap) return FieldInvalid(field, "is not between 0 and 1,000,000");
  return cap;
}

absl::StatusOr<std::vector<std::string>> DomainsIn(const v1::Workspace& proto) {
  constexpr char kField[] = "workspace.guest_domains";
  if (proto.guest_domains_size() > kMaxDomains) return FieldInvalid(kField, "has more than 100 domains");
  rpc::FieldReader reader;
  std::vector<std::string> domains;
  for (int i = 0; i < proto.guest_domains_size(); ++i) {
    const auto domain =
        reader.Take(ParseGuestDomain(absl::StrCat(kField, "[", i, "]"), proto.guest_domains(i)));
    domains.push_back(domain.value_or(""));
  }
  RETURN_IF_ERROR(reader.Finish());
  std::sort(domains.begin(), domains.end());
  domains.erase(std::unique(domains.begin(), domains.end()), domains.end());
  return domains;
}

// Takes over what `has` names.
template <typename Has>
absl::Status ReadInto(const v1::Workspace& proto, Has has, WorkspaceSettings& settings) {
  rpc::FieldReader reader;
  if (has("guest_grace")) settings.guest_grace = reader.Take(GraceIn(proto)).value_or(settings.guest_grace);
  if (has("default_guest_lifetime")) {
    settings.default_lifetime.reset();
    if (proto.has_default_guest_lifetime()) {
      settings.default_lifetime =
          reader.Take(LifetimeIn("workspace.default_guest_lifetime", proto.default_guest_lifetime()));
    }
  }
  if (has("maximum_guest_lifetime")) {
    settings.maximum_lifetime.reset();
    if (proto.has_maximum_guest_lifetime()) {
      settings.maximum_lifetime =
          reader.Take(LifetimeIn("workspace.maximum_guest_lifetime", proto.maximum_guest_lifetime()));
    }
  }
  if (has("guest_cap")) {
    settings.guest_cap = reader.Take(CapIn("workspace.guest_cap", proto.guest_cap())).value_or(0);
  }
  if (has("sponsor_guest_cap")) {
    settings.sponsor_guest_cap =
        reader.Take(CapIn("workspace.sponsor_guest_cap", proto.sponsor_guest_cap())).value_or(0);
  }
  if (has("guest_domains")) {
    settings.guest_domains = reader.Take(DomainsIn(proto)).value_or(std::vector<std::string>());
  }
  const auto& [shorter, longer] = std::tie(settings.default_lifetime, settings.maximum_lifetime);
  if (shorter.has_value() && longer.has_value() && *shorter > *longer) {
    reader.Add({{"workspace.default_guest_lifetime", "is above the maximum"}});
  }
  return reader.Finish();
}

std::string Micros(const std::optional<absl::Duration>& duration) {
  return duration.has_value() ? absl::StrCat(absl::ToInt64Microseconds(*duration)) : "";
}

}  // namespace

absl::StatusOr<WorkspaceSettings> ReadSettings(const v1::Workspace& proto) {
  WorkspaceSettings settings;
  RETURN_IF_ERROR(ReadInto(
      proto, [](absl::string_view) { return true; }, settings));
  return settings;
}

const std::vector<std::string>& MutableWorkspacePaths() {
  static const std::vector<std::string>& paths = *new std::vector<std::string>{
      "display_name", "guest_grace",       "default_guest_lifetime", "maximum_guest_lifetime",
      "guest_cap",    "sponsor_guest_cap", "guest_domains"};
  return paths;
}

absl::StatusOr<Workspace> Changed(Workspace before, const v1::Workspace& proto, const rpc::UpdateMask& mask) {
  rpc::FieldReader reader;
  if (mask.Has("display_name")) {
    reader.Check(rpc::CheckDisplayName("workspace.display_name", proto.display_name()));
    before.display_name = proto.display_name();
  }
  reader.Check(ReadInto(
      proto, [&](absl::string_view path) { return mask.Has(path); }, before.settings));
  RETURN_IF_ERROR(reader.Finish());
  return before;
}

Metadata NotesOf(const WorkspaceSettings& settings) {
  return {{"guest_grace_us", absl::StrCat(absl::ToInt64Microseconds(settings.guest_grace))},
          {"default_guest_lifetime_us", Micros(settings.default_lifetime)},
          {"maximum_guest_lifetime_us", Micros(settings.maximum_lifetime)},
          {"guest_cap", absl::StrCat(settings.guest_cap)},
          {"sponsor_guest_cap", absl::StrCat(settings.sponsor_guest_cap)},
          {"guest_domains", absl::StrJoin(settings.guest_domains, " ")}};
}

}  // namespace guestpass::membership
