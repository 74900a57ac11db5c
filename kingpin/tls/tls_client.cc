#include "kingpin/tls/tls_client.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "kingpin/tls/openssl_ptr.h"
#include "kingpin/tls/tls_error.h"
#include "kingpin/tls/tls_transport.h"

namespace kingpin {
namespace {

// An OpenSSL that was built elsewhere looks in a directory of its own.
constexpr const char* kRootFiles[] = {
    "/etc/ssl/certs/ca-certificates.crt",  // Debian, Arch, Gentoo.
    "/etc/pki/tls/certs/ca-bundle.crt",    // Fedora, RHEL.
    "/etc/ssl/ca-bundle.pem",              // openSUSE.
    "/etc/ssl/cert.pem",                   // Alpine.
};

bool HasRoots(SSL_CTX* ctx) {
  const STACK_OF(X509_OBJECT)* roots =
      X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx));
  if (sk_X509_OBJECT_num(roots) > 0) return true;
  // A directory is looked into as certificates are needed.
  const char* directory = std::getenv(X509_get_default_cert_dir_env());
  if (directory == nullptr) return false;
  return access(directory, R_OK) == 0;
}

absl::Status LoadRoots(SSL_CTX* ctx, const std::string& ca_file) {
  ERR_clear_error();
  if (!ca_file.empty()) {
    if (SSL_CTX_load_verify_file(ctx, ca_file.c_str()) == 1) {
      return absl::OkStatus();
    }
    return absl::InvalidArgumentError(
        absl::StrCat(ca_file, ": ", tls::TakeTlsError()));
  }
  SSL_CTX_set_default_verify_paths(ctx);
  for (const char* file : kRootFiles) {
    if (HasRoots(ctx)) break;
    if (access(file, R_OK) == 0) SSL_CTX_load_verify_file(ctx, file);
  }
  ERR_clear_error();  // Of files that are not there.
  if (HasRoots(ctx)) return absl::OkStatus();
  return absl::NotFoundError(
      "this system has no root certificates (Debian: apt install "
      "ca-certificates); or name a ca_file");
}

absl::Status SetAlpn(SSL_CTX* ctx, const std::string& alpn) {
  if (alpn.empty() ||
      SSL_CTX_set_alpn_protos(
          ctx, reinterpret_cast<const unsigned char*>(alpn.data()),
          static_cast<unsigned>(alpn.size())) == 0) {
    return absl::OkStatus();
  }
  return absl::InternalError(absl::StrCat("OpenSSL: ", tls::TakeTlsError()));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsClient>> TlsClient::Create(
    const TlsClientOptions& options) {
  absl::StatusOr<std::string> alpn = tls::AlpnList(options.alpn);
  if (!alpn.ok()) return alpn.status();
  absl::StatusOr<tls::SslCtxPtr> ctx = tls::NewSslCtx(TLS_client_method());
  if (!ctx.ok()) return ctx.status();
  if (absl::Status status = SetAlpn(ctx->get(), *alpn); !status.ok()) {
    return status;
  }
  if (options.verify) {
    absl::Status status = LoadRoots(ctx->get(), options.ca_file);
    if (!status.ok()) return status;
  }
  SSL_CTX_set_session_cache_mode(
      ctx->get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(ctx->get(), &tls::OnNewSession);
  auto context = std::make_shared<tls::TlsContext>(
      *std::move(ctx), *std::move(alpn), options.kernel_tls);
  return std::unique_ptr<TlsClient>(
      new TlsClient(options.verify, std::move(context), options.max_sessions));
}

std::unique_ptr<Transport> TlsClient::NewTransport(absl::string_view host,
                                                   uint16_t port) {
  // "example.org." is the same host; certificates name it without the dot.
  host = absl::StripSuffix(host, ".");
  return std::make_unique<TlsTransport>(
      context_, tls::TlsPeer{.host = std::string(host),
                             .session = absl::StrCat(host, ":", port),
                             .verify = verify_,
                             .cache = sessions_});
}

}  // namespace kingpin
