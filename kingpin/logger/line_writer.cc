#include "kingpin/logger/line_writer.h"

#include <algorithm>

#include "absl/base/optimization.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {
namespace {

// Beyond, the lines of further threads are declared together, as thread 0's.
constexpr size_t kMaxOwed = 256;

void Count(std::atomic<uint64_t>& counter, uint64_t n) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

}  // namespace

void LineWriter::AddGap(const Gap& gap) {
  format_.AppendGap(gap, &text_);
  lines_.push_back({static_cast<uint32_t>(text_.size()), LogLevel::kWarning});
  origins_.push_back({0, 0, static_cast<int32_t>(gaps_.size())});
  gaps_.push_back(gap);
}

void LineWriter::EndNote() {
  lines_.push_back({static_cast<uint32_t>(text_.size()), LogLevel::kWarning});
  origins_.push_back({0, 0, kNote});
}

void LineWriter::Write() {
  // How many lines are dealt with.
  size_t done = 0;
  if (ABSL_PREDICT_TRUE(WriteArrears()) && !lines_.empty()) {
    const size_t taken = Send({text_.view(), lines_}).value;
    auto ends_after = [](size_t at, const LogBatch::Line& line) {
      return at < line.end;
    };
    done = std::upper_bound(lines_.begin(), lines_.end(), taken, ends_after) -
           lines_.begin();
    const size_t begin = done == 0 ? 0 : lines_[done - 1].end;
    if (ABSL_PREDICT_FALSE(taken > begin)) {
      // Mid-line: the rest of that line is owed. It counts as written.
      const LogBatch::Line& cut = lines_[done++];
      cut_ = text_.view().substr(taken, cut.end - taken);
      cut_level_ = cut.level;
    }
  }
  CountWritten(0, done);
  Lose(done);
  text_.Clear();
  lines_.clear();
  origins_.clear();
  gaps_.clear();
}

SysResult<size_t> LineWriter::Send(const LogBatch& batch) {
  const uint64_t begin = MonotonicNanos();
  const SysResult<size_t> result = sink_.Write(batch);
  const int64_t took = static_cast<int64_t>(MonotonicNanos() - begin);
  if (took > longest_write_nanos_.load(std::memory_order_relaxed)) {
    longest_write_nanos_.store(took, std::memory_order_relaxed);
  }
  Count(bytes_, result.value);
  if (ABSL_PREDICT_FALSE(!result.ok())) Count(write_errors_, 1);
  return result;
}

bool LineWriter::WriteArrears() {
  if (ABSL_PREDICT_TRUE(cut_.empty() && owed_.empty())) return true;
  TextBuffer text;
  std::vector<LogBatch::Line> lines;
  auto end_line = [&](LogLevel level) {
    lines.push_back({static_cast<uint32_t>(text.size()), level});
  };
  const size_t cut_lines = cut_.empty() ? 0 : 1;
  text.Append(cut_);
  if (cut_lines > 0) end_line(cut_level_);
  for (const Gap& gap : owed_) {
    format_.AppendGap(gap, &text);
    end_line(LogLevel::kWarning);
  }
  const size_t taken = Send({text.view(), lines}).value;
  // A declaration that has begun is owed as a line, no longer as a number.
  size_t begun = 0;
  size_t begin = 0;
  while (begun < lines.size() && begin < taken) begin = lines[begun++].end;
  if (begun > 0) {
    cut_ = text.view().substr(taken, begin - taken);
    cut_level_ = lines[begun - 1].level;
    owed_.erase(owed_.begin(), owed_.begin() + (begun - cut_lines));
  }
  return taken == text.size();
}

void LineWriter::CountWritten(size_t begin, size_t end) {
  uint64_t written = 0;
  for (size_t i = begin; i < end; ++i) written += origins_[i].gap == kLine;
  Count(written_, written);
}

void LineWriter::Lose(size_t begin) {
  for (size_t i = begin; i < lines_.size(); ++i) {
    const Origin& origin = origins_[i];
    if (origin.gap >= 0) {
      Owe(gaps_[origin.gap]);
    } else if (origin.gap == kLine) {
      const size_t level = static_cast<size_t>(lines_[i].level);
      Gap gap = {.thread = origin.thread,
                 .first_unix_nanos = origin.unix_nanos,
                 .last_unix_nanos = origin.unix_nanos};
      gap.dropped[level] = 1;
      Owe(gap);
      Count(lost_[level], 1);
    }
  }
}

Gap& LineWriter::OwedTo(uint32_t thread) {
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

void LineWriter::Owe(const Gap& gap) {
  Gap& owed = OwedTo(gap.thread);
  for (size_t i = 0; i < kLogLevels; ++i) owed.dropped[i] += gap.dropped[i];
  owed.first_unix_nanos = std::min(owed.first_unix_nanos, gap.first_unix_nanos);
  owed.last_unix_nanos = std::max(owed.last_unix_nanos, gap.last_unix_nanos);
}

std::array<uint64_t, kLogLevels> LineWriter::owed() const {
  std::array<uint64_t, kLogLevels> lines = {};
  for (const Gap& gap : owed_) {
    for (size_t i = 0; i < kLogLevels; ++i) lines[i] += gap.dropped[i];
  }
  return lines;
}

LineWriter::Counters LineWriter::counters() const {
  constexpr auto relaxed = std::memory_order_relaxed;
  Counters counters = {
      .written = written_.load(relaxed),
      .bytes = bytes_.load(relaxed),
      .write_errors = write_errors_.load(relaxed),
      .longest_write_nanos = longest_write_nanos_.load(relaxed)};
  for (size_t i = 0; i < kLogLevels; ++i) {
    counters.lost[i] = lost_[i].load(relaxed);
  }
  return counters;
}

}  // namespace kingpin::log_internal
