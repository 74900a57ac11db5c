// What is in the log when a process has ended: runs exit_helper with its stderr
// in a file and reads the file.
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/logger/sink_testing.h"

namespace {

using ::kingpin::testing::Declared;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::UnorderedElementsAre;

// To an environment variable that the helper inherits.
void AppendOption(const char* variable, const char* option) {
  const char* old = getenv(variable);
  std::string both = absl::StrCat(old == nullptr ? "" : old, " ", option);
  setenv(variable, both.c_str(), /*replace=*/1);
}

std::vector<std::string> RunHelper(const std::string& mode, int count) {
  std::string path = absl::StrCat(testing::TempDir(), "/exit_log_", getpid());
  std::string helper = getenv("EXIT_HELPER");
  std::string number = absl::StrCat(count);
  // Under TSan every exit sleeps for a second unless told not to, and a child of
  // fork() must not start threads, as each of ours does. What it has from threads
  // that it has not is no leak.
  AppendOption("TSAN_OPTIONS", "atexit_sleep_ms=0:die_after_fork=0");
  if (absl::StartsWith(mode, "fork"))
    AppendOption("ASAN_OPTIONS", "detect_leaks=0");
  char* argv[] = {helper.data(), const_cast<char*>(mode.c_str()), number.data(),
                  nullptr};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, path.c_str(),
                                   O_WRONLY | O_CREAT | O_TRUNC | O_APPEND,
                                   0600);
  pid_t pid = 0;
  EXPECT_EQ(posix_spawn(&pid, helper.c_str(), &actions, nullptr, argv, environ),
            0);
  posix_spawn_file_actions_destroy(&actions);
  int status = -1;
  EXPECT_EQ(waitpid(pid, &status, 0), pid);
  EXPECT_EQ(status, 0);
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  std::remove(path.c_str());
  if (text.empty()) return {};
  EXPECT_EQ(text.back(), '\n') << "torn last line";
  text.pop_back();
  return absl::StrSplit(text, '\n');
}

// What threads that log for ever have in their buffers when the process is over.
bool IsAboutNoise(const std::string& line) {
  return absl::StartsWith(line, "log: ") &&
         absl::EndsWith(line, "they were logged while the process ended");
}

// How many lines "who 0", "who 1", ... there are; they must be whole and in order.
std::map<std::string, int> CountNumbered(
    const std::vector<std::string>& lines) {
  std::map<std::string, int> next;
  for (const std::string& line : lines) {
    if (IsAboutNoise(line)) continue;
    std::vector<std::string> words = absl::StrSplit(line, ' ');
    int number = -1;
    if (words.size() != 2 || !absl::SimpleAtoi(words[1], &number)) {
      ADD_FAILURE() << "damaged: " << line;
      continue;
    }
    EXPECT_EQ(number, next[words[0]]++) << line;
  }
  return next;
}

// Whether a file is a terminal is asked for when the logger is made, and changes errno.
TEST(LoggerStart, FirstLineLeavesErrno) {
  const std::string line = absl::StrCat(" errno ", EADDRINUSE);
  EXPECT_THAT(RunHelper("errno", 0),
              ElementsAre(EndsWith(line), EndsWith(line)));
}

TEST(LoggerExit, ReturnFromMainWritesEverything) {
  for (int count = 0; count < 50; ++count) {
    EXPECT_EQ(CountNumbered(RunHelper("return", count))["main"], count);
  }
}

TEST(LoggerExit, QuickExitWritesEverything) {
  int told = 0;
  for (int count = 0; count < 50; ++count) {
    EXPECT_EQ(CountNumbered(RunHelper("quick", count))["main"], count);
    const std::vector<std::string> lines = RunHelper("quick_noise", count);
    EXPECT_EQ(CountNumbered(lines)["main"], count);
    told += !lines.empty() && absl::StartsWith(lines.back(), "log: ");
  }
  // Of threads that never stop some line is too late.
  EXPECT_GT(told, 0);
}

TEST(LoggerExit, ExitAmidThreadsThatLogWritesEverything) {
  for (int instant = 0; instant < 200; ++instant) {
    EXPECT_EQ(CountNumbered(RunHelper("noise", 13 * instant))["main"],
              13 * instant);
  }
}

