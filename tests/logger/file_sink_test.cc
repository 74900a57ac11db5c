#include "kingpin/logger/file_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/reopen_on_signal.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/process.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::CheckSequence;
using ::kingpin::testing::LinesOf;
using ::kingpin::testing::LogSequence;
using ::kingpin::testing::OpenDescriptors;
using ::kingpin::testing::ReadFile;
using ::kingpin::testing::ScratchDirectory;
using ::kingpin::testing::SplitLines;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class FileSinkTest : public ::testing::Test {
 protected:
  // Looks at the path with every batch, or only when asked to.
  LogSinkFactory Eager() { return Factory(absl::ZeroDuration()); }
  LogSinkFactory WhenAsked() { return Factory(absl::Hours(1)); }

  LogSinkFactory Factory(absl::Duration check_interval) {
    absl::StatusOr<LogSinkFactory> factory =
        FileSinkFactory({.path = path_, .check_interval = check_interval});
    EXPECT_TRUE(factory.ok()) << factory.status();
    return *factory;
  }
  void WriteLine(Logger& log) {
    const uint64_t number = log.counters().accepted;
    LogSequence(log, number, number + 1);
    log.Flush();
  }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
  const std::string moved_ = directory_.File("moved");
};

class FailureMode29 : public FileSinkTest {};

absl::StatusOr<int> HeaderExample(const std::string& path) {
  absl::StatusOr<LogSinkFactory> file = FileSinkFactory({.path = path});
  if (!file.ok()) return file.status();
  Logger log({.when_full = Logger::WhenFull::kDrop, .sink = *file});
  ReopenOnSignal reopen(SIGHUP, {&log});  // For logrotate.
  log.Write(LogLevel::kInfo, "line 0");
  return 0;
}

TEST_F(FileSinkTest, ExampleOfTheHeader) {
  EXPECT_TRUE(HeaderExample(path_).ok());
  EXPECT_EQ(ReadFile(path_), "line 0\n");
}

TEST_F(FileSinkTest, CreatesWithModeAndAppends) {
  const mode_t before = umask(0);
  {
    Logger log({.sink = *FileSinkFactory({.path = path_, .mode = 0640})});
    WriteLine(log);
  }
  umask(before);
  struct stat status;
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640);
  Logger log({.sink = Eager()});
  log.Write(LogLevel::kInfo, "line 1");
  CheckedCounters(log);
  EXPECT_EQ(ReadFile(path_), "line 0\nline 1\n");
}

TEST_F(FileSinkTest, FactorySaysWhatIsWrong) {
  const absl::Status status =
      FileSinkFactory({.path = "/nowhere/log"}).status();
  EXPECT_THAT(status.message(), HasSubstr("\"/nowhere/log\""));
  EXPECT_THAT(status.message(), HasSubstr("No such file"));
  EXPECT_EQ(
      FileSinkFactory({.path = path_, .check_interval = -absl::Seconds(1)})
          .status()
          .code(),
      absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_FALSE(FileSinkFactory({.path = path_}).ok());  // Nobody reads it.
}

// Else what anybody prints would stand in the log as it is.
TEST_F(FileSinkTest, IsNoneOfTheStandardStreams) {
  const LogSinkFactory factory = *FileSinkFactory({.path = path_});
  const pid_t child = fork();
  if (child == 0) {
    for (int fd = 0; fd <= STDERR_FILENO; ++fd) close(fd);
    const std::unique_ptr<LogSink> sink = factory();
    if (!sink->Write({.text = "line\n"}).ok()) _exit(9);
    int taken = 0;
    for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
      taken += fcntl(fd, F_GETFD) >= 0 ? 1 : 0;
    }
    _exit(taken);
  }
  EXPECT_EQ(testing::WaitForExit(child), 0);
  EXPECT_EQ(ReadFile(path_), "line\n");
}

