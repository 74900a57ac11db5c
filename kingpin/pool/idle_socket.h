// IdleSocket: a connected socket on its way from one thread to another.
//
// Threads: a value; it has one owner at a time.
//
//   turn.given_back.push_back({host, IdleSocket{std::move(fd)}});
#ifndef KINGPIN_POOL_IDLE_SOCKET_H_
#define KINGPIN_POOL_IDLE_SOCKET_H_

#include <memory>

#include "kingpin/sys/unique_fd.h"

namespace kingpin {

// What belongs to a socket and travels with it: the keys of a TLS connection,
// say.
class SocketCompanion {
 public:
  virtual ~SocketCompanion() = default;
};

struct IdleSocket {
  UniqueFd fd = {};
  // Null for a plain one.
  std::unique_ptr<SocketCompanion> companion = nullptr;

  bool valid() const { return fd.valid(); }
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_IDLE_SOCKET_H_
