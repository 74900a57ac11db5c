#include "kingpin/tls/wire.h"

#include <errno.h>
#include <sys/uio.h>

#include <new>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace tls {
namespace {

// A flight of a handshake, or one SendV, and some.
constexpr size_t kGatherBytes = 48 << 10;

// Where the wires of this thread gather, one at a time.
thread_local std::string t_gather;

BIO_METHOD* CheckedMethod(BIO_METHOD* method) {
  if (method == nullptr) throw std::bad_alloc();
  return method;
}

}  // namespace

int Wire::ReadBio(BIO* bio, char* data, int size) {
  Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  if (wire.reads_left_ == 0) {
    wire.starved_ = true;
    BIO_set_retry_read(bio);
    return -1;
  }
  --wire.reads_left_;
  SysResult<size_t> got = sys::Recv(wire.fd_, data, static_cast<size_t>(size));
  if (got.ok()) {
    wire.ended_ = got.value == 0;
    return static_cast<int>(got.value);
  }
  if (got.error == EAGAIN) {
    BIO_set_retry_read(bio);
  } else {
    wire.error_ = got.error;
  }
  return -1;
}

int Wire::WriteBio(BIO* bio, const char* data, int size) {
  Wire& wire = *static_cast<Wire*>(BIO_get_data(bio));
  BIO_clear_retry_flags(bio);
  try {
    wire.out_.append(data, static_cast<size_t>(size));
  } catch (const std::bad_alloc&) {  // Not through OpenSSL's frames.
    wire.error_ = ENOMEM;
    return -1;
  }
  return size;
}

long Wire::ControlBio(BIO* bio, int command, long, void*) {
  switch (command) {
    case BIO_CTRL_FLUSH:
      return 1;  // Whoever has called OpenSSL flushes.
    case BIO_CTRL_EOF:
      return static_cast<Wire*>(BIO_get_data(bio))->ended_ ? 1 : 0;
    default:
      return 0;
  }
}

BIO_METHOD* Wire::NewMethod() {
  BIO_METHOD* method = CheckedMethod(
      BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "kingpin"));
  BIO_meth_set_read(method, &Wire::ReadBio);
  BIO_meth_set_write(method, &Wire::WriteBio);
  BIO_meth_set_ctrl(method, &Wire::ControlBio);
  return method;
}

BioPtr Wire::NewBio() {
  // For the life of the process, as OpenSSL's own methods are.
  static BIO_METHOD* const method = NewMethod();
  BioPtr bio(BIO_new(method));
  if (bio == nullptr) throw std::bad_alloc();
  BIO_set_data(bio.get(), this);
  BIO_set_init(bio.get(), 1);
  return bio;
}

BioPtr Wire::NewReadBio() { return NewBio(); }

BioPtr Wire::NewWriteBio() { return NewBio(); }

void Wire::Begin(int reads) {
  reads_left_ = reads;
  starved_ = false;
  if (unsent() > 0) return;
  out_.clear();
  out_begin_ = 0;
  if (t_gather.capacity() < kGatherBytes) t_gather.reserve(kGatherBytes);
  out_.swap(t_gather);
}

void Wire::End() {
  if (unsent() == 0) {
    out_.clear();
    out_begin_ = 0;
    if (out_.capacity() > t_gather.capacity()) out_.swap(t_gather);
    std::string().swap(out_);
  } else if (out_begin_ > 0 || out_.capacity() >= kGatherBytes) {
    KeepRest();
  }
}

void Wire::KeepRest() {
  try {
    std::string rest(out_, out_begin_);
    out_begin_ = 0;
    out_.swap(rest);
    rest.clear();
    if (rest.capacity() > t_gather.capacity()) rest.swap(t_gather);
  } catch (const std::bad_alloc&) {
    // Then all of it stays, which costs more memory and none anew.
  }
}

int Wire::Flush(bool more) {
  while (unsent() > 0) {
    iovec part = {.iov_base = out_.data() + out_begin_, .iov_len = unsent()};
    SysResult<size_t> sent =
        sys::SendV(fd_, absl::MakeConstSpan(&part, 1), more);
    if (!sent.ok()) return sent.error;
    out_begin_ += sent.value;
  }
  return 0;
}

}  // namespace tls
}  // namespace kingpin
