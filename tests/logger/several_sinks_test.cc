// Logger::Options::also_to: several sinks, each with an account of its own.
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/logger/fd_sink.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/terminal_sink.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::CheckSequence;
using ::kingpin::testing::LogSequence;
using ::kingpin::testing::ReadFile;
using ::kingpin::testing::ScratchDirectory;
using ::kingpin::testing::SplitLines;

class SeveralSinksTest : public ::testing::Test {
 protected:
  static LogSinkFactory File(const std::string& path) {
    return *FileSinkFactory({.path = path, .check_interval = absl::Hours(1)});
  }
  static std::vector<std::string> LinesOf(const std::string& path) {
    return SplitLines(ReadFile(path));
  }

  ScratchDirectory directory_;
  const std::string a_ = directory_.File("a");
  const std::string b_ = directory_.File("b");
};

TEST_F(SeveralSinksTest, EachTakesEveryLine) {
  Logger log({.sink = File(a_), .also_to = {File(b_)}});
  LogSequence(log, 0, 100);
  const Logger::Counters counters = CheckedCounters(log);
  EXPECT_EQ(counters.written, 100);
  EXPECT_EQ(CheckSequence(LinesOf(a_), 100), 0);
  EXPECT_EQ(ReadFile(a_), ReadFile(b_));
  EXPECT_EQ(counters.bytes, 2 * ReadFile(a_).size());
}

TEST_F(SeveralSinksTest, ReopenIsForAll) {
  Logger log({.sink = File(a_), .also_to = {File(b_)}});
  LogSequence(log, 0, 1);
  log.Flush();
  unlink(a_.c_str());
  unlink(b_.c_str());
  log.Reopen();
  LogSequence(log, 1, 2);
  CheckedCounters(log);
  EXPECT_EQ(ReadFile(a_), "line 1\n");
  EXPECT_EQ(ReadFile(b_), "line 1\n");
}

// The one that fails declares, the other has everything and declares nothing; a
// line that one of them lost counts as dropped.
TEST_F(SeveralSinksTest, OneThatFailsTakesNothingFromTheOther) {
  for (const bool first_fails : {true, false}) {
    unlink(a_.c_str());
    unlink(b_.c_str());
    const std::string& bad = first_fails ? a_ : b_;
    const std::string& good = first_fails ? b_ : a_;
    struct stat status;
    const LogSinkFactory a = File(a_);
    const LogSinkFactory b = File(b_);
    ASSERT_EQ(stat(bad.c_str(), &status), 0);
    std::atomic<bool> full = false;
    ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
      struct stat of_fd;
      if (call != sys::Call::kWrite || !full || fstat(fd, &of_fd) != 0 ||
          of_fd.st_ino != status.st_ino) {
        return {};
      }
      return {.error = EIO};
    });
    Logger log({.sink = a, .also_to = {b}});
    LogSequence(log, 0, 10);
    log.Flush();
    full = true;
    LogSequence(log, 10, 60);
    log.Flush();
    full = false;
    LogSequence(log, 60, 70);
    const Logger::Counters counters = CheckedCounters(log);
    EXPECT_EQ(counters.dropped, 50);
    EXPECT_EQ(counters.written, 20);
    EXPECT_EQ(CheckSequence(LinesOf(good), 70), 0);
    EXPECT_EQ(CheckSequence(LinesOf(bad), 70), 50);
  }
}

// Faults of every kind in both: each file has a complete account.
TEST_F(SeveralSinksTest, RandomFaultsKeepBothAccountsExact) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    unlink(a_.c_str());
    unlink(b_.c_str());
    std::atomic<bool> healthy = false;
    std::minstd_rand random(seed);  // The backend's alone.
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call != sys::Call::kWrite || healthy) return {};
      if (random() % 4 == 0) return {.error = ENOSPC};
      return {.max_bytes = random() % 60};
    });
    const UniqueFd plain(
        open(b_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    Logger log(
        {.sink = File(a_),
         .also_to = {[&] { return std::make_unique<FdSink>(plain.get()); }}});
    for (int i = 0; i < 200; ++i) {
      LogSequence(log, i, i + 1);
      if (i % 8 == 0) log.Flush();
    }
    log.Flush();
    healthy = true;
    const Logger::Counters counters = CheckedCounters(log);
    const uint64_t lost_a = CheckSequence(LinesOf(a_), 200);
    const uint64_t lost_b = CheckSequence(LinesOf(b_), 200);
    EXPECT_LE(lost_a, counters.dropped);
    EXPECT_LE(lost_b, counters.dropped);
    EXPECT_GE(lost_a + lost_b, counters.dropped);
    EXPECT_EQ(counters.bytes, ReadFile(a_).size() + ReadFile(b_).size());
  }
}

// A line is written when the last sink has the rest of it.
TEST_F(SeveralSinksTest, LineThatTwoHaveInPartCountsOnce) {
  std::atomic<int> healthy = 0;  // Of the descriptors below, how many.
  int fds[2];
  for (int i = 0; i < 2; ++i) {
    const std::string& path = i == 0 ? a_ : b_;
    fds[i] = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  }
  const UniqueFd a(fds[0]);
  const UniqueFd b(fds[1]);
  int calls[2] = {};
  ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
    const int i = fd == b.get();
    if (call != sys::Call::kWrite || i < healthy) return {};
    if (calls[i]++ == 0) return {.max_bytes = 3};
    return {.error = ENOSPC};
  });
  Logger log({.sink = [&] { return std::make_unique<FdSink>(a.get()); },
              .also_to = {[&] { return std::make_unique<FdSink>(b.get()); }}});
  for (; healthy < 3; ++healthy) {
    if (healthy == 0) log.Write(LogLevel::kInfo, "abcdef");
    log.Flush();
    EXPECT_EQ(log.counters().written, healthy < 2 ? 0 : 1);
    EXPECT_EQ(log.counters().dropped, healthy < 2 ? 1 : 0);
  }
  EXPECT_EQ(ReadFile(a_), "abcdef\n");
  EXPECT_EQ(ReadFile(b_), "abcdef\n");
}

TEST_F(SeveralSinksTest, StoppedReaderDoesNotStopTheFile) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  const UniqueFd reader(fds[0]);
  const UniqueFd writer(fds[1]);
  fcntl(writer.get(), F_SETPIPE_SZ, 16384);
  Logger log({.sink = File(a_),
              .also_to = {TerminalSinkFactory(
                  {.fd = writer.get(), .patience = absl::Milliseconds(1)})}});
  LogSequence(log, 0, 5000);
  log.Flush();
  const Logger::Counters counters = log.counters();
  EXPECT_GT(counters.dropped, 0);
  // The pipe may have the begin of one more.
  EXPECT_LE(counters.accepted - counters.written - counters.dropped, 1);
  EXPECT_EQ(CheckSequence(LinesOf(a_), 5000), 0);
}

TEST(NoSink, WhatCannotBeMadeFails) {
  for (const LogSinkFactory& factory :
       {LogSinkFactory([] { return std::unique_ptr<LogSink>(); }),
        LogSinkFactory()}) {
    const ScratchDirectory directory;
    Logger log({.sink = *FileSinkFactory({.path = directory.path() + "/log"}),
                .also_to = {factory}});
    LogSequence(log, 0, 3);
    const Logger::Counters counters = CheckedCounters(log);
    EXPECT_EQ(counters.dropped, 3);
    EXPECT_GE(counters.write_errors, 1);
  }
}

}  // namespace
}  // namespace kingpin
