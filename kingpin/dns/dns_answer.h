// DnsAnswer: what is known about a name's addresses of one family, as the cache
// keeps it and queries share it.
#ifndef KINGPIN_DNS_DNS_ANSWER_H_
#define KINGPIN_DNS_DNS_ANSWER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "kingpin/dns/address_order.h"
#include "kingpin/net/resolver.h"

namespace kingpin {

struct DnsAnswer {
  std::vector<RankedAddress> addresses = {};
  // kNone if there are addresses.
  ResolveError error = ResolveError::kNone;
  std::string detail = {};
  // From now; zero: for those who wait for it and nobody else.
  absl::Duration ttl = absl::ZeroDuration();
  // Counts who was given it: each begins with the next address.
  uint32_t turn = 0;
};

using DnsAnswerPtr = std::shared_ptr<DnsAnswer>;

}  // namespace kingpin

#endif  // KINGPIN_DNS_DNS_ANSWER_H_
