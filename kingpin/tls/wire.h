// Wire: the socket under a TLS connection as OpenSSL sees it, through two BIOs
// of our own.
//
// Neither of OpenSSL's two ways fits. With SSL_set_fd each record is a write of
// its own and a read of a header and a body, out of reach of the fault seam; and
// a write that meets a full socket must be repeated to the letter. With memory
// BIOs what arrives is copied once more. Here reads go from the socket to
// OpenSSL's buffer, so many calls a turn; writes are gathered, which never
// fails, and leave in one call for many records. What the socket does not take
// is kept, so that whatever OpenSSL has to write, in the middle of a read too,
// is written: SSL_ERROR_WANT_WRITE does not occur.
//
// (kernel_tls.h is the exception: there OpenSSL's own socket BIO writes, since
// it knows how to tell the kernel about records that are not data.)
//
// Threads: one at a time. The memory for gathering is the thread's, as long as
// nothing waits in it.
// Lifetime: outlives its BIOs; the socket is somebody else's.
//
//   Wire wire;
//   wire.set_fd(fd);
//   SSL_set0_rbio(ssl, wire.NewReadBio().release());
//   wire.Begin(/*reads=*/1);
//   SSL_read(...);
//   int error = wire.Flush(/*more=*/false);
//   wire.End();
#ifndef KINGPIN_TLS_WIRE_H_
#define KINGPIN_TLS_WIRE_H_

#include <cstddef>
#include <string>

#include "kingpin/tls/openssl_ptr.h"

namespace kingpin {
namespace tls {

class Wire {
 public:
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;

  void set_fd(int fd) { fd_ = fd; }
  int fd() const { return fd_; }

  BioPtr NewReadBio();
  BioPtr NewWriteBio();

  // Around calls of OpenSSL, which may call the socket's recv `reads` times
  // meanwhile.
  void Begin(int reads);
  void End();

  // Sends what was gathered. 0: all of it; EAGAIN: the socket is full; or final.
  // `more`: MSG_MORE, something follows at once.
  int Flush(bool more);
  size_t unsent() const { return out_.size() - out_begin_; }

  // The peer has sent FIN.
  bool ended() const { return ended_; }
  // The errno of a recv that failed.
  int error() const { return error_; }
  // The number of reads was used up, and OpenSSL wanted one more.
  bool starved() const { return starved_; }

 private:
  static int ReadBio(BIO* bio, char* data, int size);
  static int WriteBio(BIO* bio, const char* data, int size);
  static long ControlBio(BIO* bio, int command, long number, void* pointer);
  static BIO_METHOD* NewMethod();
  BioPtr NewBio();
  // Gives the thread's memory back, keeping just what waits: there may be
  // thousands of peers that are slow.
  void KeepRest();

  int fd_ = -1;
  int reads_left_ = 0;
  int error_ = 0;
  bool ended_ = false;
  bool starved_ = false;
  size_t out_begin_ = 0;
  std::string out_;
};

}  // namespace tls
}  // namespace kingpin

#endif  // KINGPIN_TLS_WIRE_H_
