// A logger whose descriptor is difficult: slow, full, broken, gone.
#include <errno.h>
#include <fcntl.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/logger.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/syscalls.h"
#include "tests/logger/logger_testing.h"
#include "tests/logger/sink_testing.h"

namespace kingpin {
namespace {

using testing::CheckGaps;
using testing::CheckNumbered;
using testing::Declares;
using ::testing::ElementsAre;
using testing::MemoryFile;
using testing::Numbered;
using testing::Pipe;
using testing::SplitLines;

TEST(LoggerFd, NonblockingPipeIsWaitedFor) {
  constexpr int kLines = 1000;
  Pipe pipe(O_NONBLOCK);
  std::string text;
  std::thread reader;
  {
    Logger log({.fd = pipe.writer.get()});
    for (int i = 0; i < kLines; ++i) {
      log.Write(LogLevel::kInfo, Numbered(0, i));
    }
    reader = std::thread([&] { text = pipe.ReadAll(77); });
    log.Flush();
    EXPECT_EQ(log.counters().write_errors, 0);
  }
  pipe.writer.Reset();
  reader.join();
  EXPECT_EQ(CheckNumbered(SplitLines(text), 1), std::vector<int>{kLines});
}

TEST(LoggerFd, ShortInterruptedAndUnreadyWritesTearNothing) {
  MemoryFile file;
  std::atomic<int> calls = 0;
  ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
    if (call != sys::Call::kWrite || fd != file.fd()) return {};
    switch (calls++ % 4) {
      case 0:
        return {.error = EINTR};
      case 1:
        return {.error = EAGAIN};
      case 2:
        return {.max_bytes = 1};
      default:
        return {.max_bytes = 7};
    }
  });
  Logger log({.fd = file.fd(), .buffer_bytes = 1024});
  for (int i = 0; i < 300; ++i) log.Write(LogLevel::kInfo, Numbered(0, i));
  log.Flush();
  EXPECT_EQ(CheckNumbered(file.Lines(), 1), std::vector<int>{300});
  EXPECT_EQ(log.counters().write_errors, 0);
}

TEST(LoggerFd, FullDiskIsServedCountedAndDeclared) {
  MemoryFile file;
  std::atomic<bool> full = false;
  ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
    if (call != sys::Call::kWrite || fd != file.fd() || !full) return {};
    return {.error = ENOSPC};
  });
  Logger log({.fd = file.fd(), .buffer_bytes = 1024});
  log.Write(LogLevel::kInfo, "line 0");
  log.Flush();
  full = true;
  // More than the buffer holds, under kBlock: a full disk must not stop us.
  for (int i = 1; i <= 500; ++i) {
    log.Write(LogLevel::kInfo, absl::StrCat("line ", i));
  }
  log.Flush();
  EXPECT_EQ(file.Text(), "line 0\n");
  EXPECT_EQ(log.counters().dropped, 500);
  EXPECT_GT(log.counters().write_errors, 0);
  full = false;
  log.Write(LogLevel::kInfo, "line 501");
  log.Flush();
  EXPECT_THAT(file.Lines(), ElementsAre("line 0", Declares(500), "line 501"));
  EXPECT_EQ(log.counters().written, 2);
}

TEST(LoggerFd, FlushDeclaresWithoutAnotherLine) {
  MemoryFile file;
  std::atomic<bool> full = true;
  ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
    if (call != sys::Call::kWrite || fd != file.fd() || !full) return {};
    return {.error = EIO};
  });
  Logger log({.fd = file.fd()});
  log.Write(LogLevel::kInfo, "lost");
  log.Flush();
  full = false;
  log.Flush();
  EXPECT_THAT(file.Lines(), ElementsAre(Declares(1)));
}

