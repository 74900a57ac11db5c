// The resolver against a name server that does what the test says.
#include "kingpin/dns/dns_resolver.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <stdexcept>
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
#include "tests/dns/resolver_harness.h"
#include "tests/testing/dns_server.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace {

using testing::DnsMessage;
using testing::DnsMessages;
using testing::DnsQuestion;
using testing::DnsServer;
using ::testing::ElementsAre;
using testing::Got;
using ::testing::HasSubstr;
using testing::kDnsA;
using testing::kDnsAaaa;
using testing::ResolverHarness;
using ::testing::UnorderedElementsAre;

DnsMessages Nothing(const DnsQuestion&) { return {}; }

// The name exists, and has no address of that family.
DnsMessages Empty(const DnsQuestion& q) {
  return {DnsMessage(q).Soa(60, 60).bytes()};
}

// 10.0.0.1, for a minute.
DnsMessages One(const DnsQuestion& q) {
  if (q.type != kDnsA) return Empty(q);
  return {DnsMessage(q).A("10.0.0.1", 60).bytes()};
}

DnsMessages NoSuchName(const DnsQuestion& q) {
  return {DnsMessage(q).Code(3).Soa(20, 60).bytes()};
}

DnsResolverOptions Ask(const DnsServer& server,
                       DnsResolverOptions options = {}) {
  options.servers = {server.address()};
  return options;
}

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

// --- Waiters ----------------------------------------------------------------------

TEST(DnsResolver, AllWhoWaitForANameShareItsQuestions) {
  DnsServer server(Nothing);
  ResolverHarness h(Ask(server));
  std::vector<std::shared_ptr<Got>> waiters;
  for (int i = 0; i < 100; ++i) waiters.push_back(h.Start("one.test"));
  ASSERT_TRUE(h.RunUntil([&] { return server.count() == 2; }));
  for (const DnsQuestion& q : server.questions()) {
    server.Send(q, One(q).front());
  }
  ASSERT_TRUE(h.RunUntil([&] { return waiters.back()->complete; }));
  for (const auto& waiter : waiters) EXPECT_EQ(waiter->all(), "10.0.0.1");
  EXPECT_EQ(server.count(), 2);
}

TEST(DnsResolver, CancelledQueriesStayQuietAndLetGoOfTheirCallback) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  auto token = std::make_shared<int>();
  const ResolveId id = h.resolver().Start(
      "x.test", [token](ResolveAnswer) { FAIL() << "cancelled"; });
  std::shared_ptr<Got> other = h.Start("x.test");
  h.resolver().Cancel(id);
  h.resolver().Cancel(id);
  h.resolver().Cancel(0);
  EXPECT_EQ(token.use_count(), 1);
  ASSERT_TRUE(h.RunUntil([&] { return other->complete; }));
  EXPECT_EQ(other->all(), "10.0.0.1");
}

TEST(DnsResolver, CallbackMayCancelAnotherThatIsDueToo) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  ResolveId ids[2];
  int calls = 0;
  for (int i = 0; i < 2; ++i) {
    ids[i] = h.resolver().Start("x.test", [&, i](ResolveAnswer) {
      ++calls;
      h.resolver().Cancel(ids[1 - i]);
      h.resolver().Cancel(ids[i]);
    });
  }
  ASSERT_TRUE(h.RunUntil([&] { return calls > 0; }));
  h.Turn(3);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(h.resolver().queries(), 0u);
}

TEST(DnsResolver, StartNeverCallsBackItself) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  h.Resolve("known.test");
  for (absl::string_view host : {"known.test", "127.0.0.1", "a..b", ""}) {
    std::shared_ptr<Got> got = h.Start(host);
    EXPECT_FALSE(got->complete) << host;
    h.Turn(2);
    EXPECT_TRUE(got->complete) << host;
  }
}

TEST(DnsResolver, CallbackThatStartsAgainDoesNotHoldTheLoop) {
  ResolverHarness h({.servers = {"127.0.0.1:1"}});
  int calls = 0;
  std::function<void(ResolveAnswer)> again = [&](ResolveAnswer) {
    ++calls;
    h.resolver().Start("127.0.0.1", again);
  };
  h.resolver().Start("127.0.0.1", again);
  for (int i = 1; i <= 5; ++i) {
    h.Turn();
    EXPECT_EQ(calls, i);
  }
}

TEST(DnsResolver, CallbackThatThrowsCostsNobodyElse) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  h.resolver().Start("x.test",
                     [](ResolveAnswer) { throw std::runtime_error("!"); });
  std::shared_ptr<Got> other = h.Start("x.test");
  ASSERT_TRUE(h.RunUntil([&] { return other->complete; }));
  EXPECT_EQ(other->all(), "10.0.0.1");
  EXPECT_EQ(h.resolver().queries(), 0u);
}

