// Lines of signal handlers (KLOG_RAW): their place, their length, and where they go
// when there is no backend.
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <time.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/black_box_process.h"
#include "tests/logger/sink_testing.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::LinesOf;
using ::testing::MatchesRegex;
using ::testing::Not;
using testing::ReadFile;
using ::testing::SizeIs;

TEST(RawLine, SignalsAmidStatementsBreakNothing) {
  BoxFiles files;
  const Output output = RunToEnd(HelperArgs("signals", files));
  EXPECT_EQ(output.code, 0) << output.err;
  const std::vector<std::string> lines = LinesOf(ReadFile(files.log));
  int number = 0;
  int alarms = 0;
  for (const std::string& line : lines) {
    if (absl::EndsWith(line, " alarm")) {
      EXPECT_THAT(line, MatchesRegex("2.*Z~? INFO [0-9]+ "
                                     "black_box_helper.cc:[0-9]+ alarm"));
      ++alarms;
    } else if (absl::StrContains(line, " number ")) {
      EXPECT_THAT(line, EndsWith(absl::StrCat(" number ", number, " text")));
      ++number;
    }
  }
  std::vector<std::string> end = absl::StrSplit(lines.back(), ' ');
  ASSERT_THAT(end, SizeIs(4));
  EXPECT_EQ(end[1], absl::StrCat(number));
  int signals = 0;
  int dropped = 0;
  ASSERT_TRUE(absl::SimpleAtoi(end[2], &signals));
  ASSERT_TRUE(absl::SimpleAtoi(end[3], &dropped));
  EXPECT_EQ(alarms + dropped, signals);
}

// What the backend sees of a handler that is stopped between counting its line and
// committing it.
TEST(RawLine, ThatIsCountedAndNotThereYetIsNotSpunOn) {
  using namespace log_internal;
  BoxFiles files;
  Logger logger({.fd = -1, .black_box = files.box});
  ASSERT_TRUE(logger.black_box_status().ok());
  const UniqueFd fd = sys::Open(files.box.c_str(), O_RDWR, 0).value;
  void* const at = mmap(nullptr, sizeof(RawSlots), PROT_READ | PROT_WRITE,
                        MAP_SHARED, fd.get(), kBoxRawOffset);
  ASSERT_NE(at, MAP_FAILED);
  RawSlots& slots = *static_cast<RawSlots*>(at);
  slots.committed.fetch_add(1);
  logger.Flush();
  auto cpu = [] {
    timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return absl::DurationFromTimespec(used);
  };
  // Long enough for a nap, were there nothing.
  const absl::Duration before = cpu();
  poll(nullptr, 0, /*timeout=*/400);
  EXPECT_LT(cpu() - before, absl::Milliseconds(100));
  slots.committed.fetch_sub(1);
  munmap(at, sizeof(RawSlots));
}

TEST(RawLine, IsInItsPlaceAmongTheLinesOfItsThread) {
  BoxFiles files;
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600).value;
  {
    Logger logger({.fd = log.get(), .min_level = LogLevel::kInfo});
    for (int i = 0; i < 20; ++i) {
      KLOGF_TO(logger, INFO, "{}", 2 * i);
      KLOG_RAW_TO(&logger, INFO, absl::StrCat(2 * i + 1));
      KLOG_RAW_TO(logger, DEBUG, "not this");
    }
    logger.Flush();
    EXPECT_EQ(logger.counters().accepted, 40);
    EXPECT_EQ(logger.counters().written, 40);
  }
  const std::vector<std::string> lines = LinesOf(ReadFile(files.log));
  ASSERT_THAT(lines, SizeIs(40));
  for (int i = 0; i < 40; ++i) {
    EXPECT_THAT(lines[i], EndsWith(absl::StrCat(" ", i)));
    EXPECT_THAT(lines[i], Not(HasSubstr("~")));
  }
}

// Whatever passes of the backend, for a Flush() of another thread, come in between.
TEST(RawLine, KeepsItsPlaceAmidFlushes) {
  BoxFiles files;
  constexpr int kLines = 40'000;
  {
    const absl::StatusOr<LogSinkFactory> file =
        FileSinkFactory({.path = files.log});
    Logger logger({.sink = *file, .poll_interval = absl::ZeroDuration()});
    std::atomic<bool> done = false;
    std::thread flusher([&] {
      while (!done) logger.Flush();
    });
    for (int i = 0; i < kLines; i += 2) {
      KLOG_RAW_TO(logger, INFO, absl::StrCat(i));
      KLOGF_TO(logger, INFO, "{}", i + 1);
    }
    done = true;
    flusher.join();
  }
  int last = -1;
  for (const std::string& line : LinesOf(ReadFile(files.log))) {
    if (testing::Declared(line) > 0) continue;  // There are few slots.
    int number = -1;
    ASSERT_TRUE(absl::SimpleAtoi(line.substr(line.rfind(' ') + 1), &number));
    ASSERT_GT(number, last);
    last = number;
  }
  EXPECT_EQ(last, kLines - 1);
}

TEST(RawLine, GoesToStderrWhereNobodyElseWritesIt) {
  BoxFiles files;
  const Output output = RunToEnd(HelperArgs("bare", files));
  EXPECT_EQ(output.code, 0);
  EXPECT_THAT(
      LinesOf(output.err),
      ElementsAre(
          MatchesRegex("WARNING black_box_helper.cc:[0-9]+ no logger"),
          MatchesRegex("DEBUG black_box_helper.cc:[0-9]+ "),
          MatchesRegex("ERROR black_box_helper.cc:[0-9]+ after\\\\nfork "
                       "\\\\x1b\\[2J\\\\xff\xc3\xa9")));
}

TEST(RawLine, WaitsForNobodyToReadStderr) {
  BoxFiles files;
  EXPECT_EQ(RunToEnd(HelperArgs("bare_full", files)).code, 0);
}

TEST(RawLine, LongTextIsCutBetweenCharacters) {
  BoxFiles files;
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600).value;
  {
    Logger logger({.fd = log.get()});
    KLOG_RAW_TO(logger, INFO, std::string(191, 'a') + "\xc3\xa9 and more");
    KLOG_RAW_TO(logger, INFO, "a\nb");
    KLOG_RAW_TO(logger, INFO, "");
  }
  EXPECT_THAT(LinesOf(ReadFile(files.log)),
              ElementsAre(EndsWith(" " + std::string(191, 'a')),
                          EndsWith(" a\\nb"), MatchesRegex(".*:[0-9]+ ")));
}

}  // namespace
}  // namespace kingpin
