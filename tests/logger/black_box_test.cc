// The black box as its users see it: what is in it when a process dies, what the
// next one and the recovery tool make of it, and what is refused.
#include <fcntl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/ticks.h"
#include "kingpin/sys/syscalls.h"
#include "tests/logger/black_box_process.h"

namespace kingpin {
namespace {

using testing::CheckedCounters;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::LinesOf;
using ::testing::MatchesRegex;
using testing::ReadFile;
using ::testing::SizeIs;

// --- What is recovered ------------------------------------------------------------

TEST(BlackBoxRecover, ToolPrintsWhatWasCommitted) {
  BoxFiles files;
  const pid_t pid = KillStuck("stuck", files);
  const std::string before = ReadFile(files.box);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  std::vector<std::string> lines = LinesOf(output.out);
  // How many of the first four the write under way had is up to the backend.
  ASSERT_THAT(lines, SizeIs(10)) << output.out;
  EXPECT_THAT(lines.front(), EndsWith("they may be above already, the last in "
                                      "part"));
  std::vector<std::string> logged;
  for (const std::string& line : lines) {
    if (!absl::StrContains(line, " black_box_replay.cc:")) {
      logged.push_back(line);
    }
  }
  EXPECT_THAT(
      logged,
      ElementsAre(
          MatchesRegex("2.*Z INFO [0-9]+ black_box_helper.cc:[0-9]+ first 1"),
          MatchesRegex("2.*Z WARNING [0-9]+ black_box_helper.cc:[0-9]+ second "
                       "ff text"),
          "in\tflight",
          MatchesRegex("2.*Z ERROR [0-9]+ black_box_helper.cc:[0-9]+ raw in "
                       "flight"),
          EndsWith(" third\\n3"),
          MatchesRegex("2.*Z INFO [0-9]+ black_box_helper.cc:[0-9]+ raw "
                       "fourth"),
          EndsWith(" fifth")));
  EXPECT_THAT(output.err, HasSubstr(absl::StrCat("recover: 7 lines of process ",
                                                 pid, " (started 2")));
  EXPECT_THAT(output.err, HasSubstr("; no damage found"));
  // Nothing was taken: it says the same again.
  EXPECT_EQ(ReadFile(files.box), before);
  EXPECT_EQ(RunRecover(files.box).out, output.out);
}

TEST(BlackBoxRecover, NextStartWritesItToTheLogOnce) {
  BoxFiles files;
  KillStuck("stuck", files);
  const std::string tool = RunRecover(files.box).out;
  WriteFile(files.log, "torn li");
  Output output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.code, 0) << output.err;
  EXPECT_EQ(output.out, "recovered 7\n");
  const std::string log = ReadFile(files.log);
  EXPECT_TRUE(absl::StartsWith(log, absl::StrCat("torn li\n", tool))) << log;
  EXPECT_THAT(LinesOf(log.substr(8 + tool.size())),
              ElementsAre(EndsWith(" started")));
  output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.out, "recovered 0\n");
  EXPECT_THAT(LinesOf(ReadFile(files.log).substr(log.size())),
              ElementsAre(EndsWith(" started")));
  EXPECT_EQ(RunRecover(files.box).out, "");
}

TEST(BlackBoxRecover, StartThatDiesRecoveringIsTold) {
  BoxFiles files;
  const pid_t pid = KillStuck("stuck", files);
  KillStuck("stuck_start", files);
  const Output output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.out, "recovered 7\n");
  const std::vector<std::string> lines = LinesOf(ReadFile(files.log));
  ASSERT_THAT(lines, SizeIs(12));
  EXPECT_EQ(lines[0], "");
  EXPECT_THAT(lines[1],
              HasSubstr(absl::StrCat("recovered 7 lines of process ", pid)));
  EXPECT_THAT(lines[9], HasSubstr("recovered 0 lines of process "));
}

// What is recovered is the first sink's; what is logged from then on is everybody's.
TEST(BlackBoxRecover, OfSeveralSinksTheFirstHasIt) {
  BoxFiles files;
  KillStuck("stuck", files);
  const std::string other = files.base + ".other";
  {
    Logger logger({.sink = *FileSinkFactory({.path = files.log}),
                   .also_to = {*FileSinkFactory({.path = other})},
                   .black_box = files.box});
    logger.Write(LogLevel::kInfo, "new");
    const Logger::Counters counters = CheckedCounters(logger);
    EXPECT_EQ(counters.recovered, 7);
    EXPECT_EQ(counters.written, 8);
  }
  const std::string log = ReadFile(files.log);
  EXPECT_THAT(log, HasSubstr("in\tflight\n"));
  EXPECT_TRUE(absl::EndsWith(log, "\nnew\n"));
  EXPECT_EQ(ReadFile(other), "new\n");
  unlink(other.c_str());
}

