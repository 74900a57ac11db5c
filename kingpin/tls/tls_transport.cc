#include "kingpin/tls/tls_transport.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "kingpin/logger/klog.h"
#include "kingpin/tls/kernel_tls.h"
#include "kingpin/tls/tls_error.h"

namespace kingpin {
namespace tls {
namespace {

// Two records. What is left of it when the socket is full waits in memory of the
// connection.
constexpr size_t kChunkBytes = 32 << 10;
// What a peer may make us hold that does not read: answers to its key updates,
// on top of a chunk.
constexpr size_t kMaxUnsent = 128 << 10;
// Recv calls of one turn. In a handshake, as much as a flight may have.
constexpr int kReads = 1;
constexpr int kHandshakeReads = 8;

// Where the connections of this thread read files to.
char* FileBlock() {
  thread_local std::unique_ptr<char[]> block;
  if (block == nullptr) {
    block = std::make_unique_for_overwrite<char[]>(kChunkBytes);
  }
  return block.get();
}

bool IsAddress(const std::string& host) {
  in6_addr address;
  return inet_pton(AF_INET, host.c_str(), &address) == 1 ||
         inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

}  // namespace

class TlsTransport::Call {
 public:
  Call(TlsTransport* transport, int reads) : wire_(transport->wire_) {
    ERR_clear_error();
    errno = 0;
    wire_.Begin(reads);
  }
  ~Call() { wire_.End(); }
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

