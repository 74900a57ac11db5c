// What the resolver remembers, and for how long.
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/net/resolver.h"
#include "tests/dns/dns_answers.h"
#include "tests/dns/resolver_harness.h"
#include "tests/testing/dns_server.h"

namespace kingpin {
namespace {

using testing::Ask;
using testing::DnsMessage;
using testing::DnsMessages;
using testing::DnsQuestion;
using testing::DnsServer;
using ::testing::ElementsAre;
using testing::Empty;
using testing::Got;
using testing::kDnsA;
using testing::kDnsAaaa;
using testing::NoSuchName;
using testing::One;
using testing::ResolverHarness;

// Asks for `host` again after each of the times; how often the server was asked.
std::vector<int> AskedAfter(DnsServer& server, ResolverHarness& h,
                            absl::string_view host,
                            const std::vector<absl::Duration>& times) {
  std::vector<int> counts;
  for (absl::Duration time : times) {
    h.Advance(time);
    h.Resolve(host);
    counts.push_back(server.count(host, kDnsA));
  }
  return counts;
}

TEST(DnsCaching, AnswersHoldAsLongAsTheirTtl) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  EXPECT_THAT(AskedAfter(server, h, "x.test",
                         {absl::ZeroDuration(), absl::Seconds(59),
                          absl::Seconds(2), absl::Seconds(1)}),
              ElementsAre(1, 1, 2, 2));
}

TEST(DnsCaching, TtlOfAnAliasCounts) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type != kDnsA) return Empty(q);
    return {DnsMessage(q)
                .Cname("cdn.test", 5)
                .A("10.0.0.1", 600, "cdn.test")
                .bytes()};
  });
  ResolverHarness h(Ask(server));
  EXPECT_THAT(
      AskedAfter(server, h, "x.test",
                 {absl::ZeroDuration(), absl::Seconds(4), absl::Seconds(2)}),
      ElementsAre(1, 1, 2));
}

TEST(DnsCaching, TtlZeroIsForThoseWhoWaitOnly) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type != kDnsA) return Empty(q);
    return {DnsMessage(q).A("10.0.0.1", 0).bytes()};
  });
  ResolverHarness h(Ask(server));
  std::shared_ptr<Got> first = h.Start("x.test");
  EXPECT_EQ(h.Resolve("x.test").all(), "10.0.0.1");
  EXPECT_EQ(first->all(), "10.0.0.1");
  EXPECT_EQ(server.count("x.test", kDnsA), 1);
  EXPECT_FALSE(h.resolver().Lookup("x.test").has_value());
  EXPECT_EQ(h.Resolve("x.test").all(), "10.0.0.1");
  EXPECT_EQ(server.count("x.test", kDnsA), 2);
  EXPECT_EQ(server.count("x.test", kDnsAaaa), 1) << "that one has a TTL";
}

TEST(DnsCaching, HugeTtlsAreCapped) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type != kDnsA)
      return {DnsMessage(q).Soa(INT32_MAX, INT32_MAX).bytes()};
    // One that is negative is none at all (RFC 2181, section 8).
    return {DnsMessage(q)
                .A("10.0.0.1", q.name == "x.test" ? INT32_MAX : 0x80000000)
                .bytes()};
  });
  ResolverHarness h(Ask(server));
  EXPECT_THAT(
      AskedAfter(server, h, "x.test",
                 {absl::ZeroDuration(), absl::Minutes(59), absl::Minutes(2)}),
      ElementsAre(1, 1, 2));
  EXPECT_THAT(AskedAfter(server, h, "y.test",
                         {absl::ZeroDuration(), absl::ZeroDuration()}),
              ElementsAre(1, 2));
}

TEST(DnsCaching, WhatIsNotThereHoldsAsLongAsItsSoaSays) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.name == "none.test") return NoSuchName(q);  // 20 s.
    if (q.name == "bare.test") return {DnsMessage(q).Code(3).bytes()};
    return {DnsMessage(q).Soa(9999, 9999).bytes()};  // The cap: 30 s.
  });
  ResolverHarness h(Ask(server));
  const std::vector<absl::Duration> times = {
      absl::ZeroDuration(), absl::Seconds(19), absl::Seconds(2),
      absl::Seconds(10)};
  EXPECT_THAT(AskedAfter(server, h, "none.test", times),
              ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(AskedAfter(server, h, "empty.test", times),
              ElementsAre(1, 1, 1, 2));
  EXPECT_THAT(AskedAfter(server, h, "bare.test", times),
              ElementsAre(1, 2, 3, 4));
}

TEST(DnsCaching, FailuresHoldForASecond) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    return {DnsMessage(q).Code(2).bytes()};
  });
  DnsResolverOptions options = Ask(server);
  options.tries = 1;
  ResolverHarness h(std::move(options));
  EXPECT_THAT(AskedAfter(server, h, "x.test",
                         {absl::ZeroDuration(), absl::Seconds(0.9),
                          absl::Seconds(0.2)}),
              ElementsAre(1, 1, 2));
  EXPECT_EQ(h.resolver().Lookup("x.test")->error, ResolveError::kServerFailure);
}

TEST(DnsCaching, TheNameThatWasNotUsedForLongestMakesRoom) {
  DnsServer server(One);
  ResolverHarness h(Ask(server, {.cache_names = 2}));
  h.Resolve("a.test");
  h.Resolve("b.test");
  h.Resolve("a.test");
  h.Resolve("c.test");
  EXPECT_EQ(h.resolver().cached_names(), 2u);
  EXPECT_TRUE(h.resolver().Lookup("a.test").has_value());
  EXPECT_FALSE(h.resolver().Lookup("b.test").has_value());
  EXPECT_TRUE(h.resolver().Lookup("c.test").has_value());
}

TEST(DnsCaching, AddressesOfANameTakeTurns) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type != kDnsA) return Empty(q);
    return {DnsMessage(q).A("127.0.0.1", 60).A("127.0.0.2", 60).bytes()};
  });
  ResolverHarness h(Ask(server));
  EXPECT_EQ(h.Resolve("x.test").all(), "127.0.0.1 127.0.0.2");
  EXPECT_EQ(h.Resolve("x.test").all(), "127.0.0.2 127.0.0.1");
  EXPECT_EQ(h.Resolve("x.test").all(), "127.0.0.1 127.0.0.2");
}

}  // namespace
}  // namespace kingpin
