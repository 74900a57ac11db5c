// TlsServer: the certificate of a server, and TLS for the connections it
// accepts. TLS 1.2 and 1.3, sessions resumed by tickets, no renegotiation, no
// early data.
//
//   class Handler : public IOHandlerForServer {
//    public:
//     Handler(Shared* shared, int thread)
//         : IOHandlerForServer(shared, thread), tls_(*shared->tls) {}
//     std::unique_ptr<Transport> NewTransport(size_t) override {
//       return tls_.NewTransport();
//     }
//    private:
//     TlsServer& tls_;
//   };
//
// OnConnect comes when the handshake is done (within Timeouts::handshake); who
// fails is logged with the reason, and OnHandshakeFailed is told. The rest of
// the handler does not know about TLS (TlsTransport::From, if it wants to).
//
// Tickets are sealed with a key that is made with the certificate's context and
// never leaves the process: a reload, or a restart, costs each client one full
// handshake and ends what an old key could open.
//
// Threads: thread-safe. Create and Reload read files: not on a loop.
// Lifetime: connections go on without it.
// Errors: of Create and Reload name the file, the reason and what to do. A
//   certificate whose time has passed, or has not come, is taken with a warning in
//   the log.
#ifndef KINGPIN_TLS_TLS_SERVER_H_
#define KINGPIN_TLS_TLS_SERVER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "kingpin/net/transport.h"
#include "kingpin/tls/tls_context.h"

namespace kingpin {

struct TlsServerOptions {
  // PEM: the certificate, then those between it and the root.
  std::string certificate_file;
  // PEM, without a passphrase.
  std::string key_file;
  // Application protocols, the best first. Who offers only others is refused
  // (RFC 7301, section 3.2); who offers none is not. Empty: ALPN is ignored.
  std::vector<std::string> alpn = {};
  // Send through kernel TLS where the kernel has it (kernel_tls.h). Off, the
  // same bytes are sent; files then pass through the process.
  bool kernel_tls = true;
};

class TlsServer {
 public:
  static absl::StatusOr<std::unique_ptr<TlsServer>> Create(
      TlsServerOptions options);
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // Reads the files again, for connections from now on; those there are keep
  // what they have. After an error everything is as it was.
  absl::Status Reload() ABSL_LOCKS_EXCLUDED(mu_);

  // For one connection. Throws std::bad_alloc.
  std::unique_ptr<Transport> NewTransport() ABSL_LOCKS_EXCLUDED(mu_);

  // For the log: "for a.example, b.example, valid until Jan  2 ... GMT".
  std::string Describe() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  TlsServer(TlsServerOptions options, std::shared_ptr<tls::TlsContext> context)
      : options_(std::move(options)), context_(std::move(context)) {}

  std::shared_ptr<tls::TlsContext> context() const ABSL_LOCKS_EXCLUDED(mu_);

  const TlsServerOptions options_;
  mutable absl::Mutex mu_;
  std::shared_ptr<tls::TlsContext> context_ ABSL_GUARDED_BY(mu_);
};

}  // namespace kingpin

#endif  // KINGPIN_TLS_TLS_SERVER_H_
