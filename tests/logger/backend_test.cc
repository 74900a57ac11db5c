// The backend thread when it has it hard: it cannot be started, its sinks throw, lie
// or fault, what they write is to be synced, and somebody watches the counters.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/rotating_sink.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using testing::CheckSequence;
using testing::LogSequence;
using testing::ReadFile;
using testing::ScratchDirectory;
using testing::SplitLines;

using WriteFunction = std::function<SysResult<size_t>(const LogBatch&)>;
using SyncFunction = std::function<int()>;

class FunctionSink : public LogSink {
 public:
  FunctionSink(WriteFunction write, SyncFunction sync)
      : write_(std::move(write)), sync_(std::move(sync)) {}
  SysResult<size_t> Write(const LogBatch& batch) override {
    return write_(batch);
  }
  int Sync() override { return sync_(); }

 private:
  const WriteFunction write_;
  const SyncFunction sync_;
};

LogSinkFactory SinkOf(
    WriteFunction write, SyncFunction sync = [] { return 0; }) {
  return [write = std::move(write), sync = std::move(sync)] {
    return std::make_unique<FunctionSink>(write, sync);
  };
}

SysResult<size_t> TakeAll(const LogBatch& batch) {
  return {batch.text.size(), 0};
}

// --- Without a thread -------------------------------------------------------------

// While it lives no thread can be started: there is no room for its stack.
class NoThreads {
 public:
  NoThreads() {
    pthread_getattr_default_np(&before_);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t{1} << 47);
    EXPECT_EQ(pthread_setattr_default_np(&attributes), 0);
    pthread_attr_destroy(&attributes);
  }
  ~NoThreads() {
    pthread_setattr_default_np(&before_);
    pthread_attr_destroy(&before_);
  }

 private:
  pthread_attr_t before_;
};

TEST(WithoutABackend, EachLineIsWrittenByItsThread) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  auto no_threads = std::make_unique<NoThreads>();
  Logger log({.buffer_bytes = 1024, .sink = *FileSinkFactory({.path = path})});
  no_threads.reset();
  LogSequence(log, 0, 100);
  EXPECT_EQ(CheckSequence(SplitLines(ReadFile(path)), 100), 0);
  log.WriteRaw(LogLevel::kError, "file.cc", 1, "raw");
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log] { LogSequence(log, 0, 200); });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CheckedCounters(log).written, 100 + 1 + 4 * 200);
  EXPECT_EQ(SplitLines(ReadFile(path)).size(), 100 + 1 + 4 * 200);
}

TEST(WithoutABackend, SinksErrnoIsNotTheCallers) {
  auto no_threads = std::make_unique<NoThreads>();
  Logger log({.sink = SinkOf([](const LogBatch& batch) {
                errno = ENOTTY;
                return TakeAll(batch);
              })});
  no_threads.reset();
  for (int i = 0; i < 3; ++i) {
    errno = EADDRINUSE;
    KLOGF_TO(log, INFO, "line {}", i);
    EXPECT_EQ(errno, EADDRINUSE);
  }
}

// The last attempt to declare what was lost is the destructor's.
TEST(WithoutABackend, ReaderThatIsGoneKillsNobody) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd writer(ends[1]);
  close(ends[0]);
  ASSERT_NE(signal(SIGPIPE, SIG_DFL), SIG_ERR);
  auto no_threads = std::make_unique<NoThreads>();
  {
    Logger log({.fd = writer.get()});
    no_threads.reset();
    log.Write(LogLevel::kInfo, "to nobody");
    EXPECT_EQ(CheckedCounters(log).dropped, 1);
  }
}

// --- Sinks that misbehave ---------------------------------------------------------

TEST(SinkOfSomebody, WhatItThrowsIsAnErrorToCount) {
  std::atomic<bool> throws = true;
  std::string text;
  Logger log({.sink = SinkOf([&](const LogBatch& batch) {
                if (throws) throw std::bad_alloc();
                text += batch.text;
                return TakeAll(batch);
              })});
  LogSequence(log, 0, 3);
  EXPECT_EQ(CheckedCounters(log).dropped, 3);
  EXPECT_GE(log.counters().write_errors, 1);
  throws = false;
  LogSequence(log, 3, 5);
  EXPECT_EQ(CheckedCounters(log).written, 2);
  EXPECT_EQ(CheckSequence(SplitLines(text), 5), 3);
}

