// LineBatch: lines gathered for the sinks, and what is lost if one is not taken.
//
// Threads: one at a time, like any value.
#ifndef KINGPIN_LOGGER_LINE_BATCH_H_
#define KINGPIN_LOGGER_LINE_BATCH_H_

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {

struct LineBatch {
  // What is lost with a line: itself, nothing, or what it declares.
  static constexpr int32_t kLine = -1;
  static constexpr int32_t kNote = -2;
  struct Origin {
    int64_t unix_nanos;
    uint32_t thread;
    int32_t gap;  // An index of `gaps`, or one of the above.
  };

  // The text appended since the last line, with its newline, is a line.
  void EndLine(LogLevel level, Origin origin) {
    lines.push_back({static_cast<uint32_t>(text.size()), level});
    origins.push_back(origin);
  }
  // Keeps the first `count` lines, and as many gaps.
  void Truncate(size_t count, size_t gap_count) {
    lines.erase(lines.begin() + count, lines.end());
    origins.erase(origins.begin() + count, origins.end());
    gaps.erase(gaps.begin() + gap_count, gaps.end());
    text.Truncate(lines.empty() ? 0 : lines.back().end);
  }
  void Clear() { Truncate(0, 0); }
  LogBatch view() const { return {text.view(), lines}; }

  TextBuffer text;
  std::vector<LogBatch::Line> lines;
  std::vector<Origin> origins;  // Of each line.
  std::vector<Gap> gaps;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LINE_BATCH_H_