TEST_F(FileSinkTest, RelativePathStaysWhatItWasWhenTheProcessGoesElsewhere) {
  const std::string before = std::filesystem::current_path();
  ASSERT_EQ(chdir(directory_.path().c_str()), 0);
  const absl::StatusOr<LogSinkFactory> factory = FileSinkFactory(
      {.path = "relative", .check_interval = absl::ZeroDuration()});
  ASSERT_TRUE(factory.ok()) << factory.status();
  ASSERT_EQ(chdir("/"), 0);
  {
    Logger log({.sink = *factory});
    WriteLine(log);
    unlink(directory_.File("relative").c_str());
    WriteLine(log);
  }
  ASSERT_EQ(chdir(before.c_str()), 0);
  EXPECT_EQ(ReadFile(directory_.File("relative")), "line 1\n");
}

TEST_F(FileSinkTest, DescriptorIsNotInherited) {
  const auto before = OpenDescriptors();
  Logger log({.sink = Eager()});
  WriteLine(log);
  int found = 0;
  for (int fd : OpenDescriptors()) {
    if (before.contains(fd)) continue;
    EXPECT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
    EXPECT_TRUE(fcntl(fd, F_GETFL) & O_APPEND);
    ++found;
  }
  EXPECT_EQ(found, 1);
}

TEST_F(FailureMode29, MovedFileIsNoticed) {
  Logger log({.sink = Eager()});
  WriteLine(log);
  ASSERT_EQ(rename(path_.c_str(), moved_.c_str()), 0);
  WriteLine(log);
  EXPECT_EQ(ReadFile(moved_), "line 0\n");
  EXPECT_EQ(ReadFile(path_), "line 1\n");
  ASSERT_EQ(unlink(path_.c_str()), 0);
  WriteLine(log);
  EXPECT_EQ(ReadFile(path_), "line 2\n");
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
}

TEST_F(FileSinkTest, MovedFileIsNoticedWithinTheInterval) {
  Logger log({.sink = Factory(absl::Milliseconds(1))});
  WriteLine(log);
  ASSERT_EQ(rename(path_.c_str(), moved_.c_str()), 0);
  EXPECT_TRUE(testing::Eventually([&] {
    WriteLine(log);
    return access(path_.c_str(), F_OK) == 0;
  }));
  CheckSequence(SplitLines(ReadFile(moved_) + ReadFile(path_)),
                CheckedCounters(log).written);
}

TEST_F(FileSinkTest, ReopensWhenAskedThoughNothingIsLogged) {
  Logger log({.sink = WhenAsked()});
  WriteLine(log);
  ASSERT_EQ(rename(path_.c_str(), moved_.c_str()), 0);
  const auto before = OpenDescriptors();
  log.Reopen();
  log.Flush();
  EXPECT_EQ(ReadFile(path_), "");
  EXPECT_EQ(access(path_.c_str(), F_OK), 0);
  EXPECT_EQ(OpenDescriptors().size(), before.size());  // The old one is closed.
  WriteLine(log);
  EXPECT_EQ(ReadFile(moved_), "line 0\n");
  EXPECT_EQ(ReadFile(path_), "line 1\n");
}

