// A logger that gets no memory: no statement throws, and each line is written or
// counted and declared.
#include "tests/testing/out_of_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/rotating_sink.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/verbosity.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::NoMemoryFrom;
using testing::NoMemoryHere;
using testing::ReadFile;
using testing::ScratchDirectory;
using testing::SplitLines;
using ::testing::UnorderedElementsAre;

constexpr size_t kLarge = 100'000;

class OutOfMemory : public ::testing::Test {
 protected:
  std::vector<std::string> Lines() { return SplitLines(ReadFile(path_)); }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
  const LogSinkFactory sink_ = *FileSinkFactory({.path = path_});
};

TEST_F(OutOfMemory, BackendLosesTheLineAndDeclaresItToEachSink) {
  const std::string json = directory_.File("json");
  Logger log({.sink = sink_,
              .also_to = {*FileSinkFactory(
                  {.path = json, .format = LogFormat::kJson})}});
  log.Write(LogLevel::kInfo, "before");
  const std::string large(kLarge, 'x');
  {
    const NoMemoryFrom limit(kLarge);
    log.Write(LogLevel::kInfo, large);
    log.Write(LogLevel::kInfo, "after");
    const Logger::Counters counters = CheckedCounters(log);
    EXPECT_EQ(counters.accepted, 3);
    EXPECT_EQ(counters.written, 2);
    EXPECT_EQ(counters.dropped_by_level[1], 1);
  }
  log.Write(LogLevel::kInfo, "later");
  log.Write(LogLevel::kInfo, large);
  EXPECT_EQ(CheckedCounters(log).written, 4);
  uint64_t declared = 0;
  std::vector<std::string> whole;
  for (const std::string& line : Lines()) {
    declared += testing::Declared(line);
    if (testing::Declared(line) == 0) whole.push_back(line);
  }
  EXPECT_EQ(declared, 1);
  EXPECT_THAT(whole, ElementsAre("before", "after", "later", large));
  EXPECT_EQ(SplitLines(ReadFile(json)).size(), 5);
}

TEST_F(OutOfMemory, LineThatNoBufferCanHoldIsDroppedAndDeclared) {
  Logger log({.buffer_bytes = 4096, .sink = sink_});
  const std::string large(kLarge, 'x');
  log.Write(LogLevel::kInfo, "before");
  {
    const NoMemoryHere none;
    log.Write(LogLevel::kWarning, large);
  }
  EXPECT_EQ(CheckedCounters(log).dropped_by_level[2], 1);
  EXPECT_THAT(Lines(),
              ElementsAre("before", HasSubstr("dropped 1 lines (0/0/1/0) from "
                                              "thread 0 between ")));
}

// By nobody's flush. More than one, because the backend may be about to rest.
TEST_F(OutOfMemory, DroppedErrorEndsTheBackendsRest) {
  Logger log(
      {.buffer_bytes = 4096, .sink = sink_, .poll_interval = absl::Hours(1)});
  log.Write(LogLevel::kInfo, "before");
  log.Flush();
  const std::string large(kLarge, 'x');
  while (Lines().size() < 2) {
    const NoMemoryHere none;
    log.Write(LogLevel::kError, large);
  }
  EXPECT_GT(testing::Declared(Lines()[1]), 0);
}

TEST_F(OutOfMemory, NewThreadSharesABuffer) {
  Logger log({.sink = sink_});
  std::thread([&log] {
    const NoMemoryHere none;
    KLOGF_TO(log, INFO, "line {}", 1);
    KLOG_TO(log, INFO) << "line " << 2;
  }).join();
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(" line 1"), EndsWith(" line 2")));
}

// Once asked to, takes all memory from the backend between two passes, and has a thread
// log there for the first time: the backend has a buffer to find and no memory for that.
// Reopen() gives the memory back.
class StarvingSink : public LogSink {
 public:
  static inline std::atomic<Logger*> starves = nullptr;

