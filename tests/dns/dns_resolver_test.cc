// The resolver against a name server that does what the test says.
#include "kingpin/dns/dns_resolver.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/resolver.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/dns/dns_answers.h"
#include "tests/dns/resolver_harness.h"
#include "tests/testing/dns_server.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace {

using testing::Ask;
using testing::DnsMessage;
using testing::DnsMessages;
using testing::DnsQuestion;
using testing::DnsServer;
using testing::Empty;
using testing::Got;
using ::testing::HasSubstr;
using testing::kDnsA;
using testing::kDnsAaaa;
using testing::NoSuchName;
using testing::Nothing;
using testing::One;
using testing::ResolverHarness;

// Fails quickly, where that is what is waited for.
DnsResolverOptions Impatient(const DnsServer& server) {
  return Ask(server, {.attempt_timeout = absl::Milliseconds(30), .tries = 2});
}

// --- The example of the header ----------------------------------------------------

class Client : public IOHandlerForClient {
 public:
  using IOHandlerForClient::IOHandlerForClient;
  absl::StatusOr<std::unique_ptr<Resolver>> MakeResolver() override {
    return DnsResolver::Create(this, {.servers = {"10.0.0.2:53"}});
  }
};

TEST(DnsResolverExample, MakesAResolver) {
  ThreadSharedDataForClient shared;
  ASSERT_TRUE(shared.Open(1).ok());
  Client client(&shared, 0);
  EXPECT_TRUE(client.Init().ok());
}

// --- What comes back ----------------------------------------------------------

TEST(DnsResolver, AsksForBothFamiliesOnceAndKeepsTheAnswer) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  EXPECT_FALSE(h.resolver().Lookup("www.example").has_value());
  EXPECT_EQ(h.Resolve("www.example").all(), "10.0.0.1");
  std::optional<ResolveAnswer> known = h.resolver().Lookup("WWW.example.");
  ASSERT_TRUE(known.has_value());
  EXPECT_EQ(testing::Text(known->addresses), "10.0.0.1");
  EXPECT_EQ(h.Resolve("www.example").all(), "10.0.0.1");
  EXPECT_EQ(server.count("www.example", kDnsA), 1);
  EXPECT_EQ(server.count("www.example", kDnsAaaa), 1);
  EXPECT_EQ(server.count(), 2);
  EXPECT_EQ(h.resolver().queries(), 0u);
}

TEST(DnsResolver, FamiliesThatComeTogetherAlternate) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type == kDnsA) {
      return {DnsMessage(q).A("127.0.0.1", 9).A("127.0.0.2", 9).bytes()};
    }
    return {DnsMessage(q).Aaaa("::1", 9).bytes()};
  });
  // Not a moment less than it takes: both are there when it is over.
  ResolverHarness h(Ask(server, {.resolution_delay = absl::Hours(1)}));
  h.Resolve("both.test");
  std::optional<ResolveAnswer> known = h.resolver().Lookup("both.test");
  ASSERT_TRUE(known.has_value());
  ASSERT_EQ(known->addresses.size(), 3u);
  EXPECT_NE(known->addresses[0].family(), known->addresses[1].family());
}

TEST(DnsResolver, OnlyTheOtherFamilyIsAnAnswerToo) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type == kDnsA) return Empty(q);
    return {DnsMessage(q).Aaaa("2001:db8::1", 9).bytes()};
  });
  ResolverHarness h(Ask(server));
  const Got got = h.Resolve("six.test");
  EXPECT_EQ(got.all(), "2001:db8::1");
  EXPECT_EQ(got.error, ResolveError::kNone);
}

TEST(DnsResolver, RecordsOfTheOtherFamilyInAnAnswerDoNotCount) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type == kDnsA) return {DnsMessage(q).Aaaa("2001:db8::1", 9).bytes()};
    return {DnsMessage(q).A("10.0.0.1", 9).bytes()};
  });
  ResolverHarness h(Ask(server));
  EXPECT_EQ(h.Resolve("crossed.test").error, ResolveError::kNoAddress);
}

TEST(DnsResolver, NoRecordsAndNoNameAreTwoThings) {
  DnsServer server([](const DnsQuestion& q) {
    return q.name == "empty.test" ? Empty(q) : NoSuchName(q);
  });
  ResolverHarness h(Ask(server));
  EXPECT_EQ(h.Resolve("empty.test").error, ResolveError::kNoAddress);
  const Got got = h.Resolve("none.test");
  EXPECT_EQ(got.error, ResolveError::kNotFound);
  EXPECT_EQ(got.detail, "\"none.test\": NXDOMAIN");
}

