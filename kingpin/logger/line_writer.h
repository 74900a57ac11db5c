// LineWriter: gathers lines into batches, hands them to a sink and keeps the
// account: each line has been written, or is lost and will be declared.
//
// When the sink fails, the batch is lost from the first line on of which the sink
// took nothing; the rest of a line that it took in part is written first when it
// serves again, so no line is ever torn, then the declarations, a line for each
// thread that lost any. Write() tries that each time.
//
// Threads: one at a time, counters() from any.
#ifndef KINGPIN_LOGGER_LINE_WRITER_H_
#define KINGPIN_LOGGER_LINE_WRITER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kingpin/logger/level.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/text_buffer.h"

namespace kingpin::log_internal {

class LineWriter {
 public:
  struct Counters {
    uint64_t written = 0;  // Lines; declarations not counted.
    std::array<uint64_t, kLogLevels> lost = {};
    uint64_t bytes = 0;
    uint64_t write_errors = 0;
    int64_t longest_write_nanos = 0;
  };

  // Both outlive it.
  LineWriter(LogSink* sink, LineFormat* format)
      : sink_(*sink), format_(*format) {}

  // The batch. A line is appended to the text, newline and all, then EndLine() says
  // what it was.
  TextBuffer& text() { return text_; }
  void EndLine(LogLevel level, uint32_t thread, int64_t unix_nanos) {
    lines_.push_back({static_cast<uint32_t>(text_.size()), level});
    origins_.push_back({unix_nanos, thread, kLine});
  }
  // Declares lines that never got here.
  void AddGap(const Gap& gap);
  // Ends a line that is no record: nothing is lost with it.
  void EndNote();

  // Hands the batch to the sink and starts a new one.
  void Write();

  Counters counters() const;

  // Lines, by level, that are lost or were dropped, and still to be declared.
  std::array<uint64_t, kLogLevels> owed() const;
  // The rest of a line that the sink took in part.
  std::string_view cut() const { return cut_; }

 private:
  // What is lost with a line: itself, nothing, or what it declares.
  static constexpr int32_t kLine = -1;
  static constexpr int32_t kNote = -2;
  struct Origin {
    int64_t unix_nanos;
    uint32_t thread;
    int32_t gap;  // An index of gaps_, or one of the above.
  };

  SysResult<size_t> Send(const LogBatch& batch);
  // False if the sink still does not take them.
  bool WriteArrears();
  void CountWritten(size_t begin, size_t end);
  void Lose(size_t begin);
  Gap& OwedTo(uint32_t thread);
  void Owe(const Gap& gap);

  LogSink& sink_;
  LineFormat& format_;

  // The batch, and what stands in it.
  TextBuffer text_;
  std::vector<LogBatch::Line> lines_;
  std::vector<Origin> origins_;
  std::vector<Gap> gaps_;

  // What earlier errors left over.
  std::string cut_;  // The rest of a line that the sink took in part.
  LogLevel cut_level_ = LogLevel::kInfo;
  std::vector<Gap> owed_;

  std::atomic<uint64_t> written_ = 0;
  std::array<std::atomic<uint64_t>, kLogLevels> lost_ = {};
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> write_errors_ = 0;
  std::atomic<int64_t> longest_write_nanos_ = 0;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LINE_WRITER_H_
