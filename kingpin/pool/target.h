// Target: whom a client is to talk to, what it says first, and by when all of it
// has to be over.
//
// A target that was added to a ConnectionPool ends exactly once: by
// OnConnectFailed (ThreadSharedDataForClient::OnTargetDropped if no loop could
// start), or by OnClose of the connection it was given (any reason but
// CloseReason::kRetry, after which it gets another one).
//
// Threads: a value; it moves to the thread that draws it.
// Lifetime: the context is destroyed with the target, after that last callback.
//
//   struct Page : TargetContext { std::string url; };
//   auto page = std::make_unique<Page>();
//   absl::Status added = shared.pool().Add({.host = "example.org", .port = 80,
//       .first_message = "GET / HTTP/1.0\r\n\r\n", .context = std::move(page)});
#ifndef KINGPIN_POOL_TARGET_H_
#define KINGPIN_POOL_TARGET_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/time/time.h"

namespace kingpin {

// Derive from it: what the caller wants to find again at the target.
struct TargetContext {
  virtual ~TargetContext() = default;
};

// A higher one is drawn first, always: a flood of high ones keeps the others
// waiting until their deadlines.
enum class TargetPriority : uint8_t { kHigh, kNormal, kLow };
inline constexpr int kTargetPriorities = 3;

struct Target {
  // A name, an address ("10.0.0.1", "::1"), or "unix:/path" and "unix:@name",
  // which have no port.
  std::string host = {};
  uint16_t port = 0;
  // Connections are shared, and capped, among targets of the same host, port
  // and group: whatever else tells them apart belongs here (TLS or not, the
  // origin behind a proxy).
  std::string group = {};
  // Sent as soon as there is a connection, before OnConnect.
  std::string first_message = {};
  // From Add() to the last byte: waiting for a place in the pool, looking up the
  // name, connecting, and what the connection is used for.
  absl::Duration timeout = absl::Seconds(30);
  TargetPriority priority = TargetPriority::kNormal;
  // False: always a connection of its own.
  bool may_reuse = true;
  // The peer may close an idle connection at the very moment at which it is used
  // again. If such a reused connection ends before the first byte of an answer,
  // the target gets a new one, once. False for messages that must not arrive
  // twice (RFC 9110, section 9.2.2): nobody can tell whether the peer saw it.
  bool may_retry = true;
  // How often to connect, all addresses of the host each time, with the back-off
  // of the host between. The last failure is reported. A name that is not there is
  // not tried again.
  int connect_attempts = 1;
  std::unique_ptr<TargetContext> context = nullptr;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_TARGET_H_
