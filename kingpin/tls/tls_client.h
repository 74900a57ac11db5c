// TlsClient: TLS for the connections that a client makes. TLS 1.2 and 1.3;
// certificates are checked against the system's roots and the name of the host,
// which is also asked for (SNI); sessions are resumed.
//
//   absl::StatusOr<std::unique_ptr<TlsClient>> tls = TlsClient::Create({});
//   ...
//   connection.StartTransport((*tls)->NewTransport("example.org", 443));
//
// A peer that is refused, or refuses, is reported with a text such as "the
// certificate has expired: it was valid until ...", by what the connection is:
// - a target's, with this from IOHandlerForClient::NewTransport: OnConnectFailed,
//   ConnectError::kHandshake and ConnectFailure::detail;
// - open already, with this by StartTransport, as above: OnClose,
//   CloseReason::kError and Connection::error_text(); so too where a server of
//   TLS 1.3 refuses afterwards, for want of a client's certificate, say;
// - the handler's own socket, with this by Adopt: IOHandler::OnHandshakeFailed
//   and Connection::error_text(). An IOHandlerForClient only logs it.
//
// Threads: thread-safe. Create reads files: not on a loop.
// Lifetime: connections go on without it.
#ifndef KINGPIN_TLS_TLS_CLIENT_H_
#define KINGPIN_TLS_TLS_CLIENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "kingpin/net/transport.h"
#include "kingpin/tls/session_cache.h"
#include "kingpin/tls/tls_context.h"

namespace kingpin {

struct TlsClientOptions {
  // Off, anybody may pretend to be the server: for tests, and for looking at
  // what a broken server says.
  bool verify = true;
  // PEM with the roots to trust instead of the system's. Those are where
  // SSL_CERT_FILE and SSL_CERT_DIR say, else where OpenSSL or the distributions
  // have them.
  std::string ca_file = {};
  // Application protocols to offer, the best first. Empty: no ALPN.
  std::vector<std::string> alpn = {};
  // That may be resumed, of all hosts; about 2 KiB each. 0: none.
  size_t max_sessions = 1024;
  // Send through kernel TLS (kernel_tls.h). Off, because it serves those who
  // send files.
  bool kernel_tls = false;
};

class TlsClient {
 public:
  static absl::StatusOr<std::unique_ptr<TlsClient>> Create(
      const TlsClientOptions& options);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // For a connection to `host`, as it stands in the URL: a name in ASCII, or an
  // address without brackets. Throws std::bad_alloc.
  std::unique_ptr<Transport> NewTransport(absl::string_view host,
                                          uint16_t port);

  // Sessions that could be resumed.
  size_t sessions() const { return sessions_->size(); }

 private:
  TlsClient(bool verify, std::shared_ptr<tls::TlsContext> context,
            size_t max_sessions)
      : verify_(verify),
        context_(std::move(context)),
        sessions_(std::make_shared<tls::SessionCache>(max_sessions)) {}

  const bool verify_;
  const std::shared_ptr<tls::TlsContext> context_;
  const std::shared_ptr<tls::SessionCache> sessions_;
};

}  // namespace kingpin

#endif  // KINGPIN_TLS_TLS_CLIENT_H_