TEST(DnsResolver, HundredRecordsComeByTcpAndAreBounded) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type != kDnsA) return Empty(q);
    if (!q.tcp) return {DnsMessage(q).Truncated().bytes()};
    DnsMessage message(q);
    for (int i = 1; i <= 100; ++i) message.A(absl::StrCat("10.0.0.", i), 60);
    return {message.bytes()};
  });
  ResolverHarness h(Ask(server, {.max_addresses = 64}));
  ASSERT_EQ(h.Resolve("many.test").error, ResolveError::kNone);
  EXPECT_EQ(h.resolver().Lookup("many.test")->addresses.size(), 64u);
  EXPECT_EQ(server.count("many.test", kDnsA), 2);
}

TEST(DnsResolver, TcpThatIsClosedInTheMiddleIsTriedAgainOrFails) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type != kDnsA) return Empty(q);
    if (!q.tcp) return {DnsMessage(q).Truncated().bytes()};
    return {};
  });
  ResolverHarness h(Impatient(server), ResolverHarness::kReal);
  const Got got = h.Resolve("cut.test");
  EXPECT_TRUE(got.answers.empty());
  EXPECT_NE(got.error, ResolveError::kNone);
  EXPECT_NE(got.error, ResolveError::kNotFound);
}

TEST(DnsResolver, FollowsAliases) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    if (q.type != kDnsA) return {DnsMessage(q).Cname("a.cdn.test", 30).bytes()};
    return {DnsMessage(q)
                .A("10.0.0.9", 60, "b.cdn.test")
                .A("10.6.6.6", 60, "other.test")
                .Cname("b.cdn.test", 2, "A.cdn.test")
                .Cname("a.cdn.test", 30)
                .bytes()};
  });
  ResolverHarness h(Ask(server));
  EXPECT_EQ(h.Resolve("www.test").all(), "10.0.0.9");
}

TEST(DnsResolver, AliasesThatGoRoundAreAFailure) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    return {DnsMessage(q)
                .Cname("b.test", 30)
                .Cname(q.name, 30, "b.test")
                .A("10.0.0.1", 30, "c.test")
                .bytes()};
  });
  ResolverHarness h(Ask(server));
  EXPECT_EQ(h.Resolve("round.test").error, ResolveError::kServerFailure);
}

TEST(DnsResolver, ServersThatCannotAreAFailure) {
  for (int code : {1, 2, 4, 5}) {  // FORMERR, SERVFAIL, NOTIMP, REFUSED.
    DnsServer server([code](const DnsQuestion& q) -> DnsMessages {
      return {DnsMessage(q).Code(code).bytes()};
    });
    ResolverHarness h(Ask(server), ResolverHarness::kReal);
    EXPECT_EQ(h.Resolve("x.test").error, ResolveError::kServerFailure) << code;
  }
}

TEST(DnsResolver, AnotherServerIsAskedWhenOneFails) {
  DnsServer bad([](const DnsQuestion& q) -> DnsMessages {
    return {DnsMessage(q).Code(2).bytes()};
  });
  DnsServer good(One);
  ResolverHarness h({.servers = {bad.address(), good.address()}},
                    ResolverHarness::kReal);
  EXPECT_EQ(h.Resolve("x.test").all(), "10.0.0.1");
}

TEST(DnsResolver, NobodyAtTheServersPortIsAFailure) {
  uint16_t port;
  {
    DnsServer gone(Nothing);
    port = gone.port();
  }
  ResolverHarness h({.servers = {absl::StrCat("127.0.0.1:", port)},
                     .attempt_timeout = absl::Milliseconds(30)},
                    ResolverHarness::kReal);
  const Got got = h.Resolve("x.test");
  EXPECT_TRUE(got.error == ResolveError::kServerFailure ||
              got.error == ResolveError::kTimeout)
      << ToString(got.error);
}

TEST(DnsResolver, GarbageIsAFailureOrNobodysAnswer) {
  DnsServer server([](const DnsQuestion& q) -> DnsMessages {
    std::string message = DnsMessage(q).A("10.0.0.1", 60).bytes();
    if (q.name == "cut.test") return {message.substr(0, message.size() - 3)};
    if (q.name == "short.test") return {message.substr(0, 5)};
    return {std::string(40, '\xff')};
  });
  for (absl::string_view host : {"cut.test", "short.test", "noise.test"}) {
    ResolverHarness h(Impatient(server), ResolverHarness::kReal);
    const Got got = h.Resolve(host);
    EXPECT_TRUE(got.error == ResolveError::kServerFailure ||
                got.error == ResolveError::kTimeout)
        << host << " " << ToString(got.error);
  }
}