TEST(DnsResolver, ManyNamesAreAskedForInTurnAndRefusedBeyondTheBound) {
  DnsServer server(One);
  ResolverHarness h(Ask(server, {.max_questions = 4, .max_queries = 50}));
  std::vector<std::shared_ptr<Got>> waiters;
  for (int i = 0; i < 51; ++i) {
    waiters.push_back(h.Start(absl::StrCat("h", i, ".test")));
  }
  ASSERT_TRUE(h.RunUntil([&] {
    return std::all_of(waiters.begin(), waiters.end(),
                       [](const auto& w) { return w->complete; });
  }));
  for (int i = 0; i < 50; ++i) EXPECT_EQ(waiters[i]->all(), "10.0.0.1") << i;
  EXPECT_EQ(waiters[50]->error, ResolveError::kNoResources);
  EXPECT_EQ(server.count(), 100);
}

// Two questions, those of "dead.test", are with a server that does not answer.
class InLineTest : public ::testing::Test {
 protected:
  InLineTest()
      : server_(Nothing),
        h_(Ask(server_, {.attempt_timeout = absl::Hours(1),
                         .total_timeout = absl::Seconds(5),
                         .max_questions = 2})) {
    h_.Start("dead.test");
    EXPECT_TRUE(h_.RunUntil([&] { return server_.count() == 2; }));
  }
  size_t open() { return h_.resolver().open_questions(); }
  void AnswerDead() {
    for (const DnsQuestion& q : server_.questions()) {
      if (q.name == "dead.test") server_.Send(q, One(q).front());
    }
  }

  DnsServer server_;
  ResolverHarness h_;
};

TEST_F(InLineTest, WhatNobodyWaitsForIsNotAskedFor) {
  for (int i = 0; i < 100; ++i) {
    h_.Start(absl::StrCat("h", i, ".test"));
    h_.resolver().Cancel(h_.last_id());
  }
  EXPECT_EQ(open(), 2u);
  h_.Start("live.test");
  AnswerDead();
  ASSERT_TRUE(
      h_.RunUntil([&] { return server_.count("live.test", kDnsAaaa) == 1; }));
  EXPECT_EQ(server_.count(), 4);
}

TEST_F(InLineTest, TheLastWhoLeavesTakesTheQuestionsAlong) {
  std::shared_ptr<Got> stays = h_.Start("shared.test");
  h_.Start("shared.test");
  h_.resolver().Cancel(h_.last_id());
  EXPECT_EQ(open(), 4u);
  h_.Advance(absl::Seconds(4));
  EXPECT_FALSE(stays->complete);
  h_.Advance(absl::Seconds(2));
  EXPECT_TRUE(stays->complete);
  EXPECT_EQ(open(), 2u) << "those of dead.test are the server's";
  // Who comes later asks anew.
  std::shared_ptr<Got> next = h_.Start("shared.test");
  EXPECT_EQ(open(), 4u);
  AnswerDead();
  ASSERT_TRUE(
      h_.RunUntil([&] { return server_.count("shared.test", kDnsAaaa) == 1; }));
  EXPECT_FALSE(next->complete);
}

TEST_F(InLineTest, WhoWasNotAskedForIsToldSo) {
  std::shared_ptr<Got> asked = h_.Start("dead.test");
  std::shared_ptr<Got> in_line = h_.Start("live.test");
  h_.Advance(absl::Seconds(5.1));
  EXPECT_EQ(asked->error, ResolveError::kTimeout);
  EXPECT_EQ(in_line->error, ResolveError::kNoResources);
  EXPECT_EQ(in_line->detail,
            "\"live.test\": not asked for in 5s, behind 2 other questions "
            "(max_questions)");
}

TEST(DnsResolver, NameOfWhichHalfWasAskedForIsKept) {
  DnsServer server(Nothing);
  ResolverHarness h(Ask(server, {.max_questions = 1}));
  h.Start("half.test");
  h.resolver().Cancel(h.last_id());
  EXPECT_EQ(h.resolver().open_questions(), 2u);
  std::shared_ptr<Got> got = h.Start("half.test");
  EXPECT_EQ(h.resolver().open_questions(), 2u);
  for (uint16_t type : {kDnsA, kDnsAaaa}) {
    ASSERT_TRUE(
        h.RunUntil([&] { return server.count("half.test", type) == 1; }));
    const DnsQuestion q = server.questions().back();
    server.Send(q, One(q).front());
  }
  ASSERT_TRUE(h.RunUntil([&] { return got->complete; }));
  EXPECT_EQ(got->all(), "10.0.0.1");
}

// --- The cache ----------------------------------------------------------------------

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
