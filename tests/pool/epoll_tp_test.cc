#include "kingpin/pool/epoll_tp.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/pool/signals.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/socket_address.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::Eventually;
using ::testing::HasSubstr;
using testing::Local;
using testing::OpenDescriptors;
using testing::ScopedDescriptorLimit;
using testing::ScriptedHandler;
using testing::ScriptedShared;
using testing::TestClient;

// A handler without a loop.
struct Shared : ThreadSharedData {
  std::atomic<int> made = 0, destroyed = 0, ran = 0;
  int fails = -1;  // This one's Init fails.
  absl::Mutex mu;
  std::set<std::thread::id> threads;
  std::set<int> cpus;
};

class Handler {
 public:
  Handler(Shared* shared, int thread) : shared_(*shared), thread_(thread) {
    ++shared_.made;
  }
  ~Handler() { ++shared_.destroyed; }
  absl::Status Init() {
    absl::MutexLock lock(&shared_.mu);
    shared_.threads.insert(std::this_thread::get_id());
    shared_.cpus.insert(sched_getcpu());
    if (thread_ == shared_.fails) return absl::InternalError("init failed");
    return absl::OkStatus();
  }
  void Run() {
    ++shared_.ran;
    EXPECT_TRUE(
        Eventually([this] { return shared_.phase() != RunPhase::kRunning; }));
  }

 private:
  Shared& shared_;
  const int thread_;
};

TEST(EpollTP, RunsOneHandlerAThread) {
  Shared shared;
  EpollTP<Handler> pool(&shared, {.threads = 3, .handle_signals = false});
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_EQ(shared.made, 3);
  EXPECT_EQ(shared.threads.size(), 3u);
  EXPECT_FALSE(shared.threads.contains(std::this_thread::get_id()));
  for (int i = 0; i < 3; ++i) EXPECT_NE(shared.thread(i).thread_id(), 0);
  pool.Shutdown();
  EXPECT_TRUE(pool.Wait().ok());
  EXPECT_EQ(shared.ran, 3);
  EXPECT_EQ(shared.destroyed, 3);
}

TEST(EpollTP, OneFailedInitStopsAllAndIsTheError) {
  for (int fails = 0; fails < 3; ++fails) {
    Shared shared;
    shared.fails = fails;
    EpollTP<Handler> pool(&shared, {.threads = 3, .handle_signals = false});
    EXPECT_EQ(pool.Run(), absl::InternalError("init failed"));
    EXPECT_EQ(shared.made, 3);
    EXPECT_EQ(shared.destroyed, 3);
  }
}

// Its set-up throws, on thread 1 only.
template <bool kInConstructor>
struct ThrowingHandler : Handler {
  ThrowingHandler(Shared* shared, int thread)
      : Handler(shared, thread), bad(thread == 1) {
    if (bad && kInConstructor) throw std::runtime_error("no table");
  }
  absl::Status Init() {
    if (bad) throw 5;
    return Handler::Init();
  }
  const bool bad;
};

template <typename ThrowingHandler>
absl::Status RunThrowing() {
  Shared shared;
  EpollTP<ThrowingHandler> pool(&shared,
                                {.threads = 3, .handle_signals = false});
  absl::Status status = pool.Run();
  EXPECT_EQ(shared.made, 3);
  EXPECT_EQ(shared.destroyed, 3);
  return status;
}

TEST(EpollTP, SetUpThatThrowsIsTheError) {
  EXPECT_EQ(RunThrowing<ThrowingHandler<true>>(),
            absl::InternalError("a handler's set-up threw: no table"));
  EXPECT_EQ(RunThrowing<ThrowingHandler<false>>(),
            absl::InternalError("a handler's set-up threw"));
}

TEST(EpollTP, RunsOnlyOnce) {
  Shared shared;
  EpollTP<Handler> pool(&shared, {.handle_signals = false});
  ASSERT_TRUE(pool.Start().ok());
  EXPECT_THAT(pool.Start().message(), HasSubstr("run already"));
  {
    EpollTP<Handler> other(&shared, {.handle_signals = false});
    EXPECT_THAT(other.Run().message(), HasSubstr("run already"));
  }
  EXPECT_EQ(shared.phase(), RunPhase::kRunning) << "the other one's end";
  pool.Shutdown();
  EXPECT_TRUE(pool.Wait().ok());
  EXPECT_FALSE(pool.Run().ok());
}

TEST(EpollTP, DestructorEndsTheRun) {
  Shared shared;
  {
    EpollTP<Handler> pool(&shared, {.threads = 2, .handle_signals = false});
    ASSERT_TRUE(pool.Start().ok());
  }
  EXPECT_EQ(shared.destroyed, 2);
  { EpollTP<Handler> never_started(&shared, {}); }
}

TEST(EpollTP, ThreadsAreFrom1To1000) {
  for (int threads : {0, -1, 1001}) {
    Shared shared;
    EpollTP<Handler> pool(&shared, {.threads = threads});
    EXPECT_THAT(pool.Run().message(), HasSubstr("1 to 1000"));
  }
}

