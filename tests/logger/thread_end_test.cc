// Lines of a thread that is ending: of its thread_locals' destructors, and of those of
// pthread keys, which run behind that by which the logger sees the thread end.
#include <pthread.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::ReadFile;
using ::kingpin::testing::ScratchDirectory;
using ::kingpin::testing::SplitLines;
using ::testing::ElementsAre;
using ::testing::EndsWith;

struct Ending {
  void Log(std::string_view from) const {
    KLOGF_TO(*log, INFO, "thread {} {}", number, from);
  }
  Logger* log = nullptr;
  int number = 0;
};

struct LogsAtItsEnd {
  ~LogsAtItsEnd() {
    if (ending != nullptr) ending->Log("thread_local");
  }
  const Ending* ending = nullptr;
};

thread_local LogsAtItsEnd t_logs_at_its_end;

std::vector<std::string> LinesOfThread(const std::vector<std::string>& lines,
                                       int number) {
  std::vector<std::string> result;
  for (const std::string& line : lines) {
    if (absl::StrContains(line, absl::StrCat(" thread ", number, " "))) {
      result.push_back(line);
    }
  }
  return result;
}

TEST(ThreadEnd, LinesOfDestructorsAreWrittenInTheirOrder) {
  constexpr int kRounds = 5;
  constexpr int kThreads = 3;
  // The shared one and two: of the three one has none of its own, and all are handed on.
  Logger::SetMemoryBudget(3 * 8192);
  const ScratchDirectory directory;
  Logger log({.buffer_bytes = 4096,
              .sink = *FileSinkFactory({.path = directory.File("log")})});
  // Later than the logger's own.
  pthread_key_t key;
  ASSERT_EQ(
      pthread_key_create(
          &key, [](void* ending) { static_cast<Ending*>(ending)->Log("key"); }),
      0);
  std::vector<Ending> endings;
  for (int i = 0; i < kRounds * kThreads; ++i) endings.push_back({&log, i});
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&, ending = &endings[round * kThreads + i]] {
        pthread_setspecific(key, ending);
        t_logs_at_its_end.ending = ending;
        ending->Log("body");
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_EQ(CheckedCounters(log).written, 3 * kRounds * kThreads);
  const std::vector<std::string> lines =
      SplitLines(ReadFile(directory.File("log")));
  for (int i = 0; i < kRounds * kThreads; ++i) {
    EXPECT_THAT(LinesOfThread(lines, i),
                ElementsAre(EndsWith(" body"), EndsWith(" thread_local"),
                            EndsWith(" key")));
  }
  EXPECT_EQ(pthread_key_delete(key), 0);
}

}  // namespace
}  // namespace kingpin
