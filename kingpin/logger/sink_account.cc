#include "kingpin/logger/sink_account.h"

#include <errno.h>
#include <string.h>

#include <algorithm>
#include <cinttypes>
#include <new>
#include <utility>

#include "absl/base/optimization.h"
#include "kingpin/logger/tell_stderr.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {
namespace {

// Beyond, the lines of further threads are declared together, as thread 0's.
constexpr size_t kMaxOwed = 256;

// A sink of somebody's own may throw, or say that it took more than there was, or
// less and not why.
SysResult<size_t> WriteTo(LogSink& sink, const LogBatch& batch) {
  try {
    const SysResult<size_t> result = sink.Write(batch);
    if (result.value >= batch.text.size()) return {batch.text.size(), 0};
    return {result.value, result.error == 0 ? EIO : result.error};
  } catch (...) {
    return {0, EIO};
  }
}

void Count(std::atomic<uint64_t>& counter, uint64_t n) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

// What is missing where a line of the batch is.
Gap StakeOf(const LineBatch& batch, size_t i) {
  const LineBatch::Origin& origin = batch.origins[i];
  if (origin.gap >= 0) return batch.gaps[origin.gap];
  if (origin.gap != LineBatch::kLine) return {};
  Gap gap = {.thread = origin.thread,
             .first_unix_nanos = origin.unix_nanos,
             .last_unix_nanos = origin.unix_nanos};
  gap.dropped[static_cast<size_t>(batch.lines[i].level)] = 1;
  return gap;
}

}  // namespace

SinkAccount::SinkAccount(LogSink* sink, LineFormat* format)
    : sink_(*sink), format_(*format) {
  // Now, so that what is lost for want of memory needs none. And thread 0's.
  owed_.reserve(kMaxOwed + 1);
}

SinkAccount::Progress SinkAccount::Write(const LineBatch& batch) {
  Progress progress;
  if (ABSL_PREDICT_FALSE(has_arrears())) {
    progress.completed = WriteArrears();
  }
  if (ABSL_PREDICT_TRUE(!has_arrears()) && !batch.lines.empty()) {
    progress.done = SendLines(batch.view());
    progress.cut = !cut_.empty();
    if (progress.cut) cut_stake_ = StakeOf(batch, progress.done - 1);
  }
  Lose(batch, progress.done);
  WriteNote();
  return progress;
}

SysResult<size_t> SinkAccount::Send(const LogBatch& batch) {
  const uint64_t begin = MonotonicNanos();
  const SysResult<size_t> result = WriteTo(sink_, batch);
  const int64_t took = static_cast<int64_t>(MonotonicNanos() - begin);
  if (took > longest_write_nanos_.load(std::memory_order_relaxed)) {
    longest_write_nanos_.store(took, std::memory_order_relaxed);
  }
  Count(bytes_, result.value);
  if (ABSL_PREDICT_FALSE(!result.ok())) {
    Count(write_errors_, 1);
    last_error_ = result.error;
  }
  return result;
}

size_t SinkAccount::SendLines(const LogBatch& batch) {
  const size_t taken = Send(batch).value;
  auto ends_after = [](size_t at, const LogBatch::Line& line) {
    return at < line.end;
  };
  const auto begin = batch.lines.begin();
  size_t done =
      std::upper_bound(begin, batch.lines.end(), taken, ends_after) - begin;
  const size_t whole = done == 0 ? 0 : batch.lines[done - 1].end;
  if (ABSL_PREDICT_FALSE(taken > whole)) {
    // Mid-line: the rest of that line is owed.
    const LogBatch::Line& cut = batch.lines[done++];
    KeepCut(batch.text.substr(taken, cut.end - taken));
    cut_level_ = cut.level;
  }
  return done;
}

void SinkAccount::KeepCut(std::string_view rest) {
  try {
    cut_ = rest;
  } catch (const std::bad_alloc&) {
    cut_ = "...[truncated]\n";  // So short that it takes none.
  }
}

bool SinkAccount::GatherArrears(TextBuffer* text,
                                std::vector<LogBatch::Line>* lines) {
  auto end_line = [&](LogLevel level) {
    lines->push_back({static_cast<uint32_t>(text->size()), level});
  };
  try {
    text->Append(cut_);
    if (!cut_.empty()) end_line(cut_level_);
    for (const Gap& gap : owed_) {
      format_.AppendGap(gap, text);
      end_line(LogLevel::kWarning);
    }
    return true;
  } catch (const std::bad_alloc&) {
    return false;
  }
}

