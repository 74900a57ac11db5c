// ParseDnsReply: the addresses in a message of a name server (RFC 1035, section
// 4), read strictly: what does not parse to the end of its authority section is
// an answer of nobody.
//
// The question was compared by who received the message. Only records that the
// name in question leads to count, by at most 16 aliases (CNAME) in any order;
// their TTL is the smallest on the way. What an answer without addresses may be
// cached for is in its SOA record (RFC 2308, section 5), zero without one.
//
// Pure; safe from any thread. The work is bounded by the size of the message,
// whose compressed names may only point backwards.
//
//   DnsReply reply = ParseDnsReply(bytes, "example.org", DnsType::kA, 64);
//   if (reply.error == ResolveError::kNone) Use(reply.addresses, reply.ttl);
#ifndef KINGPIN_DNS_DNS_REPLY_H_
#define KINGPIN_DNS_DNS_REPLY_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kingpin/dns/ip_address.h"
#include "kingpin/net/resolver.h"

namespace kingpin {

// RFC 1035, section 3.2.2; RFC 3596, section 2.1.
enum class DnsType : uint16_t { kA = 1, kAaaa = 28 };
// "A", "AAAA".
absl::string_view ToString(DnsType type);

struct DnsReply {
  std::vector<IpAddress> addresses = {};
  // kNone if there are addresses; else kNotFound, kNoAddress or kServerFailure.
  ResolveError error = ResolveError::kNone;
  std::string detail = {};
  absl::Duration ttl = absl::ZeroDuration();
};

// `name` in the form of HostName::text. Addresses beyond `max_addresses` are
// passed over.
DnsReply ParseDnsReply(absl::string_view message, absl::string_view name,
                       DnsType type, size_t max_addresses);

}  // namespace kingpin

#endif  // KINGPIN_DNS_DNS_REPLY_H_