TEST(DnsResolver, AnswersOfOthersAreNobodys) {
  UniqueFd stranger(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  DnsServer server([&](const DnsQuestion& q) -> DnsMessages {
    if (q.type != kDnsA) return Empty(q);
    // From another port, with the right id.
    const std::string spoofed = DnsMessage(q).A("10.6.6.1", 60).bytes();
    (void)sendto(stranger.get(), spoofed.data(), spoofed.size(), 0,
                 reinterpret_cast<const sockaddr*>(&q.peer), sizeof(q.peer));
    DnsQuestion other = q;
    other.name = "other.test";
    return {DnsMessage(q).Id(q.id ^ 0x5555).A("10.6.6.2", 60).bytes(),
            DnsMessage(other).A("10.6.6.3", 60, "victim.test").bytes(),
            DnsMessage(q).A("10.0.0.1", 60).bytes()};
  });
  ResolverHarness h(Ask(server));
  EXPECT_EQ(h.Resolve("victim.test").all(), "10.0.0.1");
  EXPECT_FALSE(h.resolver().Lookup("other.test").has_value());
}

// --- Time -----------------------------------------------------------------------

TEST(DnsResolver, SilentServersEndAsATimeout) {
  DnsServer server(Nothing);
  ResolverHarness h(Impatient(server), ResolverHarness::kReal);
  EXPECT_EQ(h.Resolve("x.test").error, ResolveError::kTimeout);
  EXPECT_TRUE(testing::Eventually([&] {
    return server.count("x.test", kDnsA) == 2;
  })) << "tries";
}

TEST(DnsResolver, LostQuestionsAreAskedAgain) {
  DnsServer server(
      [](const DnsQuestion& q) { return q.time == 1 ? Nothing(q) : One(q); });
  // Doubled each time, for a machine that is busy with other things.
  ResolverHarness h(
      Ask(server, {.attempt_timeout = absl::Milliseconds(100), .tries = 6}),
      ResolverHarness::kReal);
  EXPECT_EQ(h.Resolve("x.test").all(), "10.0.0.1");
}

TEST(DnsResolver, TotalTimeoutEndsAQueryWhateverTheServerDoes) {
  DnsServer server(Nothing);
  ResolverHarness h(Ask(server, {.attempt_timeout = absl::Hours(1),
                                 .total_timeout = absl::Seconds(5)}));
  std::shared_ptr<Got> got = h.Start("x.test");
  h.Advance(absl::Seconds(4.9));
  EXPECT_FALSE(got->complete);
  h.Advance(absl::Seconds(0.2));
  ASSERT_TRUE(got->complete);
  EXPECT_EQ(got->error, ResolveError::kTimeout);
  EXPECT_THAT(got->detail, HasSubstr("no answer in 5s"));
}

TEST(DnsResolver, LateAnswersServeTheNextQuery) {
  DnsServer server(Nothing);
  ResolverHarness h(Ask(server, {.attempt_timeout = absl::Hours(1),
                                 .total_timeout = absl::Seconds(5)}));
  std::shared_ptr<Got> first = h.Start("x.test");
  ASSERT_TRUE(h.RunUntil([&] { return server.count() == 2; }));
  h.Advance(absl::Seconds(6));
  EXPECT_EQ(first->error, ResolveError::kTimeout);
  std::shared_ptr<Got> second = h.Start("x.test");
  for (const DnsQuestion& q : server.questions()) {
    server.Send(q, One(q).front());
  }
  ASSERT_TRUE(h.RunUntil([&] { return second->complete; }));
  EXPECT_EQ(second->all(), "10.0.0.1");
  EXPECT_EQ(server.count(), 2) << "the question of the first still stood";
}

// --- RFC 8305 -------------------------------------------------------------------

class TwoFamiliesTest : public ::testing::Test {
 protected:
  TwoFamiliesTest() : server_(Nothing), h_(Ask(server_)) {
    got_ = h_.Start("two.test");
    EXPECT_TRUE(h_.RunUntil([&] { return server_.count() == 2; }));
  }
  void Answer(uint16_t type) {
    for (const DnsQuestion& q : server_.questions()) {
      if (q.type != type) continue;
      server_.Send(q, type == kDnsA
                          ? DnsMessage(q).A("10.0.0.1", 60).bytes()
                          : DnsMessage(q).Aaaa("2001:db8::1", 60).bytes());
    }
  }
  bool Answered(size_t count) {
    return h_.RunUntil([&] { return got_->answers.size() >= count; });
  }

  DnsServer server_;
  ResolverHarness h_;
  std::shared_ptr<Got> got_;
};

TEST_F(TwoFamiliesTest, Ipv6IsToldAtOnceAndIpv4Later) {
  Answer(kDnsAaaa);
  ASSERT_TRUE(Answered(1));
  EXPECT_FALSE(got_->complete);
  EXPECT_EQ(got_->all(), "2001:db8::1");
  Answer(kDnsA);
  ASSERT_TRUE(Answered(2));
  EXPECT_TRUE(got_->complete);
  EXPECT_EQ(got_->all(), "2001:db8::1|10.0.0.1");
}

TEST_F(TwoFamiliesTest, Ipv4WaitsForIpv6ForTheResolutionDelay) {
  Answer(kDnsA);
  // The answer is in when only one question is left.
  ASSERT_TRUE(h_.RunUntil([&] { return h_.resolver().open_questions() == 1; }));
  h_.Turn(2);
  h_.Advance(absl::Milliseconds(49));
  EXPECT_TRUE(got_->answers.empty());
  h_.Advance(absl::Milliseconds(3));
  EXPECT_EQ(got_->all(), "10.0.0.1");
  EXPECT_FALSE(got_->complete);
  // Who comes later does not wait again.
  std::shared_ptr<Got> other = h_.Start("two.test");
  h_.Turn(2);
  EXPECT_EQ(other->all(), "10.0.0.1");
  Answer(kDnsAaaa);
  ASSERT_TRUE(Answered(2));
  EXPECT_EQ(got_->all(), "10.0.0.1|2001:db8::1");
  EXPECT_EQ(other->all(), "10.0.0.1|2001:db8::1");
  EXPECT_TRUE(got_->complete && other->complete);
}

TEST_F(TwoFamiliesTest, TimeoutAfterOneFamilyIsNoError) {
  Answer(kDnsAaaa);
  ASSERT_TRUE(Answered(1));
  h_.Advance(absl::Seconds(11));
  EXPECT_TRUE(got_->complete);
  EXPECT_EQ(got_->error, ResolveError::kNone);
}

// --- Names --------------------------------------------------------------------------

TEST(DnsNames, WhatIsKnownBeforehandIsNotAskedFor) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  EXPECT_EQ(h.Resolve("127.0.0.1").all(), "127.0.0.1");
  EXPECT_EQ(h.Resolve("::1").all(), "::1");
  EXPECT_EQ(h.Resolve("[2001:db8::7]").all(), "2001:db8::7");
  EXPECT_EQ(h.Resolve("fe80::1%lo").all(), "fe80::1%lo");
  EXPECT_EQ(h.Resolve("localhost").all(), "::1 127.0.0.1");
  EXPECT_EQ(h.Resolve("LocalHost.").all(), "::1 127.0.0.1");
  EXPECT_EQ(h.Resolve("db.localhost").all(), "::1 127.0.0.1");
  EXPECT_EQ(h.Resolve("x.invalid").error, ResolveError::kNotFound);
  EXPECT_EQ(h.Resolve("x.onion").error, ResolveError::kNotFound);
  EXPECT_EQ(server.count(), 0);
}

