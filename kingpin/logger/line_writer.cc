#include "kingpin/logger/line_writer.h"

#include <algorithm>

namespace kingpin::log_internal {

LineWriter::LineWriter(LogSink* sink, LineFormat* format) : format_(*format) {
  AddSink(sink);
}

void LineWriter::AddSink(LogSink* sink) {
  accounts_.push_back(std::make_unique<SinkAccount>(sink, &format_));
}

void LineWriter::AddGap(const Gap& gap) {
  format_.AppendGap(gap, &batch_.text);
  batch_.EndLine(LogLevel::kWarning,
                 {0, 0, static_cast<int32_t>(batch_.gaps.size())});
  batch_.gaps.push_back(gap);
}

void LineWriter::Write() {
  // Every sink takes lines from the first on, so the one that took the fewest says
  // which are everywhere.
  size_t done = batch_.lines.size();
  for (const auto& account : accounts_) {
    done = std::min(done, account->Write(batch_));
  }
  uint64_t written = 0;
  for (size_t i = 0; i < batch_.lines.size(); ++i) {
    if (batch_.origins[i].gap != LineBatch::kLine) continue;
    if (i < done) {
      ++written;
    } else {
      const size_t level = static_cast<size_t>(batch_.lines[i].level);
      lost_[level].fetch_add(1, std::memory_order_release);
    }
  }
  written_.fetch_add(written, std::memory_order_release);
  batch_.Clear();
}

std::string LineWriter::UndeclaredText() const {
  std::string text;
  for (const auto& account : accounts_) text += account->UndeclaredText();
  return text;
}

LineWriter::Counters LineWriter::counters() const {
  // Who sees a line here sees that it was accepted, too.
  constexpr auto acquire = std::memory_order_acquire;
  Counters counters = {.written = written_.load(acquire)};
  for (size_t i = 0; i < kLogLevels; ++i) {
    counters.lost[i] = lost_[i].load(acquire);
  }
  for (const auto& account : accounts_) {
    const SinkAccount::Counters one = account->counters();
    counters.sinks.bytes += one.bytes;
    counters.sinks.write_errors += one.write_errors;
    counters.sinks.longest_write_nanos =
        std::max(counters.sinks.longest_write_nanos, one.longest_write_nanos);
  }
  return counters;
}

}  // namespace kingpin::log_internal