TEST_F(FailureMode29, ReopensOnSignal) {
  struct sigaction before;
  sigaction(SIGHUP, nullptr, &before);
  {
    Logger log({.sink = WhenAsked()});
    ReopenOnSignal reopen(SIGHUP, {&log});
    WriteLine(log);
    ASSERT_EQ(rename(path_.c_str(), moved_.c_str()), 0);
    errno = EXDEV;
    raise(SIGHUP);
    EXPECT_EQ(errno, EXDEV);
    WriteLine(log);
    EXPECT_EQ(ReadFile(path_), "line 1\n");
    CheckedCounters(log);
  }
  struct sigaction after;
  sigaction(SIGHUP, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

// The handler runs on any thread, at any time, and never on a logger that is gone.
TEST_F(FileSinkTest, SignalsMayComeWhileItEnds) {
  const sighandler_t before = signal(SIGHUP, SIG_IGN);
  std::atomic<bool> stop = false;
  std::thread sender([&] {
    while (!stop) kill(getpid(), SIGHUP);
  });
  for (int i = 0; i < 50; ++i) {
    Logger log({.sink = WhenAsked()});
    ReopenOnSignal reopen(SIGHUP, {&log});
    WriteLine(log);
    CheckedCounters(log);
  }
  stop = true;
  sender.join();
  signal(SIGHUP, before);
}

// logrotate, as fast as it goes, while lines come: nothing is lost or torn.
TEST_F(FailureMode29, TwoHundredMovesUnderLoadLoseNothing) {
  constexpr int kMoves = 200;
  Logger log({.buffer_bytes = 4096, .sink = WhenAsked()});
  ReopenOnSignal reopen(SIGHUP, {&log});
  std::atomic<bool> stop = false;
  // So many for each move: on a slow disk the text would grow, and take the longer.
  constexpr uint64_t kLinesAMove = 2'000;
  std::atomic<uint64_t> wanted = 0;
  uint64_t logged = 0;
  std::thread producer([&] {
    for (; !stop; ++logged) {
      while (logged >= wanted && !stop) std::this_thread::yield();
      LogSequence(log, logged, logged + 1);
    }
  });
  std::string text;
  for (int i = 0; i < kMoves; ++i) {
    wanted += kLinesAMove;
    ASSERT_EQ(rename(path_.c_str(), moved_.c_str()), 0);
    raise(SIGHUP);
    log.Flush();  // The old one is complete.
    text += ReadFile(moved_);
  }
  stop = true;
  producer.join();
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
  EXPECT_EQ(CheckSequence(SplitLines(text + ReadFile(path_)), logged), 0);
}

// rm, as fast as it goes, while lines come, and nobody tells the logger. What was
// logged before the file was removed may have gone with it; of what was logged after,
// nothing, and what there is has no gap.
TEST_F(FailureMode29, TwoHundredRemovalsUnderLoadLoseNothingLoggedLater) {
  constexpr int kRemovals = 200;
  Logger log({.buffer_bytes = 4096, .sink = WhenAsked()});
  std::atomic<bool> stop = false;
  // No more for each removal: all are looked at.
  constexpr uint64_t kLinesARemoval = 2'000;
  std::atomic<uint64_t> wanted = kLinesARemoval;
  std::atomic<uint64_t> logged = 0;
  std::thread producer([&] {
    for (uint64_t i = 0; !stop; ++i) {
      while (i >= wanted && !stop) std::this_thread::yield();
      LogSequence(log, i, i + 1);
      logged = i + 1;
    }
  });
  for (int i = 0; i < kRemovals; ++i) {
    while (unlink(path_.c_str()) != 0) ASSERT_EQ(errno, ENOENT);
    const uint64_t from = logged + 1;  // Its statement had not begun.
    wanted = from + kLinesARemoval;
    while (logged < from + 50) std::this_thread::yield();
    log.Flush();
    // A write under way may be seen page by page.
    std::string text = ReadFile(path_);
    text.resize(text.rfind('\n') + 1);
    const std::vector<std::string> lines = LinesOf(text);
    ASSERT_FALSE(lines.empty());
    uint64_t first;
    ASSERT_TRUE(absl::SimpleAtoi(lines.front().substr(5), &first));
    EXPECT_LE(first, from);
    for (size_t j = 0; j < lines.size(); ++j) {
      ASSERT_EQ(lines[j], absl::StrCat("line ", first + j));
    }
  }
  stop = true;
  producer.join();
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
}

TEST_F(FailureMode29, RemovedWithItsDirectoryIsDeclared) {
  const std::string folder = directory_.File("sub");
  const std::string path = folder + "/log";
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  Logger log({.sink = *FileSinkFactory({.path = path})});
  WriteLine(log);
  ASSERT_EQ(unlink(path.c_str()), 0);
  ASSERT_EQ(rmdir(folder.c_str()), 0);
  WriteLine(log);
  WriteLine(log);
  EXPECT_EQ(CheckedCounters(log).dropped, 2);
  ASSERT_EQ(mkdir(folder.c_str(), 0700), 0);
  WriteLine(log);
  EXPECT_THAT(SplitLines(ReadFile(path)),
              ElementsAre(StartsWith("dropped 2 lines (0/2/0/0) "), "line 3"));
  CheckedCounters(log);
}

// Room on the disk comes back at once, and a second name keeps the lines.
TEST_F(FailureMode29, OnlyTheLastNameCounts) {
  Logger log({.sink = WhenAsked()});
  WriteLine(log);
  ASSERT_EQ(link(path_.c_str(), moved_.c_str()), 0);
  ASSERT_EQ(unlink(path_.c_str()), 0);
  WriteLine(log);
  EXPECT_EQ(ReadFile(moved_), "line 0\nline 1\n");
  const auto before = OpenDescriptors();
  ASSERT_EQ(unlink(moved_.c_str()), 0);
  WriteLine(log);
  EXPECT_EQ(ReadFile(path_), "line 2\n");
  EXPECT_EQ(OpenDescriptors().size(), before.size());  // The old one is closed.
}

// A file that is reached by its descriptor only is not looked for.
TEST_F(FileSinkTest, FileWithoutANameIsFine) {
  const UniqueFd file(
      open(directory_.path().c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
  ASSERT_TRUE(file.valid());
  Logger log({.sink = *FileSinkFactory(
                  {.path = absl::StrCat("/dev/fd/", file.get())})});
  for (int i = 0; i < 3; ++i) WriteLine(log);
  char text[64];
  EXPECT_EQ(pread(file.get(), text, sizeof(text), 0), 3 * 7);
  CheckedCounters(log);
}

// logrotate's "create": the new file, with the mode and owner that it wants, is there
// before anybody is told.
TEST_F(FailureMode29, MovedAndCreatedByAnother) {
  Logger log({.sink = Eager()});
  WriteLine(log);
  ASSERT_EQ(rename(path_.c_str(), moved_.c_str()), 0);
  UniqueFd(open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0604));
  WriteLine(log);
  EXPECT_EQ(ReadFile(moved_), "line 0\n");
  EXPECT_EQ(ReadFile(path_), "line 1\n");
  struct stat status;
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0604);
  CheckedCounters(log);
}

TEST_F(FailureMode29, RemovedDirectoryIsWaitedFor) {
  const std::string path = directory_.File("sub/log");
  ASSERT_EQ(mkdir(directory_.File("sub").c_str(), 0700), 0);
  Logger log({.sink = *FileSinkFactory(
                  {.path = path, .check_interval = absl::ZeroDuration()})});
  WriteLine(log);
  const std::string away = directory_.File("away");
  ASSERT_EQ(rename(directory_.File("sub").c_str(), away.c_str()), 0);
  for (int i = 0; i < 3; ++i) WriteLine(log);
  const std::string old = ReadFile(away + "/log");
  EXPECT_EQ(CheckSequence(SplitLines(old), 4), 0);
  EXPECT_THAT(old, HasSubstr("log: cannot be reopened (No such file or "
                             "directory), goes on in the old file\n"));
  ASSERT_EQ(mkdir(directory_.File("sub").c_str(), 0700), 0);
  WriteLine(log);
  EXPECT_THAT(
      SplitLines(ReadFile(path)),
      ElementsAre("line 4",
                  MatchesRegex("log: could not be reopened, went on in "
                               "the old file for .*s \\(No such file or "
                               "directory\\)")));
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
}

TEST_F(FailureMode29, LostPermissionKeepsTheOldFileAndSaysSoAfterwards) {
  std::atomic<bool> denied = false;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kOpen || !denied) return {};
    return {.error = EACCES};
  });
  Logger log({.sink = Eager()});
  WriteLine(log);
  denied = true;
  ASSERT_EQ(rename(path_.c_str(), moved_.c_str()), 0);
  log.Reopen();
  for (int i = 0; i < 3; ++i) WriteLine(log);
  EXPECT_EQ(CheckSequence(SplitLines(ReadFile(moved_)), 4), 0);
  denied = false;
  log.Reopen();
  log.Flush();
  EXPECT_THAT(ReadFile(path_), HasSubstr("(Permission denied)\n"));
  WriteLine(log);
  EXPECT_THAT(ReadFile(path_), ::testing::EndsWith("\nline 4\n"));
  EXPECT_EQ(CheckedCounters(log).dropped, 0);
}

