// What the name servers of these tests say, and options to ask them.
#ifndef KINGPIN_TESTS_DNS_DNS_ANSWERS_H_
#define KINGPIN_TESTS_DNS_DNS_ANSWERS_H_

#include "kingpin/dns/dns_resolver.h"
#include "tests/testing/dns_server.h"

namespace kingpin {
namespace testing {

inline DnsMessages Nothing(const DnsQuestion&) { return {}; }

// The name exists, and has no address of that family.
inline DnsMessages Empty(const DnsQuestion& q) {
  return {DnsMessage(q).Soa(60, 60).bytes()};
}

// 10.0.0.1, for a minute.
inline DnsMessages One(const DnsQuestion& q) {
  if (q.type != kDnsA) return Empty(q);
  return {DnsMessage(q).A("10.0.0.1", 60).bytes()};
}

inline DnsMessages NoSuchName(const DnsQuestion& q) {
  return {DnsMessage(q).Code(3).Soa(20, 60).bytes()};
}

inline DnsResolverOptions Ask(const DnsServer& server,
                              DnsResolverOptions options = {}) {
  options.servers = {server.address()};
  return options;
}

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_DNS_DNS_ANSWERS_H_
