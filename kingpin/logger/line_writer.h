// LineWriter: gathers lines into batches, hands each to all sinks and counts: a
// line has been written, to every one of them, or it is lost, and declared in each
// that misses it (sink_account.h).
//
// Threads: one at a time, counters() from any.
#ifndef KINGPIN_LOGGER_LINE_WRITER_H_
#define KINGPIN_LOGGER_LINE_WRITER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kingpin/logger/level.h"
#include "kingpin/logger/line_batch.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/sink_account.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {

class LineWriter {
 public:
  struct Counters {
    uint64_t written = 0;  // Lines; declarations not counted.
    std::array<uint64_t, kLogLevels> lost = {};
    SinkAccount::Counters sinks;  // Of all together; the longest of any.
  };

  // Both outlive it, as do further sinks: all that is written once one is added
  // goes there, too.
  LineWriter(LogSink* sink, LineFormat* format);
  void AddSink(LogSink* sink);

  // The batch. A line is appended to the text, newline and all, then EndLine() says
  // what it was.
  TextBuffer& text() { return batch_.text; }
  void EndLine(LogLevel level, uint32_t thread, int64_t unix_nanos) {
    batch_.EndLine(level, {unix_nanos, thread, LineBatch::kLine});
  }
  // Declares lines that never got here.
  void AddGap(const Gap& gap);
  // Ends a line that is no record: nothing is lost with it.
  void EndNote() {
    batch_.EndLine(LogLevel::kWarning, {0, 0, LineBatch::kNote});
  }

  // Hands the batch to the sinks and starts a new one.
  void Write();

  Counters counters() const;
  // A line for each sink that has not taken the declaration of what it misses.
  std::string UndeclaredText() const;
  // Of the first sink.
  const SinkAccount& account() const { return *accounts_.front(); }

 private:
  LineFormat& format_;
  LineBatch batch_;
  std::vector<std::unique_ptr<SinkAccount>> accounts_;
  std::atomic<uint64_t> written_ = 0;
  std::array<std::atomic<uint64_t>, kLogLevels> lost_ = {};
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LINE_WRITER_H_
