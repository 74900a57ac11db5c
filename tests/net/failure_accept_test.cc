// docs/failure_modes.md, the rows about accepting connections.
#include <errno.h>
#include <poll.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/pool/thread_shared_data_for_server.h"
#include "kingpin/sys/fault.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ConnectMany;
using testing::Eventually;
using ::testing::HasSubstr;
using testing::ManualServer;
using testing::OpenDescriptors;
using testing::ScopedDescriptorLimit;
using testing::ScriptedHandler;
using testing::ScriptedShared;
using testing::TestClient;
using testing::ThreadedServer;

// The first `times` calls of `call` fail.
sys::FaultHook FailFirst(sys::Call call, int times, int error) {
  auto left = std::make_shared<std::atomic<int>>(times);
  return [=](sys::Call c, int) -> sys::Fault {
    if (c != call || left->fetch_sub(1) <= 0) return {};
    return {.error = error};
  };
}

TEST(FailureMode01, EmfileOnAcceptPausesAndResumes) {
  ManualServer server({}, {.max_connections = 1000});
  std::vector<TestClient> clients = ConnectMany(server.port(), 10);
  {
    ScopedDescriptorLimit limit(3);
    ASSERT_TRUE(server.RunUntil(
        [&] { return server.stats().accept_pauses.value() > 0; }));
    EXPECT_EQ(server.handler().connections(), 3u);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(server.Echoes(clients[i]));
    EXPECT_GT(server.Rest(), 0) << "the loop spins while accepting is paused";
    // From 10 ms doubling to 1 s: 17 attempts in 10 s, not thousands.
    for (int i = 0; i < 1000; ++i) {
      server.Advance(absl::Milliseconds(10));
      server.Turn(3);
    }
    EXPECT_LE(server.stats().accept_pauses.value(), 20u);
    EXPECT_GE(server.stats().accept_pauses.value(), 10u);
  }
  server.Advance(absl::Seconds(1));
  EXPECT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 10; }));
  for (TestClient& client : clients) EXPECT_TRUE(server.Echoes(client));
  EXPECT_TRUE(server.Recovered());
}

class FailureMode01All : public ::testing::TestWithParam<AcceptStrategy> {};

TEST_P(FailureMode01All, EmfileOnAcceptPausesAndResumes) {
  ThreadedServer server({}, {.strategy = GetParam(), .max_connections = 1000});
  std::set<int> fds_before = OpenDescriptors();
  {
    std::vector<TestClient> clients(20);
    {
      ScopedDescriptorLimit limit(4);
      for (TestClient& client : clients) {
        ASSERT_EQ(client.ConnectTo(*SocketAddress::Parse(
                      absl::StrCat("127.0.0.1:", server.port()))),
                  0);
        ASSERT_TRUE(client.Send("x"));
      }
      ASSERT_TRUE(Eventually(
          [&] { return server.shared().Sum(&LoopStats::accept_pauses) > 0; }));
      uint64_t before = server.shared().Sum(&LoopStats::iterations);
      for (int look = 0; look < 50; ++look) poll(nullptr, 0, 1);
      EXPECT_LE(server.shared().Sum(&LoopStats::iterations), before + 500);
    }
    for (TestClient& client : clients) EXPECT_EQ(client.Read(1), "x");
  }
  EXPECT_TRUE(server.Recovered());
  EXPECT_TRUE(server.WaitForConnections(0));
  EXPECT_EQ(OpenDescriptors(), fds_before);
}

INSTANTIATE_TEST_SUITE_P(Accept, FailureMode01All,
                         ::testing::Values(AcceptStrategy::kMutex,
                                           AcceptStrategy::kGated,
                                           AcceptStrategy::kExclusive,
                                           AcceptStrategy::kReusePort));

class FailureMode02 : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Errno, FailureMode02,
                         ::testing::Values(ENFILE, ENOBUFS, ENOMEM, EMFILE,
                                           EBADMSG));

