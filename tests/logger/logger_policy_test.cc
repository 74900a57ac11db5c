// Who is let in, who waits and who is dropped: limits, full buffers, budgets.
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/sink.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using testing::CheckSequence;
using testing::Declared;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::LogSequence;
using testing::ReadFile;
using testing::ScratchDirectory;
using testing::SplitLines;
using WhenFull = Logger::WhenFull;

// What a sink that can be shut has taken.
struct Gate {
  // Waits until it is open.
  void Take(std::string_view more) ABSL_LOCKS_EXCLUDED(mu) {
    absl::MutexLock lock(&mu);
    ++waiting;
    mu.Await(absl::Condition(&open));
    --waiting;
    absl::StrAppend(&text, more);
  }
  void SetOpen(bool is_open) ABSL_LOCKS_EXCLUDED(mu) {
    absl::MutexLock lock(&mu);
    open = is_open;
  }
  // Returns when the backend stands at the shut gate.
  void AwaitWaiting() ABSL_LOCKS_EXCLUDED(mu) {
    absl::MutexLock lock(&mu);
    auto is_waiting = [](int* count) { return *count > 0; };
    mu.Await(absl::Condition(+is_waiting, &waiting));
  }

  absl::Mutex mu;
  bool open ABSL_GUARDED_BY(mu) = true;
  int waiting ABSL_GUARDED_BY(mu) = 0;
  std::string text ABSL_GUARDED_BY(mu);
};

class GateSink : public LogSink {
 public:
  explicit GateSink(Gate* gate) : gate_(*gate) {}
  SysResult<size_t> Write(const LogBatch& batch) override {
    gate_.Take(batch.text);
    return {batch.text.size(), 0};
  }

 private:
  Gate& gate_;
};

class LoggerPolicy : public ::testing::Test {
 protected:
  Logger::Options OptionsWith(Logger::FullPolicy when_full) {
    return {.buffer_bytes = 4096, .when_full = when_full, .sink = [this] {
              return std::make_unique<GateSink>(&gate_);
            }};
  }
  // The backend waits in the sink; what is logged from now on stays in the buffers.
  void Shut(Logger& log) {
    gate_.SetOpen(false);
    log.Write(LogLevel::kInfo, "shut");
    gate_.AwaitWaiting();
  }
  std::vector<std::string> Lines() {
    absl::MutexLock lock(&gate_.mu);
    return SplitLines(gate_.text);
  }

  Gate gate_;
};

TEST_F(LoggerPolicy, EveryNthCountsWhatItKeepsBack) {
  Logger log(OptionsWith(WhenFull::kBlock));
  Logger::SetDefault(&log);
  for (int i = 0; i < 7; ++i) {
    KLOG_EVERY_N(INFO, 3) << "stream " << i;
    KLOGF_EVERY_N(INFO, 4, "format {}", i);
  }
  Logger::SetDefault(nullptr);
  CheckedCounters(log);
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(" stream 0"), EndsWith(" format 0"),
                                   EndsWith(" stream 3 [2 suppressed]"),
                                   EndsWith(" format 4 [3 suppressed]"),
                                   EndsWith(" stream 6 [2 suppressed]")));
}

TEST_F(LoggerPolicy, IfEvaluatesNothingThatItDoesNotLog) {
  Logger log(OptionsWith(WhenFull::kBlock));
  Logger::SetDefault(&log);
  int evaluated = 0;
  for (bool yes : {false, true}) {
    KLOG_IF(INFO, yes) << "stream " << ++evaluated;
    KLOGF_IF(INFO, yes, "format {}", ++evaluated);
  }
  Logger::SetDefault(nullptr);
  CheckedCounters(log);
  EXPECT_THAT(Lines(),
              ElementsAre(EndsWith(" stream 1"), EndsWith(" format 2")));
}

// INFO finds no room and is dropped; WARNING finds the room that is kept for it, and
// when that is used up, waits.
TEST_F(LoggerPolicy, EachLevelHasItsOwn) {
  Logger log(OptionsWith(
      {WhenFull::kDrop, WhenFull::kDrop, WhenFull::kBlock, WhenFull::kBlock}));
  Shut(log);
  uint64_t info = 0;
  while (log.counters().dropped == 0) LogSequence(log, info, info + 1), ++info;
  LogSequence(log, info, info + 9);
  info += 9;
  constexpr int kWarnings = 500;  // More than there is room for.
  std::atomic<int> logged = 0;
  const uint64_t others =
      log.counters().depth_bytes;  // In this thread's buffer.
  std::thread thread([&] {
    for (int i = 0; i < kWarnings; ++i) {
      log.Write(LogLevel::kWarning, absl::StrCat("warning ", i));
      ++logged;
    }
  });
  // Until no other one fits into its buffer: one takes less than 64 bytes.
  while (log.counters().depth_bytes < others + 4096 - 64) {
    std::this_thread::yield();
  }
  EXPECT_LT(logged.load(), kWarnings);
  gate_.SetOpen(true);
  thread.join();
  const Logger::Counters counters = CheckedCounters(log);
  EXPECT_EQ(counters.dropped, 10);
  EXPECT_EQ(counters.dropped_by_level[static_cast<size_t>(LogLevel::kInfo)],
            10);
  std::vector<std::string> infos;
  int warnings = 0;
  for (const std::string& line : Lines()) {
    if (absl::StartsWith(line, "warning ")) {
      EXPECT_EQ(line, absl::StrCat("warning ", warnings++));
    } else if (line != "shut") {
      infos.push_back(line);
    }
  }
  EXPECT_EQ(warnings, kWarnings);
  EXPECT_EQ(CheckSequence(infos, info), 10);
}