// A line that the first has and another has not is one that may be there already.
TEST(BlackBoxRecover, SinkThatIsStuckBesideTheFirst) {
  BoxFiles files;
  KillStuck("stuck_beside", files);
  EXPECT_EQ(ReadFile(files.log), "first\n");
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  EXPECT_THAT(LinesOf(output.out),
              ElementsAre(HasSubstr(" recovered 1 lines "), "first",
                          HasSubstr(" recovered 1 lines "), "second",
                          HasSubstr(" end of what was recovered ")));
}

// Else lines that a process logs and dies of after an hour without any would have
// the time by a clock of an hour ago.
TEST(BlackBoxRecover, ClockIsReadOnceMoreBeforeALongSleep) {
  using namespace log_internal;
  BoxFiles files;
  Logger logger({.black_box = files.box});
  logger.Flush();
  const uint64_t flushed = ReadTicks();
  const UniqueFd fd = sys::Open(files.box.c_str(), O_RDONLY, 0).value;
  BoxHeader header;
  do {
    std::this_thread::yield();
    ASSERT_EQ(pread(fd.get(), &header, sizeof(header), 0),
              static_cast<ssize_t>(sizeof(header)));
  } while (header.clocks[header.clock].ticks <= flushed);
}

TEST(BlackBoxRecover, DroppedLinesAreDeclaredExactly) {
  BoxFiles files;
  KillStuck("full", files);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0) << output.err;
  int numbers = 0;
  int raw = 0;
  std::vector<int> dropped;
  for (const std::string& line : LinesOf(output.out)) {
    numbers += absl::StrContains(line, " number ");
    raw += absl::EndsWith(line, " raw");
    int n;
    if (absl::StartsWith(line, "dropped ") &&
        absl::SimpleAtoi(line.substr(8, line.find(' ', 8) - 8), &n)) {
      dropped.push_back(n);
    }
  }
  EXPECT_GT(numbers, 10);
  EXPECT_EQ(raw, 63);
  EXPECT_THAT(dropped,
              ::testing::UnorderedElementsAre(1000 - numbers, 70 - raw))
      << output.out;
}

// Behind the lines after which they were dropped, and of nobody if threads share.
TEST(BlackBoxRecover, DropsAreDeclaredWhereTheyAre) {
  for (const std::string mode : {"full", "full_shared"}) {
    BoxFiles files;
    KillStuck(mode, files);
    const std::string out = RunRecover(files.box).out;
    const size_t dropped = out.rfind("\ndropped ");
    ASSERT_NE(dropped, out.npos) << out;
    EXPECT_GT(dropped, out.rfind(" number ")) << out;
    EXPECT_EQ(absl::StrContains(out.substr(dropped), " from thread 0 "),
              mode == "full_shared")
        << out;
    // A start that died recovering may have declared them, too.
    KillStuck("stuck_start", files);
    const std::string again = RunRecover(files.box).out;
    EXPECT_LT(again.rfind("\ndropped "), again.find("had not written them"))
        << again;
  }
}

TEST(BlackBoxRecover, CutLineIsCompletedAndLossesAreDeclared) {
  BoxFiles files;
  KillStuck("enospc", files);
  EXPECT_EQ(ReadFile(files.log), "whole\ncut in");
  EXPECT_THAT(RunRecover(files.box).out,
              HasSubstr("a line in the log is cut; its rest is: \\x09two"));
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).out, "recovered 0\n");
  const std::vector<std::string> lines = LinesOf(ReadFile(files.log));
  ASSERT_THAT(lines, SizeIs(6));
  EXPECT_EQ(lines[0], "whole");
  EXPECT_EQ(lines[1], "cut in\ttwo");
  EXPECT_THAT(lines[3],
              MatchesRegex("dropped 2 lines \\(0/1/1/0\\) from thread 0 .*"));
}

// The box has no room for so long a rest; that there is more is told.
TEST(BlackBoxRecover, LongRestOfACutLineIsTruncatedAndSaysSo) {
  BoxFiles files;
  KillStuck("enospc_long", files);
  EXPECT_EQ(ReadFile(files.log), "whole\ncut in");
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).code, 0);
  const std::vector<std::string> lines = LinesOf(ReadFile(files.log));
  EXPECT_THAT(lines[1],
              MatchesRegex("cut inx+\\.\\.\\.\\[truncated, 5000 bytes\\]"));
  EXPECT_GT(lines[1].size(), 3000);
}

TEST(BlackBoxRecover, LinesThatTheSinkRefusesAreDropped) {
  class Refusing : public LogSink {
   public:
    SysResult<size_t> Write(const LogBatch&) override { return {0, EIO}; }
  };
  BoxFiles files;
  KillStuck("stuck", files);
  Logger logger({.sink = [] { return std::make_unique<Refusing>(); },
                 .black_box = files.box});
  ASSERT_TRUE(logger.black_box_status().ok());
  const Logger::Counters counters = CheckedCounters(logger);
  EXPECT_EQ(counters.recovered, 7);
  EXPECT_EQ(counters.accepted, 8);  // And one that says where they are.
  EXPECT_EQ(counters.written, 0);
  EXPECT_EQ(counters.dropped, 8);
}

