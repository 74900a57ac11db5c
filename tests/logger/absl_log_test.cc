// abseil's LOG through our engine.
#include "kingpin/logger/absl_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/log/check.h"
#include "absl/log/globals.h"
#include "absl/log/initialize.h"
#include "absl/log/log.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/syscalls.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using testing::ReadFile;
using testing::ScratchDirectory;
using ::testing::SizeIs;
using testing::SplitLines;

class AbslLog : public ::testing::Test {
 protected:
  AbslLog() : log_({.sink = *FileSinkFactory({.path = path_})}) {
    static const bool initialized = (absl::InitializeLog(), true);
    EXPECT_TRUE(initialized);
    Logger::SetDefault(&log_);
    RouteAbslLog();
    RouteAbslLog();  // Not twice.
  }
  ~AbslLog() override { Logger::SetDefault(nullptr); }

  std::vector<std::string> Lines() {
    CheckedCounters(log_);
    return SplitLines(ReadFile(path_));
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
  Logger log_;
};

TEST_F(AbslLog, LinesHaveTheirLevelPlaceThreadAndText) {
  LOG(INFO) << "one\ntwo";
  LOG(WARNING) << 2;
  LOG(ERROR) << "three";
  const std::string tid = absl::StrCat(sys::ThreadId());
  const std::string place = " absl_log_test.cc:[0-9]+ ";
  EXPECT_THAT(
      Lines(),
      ElementsAre(
          MatchesRegex(absl::StrCat(".*Z INFO ", tid, place, "one\\\\ntwo")),
          MatchesRegex(absl::StrCat(".*Z WARNING ", tid, place, "2")),
          MatchesRegex(absl::StrCat(".*Z ERROR ", tid, place, "three"))));
}

TEST_F(AbslLog, EachStatementKeepsItsPlace) {
  constexpr const char* kFiles[] = {"/x/0.cc", "/x/1.cc", "/x/2.cc"};
  for (int i = 0; i < 3; ++i) {
    LOG(INFO).AtLocation("/a/b.cc", 1 + i) << i;
    LOG(INFO).AtLocation(kFiles[i], 7) << i;
  }
  const std::vector<std::string> lines = Lines();
  ASSERT_THAT(lines, SizeIs(6));
  for (int i = 0; i < 3; ++i) {
    EXPECT_THAT(lines[2 * i], HasSubstr(absl::StrCat(" b.cc:", 1 + i, " ", i)));
    EXPECT_THAT(lines[2 * i + 1], HasSubstr(absl::StrCat(" ", i, ".cc:7 ", i)));
  }
}

TEST_F(AbslLog, AFileNameForgesNoLine) {
  LOG(INFO).AtLocation("/a/b\nforged.cc", 1) << "text";
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr(" b\\nforged.cc:1 text")));
}

TEST_F(AbslLog, ManyPlacesFromManyThreads) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 2000; ++i) {
        LOG(INFO).AtLocation("many.cc", i) << "line " << i;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> lines = Lines();
  ASSERT_THAT(lines, SizeIs(8000));
  for (const std::string& line : lines) {
    const std::string number = line.substr(line.rfind(' ') + 1);
    EXPECT_THAT(line, HasSubstr(absl::StrCat(" many.cc:", number, " line ")));
  }
}

TEST_F(AbslLog, LevelsAndVerbosityHold) {
  log_.set_min_level(LogLevel::kError);
  LOG(WARNING) << "not this";
  EXPECT_THAT(Lines(), IsEmpty());
  absl::SetVLogLevel("absl_log_test", 1);
  VLOG(1) << "this";
  VLOG(2) << "not this";
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr(" DEBUG ")));
}

using AbslLogDeathTest = AbslLog;

TEST_F(AbslLogDeathTest, WhatComesBeforeAFailedCheckIsWritten) {
  EXPECT_DEATH(
      {
        LOG(INFO) << "before";
        CHECK(false) << "reason";
      },
      "reason");
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("before"), HasSubstr("reason")));
}

// Never returns.
class StuckSink : public LogSink {
 public:
  SysResult<size_t> Write(const LogBatch&) override {
    for (;;) pause();
  }
};

TEST_F(AbslLogDeathTest, SinkThatIsStuckDoesNotKeepTheProcess) {
  EXPECT_DEATH(
      {
        Logger::SetDefault(
            new Logger({.sink = [] { return std::make_unique<StuckSink>(); }}));
        CHECK(false) << "reason";
      },
      "log: not written to its end within a second");
}

// Where an ERROR waits for room that never comes.
TEST_F(AbslLogDeathTest, FullBufferOfAStuckSinkDoesNotKeepTheProcess) {
  using enum Logger::WhenFull;
  EXPECT_DEATH(
      {
        auto* const log =
            new Logger({.buffer_bytes = 4096,
                        .when_full = {kDrop, kDrop, kDrop, kBlock},
                        .sink = [] { return std::make_unique<StuckSink>(); }});
        while (log->counters().dropped == 0) {
          log->Write(LogLevel::kWarning, "line");
        }
        Logger::SetDefault(log);
        CHECK(false) << "reason";
      },
      "log: not written to its end within a second");
}

}  // namespace
}  // namespace kingpin