TEST_P(FailureMode02, OutOfMemoryOnAcceptPausesAndResumes) {
  ManualServer server;
  TestClient client = TestClient::Connect(server.port());
  ScopedFaultHook hook(FailFirst(sys::Call::kAccept, 3, GetParam()));
  ASSERT_TRUE(server.RunUntil(
      [&] { return server.stats().accept_pauses.value() == 1; }));
  EXPECT_GT(server.Rest(), 0);
  EXPECT_EQ(server.handler().connections(), 0u);
  for (int i = 0; i < 10; ++i) {
    server.Advance(absl::Milliseconds(10));
    server.Turn(2);
  }
  EXPECT_EQ(server.stats().accept_pauses.value(), 3u);
  EXPECT_TRUE(server.Echoes(client));
  EXPECT_TRUE(server.Recovered());
}

TEST_P(FailureMode02, OutOfMemoryInEpollDropsThatConnectionAndPauses) {
  ManualServer server;
  ASSERT_TRUE(server.Recovered());  // The listener is registered.
  std::set<int> before = OpenDescriptors();
  {
    TestClient client = TestClient::Connect(server.port());
    ScopedFaultHook hook(FailFirst(sys::Call::kEpollCtl, 1, GetParam()));
    EXPECT_TRUE(server.RunUntil([&] { return client.ended(); }));
  }
  EXPECT_EQ(server.stats().accept_pauses.value(), 1u);
  EXPECT_EQ(server.shared().connects, 1) << "a callback of what never was";
  EXPECT_EQ(server.shared().connections(), 0);
  server.Advance(absl::Seconds(2));
  EXPECT_TRUE(server.Recovered());
  EXPECT_EQ(OpenDescriptors(), before);
}

TEST_P(FailureMode02, OutOfMemoryWhenListeningIsAClearError) {
  for (sys::Call call : {sys::Call::kSocket, sys::Call::kListen,
                         sys::Call::kSetOption, sys::Call::kEventFd}) {
    std::set<int> before = OpenDescriptors();
    ScriptedShared shared({}, testing::Local());
    absl::Status status;
    {
      ScopedFaultHook hook(FailFirst(call, 1, GetParam()));
      status = shared.Open(1);
    }
    EXPECT_FALSE(status.ok());
    EXPECT_THAT(status.message(), HasSubstr(strerror(GetParam())));
    if (call != sys::Call::kEventFd) {
      EXPECT_THAT(status.message(), HasSubstr("127.0.0.1:0"));
    }
  }
}

TEST(FailureMode02Listener, OneOfTwoListenersOutOfEpollLeavesNoneBehind) {
  ManualServer server({}, {.listen = {"127.0.0.1:0", "127.0.0.1:0"}});
  std::vector<TestClient> clients = ConnectMany(server.port(), 3);
  {
    // The first listener gets into the epoll, the second does not.
    std::atomic<int> calls = 0;
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call != sys::Call::kEpollCtl || ++calls != 2) return {};
      return {.error = ENOMEM};
    });
    server.Turn();
    EXPECT_EQ(server.stats().accept_pauses.value(), 1u);
    EXPECT_TRUE(server.WouldSleep()) << "a listener that nobody asks about";
  }
  server.Advance(absl::Seconds(1));
  for (TestClient& client : clients) EXPECT_TRUE(server.Echoes(client));
  EXPECT_TRUE(server.Recovered());
}

// A loop that cannot listen, beside one that sleeps.
class FailureMode02Turn : public ::testing::Test {
 protected:
  // Runs the first loop once, whose listener does not get into its epoll.
  void FailToListen(AcceptStrategy strategy) {
    shared_ = std::make_unique<ScriptedShared>(
        testing::Script{}, testing::Local({.strategy = strategy}));
    ASSERT_TRUE(shared_->Open(2).ok());
    for (int i = 0; i < 2; ++i) {
      handlers_.push_back(std::make_unique<ScriptedHandler>(shared_.get(), i));
      ASSERT_TRUE(handlers_[i]->Init().ok());
    }
    (void)shared_->thread(1).PrepareToSleep();
    bool failed = false;
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call == sys::Call::kEpollWait) dozes_ = handlers_[0]->MayDoze();
      if (call != sys::Call::kEpollCtl || std::exchange(failed, true)) {
        return {};
      }
      return {.error = ENOMEM};
    });
    handlers_[0]->RunOnce(absl::Milliseconds(1));
    EXPECT_EQ(handlers_[0]->stats().accept_pauses.value(), 1u);
  }

  std::unique_ptr<ScriptedShared> shared_;
  std::vector<std::unique_ptr<ScriptedHandler>> handlers_;
  bool dozes_ = false;
};

