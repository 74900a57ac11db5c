// Who waits for an answer of the resolver: together, in line, until they cancel or throw.
#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/net/resolver.h"
#include "tests/dns/dns_answers.h"
#include "tests/dns/resolver_harness.h"
#include "tests/testing/dns_server.h"

namespace kingpin {
namespace {

using testing::Ask;
using testing::DnsQuestion;
using testing::DnsServer;
using testing::Got;
using testing::kDnsA;
using testing::kDnsAaaa;
using testing::Nothing;
using testing::One;
using testing::ResolverHarness;

TEST(DnsWaiters, AllWhoWaitForANameShareItsQuestions) {
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

TEST(DnsWaiters, CancelledQueriesStayQuietAndLetGoOfTheirCallback) {
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

TEST(DnsWaiters, CallbackMayCancelAnotherThatIsDueToo) {
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

TEST(DnsWaiters, StartNeverCallsBackItself) {
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

TEST(DnsWaiters, CallbackThatStartsAgainDoesNotHoldTheLoop) {
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

TEST(DnsWaiters, CallbackThatThrowsCostsNobodyElse) {
  DnsServer server(One);
  ResolverHarness h(Ask(server));
  h.resolver().Start("x.test",
                     [](ResolveAnswer) { throw std::runtime_error("!"); });
  std::shared_ptr<Got> other = h.Start("x.test");
  ASSERT_TRUE(h.RunUntil([&] { return other->complete; }));
  EXPECT_EQ(other->all(), "10.0.0.1");
  EXPECT_EQ(h.resolver().queries(), 0u);
}

TEST(DnsWaiters, ManyNamesAreAskedForInTurnAndRefusedBeyondTheBound) {
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

TEST(DnsWaiters, NameOfWhichHalfWasAskedForIsKept) {
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

}  // namespace
}  // namespace kingpin
