#include "kingpin/logger/collector.h"

#include <algorithm>
#include <cstring>

#include "absl/base/optimization.h"

namespace kingpin::log_internal {
namespace {

uint64_t TicksAt(const RingSource& source) {
  RecordHeader header;
  std::memcpy(&header, source.ring.At(source.next), sizeof(header));
  return header.ticks;
}

// For a heap with the oldest on top.
bool IsYounger(const RingSource* a, const RingSource* b) {
  return a->ticks > b->ticks;
}

}  // namespace

size_t Collector::Pass(Extent extent) {
  if (const int64_t step = clock_.Sync(); ABSL_PREDICT_FALSE(step != 0)) {
    format_.AppendClockStep(step, &writer_.text());
    writer_.EndNote();
    last_unix_nanos_ = INT64_MIN;
  }
  const uint64_t now = extent == Extent::kAll ? UINT64_MAX : ReadTicks();
  FindCommitted();
  uint64_t bytes = 0;
  for (const RingSource* source : sources_) bytes -= source->next;
  while (!heap_.empty() && heap_.front()->ticks <= now) {
    std::pop_heap(heap_.begin(), heap_.end(), &IsYounger);
    RingSource& oldest = *heap_.back();
    heap_.pop_back();
    TakeRun(oldest, heap_.empty() ? now : std::min(now, heap_.front()->ticks));
    if (oldest.next == oldest.end) continue;
    heap_.push_back(&oldest);
    std::push_heap(heap_.begin(), heap_.end(), &IsYounger);
  }
  for (RingSource* source : sources_) {
    bytes += source->next;
    DeclareQuietDrops(*source);
  }
  WriteOut();
  rings_.Recycle();
  return bytes;
}

bool Collector::HasWork() {
  rings_.List(&sources_);
  return std::any_of(sources_.begin(), sources_.end(), [](RingSource* source) {
    return source->ring.tail() != source->next ||
           source->ring.dropped() != source->declared;
  });
}

void Collector::FindCommitted() {
  rings_.List(&sources_);
  heap_.clear();
  uint64_t depth = 0;
  for (RingSource* source : sources_) {
    source->end = source->ring.tail();
    if (source->end == source->next) continue;
    depth += source->end - source->next;
    source->ticks = TicksAt(*source);
    heap_.push_back(source);
  }
  std::make_heap(heap_.begin(), heap_.end(), &IsYounger);
  if (depth > high_water_.load(std::memory_order_relaxed)) {
    high_water_.store(depth, std::memory_order_relaxed);
  }
}

// Takes lines of `source`, at least one, up to the first younger than `last_ticks`.
void Collector::TakeRun(RingSource& source, uint64_t last_ticks) {
  do {
    Record record;
    Record::Read({source.ring.At(source.next), source.end - source.next},
                 &record);
    source.next += record.size;
    if (ABSL_PREDICT_FALSE(record.header.site == kGapSite)) {
      GapPayload gap;
      std::memcpy(&gap, record.payload.data(), sizeof(gap));
      DeclareDrops(source, gap.dropped, gap.first_ticks, gap.last_ticks);
    } else {
      source.thread = record.header.thread;
      TakeLine(record);
    }
    if (writer_.text().size() >= kBatchBytes) WriteOut();
    if (source.next == source.end) return;
    source.ticks = TicksAt(source);
  } while (source.ticks <= last_ticks);
}

void Collector::TakeLine(const Record& record) {
  const CompiledSite& site = sites_.Get(record.header.site & ~kTextFlag);
  LineTime time = {.unix_nanos = clock_.ToUnixNanos(record.header.ticks),
                   .late = record.header.ticks < last_ticks_};
  if (ABSL_PREDICT_TRUE(!time.late)) {
    // Each Sync() is off by some nanoseconds in its own way; the order is not.
    time.unix_nanos = std::max(time.unix_nanos, last_unix_nanos_);
    last_unix_nanos_ = time.unix_nanos;
    last_ticks_ = record.header.ticks;
  }
  format_.AppendLine(record, site, time, &writer_.text());
  writer_.EndLine(site.level, record.header.thread, time.unix_nanos);
}

void Collector::DeclareDrops(RingSource& source,
                             const std::array<uint64_t, kLogLevels>& dropped,
                             uint64_t first_ticks, uint64_t last_ticks) {
  if (dropped == source.declared) return;
  Gap gap;
  // Several threads drop from the shared ring.
  gap.thread = &source == sources_.front() ? 0 : source.thread;
  for (size_t i = 0; i < kLogLevels; ++i) {
    gap.dropped[i] = dropped[i] - source.declared[i];
  }
  gap.first_unix_nanos =
      clock_.ToUnixNanos(std::max(first_ticks, source.declared_ticks));
  gap.last_unix_nanos = clock_.ToUnixNanos(last_ticks);
  source.declared = dropped;
  source.declared_ticks = last_ticks;
  writer_.AddGap(gap);
}

// The counts are read first: if the tail has not moved after that, no line was
// committed between those that we took and the drops.
void Collector::DeclareQuietDrops(RingSource& source) {
  const std::array<uint64_t, kLogLevels> dropped = source.ring.dropped();
  if (ABSL_PREDICT_TRUE(dropped == source.declared)) return;
  if (source.ring.tail() != source.next) return;
  DeclareDrops(source, dropped, source.ring.first_drop(),
               source.ring.last_drop());
}

void Collector::WriteOut() {
  writer_.Write();
  for (RingSource* source : sources_) {
    if (source->ring.head() != source->next) source->ring.Release(source->next);
  }
}

}  // namespace kingpin::log_internal
