// SPDX-License-Identifier: Apache-2.0
#include "common/mail/allow_list_mailer.h"

#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/mail/address.h"

namespace guestpass::mail {
namespace {

std::string DomainOf(const Address& address) { return address.folded.substr(address.folded.find('@')); }

std::optional<std::string> FoldEntry(absl::string_view entry) {
  entry = absl::StripAsciiWhitespace(entry);
  const bool whole_domain = absl::StartsWith(entry, "@");
  const std::optional<Address> address = ParseAddress(absl::StrCat(whole_domain ? "x" : "", entry));
  if (!address.has_value()) return std::nullopt;
  return whole_domain ? DomainOf(*address) : address->folded;
}

}  // namespace

absl::StatusOr<std::unique_ptr<AllowListMailer>> AllowListMailer::Create(
    std::unique_ptr<Mailer> mailer, const std::vector<std::string>& entries) {
  std::set<std::string> allowed;
  for (const std::string& entry : entries) {
    const std::optional<std::string> folded = FoldEntry(entry);
    if (!folded.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("Mail is allowed to \"", absl::CHexEscape(entry),
                       "\", which is neither an address nor a domain: list entries like ann@example.com or "
                       "@example.com, with commas between."));
    }
    allowed.insert(*folded);
  }
  if (allowed.empty()) {
    return absl::InvalidArgumentError(
        "Mail is allowed to nobody: list entries like ann@example.com or @example.com, or set no "
        "allow-list.");
  }
  return std::unique_ptr<AllowListMailer>(new AllowListMailer(std::move(mailer), std::move(allowed)));
}

absl::StatusOr<Handover> AllowListMailer::Send(const Message& message) {
  const std::optional<Address> to = ParseAddress(message.to);
  const bool allowed =
      to.has_value() && (allowed_.count(to->folded) > 0 || allowed_.count(DomainOf(*to)) > 0);
  return allowed ? mailer_->Send(message) : Handover::kDevRestricted;
}

}  // namespace guestpass::mail
