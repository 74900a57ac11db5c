// SinkAccount: hands batches to one sink and keeps its account: each line has been
// written there, or is missing there and will be declared there.
//
// When the sink fails, the batch is lost from the first line on of which the sink
// took nothing; the rest of a line that it took in part is written first when it
// serves again, so no line is ever torn, then the declarations, a line for each
// thread that lost any. Write() tries that each time. Behind them comes what the
// sink has to say itself (LogSink::TakeNote). What was cut counts as missing for as
// long as its rest is not there.
//
// Memory: Write() and Owe() do not throw. Where there is none for a declaration that
// is put off, and the rest of a line that was cut is "...[truncated]".
//
// Threads: one at a time, counters() from any.
#ifndef KINGPIN_LOGGER_SINK_ACCOUNT_H_
#define KINGPIN_LOGGER_SINK_ACCOUNT_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kingpin/logger/level.h"
#include "kingpin/logger/line_batch.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::log_internal {

class SinkAccount {
 public:
  struct Counters {
    uint64_t bytes = 0;
    uint64_t write_errors = 0;
    int64_t longest_write_nanos = 0;
  };

  // Both outlive it.
  SinkAccount(LogSink* sink, LineFormat* format);

  struct Progress {
    size_t done = 0;         // Lines of the batch; all that follow are lost.
    bool cut = false;        // The last of them, whose rest is still to come.
    bool completed = false;  // A line that was cut before.
  };
  Progress Write(const LineBatch& batch);

  // The lines of the gap are missing, too, and never come.
  void Owe(const Gap& gap);

  Counters counters() const;

  bool has_arrears() const { return !cut_.empty() || !owed_.empty(); }
  // Lines, by level, that are lost or were dropped, and still to be declared. What
  // cut() is the rest of is not among them.
  std::array<uint64_t, kLogLevels> owed() const;
  // The same and what was cut, with the last error, on stderr; nothing if there is
  // nothing. Needs no memory.
  void TellUndeclared() const;
  // The rest of a line that the sink took in part.
  std::string_view cut() const { return cut_; }

 private:
  SysResult<size_t> Send(const LogBatch& batch);
  // The same, of lines that are kept: returns how many of them are begun. The rest
  // of the one that was cut is owed; what it stands for, cut_stake_, is the caller's.
  size_t SendLines(const LogBatch& batch);
  // Whether what was cut is complete now.
  bool WriteArrears();
  // What that sends. False: there is no memory for it.
  bool GatherArrears(TextBuffer* text, std::vector<LogBatch::Line>* lines);
  void WriteNote();
  void KeepCut(std::string_view rest);
  void Lose(const LineBatch& batch, size_t begin);
  Gap& OwedTo(uint32_t thread);

  LogSink& sink_;
  LineFormat& format_;

  // What earlier errors left over.
  std::string cut_;  // The rest of a line that the sink took in part.
  LogLevel cut_level_ = LogLevel::kInfo;
  Gap cut_stake_;  // What is missing until that is written: it, or what it declares.
  std::vector<Gap> owed_;
  int last_error_ = 0;

  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> write_errors_ = 0;
  std::atomic<int64_t> longest_write_nanos_ = 0;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_SINK_ACCOUNT_H_
