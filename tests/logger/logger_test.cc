#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/klog.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/logger/logger_testing.h"
#include "tests/logger/sink_testing.h"

namespace kingpin {
namespace {

using testing::CheckGaps;
using testing::CheckNumbered;
using testing::Declared;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using testing::InThreads;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using testing::MemoryFile;
using testing::Numbered;
using testing::Pipe;
using ::testing::SizeIs;
using testing::SplitLines;

// --- The header's own example --------------------------------------------------

TEST(LoggerExample, CompilesAndLogs) {
  std::string path = absl::StrCat(::testing::TempDir(), "/logger_example");
  int port = 7000;
  int error = EMFILE;
  {
    UniqueFd file =
        sys::Open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644).value;
    Logger log({.fd = file.get(), .when_full = Logger::WhenFull::kDrop});
    Logger::SetDefault(&log);
    KLOG(INFO) << "listening on port " << port;
    KLOG_EVERY_SECOND(ERROR) << "accept: " << strerror(error);
  }
  std::ifstream file(path);
  std::string first;
  std::getline(file, first);
  EXPECT_THAT(first, EndsWith("listening on port 7000"));
  unlink(path.c_str());
}

// --- The line ------------------------------------------------------------------

TEST(LoggerLine, HasTimeLevelThreadCallSiteAndMessage) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  absl::Time before = absl::Now();
  // clang-format off
  KLOG_TO(log, WARNING) << "hello"; int line = __LINE__;
  // clang-format on
  absl::Time after = absl::Now();
  log.Flush();
  std::vector<std::string> lines = file.Lines();
  ASSERT_THAT(lines, SizeIs(1));
  std::vector<std::string> words = absl::StrSplit(lines[0], ' ');
  EXPECT_THAT(words,
              ElementsAre(MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:"
                                       "[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"),
                          "WARNING", absl::StrCat(sys::ThreadId()),
                          absl::StrCat("logger_test.cc:", line), "hello"));
  absl::Time time;
  std::string error;
  ASSERT_TRUE(absl::ParseTime(absl::RFC3339_full, words[0], &time, &error))
      << error;
  EXPECT_GE(time, before - absl::Microseconds(1));  // Cut to microseconds.
  EXPECT_LE(time, after);
}

TEST(LoggerLine, NamesEveryLevel) {
  MemoryFile file;
  Logger log({.fd = file.fd(), .min_level = LogLevel::kDebug});
  KLOG_TO(log, DEBUG) << "m";
  KLOG_TO(&log, INFO) << "m";
  KLOG_TO(log, WARNING) << "m";
  KLOG_TO(log, ERROR) << "m";
  log.Flush();
  EXPECT_THAT(file.Lines(),
              ElementsAre(HasSubstr(" DEBUG "), HasSubstr(" INFO "),
                          HasSubstr(" WARNING "), HasSubstr(" ERROR ")));
}

TEST(LoggerLine, EscapesControlCharacters) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  KLOG_TO(log, INFO) << "a\nb\rc\td\x1b[31m\x7f" << '\0' << "\xc3\xa9\\";
  log.Flush();
  EXPECT_THAT(
      file.Lines(),
      ElementsAre(EndsWith(" a\\nb\\x0dc\\x09d\\x1b[31m\\x7f\\x00\xc3\xa9\\")));
}

TEST(LoggerLine, EscapesControlCharactersBeyondAscii) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  // U+009B is CSI. The neighbours of C1, and text that ends in its first byte.
  KLOG_TO(log, INFO) << "a\xc2\x9b[31m\xc2\x80\xc2\x9f";
  KLOG_TO(log, INFO) << "\xc2\xa0\xc3\x9b\xe2\x82\xac";
  KLOG_TO(log, INFO) << "\xc2\xc2\x85\xc2";
  log.Flush();
  EXPECT_THAT(file.Lines(),
              ElementsAre(EndsWith(" a\\xc2\\x9b[31m\\xc2\\x80\\xc2\\x9f"),
                          EndsWith(" \xc2\xa0\xc3\x9b\xe2\x82\xac"),
                          EndsWith(" \\xc2\\xc2\\x85\\xc2")));
}

TEST(LoggerLine, RawFormEscapesNewlinesOnly) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  log.Write(LogLevel::kInfo, "GET /\t200");
  log.Write(LogLevel::kDebug, "not this");
  log.Write(LogLevel::kInfo, "a\nb\n");
  log.Write(LogLevel::kInfo, "");
  log.Flush();
  EXPECT_EQ(file.Text(), "GET /\t200\na\\nb\\n\n\n");
}