TEST(DnsNames, BadNamesAreRefusedWithTheReasonAndNotAskedFor) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  const std::pair<std::string, std::string> cases[] = {
      {"", "empty name"},
      {".", "empty name"},
      {"a..b", "empty label"},
      {".a", "empty label"},
      {"a..", "empty label"},
      {std::string(64, 'a') + ".test", "64 characters, 63 are allowed"},
      {std::string(200, 'a') + std::string(100, '.'), "299 characters"},
      {"a b", "a character other than"},
      {std::string("a\0b", 3), "a character other than"},
      {"a/b", "a character other than"},
      {"fe80::1%nosuchinterface", "a character other than"},
      {"b\xc3\xbc"
       "cher.test",
       "xn--"},
      {"1.2.3", "ends in a number"},
      {"127.1", "ends in a number"},
      {"0x7f.0x1", "ends in a number"},
  };
  for (const auto& [host, reason] : cases) {
    const Got got = h.Resolve(host);
    EXPECT_EQ(got.error, ResolveError::kBadName) << host;
    EXPECT_THAT(got.detail, HasSubstr(reason)) << host;
  }
  EXPECT_EQ(server.count(), 0);
}

TEST(DnsNames, LongestNamesAreAskedFor) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  const std::string label(63, 'a');
  const std::string name =
      absl::StrCat(label, ".", label, ".", label, ".", std::string(61, 'b'));
  ASSERT_EQ(name.size(), 253u);
  EXPECT_EQ(h.Resolve(name).all(), "10.0.0.1");
  EXPECT_EQ(h.Resolve(name + ".").all(), "10.0.0.1");
}

}  // namespace
}  // namespace kingpin
