#include "kingpin/logger/rotating_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/fault.h"
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
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// --- When -------------------------------------------------------------------------

std::string Next(absl::CivilSecond time, absl::Duration every,
                 absl::TimeZone zone = absl::UTCTimeZone()) {
  return absl::FormatTime(
      "%Y-%m-%dT%H:%M:%S%Ez",
      log_internal::NextRotation(absl::FromCivil(time, zone), every, zone),
      zone);
}

TEST(NextRotation, IsTheNextMultiple) {
  const absl::CivilSecond time(2026, 11, 23, 11, 35, 28);
  EXPECT_EQ(Next(time, absl::Hours(24)), "2026-11-24T00:00:00+00:00");
  EXPECT_EQ(Next(time, absl::Hours(1)), "2026-11-23T12:00:00+00:00");
  EXPECT_EQ(Next(time, absl::Seconds(10)), "2026-11-23T11:35:30+00:00");
  EXPECT_EQ(Next(time, absl::Seconds(1)), "2026-11-23T11:35:29+00:00");
  const absl::CivilSecond midnight(2026, 11, 24);
  EXPECT_EQ(Next(midnight, absl::Hours(24)), "2026-11-25T00:00:00+00:00");
  EXPECT_EQ(log_internal::NextRotation(absl::Now(), absl::InfiniteDuration(),
                                       absl::UTCTimeZone()),
            absl::InfiniteFuture());
}

TEST(NextRotation, FollowsTheLocalDay) {
  absl::TimeZone zone = absl::FixedTimeZone(5 * 3600 + 1800);
  EXPECT_EQ(
      Next(absl::CivilSecond(2026, 11, 23, 23, 0, 0), absl::Hours(24), zone),
      "2026-11-24T00:00:00+05:30");
  EXPECT_EQ(
      Next(absl::CivilSecond(2026, 11, 23, 23, 0, 1), absl::Hours(1), zone),
      "2026-11-24T00:00:00+05:30");
  if (!absl::LoadTimeZone("Europe/Berlin", &zone)) {
    GTEST_SKIP() << "no time zone data";
  }
  // A day of 23 hours and one of 25.
  EXPECT_EQ(
      Next(absl::CivilSecond(2026, 3, 29, 0, 0, 0), absl::Hours(24), zone),
      "2026-03-30T00:00:00+02:00");
  EXPECT_EQ(
      Next(absl::CivilSecond(2026, 10, 25, 0, 0, 0), absl::Hours(24), zone),
      "2026-10-26T00:00:00+01:00");
  // It never stands still, whatever the clocks do.
  absl::Time time = absl::FromCivil(absl::CivilHour(2026, 10, 25), zone);
  const absl::Time end = time + absl::Hours(6);
  for (; time < end; time += absl::Minutes(10)) {
    const absl::Time next =
        log_internal::NextRotation(time, absl::Hours(1), zone);
    EXPECT_GT(next, time);
    EXPECT_LE(next, time + absl::Hours(2));
  }
}

// --- Rotating ---------------------------------------------------------------------

