// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/harness/servers/process.h"

namespace guestpass::harness {

struct SmtpPeerOptions {
  enum class Tls { kNone, kStartTls, kImplicit };

  Tls tls = Tls::kNone;
  std::string account;  // "USER:PASSWORD" that must log in; "": nobody has to
  bool mute = false;    // takes connections and never greets
};

// A mail server that is not ours, on a free port of 127.0.0.1, with a certificate for "localhost" by a
// throw-away authority. smtp_peer.py says which recipients meet which trouble. Dies with the thread that
// started it. For one thread at a time.
class SmtpPeer {
 public:
  // INTERNAL with what went wrong.
  static absl::StatusOr<std::unique_ptr<SmtpPeer>> Start(const SmtpPeerOptions& options = {});

  ~SmtpPeer();  // stops it

  int port() const { return port_; }
  std::string ca_file() const { return directory_ + "/ca.pem"; }

  // Each mail that came whole, whatever was answered: its bytes, in order.
  std::vector<std::string> Mails() const;

  // What clients said, as "MAIL no-reply@example.com".
  std::vector<std::string> Commands() const;

 private:
  SmtpPeer() = default;

  absl::Status MakeCertificates() const;
  absl::Status Run(const SmtpPeerOptions& options);
  absl::Status AwaitReady();

  std::string directory_;
  int port_ = 0;
  std::optional<Process> server_;
};

}  // namespace guestpass::harness
