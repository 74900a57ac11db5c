// TlsContext: what the connections of one configuration share.
//
// Threads: thread-safe.
// Lifetime: the connections that use it own it together with who made it, so
//   that a reload (TlsServer::Reload) leaves the others as they are.
//
//   absl::StatusOr<std::string> alpn = AlpnList({"h2", "http/1.1"});
//   auto context = std::make_shared<TlsContext>(*std::move(ctx), *alpn, true);
#ifndef KINGPIN_TLS_TLS_CONTEXT_H_
#define KINGPIN_TLS_TLS_CONTEXT_H_

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "kingpin/tls/openssl_ptr.h"

namespace kingpin {
namespace tls {

struct TlsContext {
  TlsContext(SslCtxPtr ssl_ctx, std::string alpn_list, bool use_kernel_tls)
      : ctx(std::move(ssl_ctx)),
        alpn(std::move(alpn_list)),
        kernel_tls(use_kernel_tls) {}

  const SslCtxPtr ctx;
  const std::string alpn;  // As on the wire.
  // Wanted, and not known to be missing.
  std::atomic<bool> kernel_tls;
};

// TLS 1.2 and later, no renegotiation, no compression, buffers only while they
// are in use. Both roles begin with this.
absl::StatusOr<SslCtxPtr> NewSslCtx(const SSL_METHOD* method);

// As on the wire (RFC 7301, section 3.1); each name has 1 to 255 bytes.
absl::StatusOr<std::string> AlpnList(const std::vector<std::string>& names);

}  // namespace tls
}  // namespace kingpin

#endif  // KINGPIN_TLS_TLS_CONTEXT_H_