class RotatingSinkTest : public ::testing::Test {
 protected:
  RotatingSinkOptions Small() {
    return {.path = path_,
            .max_bytes = 100,
            .keep_files = 1000,
            .check_interval = absl::ZeroDuration()};
  }
  static LogSinkFactory Factory(RotatingSinkOptions options) {
    absl::StatusOr<LogSinkFactory> factory =
        RotatingSinkFactory(std::move(options));
    EXPECT_TRUE(factory.ok()) << factory.status();
    return *factory;
  }
  // The closed files, in the order in which they were closed.
  std::vector<std::string> Closed() const {
    std::vector<std::pair<std::pair<std::string, int>, std::string>> files;
    for (const std::string& name : directory_.List()) {
      if (name == "log") continue;
      EXPECT_THAT(name, MatchesRegex("log\\.[0-9]{8}-[0-9]{6}(\\.[0-9]+)?"));
      const size_t dot = name.find('.', 4);
      int number = 0;
      if (dot != name.npos) {
        EXPECT_TRUE(absl::SimpleAtoi(name.substr(dot + 1), &number));
      }
      files.push_back({{name.substr(4, 15), number}, directory_.File(name)});
    }
    std::sort(files.begin(), files.end());
    std::vector<std::string> paths;
    for (const auto& [key, path] : files) paths.push_back(path);
    return paths;
  }
  // All files, one after the other.
  std::vector<std::string> AllLines() const {
    std::string text;
    for (const std::string& path : Closed()) {
      text += ReadFile(path);
      EXPECT_THAT(text, EndsWith("\n")) << "a line is split over two files";
    }
    return SplitLines(text + ReadFile(path_));
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
};

TEST_F(RotatingSinkTest, ExampleOfTheHeader) {
  absl::StatusOr<LogSinkFactory> file = RotatingSinkFactory(
      {.path = path_, .max_bytes = 64 << 20, .keep_files = 20});
  ASSERT_TRUE(file.ok());
  Logger log({.sink = *file});
  LogSequence(log, 0, 10);
  CheckedCounters(log);
  EXPECT_EQ(CheckSequence(AllLines(), 10), 0);
}

TEST_F(RotatingSinkTest, FactorySaysWhatIsWrong) {
  EXPECT_THAT(RotatingSinkFactory({.path = "/nowhere/log"}).status().message(),
              HasSubstr("\"/nowhere/log\""));
  EXPECT_FALSE(RotatingSinkFactory({.path = path_, .max_bytes = 0}).ok());
  ASSERT_EQ(symlink("/dev/null", path_.c_str()), 0);
  EXPECT_THAT(RotatingSinkFactory({.path = path_}).status().message(),
              HasSubstr("no regular file"));
  ASSERT_EQ(unlink(path_.c_str()), 0);
  EXPECT_FALSE(
      RotatingSinkFactory({.path = path_, .every = absl::Milliseconds(500)})
          .ok());
  EXPECT_FALSE(
      RotatingSinkFactory({.path = path_, .every = absl::Milliseconds(1500)})
          .ok());
  EXPECT_THAT(
      RotatingSinkFactory({.path = path_, .check_interval = -absl::Seconds(1)})
          .status()
          .message(),
      HasSubstr("check_interval is -1s"));
  EXPECT_FALSE(
      RotatingSinkFactory({.path = path_ + std::string("\0x", 2)}).ok());
  const std::string long_name = directory_.File(std::string(240, 'x'));
  EXPECT_THAT(RotatingSinkFactory({.path = long_name}).status().message(),
              HasSubstr("File name too long"));
}

TEST_F(RotatingSinkTest, FilesHaveAtMostTheirSizeAndWholeLines) {
  Logger log({.sink = Factory(Small())});
  LogSequence(log, 0, 300);
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
  EXPECT_EQ(CheckSequence(AllLines(), 300), 0);
  const std::vector<std::string> closed = Closed();
  EXPECT_GT(closed.size(), 20);
  for (const std::string& path : closed) {
    EXPECT_LE(ReadFile(path).size(), 100);
    EXPECT_GT(ReadFile(path).size(), 100 - 9);
  }
}

TEST_F(RotatingSinkTest, LongLineHasAFileOfItsOwn) {
  Logger log({.sink = Factory(Small())});
  const std::string exact(99, 'e');
  const std::string over(100, 'o');
  const std::string huge(1000, 'h');
  for (const std::string& line : {exact, over, huge, huge, exact}) {
    log.Write(LogLevel::kInfo, line);
  }
  CheckedCounters(log);
  EXPECT_THAT(AllLines(), ElementsAre(exact, over, huge, huge, exact));
  EXPECT_EQ(Closed().size(), 4);
}

TEST_F(RotatingSinkTest, GoesOnInWhatAnEarlierProcessLeft) {
  for (int run = 0; run < 3; ++run) {
    Logger log({.sink = Factory(Small())});
    LogSequence(log, 10 * run, 10 * run + 10);
    CheckedCounters(log);
  }
  EXPECT_EQ(CheckSequence(AllLines(), 30), 0);
  EXPECT_EQ(Closed().size(), 2);
}

TEST_F(RotatingSinkTest, TwoHundredRotationsUnderLoadLoseNothing) {
  RotatingSinkOptions options = Small();
  options.max_bytes = 2000;
  Logger log({.buffer_bytes = 2048, .sink = Factory(options)});
  constexpr int kThreads = 3;
  std::atomic<uint64_t> rotations = 0;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    rotations += call == sys::Call::kRename;
    return {};
  });
  std::vector<std::thread> threads;
  std::vector<uint64_t> logged(kThreads, 0);
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      for (; rotations < 400; ++logged[i]) {
        log.Write(LogLevel::kInfo, absl::StrCat(i, " line ", logged[i]));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
  EXPECT_GE(Closed().size(), 200);
  std::vector<uint64_t> next(kThreads, 0);
  for (const std::string& line : AllLines()) {
    const size_t thread = line[0] - '0';
    ASSERT_LT(thread, kThreads) << line;
    EXPECT_EQ(line, absl::StrCat(thread, " line ", next[thread]++));
  }
  EXPECT_EQ(next, logged);
}

