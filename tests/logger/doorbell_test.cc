#include "kingpin/logger/doorbell.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/logger.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"

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
  const auto owned =
      std::make_unique<Doorbell>();  // Of 64 bytes: no fake stack.
  Doorbell& bell = *owned;
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
  const auto owned =
      std::make_unique<Doorbell>();  // Of 64 bytes: no fake stack.
  Doorbell& bell = *owned;
  WhileItRests([&](auto has_work) { bell.Sleep(has_work); },
               [&] {
                 EXPECT_TRUE(bell.MustRing(LogLevel::kDebug));
                 EXPECT_FALSE(bell.Ring());
                 EXPECT_FALSE(bell.MustRing(LogLevel::kError));
               });
}

TEST(Doorbell, NothingRestsWhileThereIsWork) {
  const auto owned =
      std::make_unique<Doorbell>();  // Of 64 bytes: no fake stack.
  Doorbell& bell = *owned;
  bell.Nap(kForEver, [] { return true; });
  bell.Sleep([] { return true; });
  EXPECT_FALSE(bell.MustRing(LogLevel::kError));
}

TEST(Doorbell, ExitEndsANapAndIsWaitedFor) {
  const auto owned =
      std::make_unique<Doorbell>();  // Of 64 bytes: no fake stack.
  Doorbell& bell = *owned;
  WhileItRests([&](auto has_work) { bell.Nap(kForEver, has_work); },
               [&] { bell.StartExit(); });
  EXPECT_TRUE(bell.MustRing(LogLevel::kDebug));
  EXPECT_TRUE(bell.Ring());
  bell.Nap(kForEver, [] { return false; });  // Returns.
}

// Lines with pauses between them, longer than the backend dozes; how many system
// calls the thread that logs them made to wake it.
int CallsOfSeldomLines(Logger& log, LogLevel level, int lines) {
  int calls = 0;
  for (int i = 0; i < lines; ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    const int before = t_futex_calls;
    log.Write(level, "line");
    calls += t_futex_calls - before;
  }
  return calls;
}

TEST(SeldomLines, MakeNoSystemCallBelowWarning) {
  ScratchDirectory directory;
  const UniqueFd file = sys::Open(directory.File("log").c_str(),
                                  O_WRONLY | O_CREAT | O_APPEND, 0600)
                            .value;
  Logger log({.fd = file.get()});
  log.Write(LogLevel::kInfo, "line");  // The buffer is made.
  EXPECT_EQ(CallsOfSeldomLines(log, LogLevel::kInfo, 10), 0);
  // They are written all the same, and nobody asks for it.
  while (log.counters().written < 11) std::this_thread::yield();
  EXPECT_EQ(SplitLines(ReadFile(directory.File("log"))).size(), 11);
  // What the test goes by can be seen at all.
  EXPECT_GT(CallsOfSeldomLines(log, LogLevel::kError, 10), 0);
  CheckedCounters(log);
}

TEST(SeldomLines, WakeABackendThatSleepsAtOnce) {
  ScratchDirectory directory;
  const UniqueFd file = sys::Open(directory.File("log").c_str(),
                                  O_WRONLY | O_CREAT | O_APPEND, 0600)
                            .value;
  Logger log({.fd = file.get(), .idle_interval = absl::ZeroDuration()});
  EXPECT_GT(CallsOfSeldomLines(log, LogLevel::kInfo, 10), 0);
  while (log.counters().written < 10) std::this_thread::yield();
}

}  // namespace
}  // namespace kingpin