TEST(LoggerExit, LastLineIsWhole) {
  for (const char* mode : {"large", "quick_large"}) {
    for (int instant = 0; instant < 50; ++instant) {
      for (const std::string& line : RunHelper(mode, instant)) {
        EXPECT_TRUE(absl::StartsWith(line, "main ") || IsAboutNoise(line) ||
                    line.size() == 100'000)
            << mode << " " << line.size();
      }
    }
  }
}

TEST(LoggerExit, ExitOnAnotherThreadWritesEverything) {
  EXPECT_EQ(CountNumbered(RunHelper("thread", 100))["main"], 100);
}

TEST(LoggerExit, ExitPastALoggerOnTheStackWritesEverything) {
  EXPECT_EQ(CountNumbered(RunHelper("stack", 100))["main"], 100);
}

TEST(LoggerExit, WhatCouldNotBeDeclaredIsToldOnStderr) {
  EXPECT_THAT(
      RunHelper("undeclared", 7),
      UnorderedElementsAre(
          "log: 1 lines (0/1/0/0) are missing and could not be declared (No "
          "space left on device)",
          "log: 8 lines (0/7/0/1) are missing and could not be declared (No "
          "space left on device)",
          "fine"));
}

// The box is the first sink's.
TEST(LoggerExit, WhatASecondSinkMissesIsToldThoughThereIsABox) {
  EXPECT_THAT(RunHelper("undeclared_beside_a_box", 1),
              ElementsAre("main 0",
                          "log: 1 lines (0/1/0/0) are missing and could not be "
                          "declared (No space left on device)"));
}

TEST(LoggerExit, LineThatWasNotCompletedIsToldOnStderr) {
  EXPECT_THAT(RunHelper("cut", 0),
              ElementsAre("log: 1 lines (0/1/0/0) are missing and could not be "
                          "declared (No space left on device)"));
}

// What a sink does in the last write waits for nothing that exit() holds.
TEST(LoggerExit, SinkMayLogToANewLogger) {
  std::map<std::string, int> counts = CountNumbered(RunHelper("busy_logs", 30));
  EXPECT_EQ(counts["main"], 30);
  EXPECT_EQ(counts["other"], 1);
}

TEST(LoggerExit, SinkMayWaitForAThreadThatHasLogged) {
  std::map<std::string, int> counts =
      CountNumbered(RunHelper("busy_joins", 30));
  EXPECT_EQ(counts["main"], 30);
  EXPECT_EQ(counts["other"], 1);
}

// The backend's thread is inside of the sink for ever; nobody must wait for it.
TEST(LoggerExit, OnTheThreadOfASinkWritesAllOthers) {
  std::vector<std::string> lines = RunHelper("exit_in_sink", 30);
  ASSERT_EQ(lines.size(), 31);
  EXPECT_EQ(
      lines.back(),
      "log: 30 lines may be missing: exit() was called by what writes them");
  lines.pop_back();
  EXPECT_EQ(CountNumbered(lines)["main"], 30);
}

TEST(LoggerExit, InTheSyncOfASink) {
  EXPECT_EQ(CountNumbered(RunHelper("exit_in_sync", 30))["main"], 30);
}

TEST(LoggerExit, OnTheThreadOfASinkReleasesWhoWaitsForRoom) {
  for (int instant = 0; instant < 20; ++instant) {
    std::vector<std::string> lines = RunHelper("exit_in_sink_noise", instant);
    ASSERT_EQ(lines.size(), instant + 1);
    EXPECT_TRUE(absl::StartsWith(lines.back(), "log: ")) << lines.back();
    lines.pop_back();
    EXPECT_EQ(CountNumbered(lines)["main"], instant);
  }
}

// Also those that were dropped and that no pass has declared yet.
TEST(LoggerExit, OnTheThreadOfASinkTellsHowManyAreMissing) {
  for (const char* mode :
       {"exit_in_sink_that_drops", "quick_exit_in_sink_that_drops"}) {
    const std::vector<std::string> lines = RunHelper(mode, 10000);
    ASSERT_EQ(lines.size(), 1);
    EXPECT_TRUE(absl::StartsWith(lines[0], "log: 10000 lines may be missing"))
        << mode << " " << lines[0];
  }
}

TEST(LoggerExit, OnTheThreadOfASinkThatOtherSinksLogTo) {
  std::vector<std::string> lines = RunHelper("exit_in_sink_of_chat", 30);
  ASSERT_EQ(lines.size(), 31);
  EXPECT_TRUE(absl::StartsWith(lines.back(), "log: ")) << lines.back();
  lines.pop_back();
  EXPECT_EQ(CountNumbered(lines)["main"], 30);
}

TEST(LoggerExit, StaticDestructorsStillLog) {
  std::vector<std::string> lines = RunHelper("static", 3);
  for (const char* name : {"before main", "inside main", "after first use"}) {
    EXPECT_THAT(lines, Contains(EndsWith(absl::StrCat(" destroyed ", name))));
    EXPECT_THAT(lines, Contains(absl::StrCat("own ", name)));
  }
  EXPECT_EQ(lines.size(), 9);
}

// Nobody waits for those, and the process ends within the backend's millisecond.
TEST(LoggerExit, RawLinesOfStaticDestructorsAreWrittenOrDeclared) {
  for (int round = 0; round < 20; ++round) {
    uint64_t raw = 0;
    uint64_t declared = 0;
    for (const std::string& line : RunHelper("raw_static", 1)) {
      raw += absl::EndsWith(line, " raw");
      declared += Declared(line);
    }
    EXPECT_EQ(raw + declared, 70);
  }
}

void CheckChildren(const std::string& mode) {
  constexpr int kChildren = 40;
  std::vector<std::string> lines = RunHelper(mode, kChildren);
  int tid_lines = 0;
  auto end = std::remove_if(lines.begin(), lines.end(), [&](std::string& line) {
    if (!absl::StrContains(line, " tid ")) return false;
    // "... INFO 77 exit_helper.cc:60 tid 77 pid 77"
    std::vector<std::string> words = absl::StrSplit(line, ' ');
    EXPECT_EQ(words[2], words[5]) << line;
    EXPECT_EQ(words[2], words[7]) << line;
    ++tid_lines;
    return true;
  });
  lines.erase(end, lines.end());
  EXPECT_EQ(tid_lines, kChildren);
  std::map<std::string, int> counts = CountNumbered(lines);
  EXPECT_EQ(counts["child"], kChildren);
  EXPECT_EQ(counts["main"], kChildren);
}

TEST(LoggerFork, ChildLogsWhileTheParentsThreadsHoldTheLock) {
  CheckChildren("fork");
}

TEST(LoggerFork, ChildHasAFileSinkOfItsOwn) { CheckChildren("fork_file"); }

}  // namespace