TEST(EpollTP, PinsLoopsToCpus) {
  cpu_set_t allowed;
  ASSERT_EQ(sched_getaffinity(0, sizeof(allowed), &allowed), 0);
  int cpu = 0;
  while (!CPU_ISSET(cpu, &allowed)) ++cpu;
  Shared shared;
  EpollTP<Handler> pool(&shared,
                        {.threads = 3, .cpus = {cpu}, .handle_signals = false});
  ASSERT_TRUE(pool.Start().ok());
  {
    absl::MutexLock lock(&shared.mu);
    EXPECT_EQ(shared.cpus, std::set<int>{cpu});
  }
  pool.Shutdown();
  EXPECT_TRUE(pool.Wait().ok());
}

TEST(EpollTP, CpuThatIsNotThereIsAnError) {
  for (int cpu : {-1, 1 << 20, 1000}) {
    Shared shared;
    EpollTP<Handler> pool(&shared, {.threads = 2, .cpus = {cpu}});
    EXPECT_THAT(pool.Run().message(), HasSubstr("CPU"));
    EXPECT_EQ(shared.ran, 0);
  }
}

TEST(EpollTP, WaitTurnsSignalsIntoPhases) {
  Shared shared;
  EpollTP<Handler> pool(&shared, {.threads = 2});
  ASSERT_TRUE(pool.Start().ok());
  // Wait has not been called yet: nothing is lost.
  kill(getpid(), SIGTERM);
  EXPECT_TRUE(pool.Wait().ok());
  EXPECT_EQ(shared.phase(), RunPhase::kDraining);
}

TEST(ExitCode, ZeroForOk) {
  EXPECT_EQ(ExitCode(absl::OkStatus()), 0);
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(ExitCode(absl::InternalError("what happened")), 1);
  // The logger's thread may still be writing there for an earlier test.
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              HasSubstr("epoll_tp_test: what happened\n"));
}

TEST(EpollTPServer, FailedStartLeavesNothingListening) {
  std::set<int> before = OpenDescriptors();
  {
    ScriptedShared shared({.on_init =
                               [](IOHandler& handler) {
                                 return handler.thread() == 1
                                            ? absl::InternalError("no")
                                            : absl::OkStatus();
                               }},
                          Local());
    EpollTPServer<ScriptedHandler> server(
        &shared, {.threads = 2, .handle_signals = false});
    EXPECT_EQ(server.Start(), absl::InternalError("no"));
    TestClient client;
    EXPECT_EQ(client.ConnectTo(*SocketAddress::Parse(shared.addresses()[0])),
              ECONNREFUSED);
  }
  EXPECT_EQ(OpenDescriptors(), before);
}

// Two loops on the test's thread, turned by hand.
TEST(EpollTPServer, LoopThatMayAcceptAgainNeedNotWaitForAHolderThatMayNot) {
  Clock clock = Clock::Manual();
  ScriptedShared shared({}, Local({.clock = &clock}));
  ASSERT_TRUE(shared.Open(2).ok());
  ScriptedHandler first(&shared, 0), second(&shared, 1);
  ASSERT_TRUE(first.Init().ok() && second.Init().ok());
  TestClient client = TestClient::Connect(shared.port());
  auto pauses_at = [&](ScriptedHandler& handler) {
    ScopedDescriptorLimit limit(0);  // EMFILE.
    return Eventually([&] {
      handler.RunOnce(absl::ZeroDuration());
      return handler.stats().accept_pauses.value() > 0;
    });
  };
  ASSERT_TRUE(pauses_at(first));  // For 10 ms; the turn goes to the other.
  clock.Advance(absl::Milliseconds(8));
  ASSERT_TRUE(pauses_at(second));  // There is nobody to give it to.
  clock.Advance(absl::Milliseconds(4));
  EXPECT_TRUE(Eventually([&] {
    first.RunOnce(absl::ZeroDuration());
    return first.stats().accepts.value() == 1;
  }));
  second.RunOnce(absl::ZeroDuration());
  EXPECT_EQ(second.stats().turns_lost.value(), 1u);
}

TEST(EpollTPServer, FailedStartForSignalsLeavesNothingListening) {
  ScriptedShared shared({}, Local());
  auto taken = ShutdownSignals::Install();
  ASSERT_TRUE(taken.ok());
  std::set<int> before = OpenDescriptors();
  {
    EpollTPServer<ScriptedHandler> server(&shared, {});
    EXPECT_THAT(server.Start().message(), HasSubstr("another run"));
    EXPECT_EQ(OpenDescriptors(), before);
  }
  EpollTPServer<ScriptedHandler> server(&shared, {.handle_signals = false});
  absl::Status status = server.Start();
  EXPECT_TRUE(status.ok()) << status << ": it was never run";
}

TEST(EpollTPServer, FailedOpenGivesTheSignalsBack) {
  {
    ScriptedShared shared({}, {.listen = {"nonsense"}});
    EpollTPServer<ScriptedHandler> server(&shared, {});
    EXPECT_FALSE(server.Start().ok());
  }
  EXPECT_TRUE(ShutdownSignals::Install().ok());
}

}  // namespace
}  // namespace kingpin