  explicit StarvingSink(LogSinkFactory make) : inner_(make()) {}
  SysResult<size_t> Write(const LogBatch& batch) override {
    return inner_->Write(batch);
  }
  void Reopen() override { testing::spared_allocations() = -1; }
  // At the end of each pass.
  std::string TakeNote() override {
    if (Logger* const log = starves.exchange(nullptr); log != nullptr) {
      std::thread([log] { log->Write(LogLevel::kInfo, "new thread"); }).join();
      testing::spared_allocations() = 0;
    }
    return {};
  }

 private:
  const std::unique_ptr<LogSink> inner_;
};

TEST_F(OutOfMemory, BackendLooksAgainForTheLinesOfANewThread) {
  Logger log(
      {.sink = [this] { return std::make_unique<StarvingSink>(sink_); }});
  log.Write(LogLevel::kInfo, "before");
  log.Flush();
  const uint64_t failed = testing::failed_allocations();
  StarvingSink::starves = &log;
  log.Flush();
  // More than one pass.
  while (testing::failed_allocations() < failed + 3) std::this_thread::yield();
  // Nor does anybody wait for it for ever.
  log.Flush();
  EXPECT_THAT(Lines(), ElementsAre("before"));
  log.Reopen();
  log.Write(LogLevel::kInfo, "after");
  EXPECT_EQ(CheckedCounters(log).written, 3);
  EXPECT_THAT(Lines(), ElementsAre("before", "new thread", "after"));
}

// What a child that ends well says on stderr.
std::string StderrOfChild(const std::string& path,
                          absl::FunctionRef<void()> run) {
  const pid_t child = fork();
  if (child == 0) {
    const UniqueFd fd = sys::Open(path.c_str(), O_WRONLY | O_CREAT, 0600).value;
    dup2(fd.get(), STDERR_FILENO);
    run();
    _exit(0);
  }
  int status = -1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  return ReadFile(path);
}

TEST_F(OutOfMemory, TheEndTellsOfLinesThatThereIsNoMemoryFor) {
  for (const bool by_exit : {false, true}) {
    const std::string said =
        StderrOfChild(directory_.File(by_exit ? "exit" : "delete"), [&] {
          static Logger* log;  // Not lost, for who looks for leaks at the end.
          log = new Logger({.sink = [this] {
            return std::make_unique<StarvingSink>(sink_);
          }});
          log->Write(LogLevel::kInfo, "before");
          log->Flush();
          StarvingSink::starves = log;
          log->Flush();
          testing::spared_allocations() = 0;
          if (by_exit) exit(0);
          delete log;
        });
    EXPECT_EQ(said,
              "log: 1 lines may be missing: there is no memory to write "
              "them\n");
  }
}

TEST_F(OutOfMemory, TheEndTellsOfLinesThatAFullDiskHasNotTaken) {
  class FullSink : public LogSink {
    SysResult<size_t> Write(const LogBatch&) override { return {0, ENOSPC}; }
  };
  const std::string said = StderrOfChild(directory_.File("stderr"), [] {
    auto log = std::make_unique<Logger>(
        Logger::Options{.sink = [] { return std::make_unique<FullSink>(); }});
    log->Write(LogLevel::kInfo, "line");
    log->Flush();
    const NoMemoryHere none;
    log.reset();
  });
  EXPECT_EQ(said,
            "log: 1 lines (0/1/0/0) are missing and could not be declared (No "
            "space left on device)\n");
}

TEST_F(OutOfMemory, VerboseStatementIsOffUntilItsRulesAreMade) {
  Logger log({.sink = sink_});
  const auto statement = [&log] { KVLOGF_TO(log, 1, "on"); };
  {
    const NoMemoryHere none;
    statement();
  }
  EXPECT_EQ(CheckedCounters(log).accepted, 0);
  ASSERT_TRUE(SetVerbosity("out_of_memory_test=1").ok());
  statement();
  ASSERT_TRUE(SetVerbosity("").ok());
  EXPECT_EQ(CheckedCounters(log).written, 1);
  EXPECT_THAT(Lines(), ElementsAre(EndsWith(" on")));
}