 private:
  Wire& wire_;
};

TlsTransport::TlsTransport(std::shared_ptr<TlsContext> context)
    : context_(std::move(context)) {}

TlsTransport::TlsTransport(std::shared_ptr<TlsContext> context, TlsPeer peer)
    : context_(std::move(context)),
      peer_(std::make_unique<const TlsPeer>(std::move(peer))) {}

TlsTransport::~TlsTransport() = default;

// --- What was agreed upon -------------------------------------------------------

absl::string_view TlsTransport::version() const {
  return established_ ? SSL_get_version(ssl_.get()) : "";
}

absl::string_view TlsTransport::cipher() const {
  return established_ ? SSL_get_cipher_name(ssl_.get()) : "";
}

absl::string_view TlsTransport::alpn() const {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  if (established_) SSL_get0_alpn_selected(ssl_.get(), &name, &size);
  return absl::string_view(reinterpret_cast<const char*>(name), size);
}

absl::string_view TlsTransport::server_name() const {
  const char* name =
      established_ ? SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name)
                   : nullptr;
  return name == nullptr ? "" : name;
}

bool TlsTransport::resumed() const {
  return established_ && SSL_session_reused(ssl_.get()) != 0;
}

// --- The handshake --------------------------------------------------------------

int TlsTransport::Start() {
  SslPtr ssl(SSL_new(context_->ctx.get()));
  if (ssl == nullptr) return Fail(ENOMEM, "");
  SSL_set_app_data(ssl.get(), this);
  SSL_set0_rbio(ssl.get(), wire_.NewReadBio().release());
  ssl_ = std::move(ssl);
  SetWriteBio();
  if (is_client()) return StartClient();
  SSL_set_accept_state(ssl_.get());
  return 0;
}

void TlsTransport::SetWriteBio() {
  if (context_->kernel_tls.load(std::memory_order_relaxed)) {
    const int error = AttachKernelTls(wire_.fd());
    if (error == 0 && UseKernelTls(ssl_.get(), wire_.fd())) return;
    // No module: the next one need not ask. Said once a process, and not with each
    // certificate.
    static std::atomic<bool> said = false;
    if (error == ENOENT && context_->kernel_tls.exchange(false) &&
        !said.exchange(true)) {
      KLOG(INFO) << "this kernel has no TLS (CONFIG_TLS): records are made "
                    "here, and files are read to be sent";
    }
  }
  SSL_set0_wbio(ssl_.get(), wire_.NewWriteBio().release());
}

int TlsTransport::StartClient() {
  SSL* ssl = ssl_.get();
  SSL_set_connect_state(ssl);
  if (peer_->verify) {
    if (peer_->host.empty()) return Fail(EINVAL, "no host name to check");
    SSL_set_verify(ssl, SSL_VERIFY_PEER, &TlsTransport::OnCertificate);
  }
  const char* host = peer_->host.c_str();
  const bool is_address = IsAddress(peer_->host);
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  // RFC 6066, section 3: an address is no server name.
  const bool set = is_address ? X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1
                              : peer_->host.empty() ||
                                    (SSL_set1_host(ssl, host) == 1 &&
                                     SSL_set_tlsext_host_name(ssl, host) == 1);
  if (!set) return FailByQueue(EINVAL);
  SslSessionPtr session = peer_->cache->Take(peer_->session);
  if (session != nullptr) SSL_set_session(ssl, session.get());
  return 0;
}

int TlsTransport::Handshake() {
  if (failed_ != 0) return failed_;
  if (ssl_ == nullptr) {
    if (int error = Start(); error != 0) return error;
  }
  Call call(this, kHandshakeReads);
  const int result = SSL_do_handshake(ssl_.get());
  const int error = result == 1 ? 0 : Sort(result);
  // An alert too, so far as there is room.
  const int flushed = FlushOut(/*more=*/false);
  if (ended_) return Fail(ECONNRESET, "the peer gave up the handshake");
  if (error != 0 && error != EAGAIN) return error;
  if (flushed != 0 && flushed != EAGAIN) return Fail(flushed, "");
  input_pending_ = error == EAGAIN && wire_.starved();
  if (error == 0) EndHandshake();
  return error;
}

void TlsTransport::EndHandshake() {
  established_ = true;
  input_pending_ = SSL_has_pending(ssl_.get()) != 0;
  if (KernelTlsSends(ssl_.get())) {
    in_kernel_ = true;
    SSL_set_msg_callback(ssl_.get(), &TlsTransport::OnProtocolMessage);
    SSL_set_msg_callback_arg(ssl_.get(), this);
  } else if ((SSL_get_options(ssl_.get()) & SSL_OP_ENABLE_KTLS) != 0) {
    // A cipher that this kernel does not know.
    SSL_set0_wbio(ssl_.get(), wire_.NewWriteBio().release());
  }
}

void TlsTransport::OnProtocolMessage(int sent, int, int type, const void* data,
                                     size_t size, SSL*, void* transport) {
  // RFC 8446, section 4.6.3: a header of 4 bytes, then whether we are to update
  // our keys too.
  const auto* bytes = static_cast<const unsigned char*>(data);
  if (sent == 0 && type == SSL3_RT_HANDSHAKE && size >= 5 &&
      bytes[0] == SSL3_MT_KEY_UPDATE && bytes[4] == SSL_KEY_UPDATE_REQUESTED) {
    static_cast<TlsTransport*>(transport)->keys_are_stale_ = true;
  }
}

int TlsTransport::OnCertificate(int ok, X509_STORE_CTX* store) {
  if (ok == 1) return 1;
  SSL* ssl = static_cast<SSL*>(
      X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  TlsTransport& transport = *static_cast<TlsTransport*>(SSL_get_app_data(ssl));
  try {
    transport.refusal_ = DescribeRefusal(X509_STORE_CTX_get_error(store),
                                         X509_STORE_CTX_get_current_cert(store),
                                         transport.peer_->host);
  } catch (const std::bad_alloc&) {  // Not through OpenSSL's frames.
  }
  return 0;
}

int OnNewSession(SSL* ssl, SSL_SESSION* session) {
  const TlsPeer& peer =
      *static_cast<TlsTransport*>(SSL_get_app_data(ssl))->peer_;
  if (SSL_SESSION_is_resumable(session) != 1) return 0;
  SslSessionPtr owned(session);
  try {
    peer.cache->Put(peer.session, std::move(owned));
  } catch (const std::bad_alloc&) {  // Not through OpenSSL's frames.
  }
  return 1;
}

// --- What went wrong ------------------------------------------------------------

int TlsTransport::Fail(int error, std::string text) {
  failed_ = error;
  error_text_ = refusal_.empty() ? std::move(text) : refusal_;
  return error;
}

int TlsTransport::FailByQueue(int error) {
  if (IsUnexpectedEnd()) {
    if (!established_) {
      ERR_clear_error();
      return Fail(ECONNRESET, "the peer ended the connection in the handshake");
    }
    error = ECONNRESET;
  }
  if (IsPlainHttp()) AnswerPlainHttp();
  const bool not_tls = IsNotTls();
  std::string text = TakeTlsError();
  if (not_tls && is_client()) {
    text += ": the port may be one for plain HTTP (http://)";
  }
  return Fail(error, std::move(text));
}

void TlsTransport::AnswerPlainHttp() {
  constexpr absl::string_view kAnswer =
      "HTTP/1.1 400 Bad Request\r\n"
      "Content-Type: text/plain\r\n"
      "Content-Length: 55\r\n"
      "Connection: close\r\n\r\n"
      "This port speaks TLS: the address begins with https://\n";
  BIO_write(SSL_get_wbio(ssl_.get()), kAnswer.data(),
            static_cast<int>(kAnswer.size()));
}

int TlsTransport::Sort(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_WRITE:
      wants_write_ = true;
      return EAGAIN;
    case SSL_ERROR_WANT_READ:
      return EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
      ended_ = true;
      return 0;
    case SSL_ERROR_SYSCALL: {
      const int of_socket_bio = errno;
      if (wire_.error() != 0) return Fail(wire_.error(), "");
      return Fail(of_socket_bio != 0 ? of_socket_bio : EPROTO, "");
    }
    default:
      return FailByQueue(EPROTO);
  }
}

// --- Input ----------------------------------------------------------------------

SysResult<size_t> TlsTransport::Recv(char* data, size_t size) {
  input_pending_ = false;
  Call call(this, kReads);
  size_t total = 0;
  while (total < size && failed_ == 0 && !ended_) {
    size_t got = 0;
    int result = SSL_read_ex(ssl_.get(), data + total, size - total, &got);
    if (result != 1) {
      if (Sort(result) == EAGAIN) break;
      continue;
    }
    total += got;
    if (SSL_has_pending(ssl_.get()) == 0) break;
    input_pending_ = total == size;
  }
  // Reading may have had something to say: a key update, an alert. That the peer
  // takes no more is for who sends to find: it may have said why before.
  const int flushed = FlushOut(/*more=*/false);
  if (flushed != 0 && flushed != EAGAIN && !sys::PeerHasGone(flushed) &&
      failed_ == 0) {
    Fail(flushed, "");
  }
  if (keys_are_stale_ && failed_ == 0) {
    // OpenSSL has agreed; the kernel goes on with the old ones, which the peer
    // would take for a forgery.
    Fail(EPROTO, "the peer asks for new keys, which kernel TLS cannot take");
  }
  if (wire_.unsent() > kMaxUnsent && failed_ == 0) {
    Fail(ENOBUFS, "the peer asks for answers that it does not read");
  }
  if (total > 0) {
    // The end has its own turn.
    input_pending_ = input_pending_ || ended_ || failed_ != 0;
    return {total, 0};
  }
  if (failed_ != 0) return {0, failed_};
  return {0, ended_ ? 0 : EAGAIN};
}

bool TlsTransport::holds_input() const {
  if (ssl_ == nullptr) return false;
  // The header of a record that is not whole ("RB": its body is awaited) is no
  // longer in the buffer that SSL_has_pending counts.
  return SSL_has_pending(ssl_.get()) != 0 ||
         absl::string_view(SSL_rstate_string(ssl_.get())) == "RB";
}

// --- Output ---------------------------------------------------------------------

int TlsTransport::FlushOut(bool more) { return wire_.Flush(more); }

bool TlsTransport::output_pending() const {
  // A client speaks first.
  return wire_.unsent() > 0 || wants_write_ || (ssl_ == nullptr && is_client());
}

int TlsTransport::Flush() {
  wants_write_ = false;  // Whoever met the full socket tries again.
  Call call(this, /*reads=*/0);
  return FlushOut(/*more=*/false);
}

int TlsTransport::Encrypt(const void* data, size_t size) {
  size_t done = 0;
  while (done < size) {
    size_t wrote = 0;
    const int result = SSL_write_ex(
        ssl_.get(), static_cast<const char*>(data) + done, size - done, &wrote);
    if (result != 1) {
      // The wire takes everything: no room or no input is never the reason.
      const int error = Sort(result);
      return error == 0 || error == EAGAIN ? Fail(EPROTO, "") : error;
    }
    done += wrote;
  }
  taken_ += size;
  return 0;
}

SysResult<size_t> TlsTransport::SendTaken(bool more) {
  const int error = FlushOut(more);
  if (error != 0 && error != EAGAIN) return {0, error};
  // Records are longer than what is in them, so this counts late, never early,
  // and all of it once the wire is empty.
  const size_t left = std::min(taken_, wire_.unsent());
  const size_t sent = std::exchange(taken_, left) - left;
  if (sent == 0) return {0, EAGAIN};
  return {sent, 0};
}

SysResult<size_t> TlsTransport::SendV(absl::Span<const iovec> parts,
                                      bool more) {
  if (failed_ != 0) return {0, failed_};
  Call call(this, /*reads=*/0);
  if (taken_ > 0) return SendTaken(more);
  if (int error = FlushOut(more); error != 0) return {0, error};
  for (const iovec& part : parts) {
    const size_t size = std::min(part.iov_len, kChunkBytes - taken_);
    if (int error = Encrypt(part.iov_base, size); error != 0) return {0, error};
  }
  return SendTaken(more);
}

SysResult<size_t> TlsTransport::SendFile(int file, off_t offset, size_t size) {
  if (failed_ != 0) return {0, failed_};
  Call call(this, /*reads=*/0);
  if (taken_ > 0) return SendTaken(/*more=*/false);
  if (int error = FlushOut(/*more=*/false); error != 0) return {0, error};
  SysResult<size_t> got =
      sys::PRead(file, FileBlock(), std::min(size, kChunkBytes), offset);
  if (!got.ok() || got.value == 0) return got;
  if (int error = Encrypt(FileBlock(), got.value); error != 0) {
    return {0, error};
  }
  return SendTaken(/*more=*/false);
}

int TlsTransport::Shutdown() {
  if (failed_ != 0 || !established_) return failed_;
  Call call(this, /*reads=*/0);
  if (!said_farewell_) {
    const int result = SSL_shutdown(ssl_.get());
    if (result < 0) {
      const int error = Sort(result);
      return error == EAGAIN && !wants_write_ ? Fail(EPROTO, "") : error;
    }
    said_farewell_ = true;
  }
  return FlushOut(/*more=*/false);
}

}  // namespace tls
}  // namespace kingpin
