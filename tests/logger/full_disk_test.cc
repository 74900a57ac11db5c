// A real file system that is full, and one that takes no larger file.
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/rotating_sink.h"
#include "kingpin/logger/sink.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/file_size_limit.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::CheckSequence;
using ::kingpin::testing::FileSizeLimit;
using ::kingpin::testing::LogSequence;
using ::kingpin::testing::ReadFile;
using ::kingpin::testing::ScratchDirectory;
using ::kingpin::testing::SplitLines;

// Logs until lines are lost; returns the number of the next.
uint64_t LogUntilFull(Logger& log, uint64_t next) {
  const uint64_t before = log.counters().dropped;
  while (log.counters().dropped == before) {
    LogSequence(log, next, next + 20);
    next += 20;
    log.Flush();
  }
  LogSequence(log, next, next + 7);  // While it is full.
  return next + 7;
}

// --- tmpfs ------------------------------------------------------------------------

// A file system of its own, in a mount name space of the calling thread and those
// that it makes.
class SmallFileSystem {
 public:
  SmallFileSystem() {
    if (unshare(CLONE_NEWNS) != 0 ||
        mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        mount("none", directory_.path().c_str(), "tmpfs", 0, "size=64k") != 0) {
      error_ = errno;
    }
  }
  ~SmallFileSystem() {
    if (error_ == 0) umount2(directory_.path().c_str(), MNT_DETACH);
  }
  int error() const { return error_; }
  std::string File(std::string_view name) const {
    return directory_.File(name);
  }
  std::vector<std::string> List() const { return directory_.List(); }

 private:
  ScratchDirectory directory_;
  int error_ = 0;
};

constexpr int kRounds = 20;

// In a thread, which takes its mount name space with it.
void FillAndFree(LogSinkFactory (*make)(const std::string& path)) {
  SmallFileSystem small;
  if (small.error() != 0) {
    GTEST_SKIP() << "cannot mount a tmpfs: " << strerror(small.error());
  }
  const std::string path = small.File("log");
  const std::string ballast = small.File("ballast");
  Logger log({.sink = make(path)});
  std::string text;
  uint64_t next = 0;
  for (int round = 0; round < kRounds; ++round) {
    std::ofstream(ballast) << std::string(48 << 10, 'x');
    next = LogUntilFull(log, next);
    log.Flush();
    // What is there is whole lines.
    SplitLines(ReadFile(path));
    text += ReadFile(path);
    ASSERT_EQ(truncate(path.c_str(), 0), 0);
    ASSERT_EQ(unlink(ballast.c_str()), 0);
    // It serves again, and has said by itself what was lost.
    const uint64_t dropped = log.counters().dropped;
    LogSequence(log, next, next + 3);
    next += 3;
    log.Flush();
    EXPECT_EQ(log.counters().dropped, dropped);
  }
  const Logger::Counters counters = CheckedCounters(log);
  EXPECT_GE(counters.write_errors, kRounds);
  EXPECT_EQ(CheckSequence(SplitLines(text + ReadFile(path)), next),
            counters.dropped);
}

TEST(FailureMode28, FileFilledAndFreedTwentyTimes) {
  std::thread([] {
    FillAndFree([](const std::string& path) {
      return *FileSinkFactory({.path = path});
    });
  }).join();
}

// It rotates, or would, in every round.
TEST(FailureMode28, RotatingFileFilledAndFreedTwentyTimes) {
  std::thread([] {
    FillAndFree([](const std::string& path) {
      return *RotatingSinkFactory({.path = path,
                                   .max_bytes = 1 << 20,
                                   .check_interval = absl::ZeroDuration()});
    });
  }).join();
}

// Lines of records in all files, each of which is whole lines and not too long.
// Removes the closed ones.
uint64_t CountAndRemoveClosed(const SmallFileSystem& small) {
  uint64_t lines = 0;
  for (const std::string& name : small.List()) {
    const std::string text = ReadFile(small.File(name));
    EXPECT_LE(text.size(), 5000);
    if (name == "log") continue;
    for (const std::string& line : SplitLines(text)) {
      lines += absl::StartsWith(line, "line ");
    }
    EXPECT_EQ(unlink(small.File(name).c_str()), 0);
  }
  return lines;
}

// Full in the middle of rotating: a new file can be made but not written to.
TEST(FailureMode28, RotatesAgainWhenThereIsRoom) {
  std::thread([] {
    SmallFileSystem small;
    if (small.error() != 0) {
      GTEST_SKIP() << "cannot mount a tmpfs: " << strerror(small.error());
    }
    const std::string path = small.File("log");
    auto log = std::make_unique<Logger>(Logger::Options{
        .sink =
            *RotatingSinkFactory({.path = path,
                                  .max_bytes = 5000,
                                  .keep_files = 1000,
                                  .check_interval = absl::ZeroDuration()})});
    uint64_t next = 0;
    uint64_t found = 0;
    for (int round = 0; round < kRounds; ++round) {
      next = LogUntilFull(*log, next);
      log->Flush();
      found += CountAndRemoveClosed(small);
      log->Flush();
      const uint64_t dropped = log->counters().dropped;
      LogSequence(*log, next, next + 1500);
      next += 1500;
      EXPECT_EQ(CheckedCounters(*log).dropped, dropped);
    }
    const uint64_t written = CheckedCounters(*log).written;
    log.reset();
    ASSERT_EQ(rename(path.c_str(), small.File("log.last").c_str()), 0);
    EXPECT_EQ(found + CountAndRemoveClosed(small), written);
  }).join();
}

// --- RLIMIT_FSIZE, which needs no privilege -----------------------------------------

TEST(FailureMode28Limit, LosesWholeLinesAndServesAgain) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  Logger log({.sink = *FileSinkFactory({.path = path})});
  std::string text;
  uint64_t next = 0;
  for (int round = 0; round < kRounds; ++round) {
    {
      FileSizeLimit limit(1000 + round);
      next = LogUntilFull(log, next);
      log.Flush();
    }
    SplitLines(ReadFile(path));
    EXPECT_LE(ReadFile(path).size(), 1000 + round);
    text += ReadFile(path);
    ASSERT_EQ(truncate(path.c_str(), 0), 0);
    const uint64_t dropped = log.counters().dropped;
    log.Flush();
    EXPECT_EQ(log.counters().dropped, dropped);
  }
  const Logger::Counters counters = CheckedCounters(log);
  EXPECT_EQ(CheckSequence(SplitLines(text + ReadFile(path)), next),
            counters.dropped);
}

// A file that is moved away at its limit: the next one takes lines at once.
TEST(FailureMode28Limit, MovedFileMakesRoom) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  const std::string moved = directory.File("moved");
  Logger log({.sink = *FileSinkFactory({.path = path})});
  FileSizeLimit limit(1003);
  uint64_t next = LogUntilFull(log, 0);
  log.Flush();
  ASSERT_EQ(rename(path.c_str(), moved.c_str()), 0);
  log.Reopen();
  LogSequence(log, next, next + 1);
  const uint64_t dropped = CheckedCounters(log).dropped;
  EXPECT_EQ(
      CheckSequence(SplitLines(ReadFile(moved) + ReadFile(path)), next + 1),
      dropped);
}

}  // namespace
}  // namespace kingpin
