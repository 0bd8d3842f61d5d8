// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/stack/banner.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace guestpass::harness {
namespace {

constexpr absl::string_view kHowToGetGrpcurl =
    "# grpcurl is not in PATH. With Go installed this gets it, into ~/go/bin:\n"
    "go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.8.9 && PATH=$PATH:~/go/bin\n\n";

std::string Row(absl::string_view what, absl::string_view where) {
  return absl::StrFormat("  %-19s %s\n", what, where);
}

// A call by grpcurl as the user whose token the variable `caller` holds; `data` is what stands behind.
std::string Call(absl::string_view grpcurl, absl::string_view caller, absl::string_view data,
                 absl::string_view address, absl::string_view method) {
  return absl::StrCat(grpcurl, " -plaintext -expand-headers -H 'authorization: Bearer ${", caller, "}' ",
                      data, " ", address, " guestpass.", method);
}

// As above, showing the answer and keeping the first resource name of it that begins with `prefix`.
std::string Keep(absl::string_view variable, absl::string_view prefix, absl::string_view call) {
  return absl::StrCat(variable, "=$(", call, " | tee -a /dev/stderr | grep -o '", prefix, "' | head -n 1)\n");
}

}  // namespace

std::string Banner(const Stack& stack, absl::string_view how_to_stop) {
  std::string text =
      "guestpass runs here, for trying out and for tests. It is not for production: no TLS, and an\n"
      "issuer that gives anybody any token.\n\n";
  for (const auto& service : stack.services())
    absl::StrAppend(&text, Row(service->name(), service->address()));
  absl::StrAppend(
      &text, Row("nats-server", stack.nats().url()),
      Row("PostgreSQL", absl::StrCat("socket in ", stack.postgres().directory())),
      Row("mail", absl::StrCat(stack.mail_dir(), ", a file each")), Row("logs", stack.log_dir()),
      stack.keeps_data()
          ? Row("data", absl::StrCat(stack.directory(), ", kept"))
          : Row("data", absl::StrCat(stack.directory(), ", removed at the end (--data-dir keeps it)")),
      Row("to stop it", how_to_stop));
  return text;
}

std::string PasteLines(const Stack& stack, absl::string_view grpcurl, absl::string_view token) {
  const Addresses at = stack.addresses();
  const std::string program(grpcurl.empty() ? "grpcurl" : grpcurl);
  const std::string gateway = at.gateways.front();
  std::string text(grpcurl.empty() ? kHowToGetGrpcurl : "");
  absl::StrAppend(
      &text, "# Tokens: an operator, the owner of what is made, and a guest-to-be.\n",            //
      "export OPERATOR=$(", token, " oscar --operator)\n",                                        //
      "export OLGA=$(", token, " olga --email olga@example.com)\n",                               //
      "export GINA=$(", token, " gina --email gina@example.com)\n\n",                             //
      "# What there is to call.\n",                                                               //
      program, " -plaintext ", at.membership, " list\n",                                          //
      program, " -plaintext ", gateway, " describe guestpass.messaging.v1.MessagingService\n\n",  //
      "# membership: an organization, a workspace, a channel.\n",
      Keep("ORGANIZATION", "organizations/[a-z2-7]*",
           Call(program, "OPERATOR",
                absl::StrCat("-d '{\"organization\": {\"display_name\": \"Harbour\"}, \"owner\": \"",
                             stack.UserId("olga"), "\"}'"),
                at.membership, "membership.v1.MembershipService/CreateOrganization")),
      Keep("WORKSPACE", "workspaces/[a-z2-7]*",
           Call(program, "OLGA",
                "-d '{\"parent\": \"'$ORGANIZATION'\", \"workspace\": {\"display_name\": \"Works\"}}'",
                at.membership, "membership.v1.MembershipService/CreateWorkspace")),
      Keep("CHANNEL", "workspaces/[a-z2-7]*/channels/[a-z2-7]*",
           Call(program, "OLGA",
                "-d '{\"parent\": \"'$WORKSPACE'\", \"channel\": {\"display_name\": \"plans\", \"kind\": "
                "\"CHANNEL_KIND_PRIVATE\"}}'",
                at.membership, "membership.v1.MembershipService/CreateChannel")),
      "\n# invite: a guest for ten minutes; the mail is a file, and its secret goes in by stdin.\n",
      Call(program, "OLGA",
           "-d '{\"parent\": \"'$WORKSPACE'\", \"invite\": {\"email\": \"gina@example.com\", \"role\": "
           "\"ROLE_GUEST\", \"channels\": [\"'$CHANNEL'\"], \"guest_ttl\": \"600s\"}}'",
           at.invite, "invite.v1.InviteService/CreateInvite"),
      "\nMAIL=$(ls -t ", stack.mail_dir(), "/*.eml | head -n 1)\n",
      "MEMBER=$(sed -n 's|.*/join#\\([a-z2-7]\\{52\\}\\).*|{\"secret\": \"\\1\"}|p' $MAIL | head -n 1 | ",
      Call(program, "GINA", "-d @", at.invite, "invite.v1.InviteService/RedeemInvite"),
      " | tee -a /dev/stderr | grep -o 'workspaces/[a-z2-7]*/members/[a-z2-7]*')\n",
      "\n# messaging-gateway: a stream that posts and is open for a second, then the history.\n",
      "{ echo '{\"hello\": {\"workspace\": \"'$WORKSPACE'\"}} {\"post\": {\"channel\": \"'$CHANNEL'\", "
      "\"client_message_id\": \"1\", \"text\": \"Good morning\"}}'; sleep 1; } | ",
      Call(program, "GINA", "-d @", gateway, "messaging.v1.MessagingService/Connect"), "\n",
      Call(program, "GINA", "-d '{\"parent\": \"'$CHANNEL'\"}'", gateway,
           "messaging.v1.MessagingService/ListMessages"),
      "\n\n# guest-expiry: the guest's time ends now; it still reads, and a post is refused.\n",
      Call(program, "OLGA", "-d '{\"name\": \"'$MEMBER'/expiration\", \"ttl\": \"0s\"}'", at.guest_expiry,
           "guestexpiry.v1.GuestExpiryService/ExtendExpiration"),
      "\n",
      Call(program, "OLGA",
           "-d '{\"name\": \"'$MEMBER'\", \"channel\": \"'$CHANNEL'\", \"action\": \"ACTION_POST\"}'",
           at.membership, "membership.v1.MembershipService/CheckAccess"),
      "\n");
  return text;
}

}  // namespace guestpass::harness
