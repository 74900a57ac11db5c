// The black box when it is opened: whose it is, what is refused, and what is left as it
// was then.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/black_box_format.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/black_box_process.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/file_size_limit.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using testing::FileSizeLimit;
using ::testing::HasSubstr;
using testing::LinesOf;
using testing::ReadFile;
using ::testing::SizeIs;

TEST(BlackBoxOpen, InUseByALivingProcessIsRefused) {
  BoxFiles files;
  Process holder(HelperArgs("hold", files));
  ASSERT_EQ(holder.ReadLine(), "ready");
  const std::string in_use = absl::StrCat(
      "black box \"", files.box, "\" is in use by process ", holder.pid());
  Output output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.code, 1);
  EXPECT_EQ(output.err, in_use + "\n");
  // It logs all the same, and says what is wrong.
  EXPECT_THAT(LinesOf(ReadFile(files.log)),
              ElementsAre(EndsWith(in_use + ": lines are kept in memory only"),
                          EndsWith(" started")));
  output = RunRecover(files.box);
  EXPECT_EQ(output.code, 4);
  EXPECT_THAT(output.err, HasSubstr("in use by a process that lives"));
  holder.Kill();
  EXPECT_EQ(RunToEnd(HelperArgs("start", files)).code, 0);
}

TEST(BlackBoxOpen, SecondLoggerOfTheProcessIsRefused) {
  BoxFiles files;
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600).value;
  {
    Logger first({.fd = log.get(), .black_box = files.box});
    EXPECT_TRUE(first.black_box_status().ok());
    Logger second({.fd = log.get(), .black_box = files.box});
    EXPECT_EQ(second.black_box_status().code(), absl::StatusCode::kUnavailable);
  }
  Logger third({.fd = log.get(), .black_box = files.box});
  EXPECT_TRUE(third.black_box_status().ok());
}

TEST(BlackBoxOpen, ChildOfTheDeadDoesNotKeepIt) {
  BoxFiles files;
  Process parent(HelperArgs("fork", files));
  int child = 0;
  ASSERT_TRUE(absl::SimpleAtoi(parent.ReadLine(), &child));
  ASSERT_EQ(parent.ReadLine(), "ready");
  parent.Kill();
  EXPECT_EQ(kill(child, 0), 0);
  const Output output = RunToEnd(HelperArgs("start", files));
  EXPECT_EQ(output.code, 0) << output.err;
  EXPECT_EQ(output.out, "recovered 0\n");
  EXPECT_THAT(LinesOf(ReadFile(files.log)),
              ElementsAre(EndsWith(" parent"), EndsWith(" child"),
                          EndsWith(" started")));
  kill(child, SIGKILL);
}

