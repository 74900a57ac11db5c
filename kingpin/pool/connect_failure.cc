#include "kingpin/pool/connect_failure.h"

#include <errno.h>

#include "absl/strings/str_cat.h"

namespace kingpin {

absl::string_view ToString(ConnectError reason) {
  switch (reason) {
    case ConnectError::kRefused:
      return "connection refused";
    case ConnectError::kUnreachable:
      return "no route to the peer";
    case ConnectError::kTimedOut:
      return "connecting timed out";
    case ConnectError::kReset:
      return "the peer broke off";
    case ConnectError::kHandshake:
      return "the handshake failed";
    case ConnectError::kBadName:
      return "not a host name";
    case ConnectError::kNameNotFound:
      return "no such name";
    case ConnectError::kNameHasNoAddress:
      return "the name has no address";
    case ConnectError::kResolverTimedOut:
      return "looking up the name timed out";
    case ConnectError::kResolverFailed:
      return "the name could not be looked up";
    case ConnectError::kNoLocalAddress:
      return "no local port is left";
    case ConnectError::kNoResources:
      return "out of descriptors or memory";
    case ConnectError::kDenied:
      return "denied by this machine";
    case ConnectError::kSelfConnect:
      return "the socket was connected to itself";
    case ConnectError::kOther:
      return "connecting failed";
    case ConnectError::kDeadline:
      return "the deadline passed while connecting";
    case ConnectError::kPoolDeadline:
      return "the deadline passed while waiting for a connection";
    case ConnectError::kShutdown:
      return "the run ended";
  }
  return "unknown";
}

bool IsOfName(ConnectError reason) {
  return reason == ConnectError::kBadName ||
         reason == ConnectError::kNameNotFound ||
         reason == ConnectError::kNameHasNoAddress;
}

ConnectError ClassifyConnectError(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT:  // A unix-domain path.
    case EAGAIN:  // A unix-domain listener whose backlog is full (connect(2)).
      return ConnectError::kRefused;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
    case EHOSTDOWN:
    case ENONET:
    case EAFNOSUPPORT:  // No IPv6 in this kernel, say.
      return ConnectError::kUnreachable;
    case ETIMEDOUT:
      return ConnectError::kTimedOut;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
    case EPROTO:
      return ConnectError::kReset;
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return ConnectError::kNoLocalAddress;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case ENOSPC:  // epoll_ctl(2): fs.epoll.max_user_watches.
      return ConnectError::kNoResources;
    case EACCES:
    case EPERM:
      return ConnectError::kDenied;
    default:
      return ConnectError::kOther;
  }
}

std::string ConnectFailure::ToString() const {
  absl::string_view text = kingpin::ToString(reason);
  return detail.empty() ? std::string(text)
                        : absl::StrCat(text, " (", detail, ")");
}

}  // namespace kingpin
