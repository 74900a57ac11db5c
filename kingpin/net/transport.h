// Transport: what lies between the bytes that callbacks see and the socket: TLS
// (kingpin/tls), for one. A connection without one pays an untaken branch.
//
// It stands in for the system calls of a connection, one method a call, so what
// the loop does with their results is the same: EAGAIN waits for epoll. Two
// things a socket does not have are said by input_pending() and
// output_pending(): bytes that no event will announce any more, and bytes that
// were taken but have not left. A method may do either direction on the socket
// whatever its name, as TLS has to.
//
// Life: Attach, Handshake until it returns 0, then the rest. The loop runs
// handshakes out of a queue, for a millisecond an iteration and at least one
// (io_handler_transport.cc), so that a storm of them holds up nobody; the
// descriptor is registered edge-triggered meanwhile.
//
// Threads: one at a time, that of the loop which has the connection; with an idle
// one of a client it moves through the pool to another loop.
// Lifetime: the connection owns it and outlives it; so does the socket.
// Errors: {value, errno} as in syscalls.h. After any but EAGAIN the connection is
//   closed with that errno, and error_text() says what it stands for.
//
//   class Handler : public IOHandlerForServer {
//     std::unique_ptr<Transport> NewTransport(size_t) override {
//       return tls_.NewTransport();
//     }
//   };
#ifndef KINGPIN_NET_TRANSPORT_H_
#define KINGPIN_NET_TRANSPORT_H_

#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <string>

#include "absl/types/span.h"
#include "kingpin/pool/idle_socket.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

class Transport : public SocketCompanion {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  // The connection's socket, which does not block. Before anything else, and
  // again when another loop takes both.
  virtual void Attach(int fd) = 0;

  // Brings the handshake on as far as it goes without waiting. 0: it is done;
  // EAGAIN: it waits for the socket, or for its next turn if input_pending().
  virtual int Handshake() = 0;
  // The handshake is done.
  virtual bool established() const = 0;

  // A value of 0: the peer has said that no more follows. A FIN that comes
  // without that is an error, for an attacker can send one.
  virtual SysResult<size_t> Recv(char* data, size_t size) = 0;

  // The value counts what has left. What was taken and has not is not counted;
  // the next call begins with the same bytes again (they may lie elsewhere, and
  // more may follow them), whether it was EAGAIN or not.
  virtual SysResult<size_t> SendV(absl::Span<const iovec> parts, bool more) = 0;
  // As sys::SendFile, and the same.
  virtual SysResult<size_t> SendFile(int file, off_t offset, size_t size) = 0;
  // Once established: what is sent may as well go to the socket itself, because
  // the kernel does the rest; the two methods above are then not called.
  virtual bool output_in_kernel() const { return false; }

  // Tells the peer that no more follows; 0, EAGAIN (call again) or final. May
  // be repeated.
  virtual int Shutdown() = 0;

  // Recv would return something else than EAGAIN although the socket has
  // nothing to read.
  virtual bool input_pending() const = 0;
  // It holds what the peer has sent and Recv has not given out, be it a part of
  // a message: whoever uses the connection next would have it for an answer.
  virtual bool holds_input() const = 0;
  // Something waits for room in the socket.
  virtual bool output_pending() const = 0;
  // Sends what waits: 0, EAGAIN or final.
  virtual int Flush() = 0;

  // What went wrong, for people; empty: nothing, or the errno says it all.
  virtual std::string error_text() const = 0;
};

}  // namespace kingpin

#endif  // KINGPIN_NET_TRANSPORT_H_
