// SPDX-License-Identifier: Apache-2.0
#include "tests/harness/mail/smtp_peer.h"

#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "common/status/macros.h"
#include "tests/harness/servers/places.h"

namespace guestpass::harness {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr char kScript[] = "tests/harness/mail/smtp_peer.py";
constexpr absl::string_view kTls[] = {"none", "starttls", "implicit"};

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// openssl's words for a new certificate and its key, in files of that name.
std::vector<std::string> NewCertificate(const std::string& path, const std::string& subject) {
  return {"openssl", "req",        "-x509", "-newkey", "ec",    "-pkeyopt", "ec_paramgen_curve:P-256",
          "-nodes",  "-days",      "2",     "-subj",   subject, "-keyout",  path + ".key",
          "-out",    path + ".pem"};
}

}  // namespace

absl::StatusOr<std::unique_ptr<SmtpPeer>> SmtpPeer::Start(const SmtpPeerOptions& options) {
  std::unique_ptr<SmtpPeer> peer(new SmtpPeer());
  ASSIGN_OR_RETURN(peer->directory_, MakeTempDirectory());
  if (options.tls != SmtpPeerOptions::Tls::kNone) RETURN_IF_ERROR(peer->MakeCertificates());
  RETURN_IF_ERROR(peer->Run(options));
  RETURN_IF_ERROR(peer->AwaitReady());
  return peer;
}

SmtpPeer::~SmtpPeer() {
  if (server_.has_value()) server_->Stop(SIGKILL);
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::vector<std::string> SmtpPeer::Mails() const {
  std::vector<std::string> mails;
  for (;;) {
    const std::string path = absl::StrCat(directory_, "/", mails.size(), ".eml");
    if (!std::filesystem::exists(path)) return mails;
    mails.push_back(ReadAll(path));
  }
}

std::vector<std::string> SmtpPeer::Commands() const {
  return absl::StrSplit(ReadAll(directory_ + "/commands"), '\n', absl::SkipEmpty());
}

absl::Status SmtpPeer::MakeCertificates() const {
  const std::string output = directory_ + "/openssl.log";
  RETURN_IF_ERROR(
      RunProgram({.args = NewCertificate(directory_ + "/ca", "/CN=authority"), .output = output}, kPatience));
  std::vector<std::string> server = NewCertificate(directory_ + "/server", "/CN=server");
  for (const std::string& word :
       {std::string("-CA"), ca_file(), std::string("-CAkey"), directory_ + "/ca.key", std::string("-addext"),
        std::string("subjectAltName=DNS:localhost")}) {
    server.push_back(word);
  }
  return RunProgram({.args = std::move(server), .output = output}, kPatience);
}

absl::Status SmtpPeer::Run(const SmtpPeerOptions& options) {
  std::vector<std::string> args = {"python3",
                                   kScript,
                                   directory_,
                                   absl::StrCat("--tls=", kTls[static_cast<int>(options.tls)]),
                                   absl::StrCat("--certificate=", directory_, "/server.pem"),
                                   absl::StrCat("--key=", directory_, "/server.key"),
                                   absl::StrCat("--account=", options.account)};
  if (options.mute) args.push_back("--mute");
  ASSIGN_OR_RETURN(Process server,
                   Process::Start({.args = std::move(args), .output = directory_ + "/peer.log"}));
  server_.emplace(std::move(server));
  return absl::OkStatus();
}

absl::Status SmtpPeer::AwaitReady() {
  const absl::Time deadline = absl::Now() + kPatience;
  while (absl::Now() < deadline && server_->Running()) {
    if (absl::SimpleAtoi(ReadAll(directory_ + "/port"), &port_)) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(5));
  }
  return absl::InternalError(
      absl::StrCat(kScript, " does not start; it needs python3-aiosmtpd\n", Tail(directory_ + "/peer.log")));
}

}  // namespace guestpass::harness