// The threads are over before the first of their lines is written.
TEST_F(LoggerPolicy, ThreadsMayEndWithLinesPending) {
  Logger log(OptionsWith(WhenFull::kBlock));
  Shut(log);
  constexpr int kThreads = 30;
  for (int t = 0; t < kThreads; ++t) {
    std::thread([&log, t] {
      for (int i = 0; i < 3; ++i) {
        log.Write(LogLevel::kInfo, absl::StrCat("thread ", t, " line ", i));
      }
    }).join();
  }
  gate_.SetOpen(true);
  EXPECT_EQ(CheckedCounters(log).written, 1 + 3 * kThreads);
  std::vector<std::string> want = {"shut"};
  for (int t = 0; t < kThreads; ++t) {
    for (int i = 0; i < 3; ++i) {
      want.push_back(absl::StrCat("thread ", t, " line ", i));
    }
  }
  EXPECT_EQ(Lines(), want);
}

TEST_F(LoggerPolicy, BeyondTheBudgetThreadsShareABufferAndLoseNothing) {
  Logger::SetMemoryBudget(0);
  {
    Logger log(OptionsWith(WhenFull::kBlock));
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&log, t] {
        for (int i = 0; i < 500; ++i) {
          log.Write(LogLevel::kInfo, absl::StrCat(t, " ", i));
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(CheckedCounters(log).written, 2000);
  }
  Logger::SetMemoryBudget(64 << 20);
  std::vector<int> next(4, 0);
  for (const std::string& line : Lines()) {
    const int t = line[0] - '0';
    EXPECT_EQ(line, absl::StrCat(t, " ", next[t]++));
  }
  EXPECT_THAT(next, ElementsAre(500, 500, 500, 500));
}

// One that waits for room of a buffer that is shared keeps nobody from dropping.
TEST_F(LoggerPolicy, WhoSharesABufferWaitsByItsOwnPolicyAlone) {
  Logger::SetMemoryBudget(0);
  auto log = std::make_unique<Logger>(OptionsWith(
      {WhenFull::kDrop, WhenFull::kDrop, WhenFull::kBlock, WhenFull::kBlock}));
  Shut(*log);
  constexpr uint64_t kWarnings = 500;  // Each; more than there is room for.
  std::vector<std::thread> waiting;
  for (int t = 0; t < 3; ++t) {
    waiting.emplace_back([&] {
      for (uint64_t i = 0; i < kWarnings; ++i) {
        log->Write(LogLevel::kWarning, "warning");
      }
    });
  }
  // Full but for less than such a line takes.
  while (log->counters().depth_bytes < 4096 - 32) std::this_thread::yield();
  std::thread([&] {
    for (int i = 0; i < 10; ++i) log->Write(LogLevel::kInfo, "info");
  }).join();
  EXPECT_EQ(log->counters().dropped, 10);
  gate_.SetOpen(true);
  for (std::thread& thread : waiting) thread.join();
  const Logger::Counters counters = CheckedCounters(*log);
  EXPECT_EQ(counters.dropped, 10);
  EXPECT_EQ(counters.written, 1 + 3 * kWarnings);
  log.reset();
  Logger::SetMemoryBudget(64 << 20);
  uint64_t warnings = 0;
  uint64_t declared = 0;
  for (const std::string& line : Lines()) {
    warnings += line == "warning";
    declared += Declared(line);
  }
  EXPECT_EQ(warnings, 3 * kWarnings);
  EXPECT_EQ(declared, 10);
}

// Room for the 7 lines that are declared lost at the end is a line's, too.
TEST_F(LoggerPolicy, DropsAreDeclaredWhenNothingElseIsLoggedAnyMore) {
  Logger log(OptionsWith(WhenFull::kDrop));
  Shut(log);
  uint64_t next = 0;
  while (log.counters().dropped < 7) LogSequence(log, next, next + 1), ++next;
  gate_.SetOpen(true);
  CheckedCounters(log);
  std::vector<std::string> lines = Lines();
  lines.erase(lines.begin());
  EXPECT_EQ(Declared(lines.back()), 7);
  EXPECT_EQ(CheckSequence(lines, next), 7);
}

// A line says the name of its thread only where that has a buffer of its own.
TEST(Budget, OfAChildIsNotUsedUpByItsParent) {
  ScratchDirectory directory;
  const std::string path = directory.File("log");
  // Room for the parent's buffer and the shared one, and for one of the child's.
  Logger::SetMemoryBudget(210 << 10);
  {
    Logger log({.buffer_bytes = 64 << 10,
                .sink = *FileSinkFactory({.path = path}),
                .thread_names = true});
    KLOG_TO(log, INFO) << "parent";
    log.Flush();
    const pid_t child = fork();
    if (child == 0) {
      KLOG_TO(log, INFO) << "child";
      log.Flush();
      _exit(0);
    }
    waitpid(child, nullptr, 0);
  }
  Logger::SetMemoryBudget(64 << 20);
  EXPECT_THAT(
      SplitLines(ReadFile(path)),
      ElementsAre(::testing::MatchesRegex(".* INFO [0-9]+/[^ ]+ .* parent"),
                  ::testing::MatchesRegex(".* INFO [0-9]+/[^ ]+ .* child")));
}

}  // namespace
}  // namespace kingpin
