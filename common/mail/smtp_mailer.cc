// SPDX-License-Identifier: Apache-2.0
#include "common/mail/smtp_mailer.h"

#include <curl/curl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/telemetry/log.h"

namespace guestpass::mail {
namespace {

using Security = SmtpUrl::Security;

constexpr absl::string_view kSchemes[] = {"smtp", "smtp", "smtps"};

// What curl is given of a mail. It asks again only when the last piece is out, so once it was told that there
// is no more, the dot goes out.
struct Upload {
  absl::string_view rest;
  bool ended = false;
};

size_t GiveNext(char* buffer, size_t size, size_t count, void* context) {
  Upload& upload = *static_cast<Upload*>(context);
  const size_t given = std::min(size * count, upload.rest.size());
  memcpy(buffer, upload.rest.data(), given);
  upload.rest.remove_prefix(given);
  if (given == 0) upload.ended = true;
  return given;
}

// One conversation with curl's easy interface.
class Conversation {
 public:
  Conversation() : curl_(curl_easy_init()) { Set(CURLOPT_NOSIGNAL, 1L); }

  ~Conversation() {
    HangUp();
    curl_slist_free_all(recipients_);
    curl_easy_cleanup(curl_);
  }

  // Curl reads one of these two, unseen by the compiler: so an int or an enum has to become a long here.
  void Set(CURLoption option, long value) { Pass(option, value); }
  void Set(CURLoption option, const char* value) { Pass(option, value); }

  void SetMail(const Message& message, Upload& upload) {
    recipients_ = curl_slist_append(nullptr, message.to.c_str());
    Set(CURLOPT_MAIL_FROM, message.from.c_str());
    Pass(CURLOPT_MAIL_RCPT, recipients_);
    Set(CURLOPT_UPLOAD, 1L);
    Pass(CURLOPT_READFUNCTION, &GiveNext);
    Pass(CURLOPT_READDATA, &upload);
  }

  CURLcode Run() {
    if (result_ == CURLE_OK) result_ = curl_easy_perform(curl_);
    return result_;
  }

  // What the server answered last, or 0.
  long code() const {
    long code = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &code);
    return code;
  }

 private:
  template <typename Value>
  void Pass(CURLoption option, Value value) {
    if (result_ == CURLE_OK) result_ = curl_easy_setopt(curl_, option, value);
  }

  // Curl says QUIT when it cleans up, and would wait two minutes for the answer, which says nothing.
  void HangUp() {
    curl_socket_t socket = CURL_SOCKET_BAD;
    curl_easy_getinfo(curl_, CURLINFO_ACTIVESOCKET, &socket);
    if (socket != CURL_SOCKET_BAD) shutdown(socket, SHUT_RD);
  }

  CURL* const curl_;
  curl_slist* recipients_ = nullptr;
  CURLcode result_ = CURLE_OK;
};

void SetServer(Conversation& curl, const SmtpUrl& url, const SmtpOptions& options, absl::string_view self) {
  const std::string text =
      absl::StrCat(kSchemes[static_cast<int>(url.security)], "://", url.host, ":", url.port, "/", self);
  curl.Set(CURLOPT_URL, text.c_str());
  curl.Set(CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl.Set(CURLOPT_PROXY, "");
  curl.Set(CURLOPT_USE_SSL, url.security == Security::kPlain ? CURLUSESSL_NONE : CURLUSESSL_ALL);
  curl.Set(CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  curl.Set(CURLOPT_SSL_VERIFYPEER, 1L);
  curl.Set(CURLOPT_SSL_VERIFYHOST, 2L);
  if (!options.ca_file.empty()) {
    curl.Set(CURLOPT_CAINFO, options.ca_file.c_str());
    curl.Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
  }
  if (options.user.empty()) return;
  curl.Set(CURLOPT_USERNAME, options.user.c_str());
  curl.Set(CURLOPT_PASSWORD, options.password.c_str());
  curl.Set(CURLOPT_LOGIN_OPTIONS, "AUTH=PLAIN;AUTH=LOGIN");
}

void SetTimeout(Conversation& curl, absl::Duration timeout) {
  curl.Set(CURLOPT_TIMEOUT_MS, absl::ToInt64Milliseconds(timeout));
  curl.Set(CURLOPT_SERVER_RESPONSE_TIMEOUT, absl::ToInt64Seconds(absl::Ceil(timeout, absl::Seconds(1))));
  curl.Set(CURLOPT_QUICK_EXIT, 1L);  // else a name that does not resolve is waited for, whatever the time-out
}

absl::string_view StepOf(CURLcode result, bool ended) {
  if (ended) return "after the mail";
  switch (result) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
      return "connecting";
    case CURLE_USE_SSL_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return "TLS";
    case CURLE_LOGIN_DENIED:
      return "AUTH";
    default:
      return "before the mail's end";
  }
}

void LogTrouble(telemetry::Severity severity, absl::string_view what, const Message& message,
                absl::string_view step, CURLcode result, long code) {
  telemetry::Log(severity, what,
                 {{"message_id", message.message_id},
                  {"step", std::string(step)},
                  {"code", absl::StrCat(code)},
                  {"error", curl_easy_strerror(result)}});
}

// `code` is the last answer. Before the mail's end that was 354, so another one is about the mail.
absl::StatusOr<Handover> Judge(const Message& message, CURLcode result, bool ended, long code) {
  if (result == CURLE_OK || (ended && code / 100 == 2)) return Handover::kSent;
  const absl::string_view step = StepOf(result, ended);
  if (ended && code < 400) {
    LogTrouble(telemetry::Severity::kWarning, "nobody knows what became of a mail", message, step, result,
               code);
    return Handover::kUnknown;
  }
  LogTrouble(telemetry::Severity::kError, "mail was not handed over", message, step, result, code);
  return DeliveryFailed(code >= 500);
}

}  // namespace

absl::StatusOr<std::unique_ptr<SmtpMailer>> SmtpMailer::Create(SmtpOptions options) {
  static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (started != CURLE_OK)
    return absl::InternalError("libcurl does not start: see that it is installed whole.");
  absl::StatusOr<SmtpUrl> url = ParseSmtpUrl(options.url);
  if (!url.ok()) return url.status();
  if (options.user.empty() != options.password.empty()) {
    return absl::InvalidArgumentError("Set smtp-user and smtp-password, or neither.");
  }
  if (!options.ca_file.empty() && access(options.ca_file.c_str(), R_OK) != 0) {
    return absl::InvalidArgumentError(absl::StrCat("smtp-ca-file is \"", absl::CHexEscape(options.ca_file),
                                                   "\", which cannot be read: name a file of certificates."));
  }
  return std::unique_ptr<SmtpMailer>(new SmtpMailer(*std::move(url), std::move(options)));
}

absl::StatusOr<Handover> SmtpMailer::Send(const Message& message) {
  const absl::StatusOr<std::string> mail = Compose(message, Transport::k7Bit);
  if (!mail.ok()) {
    LogTrouble(telemetry::Severity::kError, "mail was not handed over", message, "composing",
               CURLE_BAD_FUNCTION_ARGUMENT, 0);
    return DeliveryFailed(false);
  }
  Upload upload{.rest = *mail};
  Conversation curl;
  SetServer(curl, url_, options_, absl::string_view(message.from).substr(message.from.find('@') + 1));
  SetTimeout(curl, options_.timeout);
  curl.SetMail(message, upload);
  const CURLcode result = curl.Run();
  return Judge(message, result, upload.ended, curl.code());
}

}  // namespace guestpass::mail
