// TlsTransport: TLS on one connection, of either role. TlsServer and TlsClient
// make them; a handler asks one what was agreed upon:
//
//   void OnConnect(Connection& connection) override {
//     const TlsTransport* tls = TlsTransport::From(connection.transport());
//     if (tls != nullptr && tls->alpn() == "h2") ...
//   }
//
// Output is encrypted 32 KiB at a time into memory of the thread's and leaves in
// one call; files are read in the same slices. So a slow peer holds some 32 KiB
// here, and a connection that is idle none. With kernel TLS (kernel_tls.h)
// output goes to the socket as if there were no TLS.
//
// Errors, of Recv and the like: EPROTO for what breaks the protocol or is
// refused, ECONNRESET for an end without close_notify, else the socket's own;
// error_text() says more.
//
// Threads: as Transport.
// Lifetime: owns its part of what made it; a client's SessionCache too.
#ifndef KINGPIN_TLS_TLS_TRANSPORT_H_
#define KINGPIN_TLS_TLS_TRANSPORT_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "kingpin/net/transport.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/tls/openssl_ptr.h"
#include "kingpin/tls/session_cache.h"
#include "kingpin/tls/tls_context.h"
#include "kingpin/tls/wire.h"

namespace kingpin {
namespace tls {

// What a client's connection adds to its context.
struct TlsPeer {
  std::string host;     // The name to ask for and to check; or an address.
  std::string session;  // Its name in the cache.
  bool verify = true;
  std::shared_ptr<SessionCache> cache;
};

class TlsTransport final : public Transport {
 public:
  // A server's.
  explicit TlsTransport(std::shared_ptr<TlsContext> context);
  // A client's.
  TlsTransport(std::shared_ptr<TlsContext> context, TlsPeer peer);
  ~TlsTransport() override;

  // Null if `transport` is null or not TLS.
  static TlsTransport* From(Transport* transport) {
    return dynamic_cast<TlsTransport*>(transport);
  }

  // --- What was agreed upon; empty or false before the handshake's end ---------

  absl::string_view version() const;  // "TLSv1.3".
  absl::string_view cipher() const;   // "TLS_AES_256_GCM_SHA384".
  // The application protocol; empty if none was agreed upon.
  absl::string_view alpn() const;
  // A server's: the name that the client asked for, unchecked; may be empty.
  absl::string_view server_name() const;
  // An earlier session went on.
  bool resumed() const;

  // --- Transport -----------------------------------------------------------------

  void Attach(int fd) override { wire_.set_fd(fd); }
  int Handshake() override;
  bool established() const override { return established_; }
  SysResult<size_t> Recv(char* data, size_t size) override;
  SysResult<size_t> SendV(absl::Span<const iovec> parts, bool more) override;
  SysResult<size_t> SendFile(int file, off_t offset, size_t size) override;
  bool output_in_kernel() const override { return in_kernel_; }
  int Shutdown() override;
  bool input_pending() const override { return input_pending_; }
  bool holds_input() const override;
  bool output_pending() const override;
  int Flush() override;
  std::string error_text() const override { return error_text_; }

 private:
  // Around every call of OpenSSL: the thread's error queue and the wire.
  class Call;

  bool is_client() const { return peer_ != nullptr; }
  // Makes what the first step of the handshake needs: before, a connection that
  // sends nothing costs next to nothing. 0 or errno.
  int Start();
  int StartClient();
  void SetWriteBio();
  void EndHandshake();

  // After an OpenSSL call that returned `result` <= 0: EAGAIN, 0 for the peer's
  // close_notify, or what failed_ has become.
  int Sort(int result);
  int Fail(int error, std::string text);
  // What OpenSSL's queue says.
  int FailByQueue(int error);
  // So that people see it who have typed the wrong address, and not only the log.
  void AnswerPlainHttp();
  int FlushOut(bool more);
  // Encrypts to the wire and counts as taken; 0 or errno.
  int Encrypt(const void* data, size_t size);
  // Sends what was taken.
  SysResult<size_t> SendTaken(bool more);

  static int OnCertificate(int ok, X509_STORE_CTX* store);
  // Kernel TLS: sees each message, for key updates.
  static void OnProtocolMessage(int sent, int version, int type,
                                const void* data, size_t size, SSL* ssl,
                                void* transport);
  friend int OnNewSession(SSL* ssl, SSL_SESSION* session);

  const std::shared_ptr<TlsContext> context_;
  const std::unique_ptr<const TlsPeer> peer_;  // Null for a server.
  Wire wire_;
  SslPtr ssl_;
  // At the end of what the wire has not sent: plain bytes that the caller still
  // counts as its own.
  size_t taken_ = 0;
  int failed_ = 0;  // The errno.
  bool established_ = false;
  bool in_kernel_ = false;
  bool ended_ = false;  // By close_notify.
  bool input_pending_ = false;
  bool wants_write_ = false;  // Kernel TLS: a record met a full socket.
  bool said_farewell_ = false;
  bool keys_are_stale_ = false;  // Kernel TLS: those of the kernel.
  std::string error_text_;
  std::string refusal_;  // Of the peer's certificate.
};

// SSL_CTX_sess_set_new_cb: to the cache of the connection's peer.
int OnNewSession(SSL* ssl, SSL_SESSION* session);

}  // namespace tls

using tls::TlsTransport;

}  // namespace kingpin

#endif  // KINGPIN_TLS_TLS_TRANSPORT_H_