// Forks in its first write: of what the process before has left, when the box is open
// and no logger has it yet.
TEST(BlackBoxOpen, ChildOfAForkWhileItOpensDoesNotKeepIt) {
  class Forking : public LogSink {
   public:
    explicit Forking(pid_t* child) : child_(*child) {}
    SysResult<size_t> Write(const LogBatch& batch) override {
      if (child_ == 0) child_ = fork();
      while (child_ == 0) pause();
      return {batch.text.size(), 0};
    }

   private:
    pid_t& child_;
  };
  BoxFiles files;
  KillStuck("stuck", files);
  pid_t child = 0;
  {
    const Logger logger(
        {.sink = [&child] { return std::make_unique<Forking>(&child); },
         .black_box = files.box});
    EXPECT_TRUE(logger.black_box_status().ok());
  }
  ASSERT_GT(child, 0);
  const Logger next({.fd = -1, .black_box = files.box});
  EXPECT_TRUE(next.black_box_status().ok()) << next.black_box_status();
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

TEST(BlackBoxOpen, ForeignFileIsRefusedAndStaysAsItIs) {
  for (std::string text : {std::string("precious"), std::string(1 << 16, 'x'),
                           std::string(1 << 16, '\0')}) {
    BoxFiles files;
    WriteFile(files.box, text);
    const Output output = RunToEnd(HelperArgs("start", files));
    EXPECT_EQ(output.code, 1);
    EXPECT_THAT(output.err, HasSubstr("it is no black box"));
    EXPECT_EQ(ReadFile(files.box), text);
    EXPECT_EQ(RunRecover(files.box).code, 3);
  }
}

TEST(BlackBoxOpen, OtherVersionAndCutOffAreRefused) {
  BoxFiles files;
  KillStuck("stuck", files);
  std::string box = ReadFile(files.box);
  WriteFile(files.box, box.substr(0, 100 << 10));
  EXPECT_THAT(RunToEnd(HelperArgs("start", files)).err, HasSubstr("cut off"));
  Output output = RunRecover(files.box);
  EXPECT_EQ(output.code, 3);
  EXPECT_THAT(output.err, HasSubstr("cut off: 102400 of "));
  box[8] = 7;
  WriteFile(files.box, box);
  EXPECT_THAT(RunToEnd(HelperArgs("start", files)).err, HasSubstr("version 7"));
  output = RunRecover(files.box);
  EXPECT_EQ(output.code, 3);
  EXPECT_THAT(output.err, HasSubstr("version 7, and this program knows "));
}

TEST(BlackBoxOpen, WhatIsNoFileIsRefused) {
  BoxFiles files;
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600).value;
  for (const char* path : {"/dev/null", "/dev/zero", "/", "/no/such/box"}) {
    Logger logger({.fd = log.get(), .black_box = path});
    EXPECT_THAT(std::string(logger.black_box_status().message()),
                HasSubstr(path));
    EXPECT_EQ(RunRecover(path).code, 3) << path;
  }
  for (const size_t threads : {size_t{1} << 20, SIZE_MAX}) {
    Logger logger({.fd = log.get(),
                   .black_box = files.box,
                   .black_box_threads = threads});
    EXPECT_THAT(std::string(logger.black_box_status().message()),
                HasSubstr("buffers of "));
    EXPECT_THAT(std::string(logger.black_box_status().message()),
                HasSubstr("at most 4096"));
  }
}

