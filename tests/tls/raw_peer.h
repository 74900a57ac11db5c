// RawPeer: the other end of a TLS connection, by OpenSSL's plain interface on a
// socket of its own (SSL_set_fd), with none of our code in between.
//
// Nothing blocks: Step() goes as far as it can, so that one thread runs both
// ends.
//
//   RawPeer peer(ConnectTo(port), RawPeer::kClient);
//   server.RunUntil([&] { return peer.Step().connected(); });
//   peer.Write("hello");
#ifndef KINGPIN_TESTS_TLS_RAW_PEER_H_
#define KINGPIN_TESTS_TLS_RAW_PEER_H_

#include <openssl/ssl.h>

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "kingpin/sys/unique_fd.h"
#include "kingpin/tls/openssl_ptr.h"
#include "tests/tls/test_certificates.h"

namespace kingpin {
namespace testing {

class RawPeer {
 public:
  // A client that trusts anybody. Configure by ssl() before the first Step().
  explicit RawPeer(UniqueFd fd);
  // A server with that certificate.
  RawPeer(UniqueFd fd, const CertificateFiles& files);
  RawPeer(RawPeer&&) = default;

  SSL* ssl() { return ssl_.get(); }
  SSL_CTX* ctx() { return ctx_.get(); }
  int fd() const { return fd_.get(); }

  // Handshake, then reads what there is.
  RawPeer& Step();
  bool connected() const { return connected_; }
  // What has come, decrypted.
  const std::string& received() const { return received_; }
  // How it ended: by close_notify, by FIN alone, or by an error.
  bool said_farewell() const { return said_farewell_; }
  bool ended() const { return said_farewell_ || !error_.empty(); }
  const std::string& error() const { return error_; }

  // How many of `data` were taken; repeat with what is left.
  size_t TryWrite(absl::string_view data);
  // close_notify, without FIN.
  void SayFarewell();
  void Close() { fd_.Reset(); }

 private:
  RawPeer(UniqueFd fd, const SSL_METHOD* method);
  void Sort(int result);

  UniqueFd fd_;
  tls::SslCtxPtr ctx_;
  tls::SslPtr ssl_;
  bool connected_ = false;
  bool said_farewell_ = false;
  std::string received_;
  std::string error_;
};

// A connection to 127.0.0.1 that does not block.
UniqueFd ConnectTo(uint16_t port, int receive_buffer_bytes = 0);

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TLS_RAW_PEER_H_