struct Ostreamable {
  friend std::ostream& operator<<(std::ostream& out, const Ostreamable&) {
    return out << "ostreamable";
  }
};
struct Stringifiable {
  template <typename Sink>
  friend void AbslStringify(Sink& sink, const Stringifiable&) {
    sink.Append("stringifiable");
  }
};
enum OldEnum { kThree = 3 };

TEST(LoggerLine, PrintsValues) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  const char* null = nullptr;
  char array[] = "array";
  std::string string = "string";
  KLOG_TO(log, INFO) << 'c' << ' ' << -1 << ' ' << uint64_t{1} << ' ' << 1.5
                     << ' ' << true << ' ' << uint8_t{7} << ' ' << null << ' '
                     << nullptr << ' ' << array << ' ' << string << ' '
                     << std::string_view("view") << ' ' << Ostreamable() << ' '
                     << Stringifiable() << ' ' << kThree << ' '
                     << absl::NotFoundError("x") << ' ' << absl::Seconds(3)
                     << ' ' << reinterpret_cast<void*>(0x10);
  log.Flush();
  EXPECT_THAT(file.Lines(),
              ElementsAre(EndsWith(
                  " c -1 1 1.5 true 7 (null) (null) array string view "
                  "ostreamable stringifiable 3 NOT_FOUND: x 3s 0x10")));
}

TEST(LoggerLine, LongerThanTheBufferIsCutAndSaysSo) {
  MemoryFile file;
  Logger log({.fd = file.fd(), .buffer_bytes = 1024});
  log.Write(LogLevel::kInfo, std::string(700, 'a'));
  log.Write(LogLevel::kInfo, std::string(1024, 'b'));
  std::string wide;
  for (int i = 0; i < 500; ++i) wide += "\xe2\x82\xac";  // A euro sign.
  log.Write(LogLevel::kInfo, wide);
  log.Write(LogLevel::kInfo, "x" + wide);
  KLOGF_TO(log, INFO, "{}|{:>5}|{}", wide, 42, wide);
  log.Flush();
  std::vector<std::string> lines = file.Lines();
  ASSERT_THAT(lines, SizeIs(5));
  EXPECT_EQ(lines[0], std::string(700, 'a'));
  EXPECT_THAT(lines[1], EndsWith("b...[truncated, 1024 bytes]"));
  EXPECT_THAT(lines[2], EndsWith("\xac...[truncated, 1500 bytes]"));
  EXPECT_THAT(lines[3], EndsWith("\xac...[truncated, 1501 bytes]"));
  EXPECT_THAT(lines[4], EndsWith("\xac...[truncated, 3007 bytes]"));
  for (size_t i = 1; i < lines.size(); ++i) {
    EXPECT_GT(lines[i].size(), 700);
    EXPECT_LT(lines[i].size(), 1024);
  }
  EXPECT_EQ(log.counters().written, 5);
}

// --- Levels --------------------------------------------------------------------

TEST(LoggerLevel, DisabledStatementEvaluatesNothing) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  int evaluated = 0;
  auto touch = [&] { return ++evaluated; };
  KLOG_TO(log, DEBUG) << touch();
  EXPECT_EQ(evaluated, 0);
  log.set_min_level(LogLevel::kDebug);
  KLOG_TO(log, DEBUG) << touch();
  EXPECT_EQ(evaluated, 1);
  log.set_min_level(LogLevel::kError);
  KLOG_TO(log, WARNING) << touch();
  EXPECT_EQ(evaluated, 1);
  log.Flush();
  EXPECT_THAT(file.Lines(), SizeIs(1));
  EXPECT_EQ(log.counters().accepted, 1);
}

TEST(LoggerLevel, StatementTakesNoForeignElse) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  bool other = false;
  if (file.fd() < 0)
    KLOG_TO(log, INFO) << "not this";
  else
    other = true;
  EXPECT_TRUE(other);
  log.Flush();
  EXPECT_THAT(file.Lines(), IsEmpty());
}

TEST(LoggerLevel, LoggerExpressionIsEvaluatedOnce) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  int evaluated = 0;
  auto get = [&]() -> Logger& {
    ++evaluated;
    return log;
  };
  KLOG_TO(get(), INFO) << "x";
  EXPECT_EQ(evaluated, 1);
}

// --- The statement among its neighbours ------------------------------------------

int Throws() { throw std::runtime_error("no"); }

TEST(LoggerStatement, IsDiscardedWhenAnExpressionThrows) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  log.Write(LogLevel::kInfo, "before");
  EXPECT_THROW(KLOG_TO(log, INFO) << "half a line " << Throws(),
               std::runtime_error);
  log.Write(LogLevel::kInfo, "after");
  log.Flush();
  EXPECT_THAT(file.Lines(), ElementsAre("before", "after"));
}