// From now on this thread, and each that it makes, is denied what others are, though
// it be root's.
void GiveUpCapabilities() {
  __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3,
                                     .pid = 0};
  __user_cap_data_struct none[2] = {};
  EXPECT_EQ(syscall(SYS_capset, &header, none), 0);
}

// The same by the kernel.
TEST_F(FailureMode29, PermissionIsLostForReal) {
  std::thread([&] {
    GiveUpCapabilities();
    Logger log({.sink = Eager()});
    WriteLine(log);
    const UniqueFd reader(open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(chmod(directory_.path().c_str(), 0), 0);
    for (int i = 0; i < 3; ++i) WriteLine(log);
    struct stat status;
    EXPECT_EQ(fstat(reader.get(), &status), 0);
    constexpr std::string_view kNote =
        "log: cannot be reopened (Permission denied), goes on in the old "
        "file\n";
    EXPECT_EQ(status.st_size, 4 * 7 + kNote.size());
    ASSERT_EQ(chmod(directory_.path().c_str(), 0700), 0);
    WriteLine(log);
    EXPECT_EQ(CheckedCounters(log).dropped, 0);
    EXPECT_EQ(CheckSequence(SplitLines(ReadFile(path_)), 5), 0);
    EXPECT_THAT(ReadFile(path_), HasSubstr("(Permission denied)\n"));
  }).join();
}

TEST_F(FileSinkTest, WithoutAFileLinesAreLostAndDeclared) {
  const LogSinkFactory factory = Eager();
  std::atomic<bool> denied = true;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kOpen || !denied) return {};
    return {.error = EMFILE};
  });
  Logger log({.sink = factory});
  for (int i = 0; i < 3; ++i) WriteLine(log);
  EXPECT_EQ(CheckedCounters(log).dropped, 3);
  denied = false;
  WriteLine(log);
  EXPECT_EQ(CheckSequence(SplitLines(ReadFile(path_)), 4), 3);
  CheckedCounters(log);
}

