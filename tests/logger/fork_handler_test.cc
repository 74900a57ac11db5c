// Handlers of fork() that were registered before there was a logger, and log.
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using testing::ReadFile;
using testing::ScratchDirectory;
using testing::SplitLines;
using ::testing::UnorderedElementsAre;

// What the handlers do.
void (*in_prepare)() = [] {};
void (*in_parent)() = [] {};
void (*in_child)() = [] {};

class ForkHandlers : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_EQ(pthread_atfork([] { in_prepare(); }, [] { in_parent(); },
                             [] { in_child(); }),
              0);
  }
  ~ForkHandlers() override {
    in_prepare = in_parent = in_child = [] {};
  }

  // The lines of a parent and of a child, whose status has to be 0.
  static std::vector<std::string> LinesOfAFork() {
    const ScratchDirectory directory;
    const std::string path = directory.File("log");
    // The backend rests while the process forks: a lock of a sanitizer's allocator that
    // it held would stay so in the child.
    Logger log({.sink = *FileSinkFactory({.path = path}),
                .poll_interval = absl::Minutes(1)});
    Logger::SetDefault(&log);
    log.Write(LogLevel::kInfo, "before");
    log.Flush();
    const pid_t child = fork();
    if (child == 0) {
      log.Write(LogLevel::kInfo, "child");
      log.Flush();
      _exit(0);
    }
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
    log.Write(LogLevel::kInfo, "parent");
    CheckedCounters(log);
    return SplitLines(ReadFile(path));
  }
};

TEST_F(ForkHandlers, InTheChildLogsToTheChildsBuffers) {
  in_child = [] { Logger::Default().Write(LogLevel::kInfo, "in child"); };
  EXPECT_THAT(LinesOfAFork(),
              UnorderedElementsAre("before", "in child", "child", "parent"));
}

// Each line is the first of its statement.
TEST_F(ForkHandlers, InTheParentWaitForNothing) {
  using ::testing::EndsWith;
  in_prepare = [] { KLOG(INFO) << "in prepare"; };
  in_parent = [] { KLOG(INFO) << "in parent"; };
  EXPECT_THAT(LinesOfAFork(),
              UnorderedElementsAre("before", EndsWith(" in prepare"),
                                   EndsWith(" in parent"), "child", "parent"));
}

}  // namespace
}  // namespace kingpin
