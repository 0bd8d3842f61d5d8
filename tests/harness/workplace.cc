// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/workplace.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/proto_time.h"
#include "common/status/macros.h"

namespace guestpass::harness {
namespace {

namespace fs = std::filesystem;
using invite::v1::InviteService;
using membership::v1::MembershipService;

absl::StatusOr<std::string> MakeChannel(const Client& owner, const std::string& workspace,
                                        type::v1::ChannelKind kind, const std::string& display_name) {
  membership::v1::CreateChannelRequest request;
  request.set_parent(workspace);
  request.mutable_channel()->set_display_name(display_name);
  request.mutable_channel()->set_kind(kind);
  ASSIGN_OR_RETURN(const auto channel, owner.Call(&MembershipService::Stub::CreateChannel, request));
  return channel.name();
}

std::string ReadAll(const fs::path& path) {
  std::ifstream file(path);
  return std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
}

}  // namespace

absl::StatusOr<Workplace> MakeWorkplace(const Stack& stack, absl::Duration grace) {
  Workplace place;
  membership::v1::CreateOrganizationRequest organization;
  organization.mutable_organization()->set_display_name("Test organization");
  organization.set_owner(stack.UserId("olga"));
  ASSIGN_OR_RETURN(const auto made,
                   stack.Operator("oscar").Call(&MembershipService::Stub::CreateOrganization, organization));
  place.organization = made.name();
  const Client olga = stack.User("olga");
  membership::v1::CreateWorkspaceRequest workspace;
  workspace.set_parent(place.organization);
  workspace.mutable_workspace()->set_display_name("Test workspace");
  *workspace.mutable_workspace()->mutable_guest_grace() = rpc::ToProto(grace);
  ASSIGN_OR_RETURN(const auto created, olga.Call(&MembershipService::Stub::CreateWorkspace, workspace));
  place.workspace = created.name();
  ASSIGN_OR_RETURN(place.open_channel,
                   MakeChannel(olga, place.workspace, type::v1::CHANNEL_KIND_PUBLIC, "open"));
  ASSIGN_OR_RETURN(place.closed_channel,
                   MakeChannel(olga, place.workspace, type::v1::CHANNEL_KIND_PRIVATE, "closed"));
  return place;
}

absl::StatusOr<std::string> MakePrivateChannel(const Stack& stack, const Workplace& place,
                                               const std::string& display_name) {
  return MakeChannel(stack.User("olga"), place.workspace, type::v1::CHANNEL_KIND_PRIVATE, display_name);
}

absl::StatusOr<invite::v1::RedeemInviteResponse> AddGuest(const Stack& stack, const Workplace& place,
                                                          const std::string& name, absl::Duration ttl) {
  const std::string address = name + "@example.com";
  invite::v1::CreateInviteRequest request;
  request.set_parent(place.workspace);
  request.mutable_invite()->set_email(address);
  request.mutable_invite()->set_role(type::v1::ROLE_GUEST);
  request.mutable_invite()->add_channels(place.closed_channel);
  if (ttl != absl::InfiniteDuration()) {
    *request.mutable_invite()->mutable_guest_ttl() = rpc::ToProto(ttl);
  }
  RETURN_IF_ERROR(stack.User("olga").Call(&InviteService::Stub::CreateInvite, request).status());
  invite::v1::RedeemInviteRequest redeem;
  ASSIGN_OR_RETURN(*redeem.mutable_secret(), MailedSecret(stack.mail_dir(), address));
  return stack.User(name).Call(&InviteService::Stub::RedeemInvite, redeem);
}

absl::StatusOr<std::string> MailedSecret(const std::string& directory, const std::string& address) {
  const std::regex link("/join#([a-z2-7]{52})");
  const std::string recipient = absl::StrCat("\r\nTo: ", address, "\r\n");
  fs::file_time_type newest;
  std::string secret;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory, error)) {
    if (entry.path().extension() != ".eml") continue;
    const std::string mail = ReadAll(entry.path());
    std::smatch match;
    if (!absl::StrContains(mail, recipient) || !std::regex_search(mail, match, link)) continue;
    const fs::file_time_type written = entry.last_write_time(error);
    if (!secret.empty() && written < newest) continue;
    newest = written;
    secret = match[1];
  }
  if (!secret.empty()) return secret;
  return absl::NotFoundError(absl::StrCat("No file in ", directory, " is a mail to ", address, "."));
}

}  // namespace guestpass::harness