// The disk fills up in the middle of a line: that line is lost as a whole.
TEST_F(FileSinkTest, FullDiskTearsNothingAtAnyTime) {
  for (size_t room = 0; room < 24; ++room) {
    unlink(path_.c_str());
    std::atomic<bool> full = false;
    std::atomic<size_t> left = room;
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call != sys::Call::kWrite || !full) return {};
      const size_t most = left.exchange(0);
      if (most == 0) return {.error = ENOSPC};
      return {.max_bytes = most};
    });
    Logger log({.sink = WhenAsked()});
    WriteLine(log);
    full = true;
    LogSequence(log, 1, 4);
    log.Flush();
    // Also if it is moved at this very time.
    SplitLines(ReadFile(path_));
    ASSERT_EQ(rename(path_.c_str(), moved_.c_str()), 0);
    log.Reopen();
    log.Flush();
    full = false;
    LogSequence(log, 4, 6);
    const uint64_t dropped = CheckedCounters(log).dropped;
    EXPECT_EQ(CheckSequence(SplitLines(ReadFile(moved_) + ReadFile(path_)), 6),
              dropped);
    EXPECT_EQ(log.counters().bytes,
              ReadFile(moved_).size() + ReadFile(path_).size());
  }
}

// What another process has appended is never taken off.
TEST_F(FileSinkTest, SharedFileIsNotCutBack) {
  const UniqueFd other(
      open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
  std::atomic<int> calls = 0;
  ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
    if (call != sys::Call::kWrite || fd == other.get()) return {};
    switch (calls++) {
      case 0:
        return {.max_bytes = 3};
      case 1:
        EXPECT_EQ(write(other.get(), "|", 1), 1);
        return {.error = ENOSPC};
      default:
        return {};
    }
  });
  Logger log({.sink = WhenAsked()});
  WriteLine(log);
  WriteLine(log);
  EXPECT_EQ(ReadFile(path_), "lin|e 0\nline 1\n");
  CheckedCounters(log);
}

TEST_F(FileSinkTest, CopyAndTruncateIsFine) {
  Logger log({.sink = Eager()});
  WriteLine(log);
  ASSERT_EQ(truncate(path_.c_str(), 0), 0);
  WriteLine(log);
  EXPECT_EQ(ReadFile(path_), "line 1\n");
  CheckedCounters(log);
}

TEST_F(FileSinkTest, FifoWithAReader) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  const UniqueFd reader(open(path_.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  Logger log({.sink = Eager()});
  WriteLine(log);
  char text[16];
  EXPECT_EQ(read(reader.get(), text, sizeof(text)), 7);
  CheckedCounters(log);
}

}  // namespace
}  // namespace kingpin