TEST(LoggerStatement, LogsWhileTheStackUnwinds) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  struct LogsAtTheEnd {
    ~LogsAtTheEnd() { KLOG_TO(log, INFO) << "unwinding"; }
    Logger& log;
  };
  try {
    LogsAtTheEnd object{log};
    throw std::runtime_error("no");
  } catch (const std::runtime_error&) {
  }
  log.Flush();
  EXPECT_THAT(file.Lines(), ElementsAre(EndsWith(" unwinding")));
}

TEST(LoggerStatement, MayLogInsideAnExpression) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  auto inner = [&] {
    KLOG_TO(log, INFO) << "inner";
    return "outer";
  };
  KLOG_TO(log, INFO) << inner();
  log.Flush();
  EXPECT_THAT(file.Lines(),
              ElementsAre(EndsWith(" inner"), EndsWith(" outer")));
}

// Its printing makes a system call that fails, say.
struct ErrnoSetter {
  template <typename Sink>
  friend void AbslStringify(Sink& sink, const ErrnoSetter&) {
    errno = EXDEV;
    sink.Append("text");
  }
};

TEST(LoggerStatement, KeepsErrno) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  errno = ENOTTY;
  KLOG_TO(log, INFO) << (errno = EXDEV);
  EXPECT_EQ(errno, ENOTTY);
  KLOGF_TO(log, INFO, "{}", ErrnoSetter());
  EXPECT_EQ(errno, ENOTTY);
}

// --- Threads ---------------------------------------------------------------------

TEST(LoggerThreads, LinesAreWholeAndInOrderOfTheirThread) {
  constexpr int kThreads = 6;
  constexpr int kLines = 400;
  Pipe pipe;
  std::string text;
  std::thread reader([&] { text = pipe.ReadAll(333); });
  {
    Logger log({.fd = pipe.writer.get(), .buffer_bytes = 2048});
    InThreads(kThreads, [&](int thread) {
      for (int i = 0; i < kLines; ++i) {
        log.Write(LogLevel::kInfo, Numbered(thread, i));
      }
    });
    log.Flush();
    EXPECT_EQ(log.counters().accepted, kThreads * kLines);
    EXPECT_EQ(log.counters().written, kThreads * kLines);
    EXPECT_EQ(log.counters().dropped, 0);
  }
  pipe.writer.Reset();
  reader.join();
  EXPECT_EQ(CheckNumbered(SplitLines(text), kThreads),
            std::vector<int>(kThreads, kLines));
}

TEST(LoggerThreads, FlushHandsEarlierLinesToTheKernel) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  InThreads(4, [&](int thread) {
    for (int i = 0; i < 50; ++i) {
      std::string line = absl::StrCat("line ", thread, " ", i);
      log.Write(LogLevel::kInfo, line);
      log.Flush();
      EXPECT_THAT(file.Text(), HasSubstr(line + "\n"));
    }
  });
}

TEST(LoggerThreads, DestructorDrains) {
  for (int lines = 0; lines < 50; ++lines) {
    MemoryFile file;
    {
      Logger log({.fd = file.fd()});
      for (int i = 0; i < lines; ++i) log.Write(LogLevel::kInfo, "x");
    }
    EXPECT_EQ(file.Text().size(), 2 * lines);
  }
}

TEST(LoggerThreads, BackendBlocksEverySignalOfOthers) {
  MemoryFile file;
  Logger log({.fd = file.fd()});
  log.Flush();  // Its name is set by now.
  int found = 0;
  for (const auto& task :
       std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream status(task.path() / "status");
    std::string text{std::istreambuf_iterator<char>(status), {}};
    if (!absl::StartsWith(text, "Name:\tkingpin-log\n")) continue;
    size_t at = text.find("SigBlk:\t");
    ASSERT_NE(at, text.npos);
    uint64_t blocked = std::stoull(text.substr(at + 8, 16), nullptr, 16);
    for (int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGPIPE, SIGCHLD,
                       SIGALRM, SIGRTMIN}) {
      EXPECT_TRUE(blocked >> (signal - 1) & 1) << signal;
    }
    // But for those of its own faults: backend_test.cc.
    EXPECT_FALSE(blocked >> (SIGSEGV - 1) & 1);
    ++found;
  }
  EXPECT_GE(found, 1);
  // And the mask of the thread that made it is what it was.
  sigset_t mask;
  pthread_sigmask(SIG_BLOCK, nullptr, &mask);
  EXPECT_EQ(sigismember(&mask, SIGTERM), 0);
}

// --- When the buffer is full -------------------------------------------------------

