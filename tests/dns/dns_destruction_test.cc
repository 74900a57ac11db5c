// The end of a resolver at any moment: no callback after it, no descriptor or
// watch left, nothing touched that has gone.
#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/resolver.h"
#include "kingpin/pool/epoll_tp.h"
#include "kingpin/pool/thread_shared_data.h"
#include "tests/dns/dns_answers.h"
#include "tests/dns/resolver_harness.h"
#include "tests/testing/dns_server.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace {

using testing::DnsMessage;
using testing::DnsMessages;
using testing::DnsQuestion;
using testing::DnsServer;
using testing::Got;
using ::testing::HasSubstr;
using testing::kDnsA;
using testing::One;
using testing::OpenDescriptors;
using testing::ResolverHarness;

// A bit of everything, by the name: some of it is never answered.
DnsMessages Mixed(const DnsQuestion& q) {
  switch (std::hash<std::string>()(q.name) % 6) {
    case 0:
      return {};
    case 1:
      if (!q.tcp) return {DnsMessage(q).Truncated().bytes()};
      return q.type == kDnsA ? One(q) : DnsMessages{};
    case 2:
      return {DnsMessage(q).Code(2).bytes()};
    case 3:
      return {DnsMessage(q).Code(3).Soa(60, 60).bytes()};
    case 4:
      return {std::string(20, 'x'), DnsMessage(q).bytes().substr(0, 14)};
    default:
      return One(q);
  }
}

