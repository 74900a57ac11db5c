#include "kingpin/logger/doorbell.h"

#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/logger.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

// How often this thread asked the kernel to wake another: sys::FutexWake() comes
// through here on its way to libc.
constinit thread_local int t_futex_calls = 0;

extern "C" long syscall(long number, ...) noexcept {
  using Function = long (*)(long, ...);
  static const Function real =
      reinterpret_cast<Function>(dlsym(RTLD_NEXT, "syscall"));
  if (number == SYS_futex) ++t_futex_calls;
  va_list list;
  va_start(list, number);
  long args[6];
  for (long& arg : args) arg = va_arg(list, long);
  va_end(list);
  return real(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

namespace kingpin {
namespace {

using log_internal::Doorbell;

using testing::CheckedCounters;
using testing::ReadFile;
using testing::ScratchDirectory;
using testing::SplitLines;

constexpr int64_t kForEver = INT64_MAX;

// Runs `rest` on another thread, which calls what it is given once it looks for work
// for the last time; then `then`, whereupon the rest has to end.
template <typename Rest, typename Then>
void WhileItRests(Rest rest, Then then) {
  std::atomic<bool> rests = false;
  std::thread backend([&] {
    rest([&] {
      rests = true;
      return false;
    });
  });
  while (!rests) std::this_thread::yield();
  then();
  backend.join();
}

TEST(Doorbell, NapIsEndedByWarningsAndErrors) {
  Doorbell bell;
  EXPECT_FALSE(bell.MustRing(LogLevel::kError));
  WhileItRests([&](auto has_work) { bell.Nap(kForEver, has_work); },
               [&] {
                 EXPECT_FALSE(bell.MustRing(LogLevel::kDebug));
                 EXPECT_FALSE(bell.MustRing(LogLevel::kInfo));
                 EXPECT_TRUE(bell.MustRing(LogLevel::kWarning));
                 EXPECT_TRUE(bell.MustRing(LogLevel::kError));
                 EXPECT_FALSE(bell.Ring());
                 EXPECT_FALSE(bell.MustRing(LogLevel::kError));
               });
}

TEST(Doorbell, SleepIsEndedByEverything) {
  Doorbell bell;
  WhileItRests([&](auto has_work) { bell.Sleep(has_work); },
               [&] {
                 EXPECT_TRUE(bell.MustRing(LogLevel::kDebug));
                 EXPECT_FALSE(bell.Ring());
                 EXPECT_FALSE(bell.MustRing(LogLevel::kError));
               });
}

TEST(Doorbell, NothingRestsWhileThereIsWork) {
  Doorbell bell;
  bell.Doze(kForEver, [] { return true; });
  bell.Nap(kForEver, [] { return true; });
  bell.Sleep([] { return true; });
  EXPECT_FALSE(bell.MustRing(LogLevel::kError));
}

TEST(Doorbell, ExitEndsANapAndIsWaitedFor) {
  Doorbell bell;
  WhileItRests([&](auto has_work) { bell.Nap(kForEver, has_work); },
               [&] { bell.StartExit(); });
  EXPECT_TRUE(bell.MustRing(LogLevel::kDebug));
  EXPECT_TRUE(bell.Ring());
  bell.Nap(kForEver, [] { return false; });  // Returns.
}

// A line after a pause; how many system calls its thread made to wake the backend.
int CallsOfALine(Logger& log, LogLevel level, absl::Duration pause) {
  absl::SleepFor(pause);
  const int before = t_futex_calls;
  log.Write(level, "line");
  return t_futex_calls - before;
}

// With longer and longer pauses, until there is one.
void ExpectACall(Logger& log, LogLevel level) {
  absl::Duration pause = absl::Milliseconds(100);
  while (CallsOfALine(log, level, pause) == 0) pause *= 2;
}

class SeldomLines : public ::testing::Test {
 protected:
  Logger::Options To(Logger::Options options = {}) {
    options.sink = *FileSinkFactory({.path = path_});
    return options;
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
};

TEST_F(SeldomLines, MakeNoSystemCallBelowWarning) {
  Logger log(To());
  log.Write(LogLevel::kInfo, "line");  // The buffer is made.
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(CallsOfALine(log, LogLevel::kInfo, absl::Milliseconds(100)), 0);
  }
  // They are written all the same, and nobody asks for it.
  while (log.counters().written < 11) std::this_thread::yield();
  EXPECT_EQ(SplitLines(ReadFile(path_)).size(), 11);
  // What the test goes by can be seen at all.
  ExpectACall(log, LogLevel::kWarning);
  CheckedCounters(log);
}

TEST_F(SeldomLines, WakeABackendThatSleepsAtOnce) {
  Logger log(To({.idle_interval = absl::ZeroDuration()}));
  ExpectACall(log, LogLevel::kInfo);
  const uint64_t lines = log.counters().accepted;
  while (log.counters().written < lines) std::this_thread::yield();
}

}  // namespace
}  // namespace kingpin
