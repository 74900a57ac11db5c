#include "kingpin/tls/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kingpin/logger/klog.h"
#include "kingpin/tls/openssl_ptr.h"
#include "kingpin/tls/tls_error.h"
#include "kingpin/tls/tls_transport.h"

namespace kingpin {
namespace {

// Of TLS 1.2: forward secrecy and authenticated encryption only. 1.3 has no
// others.
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr long kTicketSeconds = 3600;

// Of the first error in OpenSSL's queue; `kind` is what should have been in `file`.
absl::Status FileError(absl::string_view file, absl::string_view kind) {
  const unsigned long code = ERR_peek_error();
  const int lib = ERR_GET_LIB(code);
  std::string why = tls::TakeTlsError();
  if (lib == ERR_LIB_PEM || lib == ERR_LIB_OSSL_DECODER ||
      lib == ERR_LIB_ASN1) {
    why = absl::StrCat("no ", kind, " in PEM (-----BEGIN ",
                       absl::AsciiStrToUpper(kind), "-----) is in it: ", why);
  }
  return absl::InvalidArgumentError(absl::StrCat(file, ": ", why));
}

// Of the private key.
absl::Status KeyError(const TlsServerOptions& options, bool is_encrypted) {
  const unsigned long code = ERR_peek_error();
  const int reason = ERR_GET_REASON(code);
  std::string why;
  if (is_encrypted) {
    why = absl::StrCat("it has a passphrase, and nobody is there to type it: ",
                       "`openssl pkey -in ", options.key_file,
                       "` writes it without");
  } else if (ERR_GET_LIB(code) == ERR_LIB_X509 &&
             (reason == X509_R_KEY_VALUES_MISMATCH ||
              reason == X509_R_KEY_TYPE_MISMATCH)) {
    why = absl::StrCat("it is not the key of the certificate in ",
                       options.certificate_file,
                       ", of which the first must be the server's own");
  } else {
    return FileError(options.key_file, "private key");
  }
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(options.key_file, ": ", why));
}

// Never ask at the terminal. `asked` is a bool.
int NoPassphrase(char*, int, int, void* asked) {
  if (asked != nullptr) *static_cast<bool*>(asked) = true;
  return -1;
}

// A server may begin with it, for it can be replaced; its clients go.
void WarnOfDates(const std::string& file, X509* certificate) {
  long code = X509_V_OK;
  if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
    code = X509_V_ERR_CERT_HAS_EXPIRED;
  } else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
    code = X509_V_ERR_CERT_NOT_YET_VALID;
  } else {
    return;
  }
  KLOG(WARNING) << file << ": " << tls::DescribeRefusal(code, certificate, "")
                << ": clients will refuse it";
}

int SelectAlpn(SSL*, const unsigned char** out, unsigned char* out_size,
               const unsigned char* offered, unsigned offered_size,
               void* context) {
  const std::string& ours = static_cast<tls::TlsContext*>(context)->alpn;
  unsigned char* chosen = nullptr;
  int result = SSL_select_next_proto(
      &chosen, out_size, reinterpret_cast<const unsigned char*>(ours.data()),
      static_cast<unsigned>(ours.size()), offered, offered_size);
  *out = chosen;
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK
                                          : SSL_TLSEXT_ERR_ALERT_FATAL;
}

absl::Status LoadCertificate(SSL_CTX* ctx, const TlsServerOptions& options) {
  ERR_clear_error();
  bool asked = false;
  SSL_CTX_set_default_passwd_cb(ctx, &NoPassphrase);
  SSL_CTX_set_default_passwd_cb_userdata(ctx, &asked);
  if (SSL_CTX_use_certificate_chain_file(
          ctx, options.certificate_file.c_str()) != 1) {
    return FileError(options.certificate_file, "certificate");
  }
  if (SSL_CTX_use_PrivateKey_file(ctx, options.key_file.c_str(),
                                  SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(ctx) != 1) {
    return KeyError(options, asked);
  }
  SSL_CTX_set_default_passwd_cb_userdata(ctx, nullptr);
  WarnOfDates(options.certificate_file, SSL_CTX_get0_certificate(ctx));
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<tls::TlsContext>> NewContext(
    const TlsServerOptions& options) {
  absl::StatusOr<std::string> alpn = tls::AlpnList(options.alpn);
  if (!alpn.ok()) return alpn.status();
  absl::StatusOr<tls::SslCtxPtr> ctx = tls::NewSslCtx(TLS_server_method());
  if (!ctx.ok()) return ctx.status();
  if (absl::Status status = LoadCertificate(ctx->get(), options);
      !status.ok()) {
    return status;
  }
  if (SSL_CTX_set_cipher_list(ctx->get(), kCiphers) != 1) {
    return absl::InternalError(absl::StrCat("OpenSSL: ", tls::TakeTlsError()));
  }
  // Tickets need no memory here, and no lock that all threads share.
  SSL_CTX_set_session_cache_mode(ctx->get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_timeout(ctx->get(), kTicketSeconds);
  auto context = std::make_shared<tls::TlsContext>(
      *std::move(ctx), *std::move(alpn), options.kernel_tls);
  if (!context->alpn.empty()) {
    SSL_CTX_set_alpn_select_cb(context->ctx.get(), &SelectAlpn, context.get());
  }
  return context;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsServer>> TlsServer::Create(
    TlsServerOptions options) {
  absl::StatusOr<std::shared_ptr<tls::TlsContext>> context =
      NewContext(options);
  if (!context.ok()) return context.status();
  return std::unique_ptr<TlsServer>(
      new TlsServer(std::move(options), *std::move(context)));
}

absl::Status TlsServer::Reload() {
  absl::StatusOr<std::shared_ptr<tls::TlsContext>> fresh = NewContext(options_);
  if (!fresh.ok()) return fresh.status();
  absl::MutexLock lock(&mu_);
  context_.swap(*fresh);
  return absl::OkStatus();
}

std::shared_ptr<tls::TlsContext> TlsServer::context() const {
  absl::MutexLock lock(&mu_);
  return context_;
}

std::unique_ptr<Transport> TlsServer::NewTransport() {
  return std::make_unique<TlsTransport>(context());
}

std::string TlsServer::Describe() const {
  X509* certificate = SSL_CTX_get0_certificate(context()->ctx.get());
  return absl::StrCat("for ", tls::NamesOf(certificate), ", valid until ",
                      tls::TimeText(X509_get0_notAfter(certificate)));
}

}  // namespace kingpin