TEST(DnsDestruction, OpenQueriesAreDroppedAndNothingIsLeft) {
  DnsServer server([](const DnsQuestion&) { return DnsMessages{}; });
  const std::set<int> before = OpenDescriptors();
  auto token = std::make_shared<int>();
  {
    ResolverHarness h({.servers = {server.address()}});
    const std::string idle = h.handler().DebugString();
    EXPECT_THAT(idle, HasSubstr("timers=0 watches=0"));
    for (int i = 0; i < 20; ++i) {
      h.resolver().Start(absl::StrCat("h", i % 10, ".test"),
                         [token](ResolveAnswer) { FAIL(); });
    }
    ASSERT_TRUE(h.RunUntil([&] { return server.count() == 20; }));
    h.owner().reset();
    EXPECT_EQ(token.use_count(), 1);
    h.Turn(2);
    EXPECT_THAT(h.handler().DebugString(), HasSubstr("timers=0 watches=0"));
    h.Advance(absl::Minutes(1));
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST(DnsDestruction, FromItsOwnCallback) {
  DnsServer server(One);
  for (absl::string_view host : {"x.test", "127.0.0.1"}) {
    ResolverHarness h({.servers = {server.address()}});
    int calls = 0;
    for (int i = 0; i < 3; ++i) {
      h.resolver().Start(host, [&](ResolveAnswer) {
        ++calls;
        h.owner().reset();
      });
    }
    // Is asked for while the others are told.
    h.resolver().Start("open.test", [&](ResolveAnswer) { ++calls; });
    ASSERT_TRUE(h.RunUntil([&] { return calls > 0; }));
    h.Turn(3);
    h.Advance(absl::Minutes(1));
    EXPECT_EQ(calls, 1) << host;
  }
}

TEST(DnsDestruction, FromATimeoutsCallback) {
  DnsServer server([](const DnsQuestion&) { return DnsMessages{}; });
  ResolverHarness h({.servers = {server.address()}});
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    h.resolver().Start("x.test", [&](ResolveAnswer) {
      ++calls;
      h.owner().reset();
    });
  }
  h.Advance(absl::Minutes(1));
  h.Turn(3);
  EXPECT_EQ(calls, 1);
}

TEST(DnsDestruction, WhatACallbackHoldsMayCancelAsItGoes) {
  DnsServer server(One);
  ResolverHarness h({.servers = {server.address()}});
  struct Canceller {
    ~Canceller() { resolver->Cancel(id); }
    DnsResolver* resolver;
    ResolveId id;
  };
  const ResolveId other = h.resolver().Start("x.test", [](ResolveAnswer) {});
  auto canceller = std::make_shared<Canceller>(Canceller{&h.resolver(), other});
  h.resolver().Start("x.test", [canceller](ResolveAnswer) {});
  canceller.reset();
  h.owner().reset();
}

TEST(DnsDestruction, LoopThatEndsWhileQueriesRun) {
  DnsServer server([](const DnsQuestion&) { return DnsMessages{}; });
  ResolverHarness h({.servers = {server.address()}});
  h.resolver().Start("x.test", [](ResolveAnswer) { FAIL(); });
  h.Turn();
  h.handler().shared().Shutdown(RunPhase::kStopping);
  h.handler().Run();  // Drops timers and watches, also c-ares' own.
  h.resolver().Start("y.test", [](ResolveAnswer) { FAIL(); });
  h.owner().reset();
}

TEST(DnsDestruction, WithoutDescriptorsQueriesFailAndRecover) {
  DnsServer server(One);
  DnsResolverOptions options = {.servers = {server.address()},
                                .failure_ttl = absl::ZeroDuration()};
  ResolverHarness h(std::move(options), ResolverHarness::kReal);
  {
    testing::ScopedDescriptorLimit none(0);
    const Got got = h.Resolve("x.test");
    EXPECT_NE(got.error, ResolveError::kNone);
    EXPECT_NE(got.error, ResolveError::kNotFound);
  }
  EXPECT_EQ(h.Resolve("x.test").all(), "10.0.0.1");
}

// Keeps ten queries under way, each answer starting the next.
class AskingHandler : public IOHandler {
 public:
  struct Shared : ThreadSharedData {
    std::string server;
    std::atomic<int> answers = 0;
  };

  AskingHandler(Shared* shared, int thread)
      : IOHandler(shared, thread), shared_(*shared) {}

  absl::Status Init() override {
    absl::Status status = IOHandler::Init();
    if (!status.ok()) return status;
    auto resolver = DnsResolver::Create(
        this,
        {.servers = {shared_.server}, .hosts_file = "", .cache_names = 3});
    if (!resolver.ok()) return resolver.status();
    resolver_ = *std::move(resolver);
    for (int i = 0; i < 10; ++i) Ask();
    return absl::OkStatus();
  }

 private:
  void Ask() {
    resolver_->Start(absl::StrCat("h", ++asked_ % 20, ".test."),
                     [this](ResolveAnswer answer) {
                       ++shared_.answers;
                       if (answer.complete) Ask();
                     });
  }

  Shared& shared_;
  int asked_ = 0;
  std::unique_ptr<DnsResolver> resolver_;
};

TEST(DnsDestruction, ThreadsEndWhileTheirQueriesRun) {
  DnsServer server(One);
  AskingHandler::Shared shared;
  shared.server = server.address();
  EpollTP<AskingHandler> pool(&shared, {.threads = 4});
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_TRUE(testing::Eventually([&] { return shared.answers > 1000; }));
  pool.Shutdown(RunPhase::kStopping);
  EXPECT_TRUE(pool.Wait().ok());
}

// One run: queries are started, cancelled and answered as the seed says, and the
// resolver goes at a moment that the seed says: between two turns of the loop or
// in a callback.
void RunSeed(uint32_t seed, DnsServer& server) {
  std::minstd_rand random(seed);
  ResolverHarness h({.servers = {server.address()},
                     .attempt_timeout = absl::Milliseconds(1 + random() % 5),
                     .tries = 2,
                     .cache_names = random() % 4,
                     .max_questions = 1 + random() % 8},
                    ResolverHarness::kReal);
  bool gone = false;
  const int last = 1 + static_cast<int>(random() % 30);
  int calls = 0;
  std::vector<ResolveId> ids;
  auto destroy = [&] {
    gone = true;
    h.owner().reset();
  };
  std::function<void()> start = [&] {
    const std::string host = absl::StrCat("h", random() % 8, ".test");
    ids.push_back(h.resolver().Start(host, [&](ResolveAnswer answer) {
      EXPECT_FALSE(gone) << "a callback after the end, seed " << seed;
      if (++calls == last) return destroy();
      if (answer.complete && random() % 2 == 0) start();
      if (random() % 4 == 0) h.resolver().Cancel(ids[random() % ids.size()]);
    }));
  };
  const int turns = static_cast<int>(random() % 20);
  for (int i = 0; i < turns && !gone; ++i) {
    if (random() % 2 == 0) start();
    if (!ids.empty() && random() % 5 == 0) {
      h.resolver().Cancel(ids[random() % ids.size()]);
    }
    h.handler().RunOnce(absl::Milliseconds(random() % 2));
  }
  if (!gone) destroy();
  h.Turn(2);
}

TEST(DnsDestruction, AtSeededRandomInstants) {
  DnsServer server(Mixed);
  const std::set<int> before = OpenDescriptors();
  for (uint32_t seed = 1; seed <= 1000; ++seed) {
    RunSeed(seed, server);
    if (::testing::Test::HasFailure()) break;
  }
  // The server closes its ends of TCP connections when it comes to them.
  EXPECT_TRUE(testing::Eventually([&] { return OpenDescriptors() == before; }));
}

}  // namespace
}  // namespace kingpin