TEST(SinkOfSomebody, MoreThanThereWasIsAll) {
  Logger log({.sink = SinkOf([](const LogBatch& batch) -> SysResult<size_t> {
                return {2 * batch.text.size() + 1, 0};
              })});
  LogSequence(log, 0, 3);
  const Logger::Counters counters = CheckedCounters(log);
  EXPECT_EQ(counters.written, 3);
  EXPECT_EQ(counters.bytes, 3 * std::string_view("line 0\n").size());
}

TEST(SinkOfSomebody, NothingTakenWithoutAnErrorIsAnError) {
  std::atomic<bool> idles = true;
  std::string text;
  Logger log({.sink = SinkOf([&](const LogBatch& batch) -> SysResult<size_t> {
                if (idles) return {0, 0};
                text += batch.text;
                return {batch.text.size(), 0};
              })});
  LogSequence(log, 0, 3);
  EXPECT_EQ(CheckedCounters(log).dropped, 3);
  EXPECT_GE(log.counters().write_errors, 1);
  idles = false;
  LogSequence(log, 3, 5);
  EXPECT_EQ(CheckedCounters(log).written, 2);
  EXPECT_EQ(CheckSequence(SplitLines(text), 5), 3);
}

TEST(SinkOfSomebodyDeathTest, FaultIsForTheHandlersOfTheProgram) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  auto fault = [] {
    struct sigaction action = {};
    action.sa_handler = [](int) { _exit(7); };
    sigaction(SIGSEGV, &action, nullptr);
    Logger log({.sink = SinkOf([](const LogBatch&) -> SysResult<size_t> {
                  raise(SIGSEGV);
                  return {0, EIO};
                })});
    log.Write(LogLevel::kInfo, "line");
    log.Flush();
  };
  EXPECT_EXIT(fault(), ::testing::ExitedWithCode(7), "");
}

// --- Sync -------------------------------------------------------------------------

TEST(LoggerSync, FollowsTheLinesAndTellsErrors) {
  std::atomic<int> writes = 0;
  std::atomic<int> writes_synced = 0;
  std::atomic<int> error = 0;
  auto write = [&](const LogBatch& batch) {
    ++writes;
    return TakeAll(batch);
  };
  auto sync = [&] {
    writes_synced = writes.load();
    return error.load();
  };
  std::atomic<int> seconds_synced = 0;
  Logger log({.sink = SinkOf(write, sync), .also_to = {SinkOf(TakeAll, [&] {
                                             return ++seconds_synced, 0;
                                           })}});
  log.Write(LogLevel::kInfo, "line");
  EXPECT_TRUE(log.Sync().ok());
  EXPECT_GE(writes_synced.load(), 1);
  error = EIO;
  const absl::Status status = log.Sync();
  EXPECT_EQ(status, absl::ErrnoToStatus(EIO, "cannot sync the log"));
  // One that fails takes nothing from the others.
  EXPECT_EQ(seconds_synced.load(), 2);
}

TEST(LoggerSync, OfFilesPipesAndWhatIsNotThere) {
  ScratchDirectory directory;
  Logger file({.sink = *FileSinkFactory({.path = directory.File("a")})});
  Logger rotating({.sink = *RotatingSinkFactory(
                       {.path = directory.File("b"), .max_bytes = 100})});
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  const UniqueFd reader(ends[0]);
  const UniqueFd writer(ends[1]);
  Logger pipe({.fd = writer.get()});
  for (Logger* log : {&file, &rotating, &pipe}) {
    EXPECT_TRUE(log->Sync().ok());
    LogSequence(*log, 0, 100);
    EXPECT_TRUE(log->Sync().ok());
    EXPECT_TRUE(log->Sync().ok());
  }
  Logger nowhere({.fd = -1});
  EXPECT_EQ(nowhere.Sync(), absl::ErrnoToStatus(EBADF, "cannot sync the log"));
}

// --- Counters -----------------------------------------------------------------------

TEST(Counters, NeverHaveMoreWrittenOrDroppedThanAccepted) {
  std::atomic<bool> fails = false;
  Logger log({.buffer_bytes = 4096,
              .when_full = Logger::WhenFull::kDrop,
              .sink = SinkOf([&](const LogBatch& batch) -> SysResult<size_t> {
                return fails.exchange(!fails) ? SysResult<size_t>{0, ENOSPC}
                                              : TakeAll(batch);
              }),
              .poll_interval = absl::ZeroDuration()});
  std::atomic<int> running = 3;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&] {
      LogSequence(log, 0, 20'000);
      --running;
    });
  }
  while (running > 0 && !HasFailure()) {
    const Logger::Counters seen = log.counters();
    EXPECT_GE(seen.accepted, seen.written + seen.dropped);
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CheckedCounters(log).accepted, 60'000);
}

}  // namespace
}  // namespace kingpin
