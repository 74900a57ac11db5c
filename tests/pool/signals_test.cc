#include "kingpin/pool/signals.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <thread>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace kingpin {
namespace {

using ::testing::HasSubstr;

sigset_t MaskOfThisThread() {
  sigset_t mask;
  pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  return mask;
}

TEST(ScopedBlockAllSignals, ThreadsMadeMeanwhileBlockEverySignal) {
  std::thread thread;
  {
    ScopedBlockAllSignals block;
    thread = std::thread([] {
      sigset_t mask = MaskOfThisThread();
      for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGALRM, SIGPIPE}) {
        EXPECT_EQ(sigismember(&mask, signal), 1) << signal;
      }
    });
  }
  sigset_t after = MaskOfThisThread();
  EXPECT_EQ(sigismember(&after, SIGTERM), 0);
  thread.join();
}

TEST(ShutdownSignals, CountsWhatCame) {
  auto signals = ShutdownSignals::Install();
  ASSERT_TRUE(signals.ok()) << signals.status();
  raise(SIGTERM);
  EXPECT_EQ(signals->Wait(), 1);
  raise(SIGINT);
  raise(SIGTERM);
  EXPECT_EQ(signals->Wait(), 3);
}

TEST(ShutdownSignals, InterruptWakesWithoutCounting) {
  auto signals = ShutdownSignals::Install();
  ASSERT_TRUE(signals.ok());
  std::thread other([&] { signals->Interrupt(); });
  EXPECT_EQ(signals->Wait(), 0);
  other.join();
}

TEST(ShutdownSignals, OneAtATimeAndCountsAnew) {
  {
    auto first = ShutdownSignals::Install();
    ASSERT_TRUE(first.ok());
    EXPECT_THAT(ShutdownSignals::Install().status().message(),
                HasSubstr("another run"));
    raise(SIGTERM);
    EXPECT_EQ(first->Wait(), 1);
  }
  auto second = ShutdownSignals::Install();
  ASSERT_TRUE(second.ok());
  raise(SIGTERM);
  EXPECT_EQ(second->Wait(), 1);
}

TEST(ShutdownSignals, DispositionsComeBack) {
  struct sigaction before, during, after;
  sigaction(SIGTERM, nullptr, &before);
  {
    auto signals = ShutdownSignals::Install();
    ASSERT_TRUE(signals.ok());
    ShutdownSignals moved = *std::move(signals);
    sigaction(SIGTERM, nullptr, &during);
  }
  sigaction(SIGTERM, nullptr, &after);
  EXPECT_NE(during.sa_handler, before.sa_handler);
  EXPECT_EQ(after.sa_handler, before.sa_handler);
}

TEST(FailureMode33, NoSignalOfABurstIsLostOrFatal) {
  auto signals = ShutdownSignals::Install();
  ASSERT_TRUE(signals.ok());
  constexpr int kSignals = 1000;
  // To this thread, one by one: equal signals that are pending merge.
  for (int i = 0; i < kSignals; ++i) raise(i % 2 == 0 ? SIGTERM : SIGINT);
  EXPECT_EQ(signals->Wait(), kSignals);
}

}  // namespace
}  // namespace kingpin