// A disk that is full at the next start, too.
TEST(BlackBoxRecover, WhatTheLogDoesNotTakeIsKept) {
  BoxFiles files;
  KillStuck("stuck", files);
  const UniqueFd full = sys::Open("/dev/full", O_WRONLY, 0).value;
  ASSERT_TRUE(full.valid());
  {
    Logger logger({.fd = full.get(), .black_box = files.box});
    ASSERT_TRUE(logger.black_box_status().ok()) << logger.black_box_status();
    EXPECT_EQ(logger.kept_black_box(), files.kept);
    EXPECT_THAT(RunRecover(files.kept).err,
                HasSubstr("recover: 7 lines of process "));
  }
  // A second box that cannot be written is not kept in the place of the first.
  unlink(files.box.c_str());
  KillStuck("stuck", files);
  {
    Logger logger({.fd = full.get(), .black_box = files.box});
    EXPECT_EQ(logger.black_box_status().code(),
              absl::StatusCode::kAlreadyExists);
    EXPECT_EQ(logger.kept_black_box(), files.kept);
  }
  // One of these says that there is a kept one.
  EXPECT_THAT(RunRecover(files.box).err, HasSubstr("recover: 8 lines of "));
  EXPECT_THAT(RunRecover(files.kept).err,
              HasSubstr("recover: 7 lines of process "));
  // There is room again.
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).out, "recovered 8\n");
}

// A log that takes nothing is not who tells where its lines are.
TEST(BlackBoxRecover, WhereItIsKeptIsToldOnStderrAtEachStart) {
  BoxFiles files;
  const std::string told = absl::StrCat(
      "a black box that could not be read or written whole is kept as \"",
      files.kept,
      "\": print it with //kingpin/logger:recover, then remove it; while it is "
      "there, a damaged one is not kept");
  KillStuck("stuck", files);
  const std::string helper = getenv("BLACK_BOX_HELPER");
  Output output = RunToEnd({helper, "start_quiet", files.box, "/dev/full"});
  EXPECT_EQ(output.out, "recovered 7\n");
  EXPECT_EQ(output.err, absl::StrCat("log: ", told, "\n"));
  output = RunToEnd({helper, "start", files.box, "/dev/full"});
  EXPECT_THAT(output.err, HasSubstr(absl::StrCat("log: ", told, "\n")));
  output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.err, absl::StrCat("log: ", told, "\n"));
  EXPECT_THAT(LinesOf(ReadFile(files.log)), Contains(EndsWith(told)));
  // Until somebody removes it.
  unlink(files.kept.c_str());
  output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.err, "");
}

TEST(BlackBoxRecover, OutputThatMayNotGrowIsTold) {
  BoxFiles files;
  KillStuck("stuck", files);
  // Not 0: ThreadSanitizer needs a file of its own. The output is longer already.
  WriteFile(files.counters, std::string(4096, 'x'));
  const Output output =
      RunToEnd({"/bin/sh", "-c", "ulimit -f 1; exec \"$0\" \"$1\" >> \"$2\"",
                getenv("RECOVER"), files.box, files.counters});
  EXPECT_EQ(output.code, 5) << output.err;
  EXPECT_THAT(output.err, HasSubstr("stdout: it does not take the lines"));
}

TEST(BlackBoxRecover, OrderlyEndLeavesNothing) {
  BoxFiles files;
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).code, 0);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  EXPECT_EQ(output.out, "");
  EXPECT_THAT(output.err, HasSubstr("recover: 0 lines of process "));
}

TEST(BlackBoxRecover, MoreThreadsThanRingsShareOne) {
  BoxFiles files;
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600).value;
  {
    Logger logger(
        {.fd = log.get(), .black_box = files.box, .black_box_threads = 1});
    ASSERT_TRUE(logger.black_box_status().ok()) << logger.black_box_status();
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&logger] {
        for (int n = 0; n < 500; ++n) KLOGF_TO(logger, INFO, "line {}", n);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  EXPECT_THAT(LinesOf(ReadFile(files.log)), SizeIs(2000));
}

TEST(BlackBoxRecover, SuppressedCountsAreThere) {
  BoxFiles files;
  KillStuck("stuck_every_n", files);
  const Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 0);
  EXPECT_THAT(output.out, HasSubstr(" number 2 [1 suppressed]\n"));
  EXPECT_THAT(output.err, HasSubstr("no damage found"));
}

// --- The tool's command line ------------------------------------------------------

TEST(Recover, WrongUseIsToldFromTheRest) {
  EXPECT_EQ(RunToEnd({getenv("RECOVER")}).code, 2);
  EXPECT_EQ(RunToEnd({getenv("RECOVER"), "--nonsense"}).code, 2);
  EXPECT_EQ(RunToEnd({getenv("RECOVER"), "a", "b"}).code, 2);
  EXPECT_EQ(RunToEnd({getenv("RECOVER"), "--help"}).code, 0);
}

}  // namespace
}  // namespace kingpin