TEST_F(RotatingSinkTest, KeepsTheNewestFilesAndTouchesNoOther) {
  const std::vector<std::string> others = {"log.old",
                                           "log.20200101-000000.gz",
                                           "log.20200101-0000000",
                                           "log.2020010-000000",
                                           "log2.20200101-000000",
                                           "log.20200101-000000."};
  for (const std::string& name : others) std::ofstream(directory_.File(name));
  std::ofstream(directory_.File("log.20200101-000000")) << "ours, old\n";
  RotatingSinkOptions options = Small();
  options.keep_files = 3;
  Logger log({.sink = Factory(options)});
  LogSequence(log, 0, 300);
  CheckedCounters(log);
  for (const std::string& name : others) {
    EXPECT_EQ(unlink(directory_.File(name).c_str()), 0) << name;
  }
  EXPECT_EQ(Closed().size(), 3);
  const std::vector<std::string> lines = AllLines();
  EXPECT_EQ(lines.back(), "line 299");
  EXPECT_EQ(lines.front(), absl::StrCat("line ", 300 - lines.size()));
}

TEST_F(RotatingSinkTest, KeepsSoManyBytes) {
  RotatingSinkOptions options = Small();
  options.keep_bytes = 450;
  Logger log({.sink = Factory(options)});
  LogSequence(log, 100, 300);
  CheckedCounters(log);
  EXPECT_EQ(Closed().size(), 4);
}

TEST_F(RotatingSinkTest, KeepsNone) {
  RotatingSinkOptions options = Small();
  options.keep_files = 0;
  Logger log({.sink = Factory(options)});
  LogSequence(log, 0, 100);
  CheckedCounters(log);
  EXPECT_THAT(directory_.List(), ElementsAre("log"));
}

TEST_F(RotatingSinkTest, NeverReplacesAFile) {
  const absl::Time now = absl::Now();
  std::vector<std::string> taken;
  for (int second = -1; second < 120; ++second) {
    taken.push_back(absl::StrCat(
        path_, ".",
        absl::FormatTime("%Y%m%d-%H%M%S", now + absl::Seconds(second),
                         absl::UTCTimeZone())));
    std::ofstream(taken.back()) << "somebody's\n";
  }
  Logger log({.sink = Factory(Small())});
  LogSequence(log, 0, 50);
  CheckedCounters(log);
  for (const std::string& path : taken) {
    EXPECT_EQ(ReadFile(path), "somebody's\n");
    unlink(path.c_str());
  }
  EXPECT_EQ(CheckSequence(AllLines(), 50), 0);
}