bool SinkAccount::WriteArrears() {
  TextBuffer text;
  std::vector<LogBatch::Line> lines;
  if (!GatherArrears(&text, &lines)) return false;
  const size_t cut_lines = cut_.empty() ? 0 : 1;
  // A declaration that has begun is owed as a line, no longer as a number.
  std::string cut = std::exchange(cut_, {});
  const size_t begun = SendLines({text.view(), lines});
  if (begun == 0) {
    cut_ = std::move(cut);
    return false;
  }
  const auto declared = owed_.begin() + (begun - cut_lines);
  const bool completed = cut_lines > 0 && (begun > 1 || cut_.empty());
  if (cut_.empty()) {
    cut_stake_ = {};
  } else if (begun > cut_lines) {
    cut_stake_ = declared[-1];
  }
  owed_.erase(owed_.begin(), declared);
  return completed;
}

void SinkAccount::WriteNote() {
  if (ABSL_PREDICT_FALSE(has_arrears())) return;
  TextBuffer text;
  try {
    const std::string note = sink_.TakeNote();
    if (ABSL_PREDICT_TRUE(note.empty())) return;
    format_.AppendNote(note, &text);
  } catch (const std::bad_alloc&) {
    return;
  }
  const LogBatch::Line line = {static_cast<uint32_t>(text.size()),
                               LogLevel::kWarning};
  SendLines({text.view(), {&line, 1}});
  cut_stake_ = {};
}

void SinkAccount::Lose(const LineBatch& batch, size_t begin) {
  for (size_t i = begin; i < batch.lines.size(); ++i) {
    const Gap gap = StakeOf(batch, i);
    if (gap.lines() > 0) Owe(gap);
  }
}

Gap& SinkAccount::OwedTo(uint32_t thread) {
  auto is_of = [](uint32_t id) {
    return [id](const Gap& gap) { return gap.thread == id; };
  };
  auto found = std::find_if(owed_.begin(), owed_.end(), is_of(thread));
  if (found == owed_.end() && owed_.size() >= kMaxOwed) {
    thread = 0;
    found = std::find_if(owed_.begin(), owed_.end(), is_of(thread));
  }
  if (found != owed_.end()) return *found;
  return owed_.emplace_back(Gap{.thread = thread,
                                .first_unix_nanos = INT64_MAX,
                                .last_unix_nanos = INT64_MIN});
}

void SinkAccount::Owe(const Gap& gap) {
  Gap& owed = OwedTo(gap.thread);
  for (size_t i = 0; i < kLogLevels; ++i) owed.dropped[i] += gap.dropped[i];
  owed.first_unix_nanos = std::min(owed.first_unix_nanos, gap.first_unix_nanos);
  owed.last_unix_nanos = std::max(owed.last_unix_nanos, gap.last_unix_nanos);
}

std::array<uint64_t, kLogLevels> SinkAccount::owed() const {
  std::array<uint64_t, kLogLevels> lines = {};
  for (const Gap& gap : owed_) {
    for (size_t i = 0; i < kLogLevels; ++i) lines[i] += gap.dropped[i];
  }
  return lines;
}

void SinkAccount::TellUndeclared() const {
  std::array<uint64_t, kLogLevels> missing = owed();
  for (size_t i = 0; i < kLogLevels; ++i) {
    missing[i] += cut_stake_.dropped[i];
  }
  const auto [debug, info, warning, error] = missing;
  const uint64_t lines = debug + info + warning + error;
  if (lines == 0) return;
  // Nobody has refused those that there was no memory for.
  const char* cause = strerrordesc_np(last_error_ == 0 ? ENOMEM : last_error_);
  TellStderrFormatted("log: %" PRIu64 " lines (%" PRIu64 "/%" PRIu64 "/%" PRIu64
                      "/%" PRIu64
                      ") are missing and could not be declared (%s)\n",
                      lines, debug, info, warning, error,
                      cause != nullptr ? cause : "unknown error");
}

SinkAccount::Counters SinkAccount::counters() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  return {.bytes = bytes_.load(relaxed),
          .write_errors = write_errors_.load(relaxed),
          .longest_write_nanos = longest_write_nanos_.load(relaxed)};
}

}  // namespace kingpin::log_internal
