#include "kingpin/logger/terminal_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/logger.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/sink_testing.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::CheckSequence;
using ::kingpin::testing::LogSequence;
using ::kingpin::testing::SplitLines;

std::string ReadFd(const UniqueFd& fd) {
  std::string text(1 << 16, '\0');
  const ssize_t size = pread(fd.get(), text.data(), text.size(), 0);
  text.resize(size < 0 ? 0 : size);
  return text;
}

void LogEveryLevel(Logger& log) {
  log.Write(LogLevel::kDebug, "debug");
  log.Write(LogLevel::kInfo, "info");
  log.Write(LogLevel::kWarning, "warning");
  log.Write(LogLevel::kError, "error");
  CheckedCounters(log);
}

constexpr char kPlain[] = "debug\ninfo\nwarning\nerror\n";
constexpr char kColoured[] =
    "\x1b[2mdebug\x1b[0m\ninfo\n\x1b[33mwarning\x1b[0m\n"
    "\x1b[31merror\x1b[0m\n";

std::string Logged(int fd, LogColour colour, const UniqueFd& reader) {
  Logger log({.min_level = LogLevel::kDebug,
              .sink = TerminalSinkFactory({.fd = fd, .colour = colour})});
  LogEveryLevel(log);
  return ReadFd(reader);
}

TEST(TerminalSink, ColoursByLevelIfForcedTo) {
  for (const LogColour colour :
       {LogColour::kAlways, LogColour::kNever, LogColour::kAuto}) {
    const UniqueFd file(memfd_create("log", MFD_CLOEXEC));
    EXPECT_EQ(Logged(file.get(), colour, file),
              colour == LogColour::kAlways ? kColoured : kPlain);
  }
}

// A terminal that passes bytes as they are.
struct Terminal {
  Terminal() : master(posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    EXPECT_EQ(grantpt(master.get()), 0);
    EXPECT_EQ(unlockpt(master.get()), 0);
    char name[64];
    EXPECT_EQ(ptsname_r(master.get(), name, sizeof(name)), 0);
    slave.Reset(open(name, O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios mode;
    EXPECT_EQ(tcgetattr(slave.get(), &mode), 0);
    cfmakeraw(&mode);
    EXPECT_EQ(tcsetattr(slave.get(), TCSANOW, &mode), 0);
  }
  std::string Read(size_t size) const {
    std::string text(size, '\0');
    for (size_t done = 0; done < size;) {
      const ssize_t got =
          read(master.get(), text.data() + done, text.size() - done);
      EXPECT_GT(got, 0);
      if (got <= 0) break;
      done += got;
    }
    return text;
  }
  UniqueFd master;
  UniqueFd slave;
};

TEST(TerminalSink, ColoursATerminalUnlessTheEnvironmentSaysNo) {
  struct Case {
    const char* term;
    const char* no_color;
    bool coloured;
  };
  for (const Case& c : {Case{"xterm", nullptr, true}, Case{"xterm", "", true},
                        Case{"xterm", "1", false}, Case{"dumb", nullptr, false},
                        Case{nullptr, nullptr, false}}) {
    if (c.term != nullptr) setenv("TERM", c.term, 1);
    if (c.term == nullptr) unsetenv("TERM");
    if (c.no_color != nullptr) setenv("NO_COLOR", c.no_color, 1);
    if (c.no_color == nullptr) unsetenv("NO_COLOR");
    Terminal terminal;
    // By the default way: no sink is named.
    Logger log({.fd = terminal.slave.get(), .min_level = LogLevel::kDebug});
    LogEveryLevel(log);
    const std::string want = c.coloured ? kColoured : kPlain;
    EXPECT_EQ(terminal.Read(want.size()), want);
  }
}

// However it fails, no byte of a line is lost or comes twice.
TEST(TerminalSink, AccountIsExactUnderFaults) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    const UniqueFd file(memfd_create("log", MFD_CLOEXEC));
    std::atomic<bool> healthy = false;
    std::minstd_rand random(seed);  // The backend's alone.
    ScopedFaultHook hook([&](sys::Call call, int fd) -> sys::Fault {
      if (call != sys::Call::kWrite || fd != file.get() || healthy) return {};
      if (random() % 3 == 0) return {.error = EIO};
      return {.max_bytes = 1 + random() % 30};
    });
    Logger log({.sink = TerminalSinkFactory(
                    {.fd = file.get(), .colour = LogColour::kAlways})});
    for (int i = 0; i < 100; ++i) {
      log.Write(LogLevel::kInfo, absl::StrCat("line ", i));
      if (i % 5 == 0) log.Flush();
    }
    log.Flush();
    healthy = true;
    // Declarations are coloured, and none may begin in the middle of its colour.
    const std::string text = absl::StrReplaceAll(
        (log.Flush(), ReadFd(file)), {{"\x1b[33m", ""}, {"\x1b[0m", ""}});
    const uint64_t dropped = CheckedCounters(log).dropped;
    std::string clean;
    for (size_t i = 0; i < text.size(); ++i) {
      // The beginnings of colours that an error has cut.
      if (text[i] != '\x1b') {
        clean += text[i];
        continue;
      }
      while (i + 1 < text.size() &&
             (text[i + 1] == '[' || text[i + 1] == '3' || text[i + 1] == '0')) {
        ++i;
      }
    }
    EXPECT_EQ(CheckSequence(SplitLines(clean), 100), dropped) << text;
  }
}

// --- FdSink's patience ------------------------------------------------------------

TEST(TerminalSink, StoppedReaderIsWaitedForOnce) {
  int fds[2];
  ASSERT_EQ(pipe2(fds, O_CLOEXEC), 0);
  UniqueFd reader(fds[0]);
  UniqueFd writer(fds[1]);
  fcntl(writer.get(), F_SETPIPE_SZ, 16384);
  Logger log({.sink = TerminalSinkFactory(
                  {.fd = writer.get(), .patience = absl::Milliseconds(1)})});
  constexpr uint64_t kLines = 5000;
  LogSequence(log, 0, kLines);
  log.Flush();  // Returns, though nobody reads and the descriptor blocks.
  EXPECT_GT(CheckedCounters(log).dropped, 0);
  std::string text;
  fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  auto read_all = [&] {
    char part[4096];
    for (ssize_t n; (n = read(reader.get(), part, sizeof(part))) > 0;) {
      text.append(part, n);
    }
  };
  read_all();
  LogSequence(log, kLines, kLines + 1);
  const uint64_t dropped = CheckedCounters(log).dropped;
  read_all();
  EXPECT_EQ(CheckSequence(SplitLines(text), kLines + 1), dropped);
}

}  // namespace
}  // namespace kingpin
