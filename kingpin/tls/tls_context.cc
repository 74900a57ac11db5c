#include "kingpin/tls/tls_context.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kingpin/tls/tls_error.h"

namespace kingpin {
namespace tls {

absl::StatusOr<SslCtxPtr> NewSslCtx(const SSL_METHOD* method) {
  ERR_clear_error();
  SslCtxPtr ctx(SSL_CTX_new(method));
  if (ctx == nullptr ||
      SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION) != 1) {
    return absl::InternalError(absl::StrCat("OpenSSL: ", TakeTlsError()));
  }
  SSL_CTX_set_options(ctx.get(), SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_NO_COMPRESSION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE |
                                     SSL_OP_PRIORITIZE_CHACHA);
  // What is repeated after a short write may lie elsewhere by then; and an idle
  // connection holds no buffers.
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                  SSL_MODE_RELEASE_BUFFERS);
  // One recv for a whole record and more, not one for its header first.
  SSL_CTX_set_read_ahead(ctx.get(), 1);
  return ctx;
}

absl::StatusOr<std::string> AlpnList(const std::vector<std::string>& names) {
  std::string list;
  for (const std::string& name : names) {
    if (name.empty() || name.size() > 255) {
      return absl::InvalidArgumentError(absl::StrCat(
          "ALPN name of ", name.size(), " bytes: it has 1 to 255"));
    }
    list += static_cast<char>(name.size());
    list += name;
  }
  return list;
}

}  // namespace tls
}  // namespace kingpin
