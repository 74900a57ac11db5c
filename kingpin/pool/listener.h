// Listening sockets: how they are made, and what a failed accept means.
//
// Threads: Listener is made and destroyed by main, which it may hold up for a
// moment (Open); accepting from it is safe from any thread, StopListening from
// one at a time.
//
//   absl::StatusOr<Listener> listener = Listener::Open(address, options);
//   if (!listener.ok()) return listener.status();  // "listen on ...: ..."
#ifndef KINGPIN_POOL_LISTENER_H_
#define KINGPIN_POOL_LISTENER_H_

#include <sys/types.h>

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

// Set on the listening socket and inherited by every accepted one (Linux clones
// the listener's socket), so they cost no system call a connection; the buffer
// sizes of unix-domain sockets are not, those stay the kernel's own. A zero
// leaves the kernel's own value.
struct SocketOptions {
  // Connections that finished the handshake and wait for accept. The kernel
  // lowers it to net.core.somaxconn and drops what comes beyond.
  int backlog = 4096;
  // Bind although old connections of this port are in TIME_WAIT: without it a
  // restarted server cannot bind for a minute.
  bool reuse_address = true;
  // Off is Nagle's algorithm: with delayed ACKs, 40 ms for a reply that is
  // written in two parts. Kingpin gathers the writes of a handler itself.
  bool tcp_nodelay = true;
  // Probes after this long without traffic, to notice peers that vanished
  // without a FIN; three probes a third of it apart. Zero: no probes. Idle
  // time-outs, when on, are the tighter bound and cost no packets.
  absl::Duration keep_alive = absl::Seconds(75);
  // TCP_NOTSENT_LOWAT: the most a socket holds of what the network is not ready
  // for. Without it a big file fills the send buffer with megabytes that only
  // age in the caches (benchmarks/results.md, "Files over HTTP"). What is in flight is
  // not bounded, so the kernel's tuning for long fast links stays. Zero: the
  // system's value, which is usually no limit.
  int unsent_limit_bytes = 128 << 10;
  // SO_SNDBUF and SO_RCVBUF. A value turns the kernel's tuning off, which long
  // fast links need; the kernel doubles it for its own bookkeeping.
  int send_buffer_bytes = 0;
  int receive_buffer_bytes = 0;
};

class Listener {
 public:
  // Binds and listens. ":PORT" is an IPv6 socket that takes IPv4 too, or IPv4
  // where the kernel has no IPv6. `share_port` (SO_REUSEPORT) lets several
  // listeners of this process have the address, each with a queue of its own.
  //
  // A unix-domain path that a dead server left behind is replaced; one that
  // answers is "in use". Of several servers that start on one path at once, one
  // gets it: while Open and the destructor look and decide, they lock a file
  // PATH.kingpin-lock, so the folder has to be writable. If somebody else has
  // locked it for two seconds, Open fails and the destructor leaves the path.
  static absl::StatusOr<Listener> Open(const SocketAddress& address,
                                       const SocketOptions& options,
                                       bool share_port);
  // OK if no other socket listens at the IP address. Asked before the first
  // Open() with `share_port`, which succeeds although another server of the
  // same user does that too; the kernel would divide the clients between the
  // two. A server that binds at the same moment and does not listen yet is not
  // seen.
  static absl::Status CheckFree(const SocketAddress& address,
                                const SocketOptions& options);
  // Takes over a socket that listens already, inherited from a parent or handed
  // over by the server this one replaces: connections that wait in its queue
  // are not lost. The options are those it has.
  static absl::StatusOr<Listener> Adopt(int fd);
  Listener(Listener&& other) noexcept
      : fd_(std::move(other.fd_)),
        address_(other.address_),
        path_id_(std::exchange(other.path_id_, std::nullopt)) {}
  Listener& operator=(Listener other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(address_, other.address_);
    std::swap(path_id_, other.path_id_);
    return *this;
  }
  // Removes the path of a unix-domain socket that Open made, unless whoever it
  // was handed over to listens on it still, or it is another's by now.
  ~Listener();

  // Connections that come from now on are refused. Never blocks; the path of a
  // unix-domain socket stays for the destructor to remove.
  void StopListening() { fd_.Reset(); }

  // -1 after StopListening.
  int fd() const { return fd_.get(); }
  // What it is bound to: with the port the kernel chose if 0 was asked for.
  const SocketAddress& address() const { return address_; }

 private:
  Listener(UniqueFd fd, SocketAddress address)
      : fd_(std::move(fd)), address_(std::move(address)) {}

  UniqueFd fd_;
  SocketAddress address_;
  // Device and inode of the path that Open made and the destructor removes.
  std::optional<std::pair<dev_t, ino_t>> path_id_;
};

// What to do about an errno of accept(2).
enum class AcceptOutcome {
  kNothing,  // The queue is empty, or another thread was faster.
  kSkip,     // That connection died in the queue: go on with the next.
  kPause,  // Out of descriptors or memory: the same will happen at once again.
};
AcceptOutcome ClassifyAcceptError(int error);

}  // namespace kingpin

#endif  // KINGPIN_POOL_LISTENER_H_
