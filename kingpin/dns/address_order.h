// The order in which to try addresses: the better ones first (RFC 6724, section
// 6), the families alternating, so that one that is broken costs one attempt
// and not all of them (RFC 8305, section 4, first address family count 1).
//
// Of RFC 6724 the rules that can be judged from addresses: usable at all (1),
// same scope as the source (2), same label (5), precedence (6), smaller scope
// (8), and else as they came (10). Left out: 3, 4 and 7, which need to know the
// state of source addresses, and 9 (longest common prefix), because it would
// undo the spreading of load over the addresses of one name. Addresses without
// a route come last and do not alternate.
//
// Pure but for RankByRoute(), which asks the kernel for the source address that
// it would choose (four system calls, nothing is sent): done once an answer.
//
//   std::vector<RankedAddress> ranked = RankByRoute(addresses);
//   for (const IpAddress& address : InOrder(ranked)) ...
#ifndef KINGPIN_DNS_ADDRESS_ORDER_H_
#define KINGPIN_DNS_ADDRESS_ORDER_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "kingpin/dns/ip_address.h"

namespace kingpin {

struct RankedAddress {
  IpAddress address;
  // Smaller is better.
  uint32_t rank = 0;
};

// Of `destination` from the `source` that would be used; none: no route.
uint32_t RankOf(const IpAddress& destination,
                const std::optional<IpAddress>& source);

// The source address that the kernel would choose.
std::optional<IpAddress> SourceFor(const IpAddress& destination);

std::vector<RankedAddress> RankByRoute(absl::Span<const IpAddress> addresses);

// Addresses of equal rank stay in their order. Without duplicates.
std::vector<IpAddress> InOrder(std::vector<RankedAddress> addresses);

}  // namespace kingpin

#endif  // KINGPIN_DNS_ADDRESS_ORDER_H_
