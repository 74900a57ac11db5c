// What stderr may be: read, full, a pipe that nobody reads any more, a file that may not
// grow. None of them holds up the process or ends it.
#include "kingpin/logger/tell_stderr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>

#include "gtest/gtest.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/file_size_limit.h"

namespace kingpin::log_internal {
namespace {

class ScopedStderr {
 public:
  explicit ScopedStderr(int fd)
      : before_(fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) {
    EXPECT_EQ(dup2(fd, STDERR_FILENO), STDERR_FILENO);
  }
  ~ScopedStderr() {
    EXPECT_EQ(dup2(before_.get(), STDERR_FILENO), STDERR_FILENO);
  }

 private:
  const UniqueFd before_;
};

class TellStderrTest : public ::testing::Test {
 protected:
  TellStderrTest() {
    int fds[2];
    EXPECT_EQ(pipe2(fds, O_CLOEXEC | O_NONBLOCK), 0);
    reader_.Reset(fds[0]);
    writer_.Reset(fds[1]);
  }

  std::string Read() const {
    std::string text(4096, '\0');
    text.resize(
        std::max<ssize_t>(0, read(reader_.get(), text.data(), text.size())));
    return text;
  }

  UniqueFd reader_;
  UniqueFd writer_;
};

TEST_F(TellStderrTest, TellsWhoReads) {
  const ScopedStderr pipe(writer_.get());
  TellStderr("log: the end\n");
  TellStderrFormatted("log: %d lines are missing\n", 17);
  EXPECT_EQ(Read(), "log: the end\nlog: 17 lines are missing\n");
}

TEST_F(TellStderrTest, LongTextIsCutOff) {
  const ScopedStderr pipe(writer_.get());
  TellStderrFormatted("%s", std::string(1000, 'x').c_str());
  EXPECT_EQ(Read(), std::string(255, 'x'));
}

TEST_F(TellStderrTest, AReaderThatHasStoppedIsNotWaitedFor) {
  const char byte = 'x';
  while (write(writer_.get(), &byte, 1) == 1) {
  }
  ASSERT_EQ(errno, EAGAIN);
  ASSERT_EQ(fcntl(writer_.get(), F_SETFL, 0), 0);
  const ScopedStderr full(writer_.get());
  TellStderr("log: the end\n");
}

TEST_F(TellStderrTest, AReaderThatHasGoneIsNoReasonToDie) {
  reader_.Reset();
  const ScopedStderr pipe(writer_.get());
  TellStderr("log: the end\n");
}

TEST_F(TellStderrTest, NorIsAFileThatMayNotGrow) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(tmpfile(), &fclose);
  ASSERT_NE(file, nullptr);
  {
    const ScopedStderr to_file(fileno(file.get()));
    const testing::FileSizeLimit full(0);
    TellStderr("log: the end\n");
  }
  struct stat status;
  ASSERT_EQ(fstat(fileno(file.get()), &status), 0);
  EXPECT_EQ(status.st_size, 0);
}

}  // namespace
}  // namespace kingpin::log_internal