TEST(BlackBoxOpen, ForeignFileKeepsItsMode) {
  BoxFiles files;
  WriteFile(files.box, std::string(100, 'x'));
  ASSERT_EQ(chmod(files.box.c_str(), 0644), 0);
  EXPECT_FALSE(Logger::Create({.black_box = files.box}).ok());
  struct stat status;
  ASSERT_EQ(stat(files.box.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0644);
}

TEST(BlackBoxOpen, IsPrivateWhoeverMadeTheFile) {
  BoxFiles files;
  ASSERT_TRUE(sys::Open(files.box.c_str(), O_WRONLY | O_CREAT, 0644).ok());
  ASSERT_EQ(chmod(files.box.c_str(), 0644), 0);
  Logger logger({.black_box = files.box});
  ASSERT_TRUE(logger.black_box_status().ok()) << logger.black_box_status();
  struct stat status;
  ASSERT_EQ(stat(files.box.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600);
}

TEST(BlackBoxOpen, SomebodyElsesIsRefused) {
  BoxFiles files;
  WriteFile(files.box, "");
  ASSERT_EQ(chmod(files.box.c_str(), 0666), 0);
  if (chown(files.box.c_str(), 1, 1) != 0) GTEST_SKIP() << "only one user";
  const auto logger = Logger::Create({.black_box = files.box});
  EXPECT_EQ(logger.status().code(), absl::StatusCode::kPermissionDenied);
  EXPECT_THAT(std::string(logger.status().message()),
              HasSubstr("belongs to user 1, not to this one"));
  struct stat status;
  ASSERT_EQ(stat(files.box.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0666);
  EXPECT_EQ(status.st_size, 0);
}

TEST(BlackBoxOpen, NoRoomIsAnErrorAtTheStart) {
  BoxFiles files;
  const UniqueFd log =
      sys::Open(files.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600).value;
  {
    const FileSizeLimit limit(64 << 10);
    Logger logger({.fd = log.get(), .black_box = files.box});
    EXPECT_THAT(std::string(logger.black_box_status().message()),
                HasSubstr("cannot allocate black box"));
    KLOG_TO(logger, INFO) << "works without";
  }
  EXPECT_EQ(ReadFile(files.box), "");
  EXPECT_THAT(LinesOf(ReadFile(files.log)),
              ElementsAre(HasSubstr(" ERROR "), EndsWith(" works without")));
  Logger logger({.fd = log.get(), .black_box = files.box});
  EXPECT_TRUE(logger.black_box_status().ok());
}

TEST(BlackBoxOpen, NoRoomForItsFirstBytesIsToldByItsCause) {
  BoxFiles files;
  const UniqueFd log = sys::Open("/dev/null", O_WRONLY, 0).value;
  const FileSizeLimit none(0);
  const Logger logger({.fd = log.get(), .black_box = files.box});
  EXPECT_THAT(std::string(logger.black_box_status().message()),
              HasSubstr("File too large"));
}

// The log and the box on the same full disk.
TEST(BlackBoxOpen, NoRoomForTheLogNorForANewBoxTellsWhereTheOldOneIs) {
  BoxFiles files;
  KillStuck("stuck", files);
  const UniqueFd full = sys::Open("/dev/full", O_WRONLY, 0).value;
  {
    const FileSizeLimit limit(64 << 10);
    const Logger logger({.fd = full.get(), .black_box = files.box});
    EXPECT_THAT(std::string(logger.black_box_status().message()),
                EndsWith(absl::StrCat("; what was in it is kept as \"",
                                      files.kept, "\"")));
    EXPECT_EQ(logger.kept_black_box(), files.kept);
  }
  EXPECT_EQ(ReadFile(files.box), "");
  EXPECT_THAT(RunRecover(files.kept).err,
              HasSubstr("recover: 7 lines of process "));
}

// Who closes the standard streams must not have the box as one of them: what anybody
// prints there would be written over it.
TEST(BlackBoxOpen, IsNoStandardStream) {
  BoxFiles files;
  std::vector<UniqueFd> kept;
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    kept.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 10));
    close(fd);
  }
  const bool has_box =
      Logger({.fd = -1, .black_box = files.box}).black_box_status().ok();
  auto logger = std::make_unique<Logger>(
      Logger::Options{.fd = -1, .black_box = files.box});
  std::vector<int> open;
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) {
    if (fcntl(fd, F_GETFD) != -1) open.push_back(fd);
  }
  for (int fd = 0; fd <= STDERR_FILENO; ++fd) dup2(kept[fd].get(), fd);
  EXPECT_TRUE(has_box);
  EXPECT_TRUE(logger->black_box_status().ok());
  EXPECT_THAT(open, SizeIs(0));
}

TEST(BlackBoxOpen, CreateGivesTheErrorInsteadOfALogger) {
  BoxFiles files;
  const Logger::Options options = {.fd = -1, .black_box = files.box};
  absl::StatusOr<std::unique_ptr<Logger>> first = Logger::Create(options);
  ASSERT_TRUE(first.ok()) << first.status();
  (*first)->Write(LogLevel::kInfo, "line");
  const auto second = Logger::Create(options);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              HasSubstr("is in use by process"));
  EXPECT_TRUE(Logger::Create({.fd = -1}).ok());
}

TEST(BlackBoxOpen, AllOfItIsAllocated) {
  BoxFiles files;
  Logger logger({.black_box = files.box, .black_box_threads = 3});
  ASSERT_TRUE(logger.black_box_status().ok());
  struct stat status;
  ASSERT_EQ(stat(files.box.c_str(), &status), 0);
  EXPECT_GE(status.st_size, 4 * (256 << 10));
  EXPECT_GE(status.st_blocks * 512, status.st_size);
  EXPECT_EQ(status.st_mode & 0777, 0600);
}

}  // namespace
}  // namespace kingpin