TEST_F(OutOfMemory, RotatingSinkHasTakenWhatIsInItsFile) {
  RotatingSink sink({.path = path_, .max_bytes = 100});
  const std::string text = "first\n" + std::string(99, 'x') + "\n";
  constexpr LogBatch::Line kLines[] = {{6, LogLevel::kInfo},
                                       {106, LogLevel::kInfo}};
  const NoMemoryHere none;
  const SysResult<size_t> result = sink.Write({text, kLines});
  EXPECT_EQ(result.value, 6);
  EXPECT_EQ(result.error, ENOMEM);
}

TEST_F(OutOfMemory, SuppressedCountTakesNone) {
  Logger log({.sink = sink_});
  Logger::SetDefault(&log);
  for (int i = 0; i < 3; ++i) {
    // The third one counts the second.
    const NoMemoryHere none;
    errno = EXDEV;
    KLOGF_EVERY_N(INFO, 2, "{} of a text that takes memory: {}", i, path_);
    EXPECT_EQ(errno, EXDEV);
  }
  Logger::SetDefault(nullptr);
  EXPECT_EQ(CheckedCounters(log).written, 2);
  EXPECT_THAT(Lines(),
              ElementsAre(EndsWith("0 of a text that takes memory: " + path_),
                          EndsWith("2 of a text that takes memory: " + path_ +
                                   " [1 suppressed]")));
}

TEST_F(OutOfMemory, ChildOfForkDeclaresWhatItDroppedBeforeItHadABackend) {
  Logger log({.sink = sink_});
  log.Flush();
  const pid_t child = fork();
  if (child == 0) {
    {
      const NoMemoryHere none;
      log.Write(LogLevel::kError, "dropped");
    }
    log.Write(LogLevel::kInfo, "child");
    log.Flush();
    const Logger::Counters counters = log.counters();
    _exit(counters.accepted == 2 && counters.dropped == 1 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(Lines(), UnorderedElementsAre(
                           "child", HasSubstr("dropped 1 lines (0/0/0/1)"
                                              " from thread 0 ")));
}

// They are the child's own account, which is not heir to it.
TEST_F(OutOfMemory, ChildOfAChildDeclaresNothingThatItsParentDropped) {
  Logger log({.sink = sink_});
  log.Flush();
  const pid_t child = fork();
  if (child == 0) {
    {
      const NoMemoryHere none;
      log.Write(LogLevel::kError, "dropped");
    }
    const pid_t grandchild = fork();
    if (grandchild == 0) {
      log.Write(LogLevel::kError, "grandchild");
      log.Flush();
      _exit(log.counters().dropped == 0 ? 0 : 1);
    }
    int status = 1;
    waitpid(grandchild, &status, 0);
    log.Write(LogLevel::kError, "child");
    log.Flush();
    _exit(status == 0 && log.counters().dropped == 1 ? 0 : 1);
  }
  int status = 1;
  waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(Lines(),
              UnorderedElementsAre(
                  "grandchild", "child",
                  HasSubstr("dropped 1 lines (0/0/0/1) from thread 0 ")));
}

// One has no memory for its line while another one makes the backend, which counts it.
TEST_F(OutOfMemory, LineThatIsDroppedWhileTheBackendIsMadeIsCounted) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "its runtime takes threads of a child for the parent's";
#endif
  Logger log({.sink = sink_});
  log.Flush();
  for (int round = 0; round < 50; ++round) {
    const pid_t child = fork();
    if (child == 0) {
      std::latch start(2);
      std::thread starved([&] {
        const std::string line = "line";
        start.arrive_and_wait();
        const NoMemoryHere none;
        log.Write(LogLevel::kError, line);
      });
      start.arrive_and_wait();
      log.Write(LogLevel::kError, "line");
      starved.join();
      log.Flush();
      const Logger::Counters counters = log.counters();
      _exit(counters.accepted == 2 && counters.written + counters.dropped == 2
                ? 0
                : 1);
    }
    int status = 1;
    waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  }
}

}  // namespace
}  // namespace kingpin