TEST(LoggerFd, ErrorInTheMiddleOfALineCompletesItLater) {
  MemoryFile file;
  std::atomic<bool> full = true;
  std::atomic<int> calls = 0;
  ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
    if (call != sys::Call::kWrite || fd != file.fd() || !full) return {};
    if (calls++ == 0) return {.max_bytes = 3};
    return {.error = ENOSPC};
  });
  Logger log({.fd = file.fd()});
  log.Write(LogLevel::kInfo, "abcdef");
  log.Flush();
  EXPECT_EQ(file.Text(), "abc");
  EXPECT_EQ(log.counters().written, 0) << "its rest is not there";
  EXPECT_EQ(log.counters().dropped, 1) << "for now";
  full = false;
  log.Write(LogLevel::kInfo, "next");
  log.Flush();
  EXPECT_EQ(file.Text(), "abcdef\nnext\n");
  EXPECT_EQ(log.counters().written, 2);
  EXPECT_EQ(log.counters().dropped, 0);
}

// Every mixture of short writes and errors, in batches of every size: what is
// missing is declared at its place and no line is torn.
TEST(LoggerFd, RandomFaultsKeepTheAccountExact) {
  for (auto when_full : {Logger::WhenFull::kBlock, Logger::WhenFull::kDrop}) {
    for (uint32_t seed = 0; seed < 40; ++seed) {
      SCOPED_TRACE(absl::StrCat("seed ", seed));
      MemoryFile file;
      std::atomic<bool> healthy = false;
      std::minstd_rand faults(seed + 1);  // The backend's alone.
      ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
        if (call != sys::Call::kWrite || fd != file.fd() || healthy) return {};
        switch (faults() % 4) {
          case 0:
            return {.error = faults() % 2 == 0 ? ENOSPC : EIO};
          case 1:
            return {.max_bytes = 1 + faults() % 12};
          case 2:
            return {.max_bytes = 0};  // As good as an error.
          default:
            return {.max_bytes = 1 + faults() % 200};
        }
      });
      Logger log(
          {.fd = file.fd(), .buffer_bytes = 1024, .when_full = when_full});
      std::minstd_rand mine(seed + 1000);
      constexpr int kLines = 400;
      for (int i = 0; i < kLines; ++i) {
        log.Write(LogLevel::kInfo, absl::StrCat("line ", i));
        if (mine() % 16 == 0) log.Flush();
      }
      log.Flush();
      healthy = true;
      log.Flush();
      CheckGaps(file.Lines(), kLines, log.counters());
      EXPECT_EQ(log.counters().bytes, file.Text().size());
    }
  }
}

TEST(LoggerFd, ReaderThatIsGoneKillsNobody) {
  Pipe pipe;
  pipe.reader.Reset();
  Logger log({.fd = pipe.writer.get()});
  log.Write(LogLevel::kInfo, "to nobody");
  log.Flush();
  EXPECT_EQ(log.counters().dropped, 1);
  EXPECT_GE(log.counters().write_errors, 1);  // Flush may have tried again.
}

TEST(LoggerFd, BadFdIsAnErrorToCount) {
  Logger log({.fd = -1});
  log.Write(LogLevel::kInfo, "nowhere");
  log.Flush();
  EXPECT_EQ(log.counters().dropped, 1);
}

TEST(LoggerFd, BatchIsOneWrite) {
  Pipe pipe;
  std::atomic<int> calls = 0;
  ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
    calls += call == sys::Call::kWrite && fd == pipe.writer.get();
    return {};
  });
  Logger log({.fd = pipe.writer.get()});
  // The first write cannot end before somebody reads; the rest gathers.
  log.Write(LogLevel::kInfo, std::string(2 * pipe.capacity, 'x'));
  char byte;
  ASSERT_EQ(read(pipe.reader.get(), &byte, 1), 1);
  for (int i = 0; i < 100; ++i) log.Write(LogLevel::kInfo, "y");
  std::string text;
  std::thread reader([&] { text = pipe.ReadAll(); });
  log.Flush();
  EXPECT_EQ(calls, 2);
  pipe.writer.Reset();
  reader.join();
}

}  // namespace
}  // namespace kingpin
