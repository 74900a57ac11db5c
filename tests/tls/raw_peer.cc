#include "tests/tls/raw_peer.h"

#include <errno.h>
#include <openssl/err.h>
#include <unistd.h>

#include <cstring>
#include <utility>

#include "absl/log/check.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {

RawPeer::RawPeer(UniqueFd fd, const SSL_METHOD* method)
    : fd_(std::move(fd)), ctx_(SSL_CTX_new(method)) {
  // What is refused is our end's matter.
  SSL_CTX_set_security_level(ctx_.get(), 0);
  SSL_CTX_set_mode(ctx_.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
}

RawPeer::RawPeer(UniqueFd fd) : RawPeer(std::move(fd), TLS_client_method()) {
  ssl_.reset(SSL_new(ctx_.get()));
  SSL_set_fd(ssl_.get(), fd_.get());
  SSL_set_connect_state(ssl_.get());
}

RawPeer::RawPeer(UniqueFd fd, const CertificateFiles& files)
    : RawPeer(std::move(fd), TLS_server_method()) {
  CHECK_EQ(
      SSL_CTX_use_certificate_chain_file(ctx_.get(), files.certificate.c_str()),
      1);
  CHECK_EQ(SSL_CTX_use_PrivateKey_file(ctx_.get(), files.key.c_str(),
                                       SSL_FILETYPE_PEM),
           1);
  ssl_.reset(SSL_new(ctx_.get()));
  SSL_set_fd(ssl_.get(), fd_.get());
  SSL_set_accept_state(ssl_.get());
}

RawPeer& RawPeer::Step() {
  ERR_clear_error();
  if (ended()) return *this;
  if (!connected_) {
    int result = SSL_do_handshake(ssl_.get());
    if (result != 1) {
      Sort(result);
      return *this;
    }
    connected_ = true;
  }
  for (;;) {
    char block[16 << 10];
    size_t got = 0;
    int result = SSL_read_ex(ssl_.get(), block, sizeof(block), &got);
    if (result != 1) {
      Sort(result);
      return *this;
    }
    received_.append(block, got);
  }
}

void RawPeer::Sort(int result) {
  const int saved_errno = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return;
    case SSL_ERROR_ZERO_RETURN:
      said_farewell_ = true;
      return;
    default:
      break;
  }
  const char* text = ERR_reason_error_string(ERR_peek_error());
  error_ = text != nullptr ? text : std::strerror(saved_errno);
  if (error_.empty()) error_ = "unknown";
}

size_t RawPeer::TryWrite(absl::string_view data) {
  ERR_clear_error();
  size_t wrote = 0;
  int result = SSL_write_ex(ssl_.get(), data.data(), data.size(), &wrote);
  if (result != 1) Sort(result);
  return result == 1 ? wrote : 0;
}

void RawPeer::SayFarewell() { SSL_shutdown(ssl_.get()); }

UniqueFd ConnectTo(uint16_t port, int receive_buffer_bytes) {
  TestClient client = TestClient::Connect(port, receive_buffer_bytes);
  return UniqueFd(dup(client.fd()));
}

}  // namespace testing
}  // namespace kingpin