TEST(LoggerFull, BlocksTheProducerAndLosesNothing) {
  constexpr size_t kBuffer = 1024;
  Pipe pipe;
  // What the pipe, the buffer and the backend hold together is less than half.
  const int lines = 2 * (pipe.capacity + 2 * kBuffer) / 10;
  std::atomic<bool> finished = false;
  Logger log({.fd = pipe.writer.get(), .buffer_bytes = kBuffer});
  std::thread producer([&] {
    for (int i = 0; i < lines; ++i) {
      log.Write(LogLevel::kInfo, Numbered(0, i));
    }
    finished = true;
    log.Flush();
    pipe.writer.Reset();
  });
  // The pipe is filling; whatever the timing, the producer cannot be through.
  char byte;
  ASSERT_EQ(read(pipe.reader.get(), &byte, 1), 1);
  EXPECT_FALSE(finished);
  std::string text = byte + pipe.ReadAll(100);
  producer.join();
  EXPECT_TRUE(finished);
  EXPECT_EQ(CheckNumbered(SplitLines(text), 1), std::vector<int>{lines});
  EXPECT_EQ(log.counters().dropped, 0);
  EXPECT_EQ(log.counters().written, lines);
  EXPECT_EQ(log.counters().bytes, text.size());
}

TEST(LoggerFull, DropDeclaresExactlyWhatIsMissingWhereItIsMissing) {
  constexpr int kLines = 5000;
  Pipe pipe;
  auto log = std::make_unique<Logger>(
      Logger::Options{.fd = pipe.writer.get(),
                      .buffer_bytes = 1024,
                      .when_full = Logger::WhenFull::kDrop});
  std::string text;
  // Nobody reads yet: that this loop ends shows that it does not block.
  for (int i = 0; i < kLines; ++i) {
    log->Write(LogLevel::kInfo, absl::StrCat("line ", i));
  }
  EXPECT_GT(log->counters().dropped, 0);
  std::thread reader([&] { text = pipe.ReadAll(50); });
  for (int i = kLines; i < 2 * kLines; ++i) {
    log->Write(LogLevel::kInfo, absl::StrCat("line ", i));
  }
  log->Flush();
  Logger::Counters counters = log->counters();
  log.reset();
  pipe.writer.Reset();
  reader.join();
  CheckGaps(SplitLines(text), 2 * kLines, counters);
  EXPECT_EQ(counters.bytes, text.size());
}

TEST(LoggerFull, DropAccountsForEveryLineOfManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kLines = 2000;
  Pipe pipe;
  auto log = std::make_unique<Logger>(
      Logger::Options{.fd = pipe.writer.get(),
                      .buffer_bytes = 1024,
                      .when_full = Logger::WhenFull::kDrop});
  auto write = [&](int thread) {
    for (int i = 0; i < kLines; ++i) {
      log->Write(LogLevel::kInfo, absl::StrCat(thread, " line ", i));
    }
  };
  InThreads(kThreads, write);
  std::string text;
  std::thread reader([&] { text = pipe.ReadAll(); });
  InThreads(kThreads, write);
  log->Flush();
  Logger::Counters counters = log->counters();
  log.reset();
  pipe.writer.Reset();
  reader.join();
  uint64_t declared = 0;
  uint64_t written = 0;
  for (const std::string& line : SplitLines(text)) {
    uint64_t dropped = Declared(line);
    declared += dropped;
    written += dropped == 0;
    if (dropped == 0) {
      EXPECT_THAT(line, MatchesRegex("[0-3] line [0-9]+"));
    }
  }
  EXPECT_GT(declared, 0);
  EXPECT_EQ(counters.accepted, 2 * kThreads * kLines);
  EXPECT_EQ(counters.written, written);
  EXPECT_EQ(counters.dropped, declared);
  EXPECT_EQ(counters.accepted, written + declared);
}

// --- The default logger ------------------------------------------------------------

TEST(LoggerDefault, IsRedirectedAndGivenBack) {
  MemoryFile file;
  Logger& original = Logger::Default();
  EXPECT_EQ(&original, &Logger::Default());
  {
    Logger first({.fd = file.fd()});
    Logger second({.fd = file.fd()});
    EXPECT_EQ(Logger::SetDefault(&first), nullptr);
    EXPECT_EQ(&Logger::Default(), &first);
    KLOG(INFO) << "first";
    EXPECT_EQ(Logger::SetDefault(&second), &first);
    EXPECT_EQ(&Logger::Default(), &second);
  }
  // `second` unset itself.
  EXPECT_EQ(&Logger::Default(), &original);
  EXPECT_THAT(file.Lines(), ElementsAre(EndsWith(" first")));
}

}  // namespace
}  // namespace kingpin
