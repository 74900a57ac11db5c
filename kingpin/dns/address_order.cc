#include "kingpin/dns/address_order.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <deque>

#include "kingpin/sys/route.h"

namespace kingpin {
namespace {

using Bytes = std::array<uint8_t, 16>;

// A set bit in a rank: never worth trying before one without it.
constexpr uint32_t kNoRoute = 1u << 31;

// The form in which RFC 6724 looks at IPv4 addresses (section 3.2).
Bytes Mapped(const IpAddress& address) {
  if (address.is_v6) return address.bytes;
  Bytes bytes = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  std::copy_n(address.bytes.begin(), 4, bytes.begin() + 12);
  return bytes;
}

struct Policy {
  Bytes prefix;
  int bits;
  uint8_t precedence;
  uint8_t label;
};

// RFC 6724, section 2.1, longest prefixes first.
constexpr Policy kPolicies[] = {
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128, 50, 0},
    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96, 35, 4},
    {{}, 96, 1, 3},
    {{0x20, 0x01, 0, 0}, 32, 5, 5},
    {{0x20, 0x02}, 16, 30, 2},
    {{0x3f, 0xfe}, 16, 1, 12},
    {{0xfe, 0xc0}, 10, 1, 11},
    {{0xfc}, 7, 3, 13},
    {{}, 0, 40, 1},
};

bool HasPrefix(const Bytes& address, const Policy& policy) {
  const int whole = policy.bits / 8, rest = policy.bits % 8;
  if (!std::equal(address.begin(), address.begin() + whole,
                  policy.prefix.begin())) {
    return false;
  }
  return rest == 0 ||
         ((address[whole] ^ policy.prefix[whole]) >> (8 - rest)) == 0;
}

const Policy& PolicyOf(const Bytes& address) {
  return *std::find_if(std::begin(kPolicies), std::end(kPolicies),
                       [&](const Policy& p) { return HasPrefix(address, p); });
}

// RFC 6724, sections 3.1 and 3.2.
int ScopeOf(const IpAddress& address) {
  constexpr int kLinkLocal = 2, kSiteLocal = 5, kGlobal = 14;
  const auto& b = address.bytes;
  if (!address.is_v6) {
    return b[0] == 127 || (b[0] == 169 && b[1] == 254) ? kLinkLocal : kGlobal;
  }
  if (b[0] == 0xff) return b[1] & 0x0f;
  if (b[0] == 0xfe && (b[1] & 0xc0) == 0x80) return kLinkLocal;
  if (b[0] == 0xfe && (b[1] & 0xc0) == 0xc0) return kSiteLocal;
  const Bytes loopback = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  return b == loopback ? kLinkLocal : kGlobal;
}

}  // namespace

uint32_t RankOf(const IpAddress& destination,
                const std::optional<IpAddress>& source) {
  const Policy& policy = PolicyOf(Mapped(destination));
  const int scope = ScopeOf(destination);
  uint32_t rank = source.has_value() ? 0 : kNoRoute;  // Rule 1.
  if (source.has_value()) {
    if (ScopeOf(*source) != scope) rank |= 1u << 30;        // Rule 2.
    if (PolicyOf(Mapped(*source)).label != policy.label) {  // Rule 5.
      rank |= 1u << 29;
    }
  }
  rank |= static_cast<uint32_t>(UINT8_MAX - policy.precedence) << 8;  // Rule 6.
  return rank | static_cast<uint32_t>(scope);                         // Rule 8.
}

std::optional<IpAddress> SourceFor(const IpAddress& destination) {
  constexpr uint16_t kDiscard = 9;  // Some port; nothing is sent.
  return IpAddress::Of(
      sys::SourceAddressFor(destination.ToSocketAddress().WithPort(kDiscard)));
}

std::vector<RankedAddress> RankByRoute(absl::Span<const IpAddress> addresses) {
  std::vector<RankedAddress> ranked;
  ranked.reserve(addresses.size());
  for (const IpAddress& address : addresses) {
    ranked.push_back({address, RankOf(address, SourceFor(address))});
  }
  return ranked;
}

std::vector<IpAddress> InOrder(std::vector<RankedAddress> addresses) {
  std::stable_sort(addresses.begin(), addresses.end(),
                   [](const RankedAddress& a, const RankedAddress& b) {
                     return a.rank < b.rank;
                   });
  std::vector<IpAddress> order;
  std::deque<IpAddress> waiting[2];  // Of each family.
  auto take = [&](std::deque<IpAddress>& from) {
    if (from.empty()) return;
    if (std::find(order.begin(), order.end(), from.front()) == order.end()) {
      order.push_back(from.front());
    }
    from.pop_front();
  };
  size_t routed = 0;
  for (; routed < addresses.size(); ++routed) {
    if (addresses[routed].rank & kNoRoute) break;
    waiting[addresses[routed].address.is_v6].push_back(
        addresses[routed].address);
  }
  const bool first = !addresses.empty() && addresses[0].address.is_v6;
  while (!waiting[0].empty() || !waiting[1].empty()) {
    take(waiting[first]);
    take(waiting[!first]);
  }
  for (; routed < addresses.size(); ++routed) {
    waiting[0].push_back(addresses[routed].address);
    take(waiting[0]);
  }
  return order;
}

}  // namespace kingpin