TEST_F(FailureMode02Turn, IsNotSleptWith) {
  FailToListen(AcceptStrategy::kMutex);
  EXPECT_FALSE(dozes_);
  EXPECT_TRUE(shared_->accept_mutex().HeldBy(1));
  EXPECT_FALSE(shared_->thread(1).asleep()) << "nobody has woken it";
}

TEST_F(FailureMode02Turn, GateOfAnotherOpens) {
  FailToListen(AcceptStrategy::kGated);
  EXPECT_FALSE(shared_->thread(1).asleep()) << "nobody has woken it";
}

class FailureMode03 : public ::testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Errno, FailureMode03,
                         ::testing::Values(ECONNABORTED, EPROTO, EPERM,
                                           ENETDOWN, ENOPROTOOPT, EHOSTDOWN,
                                           ENONET, EHOSTUNREACH, EOPNOTSUPP,
                                           ENETUNREACH, EINTR));

TEST_P(FailureMode03, DeadConnectionIsSkipped) {
  ManualServer server;
  std::vector<TestClient> clients = ConnectMany(server.port(), 5);
  ScopedFaultHook hook(FailFirst(sys::Call::kAccept, 7, GetParam()));
  for (TestClient& client : clients) EXPECT_TRUE(server.Echoes(client));
  EXPECT_EQ(server.stats().accept_pauses.value(), 0u);
  EXPECT_TRUE(server.Recovered());
}

TEST(FailureMode03Real, ResetBeforeAcceptIsSkipped) {
  ManualServer server;
  for (int i = 0; i < 20; ++i) TestClient::Connect(server.port()).Reset();
  TestClient client = TestClient::Connect(server.port());
  EXPECT_TRUE(server.Echoes(client));
  client.Close();
  EXPECT_TRUE(server.RunUntil([&] { return server.shared().closes == 21; }));
  EXPECT_TRUE(server.Recovered());
}

TEST(FailureMode15, BacklogOverflowRecovers) {
  ManualServer server({}, {.socket = {.backlog = 1}});
  std::vector<TestClient> clients(6);
  for (TestClient& client : clients) {
    ASSERT_EQ(client.StartConnect(server.port()), 0);
  }
  // The kernel dropped what found the queue full; it comes again in a second.
  for (TestClient& client : clients) {
    EXPECT_TRUE(server.RunUntil([&] { return client.TrySend("x") == 1; }));
    EXPECT_TRUE(server.RunUntil([&] { return client.received() == "x"; }));
  }
  clients.clear();
  EXPECT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 0; }));
  EXPECT_TRUE(server.Recovered());
}

TEST(FailureMode16, AcceptStormLeavesTimeForTraffic) {
  constexpr uint64_t kBatch = 16;
  uint64_t accepts_before = 0;
  uint64_t most = 0;
  ManualServer server(
      {.on_loop =
           [&](IOHandler& handler) {
             uint64_t accepts =
                 handler.shared().thread(0).stats().accepts.value();
             most = std::max(most, accepts - accepts_before);
             accepts_before = accepts;
           }},
      {.accept_batch = kBatch});
  TestClient client = TestClient::Connect(server.port());
  ASSERT_TRUE(server.Echoes(client));
  std::vector<TestClient> storm = ConnectMany(server.port(), 300);
  uint64_t turns_before = server.stats().iterations.value();
  EXPECT_TRUE(server.Echoes(client));
  EXPECT_LE(server.stats().accepts.value(),
            1 + kBatch * (server.stats().iterations.value() - turns_before));
  EXPECT_TRUE(
      server.RunUntil([&] { return server.handler().connections() == 301; }));
  server.Turn();
  EXPECT_LE(most, kBatch);
  EXPECT_GT(most, 1u) << "batches do not grow";
  EXPECT_TRUE(server.Recovered());
}

}  // namespace
}  // namespace kingpin
