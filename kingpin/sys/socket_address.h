// SocketAddress: an IPv4, IPv6 or unix-domain address, parsed and printed.
//
// Threads: a value; immutable after construction.
//
//   SocketAddress::Parse("127.0.0.1:80")   IPv4
//   SocketAddress::Parse("[::1]:80")       IPv6; "[fe80::1%eth0]:80" too
//   SocketAddress::Parse(":80")            every local address, both families
//   SocketAddress::Parse("unix:/run/x")    a path; "unix:@x" is abstract
//   SocketAddress::Parse("localhost:80")   an error: names need a resolver
#ifndef KINGPIN_SYS_SOCKET_ADDRESS_H_
#define KINGPIN_SYS_SOCKET_ADDRESS_H_

#include <sys/socket.h>

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace kingpin {

class SocketAddress {
 public:
  // Family AF_UNSPEC.
  SocketAddress() = default;
  SocketAddress(const sockaddr* address, socklen_t size);

  // Never looks up names, so it never blocks. The error says what is wrong with
  // `text` and shows a form that is right.
  static absl::StatusOr<SocketAddress> Parse(absl::string_view text);

  // The address that socket `fd` is bound to, and that of its peer. AF_UNSPEC
  // when the kernel has none (the peer is gone).
  static SocketAddress Local(int fd);
  static SocketAddress Peer(int fd);

  int family() const { return storage_.ss_family; }
  bool is_ip() const { return family() == AF_INET || family() == AF_INET6; }
  // 0 for addresses without ports.
  uint16_t port() const;
  // The same address with `port`; itself if it has no ports.
  SocketAddress WithPort(uint16_t port) const;
  // The path of a unix-domain address on the file system; else empty.
  std::string path() const;

  const sockaddr* get() const {
    return reinterpret_cast<const sockaddr*>(&storage_);
  }
  socklen_t size() const { return size_; }

  // The form Parse() takes; "unspecified" for AF_UNSPEC.
  std::string ToString() const;
  // The address without its port: "127.0.0.1", "::1", "unix:".
  std::string host() const;

 private:
  sockaddr_storage storage_ = {};
  socklen_t size_ = 0;
};

}  // namespace kingpin

#endif  // KINGPIN_SYS_SOCKET_ADDRESS_H_