TEST_F(RotatingSinkTest, YesterdaysFileIsClosedByTheFirstLine) {
  std::ofstream(path_) << "line 0\n";
  const timespec old[] = {{.tv_sec = 1'000'000, .tv_nsec = 0},
                          {.tv_sec = 1'000'000, .tv_nsec = 0}};
  ASSERT_EQ(utimensat(AT_FDCWD, path_.c_str(), old, 0), 0);
  Logger log({.sink = Factory({.path = path_, .every = absl::Hours(24)})});
  LogSequence(log, 1, 2);
  log.Flush();
  EXPECT_EQ(ReadFile(path_), "line 1\n");
  EXPECT_EQ(CheckSequence(AllLines(), 2), 0);
  EXPECT_EQ(Closed().size(), 1);
  CheckedCounters(log);
}

TEST_F(RotatingSinkTest, RotatesEverySecond) {
  RotatingSinkOptions options = Small();
  options.max_bytes = 1 << 20;
  options.every = absl::Seconds(1);
  Logger log({.sink = Factory(options)});
  uint64_t logged = 0;
  for (; Closed().empty(); ++logged) {
    LogSequence(log, logged, logged + 1);
    log.Flush();
  }
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
  EXPECT_EQ(CheckSequence(AllLines(), logged), 0);
  for (const std::string& path : Closed()) EXPECT_NE(ReadFile(path), "");
}

// --- When it cannot ---------------------------------------------------------------

// Whatever fails, and as often as it does: lines go to the old file, the directory
// has nothing more in it, and the log says so when it is over.
TEST_F(RotatingSinkTest, FailureKeepsTheOldFileAndSaysSoAfterwards) {
  struct Case {
    sys::Call call;
    int at;  // Which of the calls of a rotation fails.
  };
  for (const Case fails :
       {Case{sys::Call::kOpen, 0}, Case{sys::Call::kRename, 0},
        Case{sys::Call::kRename, 1}}) {
    std::atomic<bool> broken = false;
    std::atomic<int> calls = 0;
    const LogSinkFactory factory = Factory(Small());
    Logger log({.sink = factory});
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call != fails.call || !broken) return {};
      const bool now = calls++ % (fails.at + 1) == fails.at;
      return {.error = now ? ENOSPC : 0};
    });
    LogSequence(log, 0, 14);
    log.Flush();
    const size_t closed = Closed().size();
    broken = true;
    LogSequence(log, 14, 100);
    log.Flush();
    EXPECT_GT(calls, 0);
    EXPECT_EQ(Closed().size(), closed);
    EXPECT_GT(ReadFile(path_).size(), 100);
    broken = false;
    LogSequence(log, 100, 101);
    log.Flush();
    EXPECT_EQ(Closed().size(), closed + 1);
    EXPECT_THAT(ReadFile(Closed().back()),
                HasSubstr("log: cannot be rotated (No space left on device), "
                          "goes on in the old file\n"));
    EXPECT_THAT(
        SplitLines(ReadFile(path_)),
        ElementsAre("line 100",
                    MatchesRegex("log: could not be rotated, went on in "
                                 "the old file for .*s \\(No space left "
                                 "on device\\)")));
    EXPECT_EQ(CheckSequence(AllLines(), 101), 0);
    EXPECT_EQ(CheckedCounters(log).dropped, 0);
    for (const std::string& name : directory_.List()) {
      unlink(directory_.File(name).c_str());
    }
  }
}

// Somebody who may write to the directory must not have us empty another file.
TEST_F(RotatingSinkTest, LinkInThePlaceOfTheNewFileIsNotFollowed) {
  const std::string precious = directory_.File("precious");
  std::ofstream(precious) << "precious";
  ASSERT_EQ(symlink(precious.c_str(), (path_ + ".new").c_str()), 0);
  {
    const LogSinkFactory factory = Factory(Small());
    Logger log({.sink = factory});
    LogSequence(log, 0, 100);
    EXPECT_EQ(CheckedCounters(log).dropped, 0);
  }
  EXPECT_EQ(ReadFile(precious), "precious");
  EXPECT_EQ(CheckSequence(SplitLines(ReadFile(path_)), 100), 0);
}

