// IpAddress: an IPv4 or IPv6 address without a port, in 24 bytes: what caches
// and tables keep thousands of. SocketAddress (sys) is 136.
//
// Threads: a value.
//
//   std::optional<IpAddress> address = IpAddress::Of(*ParseLiteralHost("::1"));
//   connection.Connect(address->ToSocketAddress().WithPort(80));
#ifndef KINGPIN_DNS_IP_ADDRESS_H_
#define KINGPIN_DNS_IP_ADDRESS_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>

#include "kingpin/sys/socket_address.h"

namespace kingpin {

struct IpAddress {
  bool is_v6 = false;
  std::array<uint8_t, 16> bytes = {};  // An IPv4 address has the first four.
  uint32_t scope = 0;                  // The interface of a link-local one.

  // Nothing for other families.
  static std::optional<IpAddress> Of(const SocketAddress& address) {
    IpAddress ip;
    if (address.family() == AF_INET) {
      const auto* v4 = reinterpret_cast<const sockaddr_in*>(address.get());
      std::memcpy(ip.bytes.data(), &v4->sin_addr, 4);
      return ip;
    }
    if (address.family() != AF_INET6) return std::nullopt;
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address.get());
    ip.is_v6 = true;
    ip.scope = v6->sin6_scope_id;
    std::memcpy(ip.bytes.data(), &v6->sin6_addr, 16);
    return ip;
  }

  // With port 0.
  SocketAddress ToSocketAddress() const {
    if (is_v6) {
      sockaddr_in6 v6 = {};
      v6.sin6_family = AF_INET6;
      v6.sin6_scope_id = scope;
      std::memcpy(&v6.sin6_addr, bytes.data(), 16);
      return SocketAddress(reinterpret_cast<sockaddr*>(&v6), sizeof(v6));
    }
    sockaddr_in v4 = {};
    v4.sin_family = AF_INET;
    std::memcpy(&v4.sin_addr, bytes.data(), 4);
    return SocketAddress(reinterpret_cast<sockaddr*>(&v4), sizeof(v4));
  }

  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

}  // namespace kingpin

#endif  // KINGPIN_DNS_IP_ADDRESS_H_
