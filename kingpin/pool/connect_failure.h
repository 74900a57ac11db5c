// Why a target got no connection.
//
// Threads: values.
//
//   void OnConnectFailed(Target& target, const ConnectFailure& failure) override {
//     if (failure.reason == ConnectError::kRefused) Forget(target.host);
//     KLOG(WARNING) << target.host << ": " << failure.ToString();
//   }
#ifndef KINGPIN_POOL_CONNECT_FAILURE_H_
#define KINGPIN_POOL_CONNECT_FAILURE_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"

namespace kingpin {

enum class ConnectError : uint8_t {
  // --- Of the peer, or of the way to it ---
  kRefused,      // Nobody listens there (ECONNREFUSED).
  kUnreachable,  // No way to that network or host.
  kTimedOut,     // No answer within ClientOptions::connect_timeout.
  kReset,        // The peer, or somebody on the way, broke off.
  kHandshake,    // Of what lies above TCP (TLS): the detail says why.
  // --- Of the name ---
  kBadName,       // Not a host name.
  kNameNotFound,  // There is no such name.
  kNameHasNoAddress,
  kResolverTimedOut,
  kResolverFailed,
  // --- Of this side ---
  kNoLocalAddress,  // EADDRNOTAVAIL: all ports towards that address are taken.
  kNoResources,     // Descriptors or memory (EMFILE, ENFILE, ENOBUFS, ENOMEM).
  kDenied,          // By a rule of this machine (EACCES, EPERM).
  kSelfConnect,     // The kernel connected the socket to itself.
  kOther,           // `error` says it.
  // --- Of time ---
  kDeadline,      // Target::timeout, while connecting.
  kPoolDeadline,  // Target::timeout, while waiting for a place in the pool.
  kShutdown,      // The run ended first.
};
// "connection refused", "no route to the peer", ...
absl::string_view ToString(ConnectError reason);

// There is no host behind the name: known as soon as it was looked up, and the same for
// all that want it, until the name service says otherwise.
bool IsOfName(ConnectError reason);

// What an errno of socket(2), connect(2) or SO_ERROR means.
ConnectError ClassifyConnectError(int error);

struct ConnectFailure {
  ConnectError reason = ConnectError::kOther;
  // The errno behind it, 0 if there is none.
  int error = 0;
  // Which addresses failed and how; where it waited.
  std::string detail = {};

  // "connection refused (127.0.0.1:80: Connection refused)".
  std::string ToString() const;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_CONNECT_FAILURE_H_
