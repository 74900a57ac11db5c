// What the tests of the sinks share: the check of a log that says where each line is.
#ifndef KINGPIN_TESTS_LOGGER_SINK_TESTING_H_
#define KINGPIN_TESTS_LOGGER_SINK_TESTING_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kingpin/logger/logger.h"

namespace kingpin::testing {

std::string ReadFile(const std::string& path);
// The lines of `text`, of which the last may be cut off.
std::vector<std::string> LinesOf(std::string_view text);
// The same; one that is cut off is a failure.
std::vector<std::string> SplitLines(std::string_view text);

// N of a line "dropped N lines (...) from thread T between T1 and T2", else 0.
uint64_t Declared(const std::string& line);

// Flushes, and checks that accepted == written + dropped.
Logger::Counters CheckedCounters(Logger& log);

// Checks a log of one thread's lines "line 0", "line 1", ... to `count` - 1: each
// is there or is counted by a declaration at the place where it is missing. Lines
// "log: ..." are passed over. Returns how many are declared.
uint64_t CheckSequence(const std::vector<std::string>& lines, uint64_t count);

// Logs "line FIRST" to "line LAST - 1".
void LogSequence(Logger& log, uint64_t first, uint64_t last);

}  // namespace kingpin::testing

#endif  // KINGPIN_TESTS_LOGGER_SINK_TESTING_H_
