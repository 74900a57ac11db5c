#include "kingpin/sys/socket_address.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace kingpin {
namespace {

constexpr absl::string_view kUnixPrefix = "unix:";
constexpr size_t kUnixPathOffset = offsetof(sockaddr_un, sun_path);

absl::Status Invalid(absl::string_view text, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat(
      "address \"", text, "\": ", why,
      " (forms: 127.0.0.1:80, [::1]:80, :80, unix:/path, unix:@name)"));
}

absl::StatusOr<SocketAddress> ParseUnix(absl::string_view text,
                                        absl::string_view path) {
  sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = {}};
  // A path keeps its terminating NUL, an abstract name has a NUL in front.
  if (path.size() < 2 || path.size() >= sizeof(address.sun_path)) {
    return Invalid(text, "a unix path has 2 to 107 characters");
  }
  if (absl::StrContains(path, '\0')) return Invalid(text, "NUL in a path");
  std::copy(path.begin(), path.end(), address.sun_path);
  size_t size = kUnixPathOffset + path.size();
  if (path[0] == '@') {
    address.sun_path[0] = '\0';
  } else {
    ++size;
  }
  return SocketAddress(reinterpret_cast<sockaddr*>(&address), size);
}

absl::StatusOr<SocketAddress> ParseIpv6(absl::string_view text,
                                        absl::string_view host, uint16_t port) {
  sockaddr_in6 address = {};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  std::string number(host.substr(0, host.find('%')));
  if (inet_pton(AF_INET6, number.c_str(), &address.sin6_addr) != 1) {
    return Invalid(text, "not an IPv6 address");
  }
  if (number.size() < host.size()) {
    std::string zone(host.substr(number.size() + 1));
    address.sin6_scope_id = if_nametoindex(zone.c_str());
    if (address.sin6_scope_id == 0) return Invalid(text, "no such interface");
  }
  return SocketAddress(reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

absl::StatusOr<SocketAddress> ParseIpv4(absl::string_view text,
                                        absl::string_view host, uint16_t port) {
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, std::string(host).c_str(), &address.sin_addr) != 1) {
    return Invalid(text, "not an IPv4 address, and names are not looked up");
  }
  return SocketAddress(reinterpret_cast<sockaddr*>(&address), sizeof(address));
}

}  // namespace

SocketAddress::SocketAddress(const sockaddr* address, socklen_t size)
    : size_(std::min<socklen_t>(size, sizeof(storage_))) {
  std::memcpy(&storage_, address, size_);
}

absl::StatusOr<SocketAddress> SocketAddress::Parse(absl::string_view text) {
  if (absl::string_view path = text; absl::ConsumePrefix(&path, kUnixPrefix)) {
    return ParseUnix(text, path);
  }
  size_t colon = text.rfind(':');
  if (colon == text.npos) return Invalid(text, "no port");
  absl::string_view host = text.substr(0, colon);
  absl::string_view digits = text.substr(colon + 1);
  // inet_pton and if_nametoindex would stop there and take what comes before.
  if (absl::StrContains(host, '\0')) return Invalid(text, "NUL in a host");
  uint32_t port;
  // SimpleAtoi would take signs and spaces.
  if (digits.find_first_not_of("0123456789") != digits.npos ||
      !absl::SimpleAtoi(digits, &port) || port > 65535) {
    return Invalid(text, "the port is a number from 0 to 65535");
  }
  if (host.empty()) return ParseIpv6(text, "::", port);
  if (absl::ConsumePrefix(&host, "[") && absl::ConsumeSuffix(&host, "]")) {
    return ParseIpv6(text, host, port);
  }
  return ParseIpv4(text, host, port);
}

SocketAddress SocketAddress::Local(int fd) {
  SocketAddress address;
  address.size_ = sizeof(address.storage_);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address.storage_),
                  &address.size_) != 0) {
    return {};
  }
  return address;
}

SocketAddress SocketAddress::Peer(int fd) {
  SocketAddress address;
  address.size_ = sizeof(address.storage_);
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&address.storage_),
                  &address.size_) != 0) {
    return {};
  }
  return address;
}

uint16_t SocketAddress::port() const {
  if (family() == AF_INET) {
    return ntohs(reinterpret_cast<const sockaddr_in*>(&storage_)->sin_port);
  }
  if (family() == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage_)->sin6_port);
  }
  return 0;
}

SocketAddress SocketAddress::WithPort(uint16_t port) const {
  SocketAddress copy = *this;
  if (family() == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&copy.storage_)->sin_port = htons(port);
  } else if (family() == AF_INET6) {
    reinterpret_cast<sockaddr_in6*>(&copy.storage_)->sin6_port = htons(port);
  }
  return copy;
}

std::string SocketAddress::path() const {
  const auto* address = reinterpret_cast<const sockaddr_un*>(&storage_);
  if (family() != AF_UNIX || size_ <= kUnixPathOffset) return "";
  if (address->sun_path[0] == '\0') return "";
  return std::string(address->sun_path,
                     strnlen(address->sun_path, size_ - kUnixPathOffset));
}

std::string SocketAddress::host() const {
  char text[INET6_ADDRSTRLEN] = "";
  if (family() == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage_);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    return text;
  }
  if (family() == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage_);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      // A dual-stack listener sees IPv4 peers this way; people expect 1.2.3.4.
      inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], text, sizeof(text));
      return text;
    }
    inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    char zone[IF_NAMESIZE];
    if (v6->sin6_scope_id != 0 &&
        if_indextoname(v6->sin6_scope_id, zone) != nullptr) {
      return absl::StrCat(text, "%", zone);
    }
    return text;
  }
  return family() == AF_UNIX ? "unix:" : "unspecified";
}

std::string SocketAddress::ToString() const {
  if (is_ip()) {
    std::string text = host();
    return absl::StrContains(text, ':') ? absl::StrCat("[", text, "]:", port())
                                        : absl::StrCat(text, ":", port());
  }
  if (family() != AF_UNIX) return "unspecified";
  const auto* address = reinterpret_cast<const sockaddr_un*>(&storage_);
  if (size_ > kUnixPathOffset && address->sun_path[0] == '\0') {
    return absl::StrCat(
        "unix:@",
        absl::string_view(address->sun_path + 1, size_ - kUnixPathOffset - 1));
  }
  return absl::StrCat(kUnixPrefix, path());
}

}  // namespace kingpin
