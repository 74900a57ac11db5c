#include "kingpin/logger/line_writer.h"

#include <algorithm>
#include <utility>

#include "absl/base/optimization.h"

namespace kingpin::log_internal {

LineWriter::LineWriter(LogSink* sink, LineFormat* format) {
  AddSink(sink, format);
}

void LineWriter::AddSink(LogSink* sink, LineFormat* format) {
  auto channel = std::find_if(channels_.begin(), channels_.end(),
                              [format](const std::unique_ptr<Channel>& one) {
                                return &one->format == format;
                              });
  if (channel == channels_.end()) {
    channel = channels_.insert(channel, std::make_unique<Channel>(format));
  }
  (*channel)->accounts.push_back(std::make_unique<SinkAccount>(sink, format));
  size_t accounts = 0;
  for (const auto& one : channels_) accounts += one->accounts.size();
  cut_in_.reserve(accounts);
  next_cut_in_.reserve(accounts);
}

void LineWriter::AddGap(const Gap& gap) {
  const bool added = Add([&gap](Channel& channel) {
    LineBatch& batch = channel.batch;
    channel.format.AppendGap(gap, &batch.text);
    batch.EndLine(LogLevel::kWarning,
                  {0, 0, static_cast<int32_t>(batch.gaps.size())});
    batch.gaps.push_back(gap);
  });
  if (added) return;
  Owe(gap);
  in_gaps_.fetch_add(gap.lines(), std::memory_order_release);
}

void LineWriter::AddRemark(const Record& record, const CompiledSite& site,
                           LineTime time) {
  AddNote([&](Channel& channel) {
    channel.format.AppendLine(record, site, time, &channel.batch.text);
  });
}

void LineWriter::AddClockStep(int64_t nanos) {
  AddNote([nanos](Channel& channel) {
    channel.format.AppendClockStep(nanos, &channel.batch.text);
  });
}

void LineWriter::AddText(std::string_view text) {
  AddNote([text](Channel& channel) { channel.batch.text.Append(text); });
}

template <typename AppendTo>
void LineWriter::AddNote(AppendTo append) {
  Add([append](Channel& channel) {
    append(channel);
    channel.batch.EndLine(LogLevel::kWarning, {0, 0, LineBatch::kNote});
  });
}

void LineWriter::LoseLine(LogLevel level, uint32_t thread, int64_t unix_nanos) {
  lost_[static_cast<size_t>(level)].fetch_add(1, std::memory_order_release);
  Gap gap = {.thread = thread,
             .first_unix_nanos = unix_nanos,
             .last_unix_nanos = unix_nanos};
  gap.dropped[static_cast<size_t>(level)] = 1;
  Owe(gap);
}

void LineWriter::Owe(const Gap& gap) {
  for (const auto& channel : channels_) {
    for (const auto& account : channel->accounts) account->Owe(gap);
  }
}

void LineWriter::Write() {
  // Every sink takes lines from the first on, so the one that took the fewest says
  // which are everywhere.
  size_t done = channels_.front()->batch.lines.size();
  next_cut_in_.clear();
  for (const auto& channel : channels_) {
    for (const auto& account : channel->accounts) {
      const SinkAccount::Progress its = account->Write(channel->batch);
      if (ABSL_PREDICT_FALSE(its.completed)) CountCompleted(account.get());
      if (its.done < done) next_cut_in_.clear();
      done = std::min(done, its.done);
      if (ABSL_PREDICT_FALSE(its.cut) && its.done == done) {
        next_cut_in_.push_back(account.get());
      }
    }
  }
  const bool has_cut = !next_cut_in_.empty();
  Count(has_cut ? done - 1 : done, has_cut);
  if (ABSL_PREDICT_FALSE(has_cut)) cut_in_.swap(next_cut_in_);
  for (const auto& channel : channels_) channel->batch.Clear();
}

void LineWriter::CountCompleted(const SinkAccount* account) {
  if (std::erase(cut_in_, account) == 0 || !cut_in_.empty()) return;
  if (!cut_level_.has_value()) return;
  // Down first: who counts meanwhile must not find more than there were.
  lost_[*cut_level_].fetch_sub(1, std::memory_order_release);
  written_.fetch_add(1, std::memory_order_release);
}

void LineWriter::Count(size_t whole, bool has_cut) {
  const LineBatch& batch = channels_.front()->batch;
  uint64_t written = 0;
  uint64_t in_gaps = 0;
  if (ABSL_PREDICT_FALSE(has_cut)) cut_level_.reset();
  for (size_t i = 0; i < batch.lines.size(); ++i) {
    const int32_t gap = batch.origins[i].gap;
    if (gap >= 0) in_gaps += batch.gaps[gap].lines();
    if (gap != LineBatch::kLine) continue;
    if (i < whole) {
      ++written;
    } else {
      const size_t level = static_cast<size_t>(batch.lines[i].level);
      lost_[level].fetch_add(1, std::memory_order_release);
      if (has_cut && i == whole) cut_level_ = level;
    }
  }
  written_.fetch_add(written, std::memory_order_release);
  if (in_gaps > 0) in_gaps_.fetch_add(in_gaps, std::memory_order_release);
}

void LineWriter::TellUndeclared(bool without_first) const {
  for (const auto& channel : channels_) {
    for (const auto& its : channel->accounts) {
      if (!without_first || its.get() != &account()) its->TellUndeclared();
    }
  }
}

bool LineWriter::HasWrittenAll() const {
  for (const auto& channel : channels_) {
    for (const auto& account : channel->accounts) {
      if (account->has_arrears()) return false;
    }
  }
  return counters().lost == std::array<uint64_t, kLogLevels>{};
}

LineWriter::Counters LineWriter::counters() const {
  // Who sees a line here sees that it was accepted, too.
  constexpr auto acquire = std::memory_order_acquire;
  Counters counters = {.written = written_.load(acquire)};
  for (size_t i = 0; i < kLogLevels; ++i) {
    counters.lost[i] = lost_[i].load(acquire);
  }
  counters.in_gaps = in_gaps_.load(acquire);
  for (const auto& channel : channels_) {
    for (const auto& account : channel->accounts) {
      const SinkAccount::Counters one = account->counters();
      counters.sinks.bytes += one.bytes;
      counters.sinks.write_errors += one.write_errors;
      counters.sinks.longest_write_nanos =
          std::max(counters.sinks.longest_write_nanos, one.longest_write_nanos);
    }
  }
  return counters;
}

}  // namespace kingpin::log_internal
