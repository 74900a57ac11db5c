#include "tests/logger/sink_testing.h"

#include <fstream>
#include <iterator>
#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "gtest/gtest.h"
#include "kingpin/logger/level.h"

namespace kingpin::testing {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> LinesOf(std::string_view text) {
  if (text.empty()) return {};
  absl::ConsumeSuffix(&text, "\n");
  return absl::StrSplit(text, '\n');
}

std::vector<std::string> SplitLines(std::string_view text) {
  EXPECT_TRUE(text.empty() || text.back() == '\n') << "torn last line";
  return LinesOf(text);
}

uint64_t Declared(const std::string& line) {
  static const std::regex kPattern(
      "dropped (\\d+) lines \\((\\d+)/(\\d+)/(\\d+)/(\\d+)\\) from thread \\d+ "
      "between [-0-9T:.]+Z and [-0-9T:.]+Z");
  std::smatch match;
  if (!std::regex_match(line, match, kPattern)) return 0;
  uint64_t by_level = 0;
  for (int i = 2; i <= 5; ++i) by_level += std::stoull(match[i]);
  EXPECT_EQ(std::stoull(match[1]), by_level) << line;
  return by_level;
}

Logger::Counters CheckedCounters(Logger& log) {
  log.Flush();
  const Logger::Counters counters = log.counters();
  EXPECT_EQ(counters.accepted, counters.written + counters.dropped);
  return counters;
}

uint64_t CheckSequence(const std::vector<std::string>& lines, uint64_t count) {
  uint64_t next = 0;
  uint64_t declared = 0;
  for (const std::string& line : lines) {
    if (absl::StartsWith(line, "log: ")) continue;
    const uint64_t dropped = Declared(line);
    declared += dropped;
    next += dropped;
    if (dropped > 0) continue;
    EXPECT_EQ(line, absl::StrCat("line ", next));
    ++next;
  }
  EXPECT_EQ(next, count);
  return declared;
}

void LogSequence(Logger& log, uint64_t first, uint64_t last) {
  for (uint64_t i = first; i < last; ++i) {
    log.Write(LogLevel::kInfo, absl::StrCat("line ", i));
  }
}

}  // namespace kingpin::testing
