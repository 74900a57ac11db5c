// LineBatch: lines gathered for the sinks, and what is lost if one is not taken.
//
// Threads: one at a time, like any value.
#ifndef KINGPIN_LOGGER_LINE_BATCH_H_
#define KINGPIN_LOGGER_LINE_BATCH_H_

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
  void Clear() {
    text.Clear();
    lines.clear();
    origins.clear();
    gaps.clear();
  }
  LogBatch view() const { return {text.view(), lines}; }

  TextBuffer text;
  std::vector<LogBatch::Line> lines;
  std::vector<Origin> origins;  // Of each line.
  std::vector<Gap> gaps;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LINE_BATCH_H_
