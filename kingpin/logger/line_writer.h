// LineWriter: gathers lines into batches, hands each to all sinks and counts: a
// line has been written, to every one of them, or it is lost, and declared in each
// that misses it (sink_account.h). One that a sink has taken in part counts as lost
// until its rest is there. Sinks that want another form of the lines have each
// made once more, in a batch of its own.
//
// Memory: a line that there is none for is lost like one that a sink did not take.
// Writing takes none but for what is owed, which then stays so.
//
// Threads: one at a time, counters() from any.
#ifndef KINGPIN_LOGGER_LINE_WRITER_H_
#define KINGPIN_LOGGER_LINE_WRITER_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/optimization.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/line_batch.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/sink_account.h"

namespace kingpin::log_internal {

class LineWriter {
 public:
  struct Counters {
    uint64_t written = 0;  // Lines; declarations not counted.
    std::array<uint64_t, kLogLevels> lost = {};
    // Lines of AddGap() that every sink has declared, or owes.
    uint64_t in_gaps = 0;
    SinkAccount::Counters sinks;  // Of all together; the longest of any.
  };

  // Both outlive it, as do further sinks and their formats: all that is written once
  // one is added goes there, too.
  LineWriter(LogSink* sink, LineFormat* format);
  void AddSink(LogSink* sink, LineFormat* format);

  void AddLine(const Record& record, const CompiledSite& site, LineTime time) {
    const uint32_t thread = record.header.thread;
    const bool added = Add([&](Channel& channel) {
      channel.format.AppendLine(record, site, time, &channel.batch.text);
      channel.batch.EndLine(site.level,
                            {time.unix_nanos, thread, LineBatch::kLine});
    });
    if (ABSL_PREDICT_FALSE(!added)) {
      LoseLine(site.level, thread, time.unix_nanos);
    }
  }
  // A line that could not even be read is lost.
  void LoseLine(LogLevel level, uint32_t thread, int64_t unix_nanos);
  // Declares lines that never got here; Counters::lost does not count them.
  void AddGap(const Gap& gap);
  // Lines that are no records: nothing is lost with them. A statement about what is
  // written, the wall clock that was set, and text as it is.
  void AddRemark(const Record& record, const CompiledSite& site, LineTime time);
  void AddClockStep(int64_t nanos);
  void AddText(std::string_view text);

  // How much waits to be written.
  size_t size() const { return channels_.front()->batch.text.size(); }
  // Hands the batch to the sinks and starts a new one.
  void Write();

  Counters counters() const;
  // Whether nothing was lost yet, nor is owed.
  bool HasWrittenAll() const;
  // A line on stderr for each sink that has not taken the declaration of what it misses;
  // not for the first one if somebody else knows its account(). Needs no memory.
  void TellUndeclared(bool without_first) const;
  // Of the first sink.
  const SinkAccount& account() const {
    return *channels_.front()->accounts.front();
  }

 private:
  // Sinks whose lines have the same form. All channels have the same lines.
  struct Channel {
    explicit Channel(LineFormat* lines) : format(*lines) {}

    LineFormat& format;
    LineBatch batch;
    std::vector<std::unique_ptr<SinkAccount>> accounts;
  };

  // Has each channel add a line, or none if there is no memory for one: false.
  template <typename AddTo>
  bool Add(AddTo add) {
    const size_t lines = channels_.front()->batch.lines.size();
    const size_t gaps = channels_.front()->batch.gaps.size();
    try {
      for (const std::unique_ptr<Channel>& channel : channels_) add(*channel);
      return true;
    } catch (const std::bad_alloc&) {
      for (const std::unique_ptr<Channel>& channel : channels_) {
        channel->batch.Truncate(lines, gaps);
      }
      return false;
    }
  }
  template <typename AppendTo>
  void AddNote(AppendTo append);
  // By every sink.
  void Owe(const Gap& gap);
  void CountCompleted(const SinkAccount* account);
  // The first `whole` lines are written, the others lost; if it `has_cut`, the first of
  // those for now.
  void Count(size_t whole, bool has_cut);

  std::vector<std::unique_ptr<Channel>> channels_;
  // Those that owe the rest of a line which all others have. No more than one line is
  // that at a time: who owes a rest takes nothing of a later batch.
  std::vector<const SinkAccount*> cut_in_;
  std::vector<const SinkAccount*> next_cut_in_;  // As they are found.
  std::optional<size_t> cut_level_;  // Unless it is a declaration, or a note.
  std::atomic<uint64_t> written_ = 0;
  std::array<std::atomic<uint64_t>, kLogLevels> lost_ = {};
  std::atomic<uint64_t> in_gaps_ = 0;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LINE_WRITER_H_
