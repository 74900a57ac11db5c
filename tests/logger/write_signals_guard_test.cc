#include "kingpin/logger/write_signals_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {
namespace {

bool IsPending(int signal) {
  sigset_t pending;
  EXPECT_EQ(sigpending(&pending), 0);
  return sigismember(&pending, signal) == 1;
}

bool IsBlocked(int signal) {
  sigset_t blocked;
  EXPECT_EQ(pthread_sigmask(SIG_BLOCK, nullptr, &blocked), 0);
  return sigismember(&blocked, signal) == 1;
}

// A pipe whose reader has gone. SIGPIPE is as by default: it ends the process.
class WriteSignalsGuardTest : public ::testing::Test {
 protected:
  WriteSignalsGuardTest() {
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC), 0);
    writer_.Reset(fds[1]);
    close(fds[0]);
  }

  void WriteInVain() const {
    EXPECT_EQ(write(writer_.get(), "x", 1), -1);
    EXPECT_EQ(errno, EPIPE);
  }

  UniqueFd writer_;
};

TEST_F(WriteSignalsGuardTest, TakesBackWhatItsWritesRaised) {
  {
    const WriteSignalsGuard guard;
    WriteInVain();
    EXPECT_TRUE(IsPending(SIGPIPE));
  }
  EXPECT_EQ(errno, EPIPE);
  EXPECT_FALSE(IsPending(SIGPIPE));
  EXPECT_FALSE(IsBlocked(SIGPIPE));
  EXPECT_FALSE(IsBlocked(SIGXFSZ));
}

TEST_F(WriteSignalsGuardTest, OneThatWasPendingStaysSo) {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ASSERT_EQ(pthread_sigmask(SIG_BLOCK, &pipe, nullptr), 0);
  ASSERT_EQ(pthread_kill(pthread_self(), SIGPIPE), 0);
  {
    const WriteSignalsGuard guard;
    WriteInVain();
  }
  EXPECT_TRUE(IsPending(SIGPIPE));
  EXPECT_TRUE(IsBlocked(SIGPIPE));
  const timespec now = {};
  EXPECT_EQ(sigtimedwait(&pipe, nullptr, &now), SIGPIPE);
  ASSERT_EQ(pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr), 0);
}

TEST_F(WriteSignalsGuardTest, TheyLieInOneAnother) {
  {
    const WriteSignalsGuard outer;
    WriteInVain();
    {
      const WriteSignalsGuard inner;
      WriteInVain();
    }
    EXPECT_TRUE(IsBlocked(SIGPIPE));
    WriteInVain();
  }
  EXPECT_FALSE(IsPending(SIGPIPE));
  EXPECT_FALSE(IsBlocked(SIGPIPE));
}

}  // namespace
}  // namespace kingpin::log_internal
