// Failure mode 41 (docs/failure_modes.md): name servers that are slow, silent or
// wrong. Each query has its end, and the loop serves everybody else meanwhile.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/resolver.h"
#include "tests/dns/resolver_harness.h"
#include "tests/testing/dns_server.h"

namespace kingpin {
namespace {

using testing::DnsMessage;
using testing::DnsMessages;
using testing::DnsQuestion;
using testing::DnsServer;
using testing::Got;
using testing::kDnsA;
using testing::ResolverHarness;

// What the name says.
DnsMessages ByName(const DnsQuestion& q) {
  const std::string kind = q.name.substr(0, q.name.find('.'));
  if (kind == "silent" || (kind == "slow" && q.time == 1)) return {};
  if (kind == "none") return {DnsMessage(q).Code(3).Soa(9, 9).bytes()};
  if (kind == "fails") return {DnsMessage(q).Code(2).bytes()};
  if (kind == "garbage")
    return {DnsMessage(q).A("10.0.0.1", 1).bytes() + "x",
            std::string(100, '\xc0')};
  if (kind == "zero" || q.type != kDnsA) {
    return {DnsMessage(q).Soa(9, 9).bytes()};
  }
  if (kind != "hundred") return {DnsMessage(q).A("10.0.0.1", 9).bytes()};
  if (!q.tcp) return {DnsMessage(q).Truncated().bytes()};
  DnsMessage message(q);
  for (int i = 1; i <= 100; ++i) message.A(absl::StrCat("10.0.0.", i), 9);
  return {message.bytes()};
}

class FailureMode41 : public ::testing::Test {
 protected:
  DnsServer server_{ByName};
};

TEST_F(FailureMode41, EachQueryHasItsEndAndItsReason) {
  // Long enough for who answers, on a machine that is busy with other things.
  ResolverHarness h({.servers = {server_.address()},
                     .attempt_timeout = absl::Seconds(1),
                     .tries = 2},
                    ResolverHarness::kReal);
  const std::pair<std::string, ResolveError> cases[] = {
      {"silent.test", ResolveError::kTimeout},
      {"slow.test", ResolveError::kNone},
      {"none.test", ResolveError::kNotFound},
      {"fails.test", ResolveError::kServerFailure},
      {"zero.test", ResolveError::kNoAddress},
      {"hundred.test", ResolveError::kNone},
      {"garbage.test", ResolveError::kNone},  // Bytes behind the end.
      {"good.test", ResolveError::kNone},
  };
  std::vector<std::shared_ptr<Got>> results;
  for (const auto& [host, error] : cases) results.push_back(h.Start(host));
  ASSERT_TRUE(h.RunUntil([&] {
    return std::all_of(results.begin(), results.end(),
                       [](const auto& got) { return got->complete; });
  }));
  for (size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i]->error, cases[i].second) << cases[i].first;
  }
}

TEST_F(FailureMode41, SilentServersHoldNobodyElse) {
  // On a clock that stands still, so that no time-out helps.
  ResolverHarness h({.servers = {server_.address()}});
  std::vector<std::shared_ptr<Got>> silent;
  for (int i = 0; i < 50; ++i) {
    silent.push_back(h.Start(absl::StrCat("silent.", i, ".test")));
  }
  EXPECT_EQ(h.Resolve("good.test").all(), "10.0.0.1");
  for (const auto& got : silent) EXPECT_FALSE(got->complete);
  h.Advance(absl::Seconds(11));
  for (const auto& got : silent) {
    EXPECT_EQ(got->error, ResolveError::kTimeout);
  }
}

TEST_F(FailureMode41, LoopSleepsWhileItWaitsAndAfterwards) {
  ResolverHarness h({.servers = {server_.address()},
                     .attempt_timeout = absl::Milliseconds(40),
                     .tries = 3},
                    ResolverHarness::kReal);
  std::shared_ptr<Got> got = h.Start("silent.test");
  int turns = 0;
  while (!got->complete) {
    h.handler().RunOnce(absl::InfiniteDuration());
    ++turns;
  }
  // Two questions, three tries, a few events each: no polling in between.
  EXPECT_LT(turns, 30);
  EXPECT_EQ(h.resolver().open_questions(), 0u);
  const uint64_t events = h.handler().shared().thread(0).stats().events.value();
  h.handler().RunOnce(absl::Milliseconds(20));
  EXPECT_EQ(h.handler().shared().thread(0).stats().events.value(), events);
}

}  // namespace
}  // namespace kingpin
