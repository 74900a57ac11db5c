// What a caller may hand to a logger by mistake or on behalf of a peer: lines of any
// size and any bytes, levels that are none, a limit of 0.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/file_sink.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/logger.h"
#include "tests/logger/sink_testing.h"
#include "tests/testing/scratch_directory.h"

namespace kingpin {
namespace {

using ::kingpin::testing::CheckedCounters;
using ::kingpin::testing::ReadFile;
using ::kingpin::testing::ScratchDirectory;
using ::kingpin::testing::SplitLines;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class BadInput : public ::testing::Test {
 protected:
  Logger::Options OptionsWith(size_t buffer_bytes) const {
    return {.buffer_bytes = buffer_bytes,
            .sink = *FileSinkFactory({.path = path_})};
  }
  std::vector<std::string> Lines() const { return SplitLines(ReadFile(path_)); }

  ScratchDirectory directory_;
  const std::string path_ = directory_.File("log");
};

TEST_F(BadInput, LongLinesAreCutOnceWhateverTheBufferIs) {
  const std::string text(300'000, 'a');
  for (size_t bytes = 1024; bytes < 1024 + 64; ++bytes) {
    Logger log(OptionsWith(bytes));
    const LogContext context = {.connection = "0/7.1", .peer = "::1"};
    ScopedLogContext scope(&context);
    KLOG_TO(log, INFO) << text;
    KLOGF_TO(log, INFO, "{}", text);
    log.Write(LogLevel::kInfo, text);
    EXPECT_EQ(CheckedCounters(log).written, 3) << bytes;
  }
  for (size_t bytes : {99'999, 100'000, 100'008, 200'000}) {
    Logger log(OptionsWith(bytes));
    log.Write(LogLevel::kInfo, text);
    EXPECT_EQ(CheckedCounters(log).written, 1) << bytes;
  }
  const std::vector<std::string> lines = Lines();
  EXPECT_THAT(lines, SizeIs(3 * 64 + 4));
  for (const std::string& line : lines) {
    EXPECT_THAT(line, EndsWith("a...[truncated, 300000 bytes]"));
    EXPECT_GT(line.size(), 700);
  }
}

TEST_F(BadInput, OfBytesThatAreNoUtf8AsMuchIsKeptAsOfOthers) {
  Logger log(OptionsWith(1024));
  log.Write(LogLevel::kInfo, std::string(5000, '\x80'));
  CheckedCounters(log);
  ASSERT_THAT(Lines(), SizeIs(1));
  EXPECT_THAT(Lines()[0], EndsWith("\\x80...[truncated, 5000 bytes]"));
  EXPECT_GT(Lines()[0].size(), 700 * 4);
}

TEST_F(BadInput, LongArgumentOfAShortLineIsNotSaidToBeCut) {
  Logger log(OptionsWith(1024));
  KLOGF_TO(log, INFO, "begins with {:.10}|", std::string(5000, 'a'));
  CheckedCounters(log);
  EXPECT_THAT(Lines(), ElementsAre(EndsWith("begins with aaaaaaaaaa|")));
}

// Of more bytes than a record can count. Nobody has touched the pages, so they take
// no memory; those that are not looked at stay that way.
TEST_F(BadInput, LinesBeyondFourGibibytesAreCut) {
  static_assert(sizeof(size_t) == 8);
  constexpr size_t kBytes = (size_t{1} << 32) + 16;
  void* const memory = mmap(nullptr, kBytes, PROT_READ,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  ASSERT_NE(memory, MAP_FAILED);
  const std::string_view text(static_cast<char*>(memory), kBytes);
  Logger log(OptionsWith(4096));
  log.Write(LogLevel::kInfo, text);
  KLOGF_TO(log, INFO, "{} and {}", text, 7);
  EXPECT_EQ(CheckedCounters(log).written, 2);
  munmap(memory, kBytes);
  ASSERT_THAT(Lines(), SizeIs(2));
  EXPECT_THAT(Lines()[0], EndsWith("\\x00...[truncated, 4294967312 bytes]"));
  EXPECT_THAT(Lines()[1], HasSubstr(" ...[truncated, 42949673"));
}

TEST_F(BadInput, LevelThatIsNoneIsAnError) {
  Logger log(OptionsWith(4096));
  for (int level : {4, 77, 255}) {
    log.Write(static_cast<LogLevel>(level), absl::StrCat("line ", level));
    log.WriteRaw(static_cast<LogLevel>(level), "file.cc", 1, "raw");
  }
  // More than there is room for: those that are dropped have a level, too.
  log.set_min_level(LogLevel::kError);
  for (int i = 0; i < 1000; ++i) {
    log.WriteRaw(static_cast<LogLevel>(255), "file.cc", 1, "raw");
  }
  const Logger::Counters counters = CheckedCounters(log);
  EXPECT_EQ(counters.accepted, 1006);
  EXPECT_EQ(counters.dropped, counters.dropped_by_level[3]);
  for (const std::string& line : Lines()) {
    EXPECT_TRUE(absl::StrContains(line, " ERROR ") ||
                absl::StartsWith(line, "line ") ||
                absl::StartsWith(line, "dropped "))
        << line;
  }
}

TEST_F(BadInput, FormatThatIsNoneIsText) {
  Logger::Options options = OptionsWith(4096);
  options.format = static_cast<LogFormat>(77);
  Logger log(options);
  log.Write(LogLevel::kInfo, "line");
  CheckedCounters(log);
  EXPECT_THAT(Lines(), ElementsAre("line"));
}

TEST_F(BadInput, EveryZerothTimeIsNever) {
  Logger log(OptionsWith(4096));
  Logger::SetDefault(&log);
  for (int n : {0, 1}) {
    KLOG_EVERY_N(INFO, n) << "stream " << n;
    KLOGF_EVERY_N(INFO, n, "format {}", n);
  }
  Logger::SetDefault(nullptr);
  CheckedCounters(log);
  EXPECT_THAT(Lines(),
              ElementsAre(HasSubstr("stream 1"), HasSubstr("format 1")));
}

}  // namespace
}  // namespace kingpin