TEST_F(RotatingSinkTest, FailureIsTriedAgainOnceAnInterval) {
  RotatingSinkOptions options = Small();
  options.check_interval = absl::Hours(1);
  std::atomic<int> calls = 0;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kRename) return {};
    ++calls;
    return {.error = EROFS};
  });
  Logger log({.sink = Factory(options)});
  for (int i = 0; i < 100; ++i) {
    LogSequence(log, i, i + 1);
    log.Flush();
  }
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(CheckSequence(AllLines(), 100), 0);
  CheckedCounters(log);
}

TEST_F(RotatingSinkTest, RemovedDirectoryIsWaitedFor) {
  const std::string sub = directory_.File("sub");
  const std::string away = directory_.File("away");
  ASSERT_EQ(mkdir(sub.c_str(), 0700), 0);
  RotatingSinkOptions options = Small();
  options.path = sub + "/log";
  Logger log({.sink = Factory(options)});
  LogSequence(log, 0, 5);
  log.Flush();
  ASSERT_EQ(rename(sub.c_str(), away.c_str()), 0);
  LogSequence(log, 5, 50);
  log.Flush();
  EXPECT_EQ(CheckSequence(SplitLines(ReadFile(away + "/log")), 50), 0);
  ASSERT_EQ(mkdir(sub.c_str(), 0700), 0);
  log.Write(LogLevel::kInfo, "back");
  log.Flush();
  EXPECT_THAT(SplitLines(ReadFile(sub + "/log")),
              ElementsAre("back", HasSubstr("log: could not be reopened")));
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
}

// As root it could replace /dev/null.
TEST_F(RotatingSinkTest, DeviceIsWrittenToAndNeverRotated) {
  Logger log({.sink = Factory(Small())});
  ASSERT_EQ(unlink(path_.c_str()), 0);
  ASSERT_EQ(symlink("/dev/null", path_.c_str()), 0);
  LogSequence(log, 0, 300);
  EXPECT_EQ(CheckedCounters(log).written, 300);
  EXPECT_THAT(directory_.List(), ElementsAre("log"));
}

TEST_F(RotatingSinkTest, MovedFileIsOpenedAnew) {
  RotatingSinkOptions options = Small();
  options.check_interval = absl::Hours(1);
  Logger log({.sink = Factory(options)});
  LogSequence(log, 0, 5);
  log.Flush();
  const std::string moved = directory_.File("moved");
  ASSERT_EQ(rename(path_.c_str(), moved.c_str()), 0);
  log.Reopen();
  LogSequence(log, 5, 10);
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
  EXPECT_EQ(CheckSequence(SplitLines(ReadFile(moved) + ReadFile(path_)), 10),
            0);
}

TEST_F(RotatingSinkTest, FullDiskLosesWholeLinesAndDeclaresThem) {
  std::atomic<int> calls = 0;
  std::atomic<bool> healthy = false;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (healthy) return {};
    if (call == sys::Call::kRename) {
      return {.error = calls++ % 3 == 0 ? EIO : 0};
    }
    if (call != sys::Call::kWrite) return {};
    switch (calls++ % 5) {
      case 0:
        return {.error = ENOSPC};
      case 1:
        return {.max_bytes = static_cast<size_t>(calls) % 40 + 1};
      default:
        return {.max_bytes = 70};
    }
  });
  Logger log({.sink = Factory(Small())});
  for (int i = 0; i < 400; ++i) {
    LogSequence(log, i, i + 1);
    if (i % 7 == 0) log.Flush();
  }
  log.Flush();
  healthy = true;
  log.Flush();
  const uint64_t dropped = CheckedCounters(log).dropped;
  EXPECT_GT(dropped, 0);
  EXPECT_EQ(CheckSequence(AllLines(), 400), dropped);
}

}  // namespace
}  // namespace kingpin
