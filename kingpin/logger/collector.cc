#include "kingpin/logger/collector.h"

#include <algorithm>
#include <cstring>
#include <new>

#include "absl/base/optimization.h"
#include "kingpin/logger/site.h"

namespace kingpin::log_internal {
namespace {

// Counters of two cores, or two readings of one, may differ by a little; one that began
// anew is off by more, as a rule. A second or so.
constexpr uint64_t kSlackTicks = uint64_t{1} << 32;

// For a heap with the oldest on top.
bool IsYounger(const RingSource* a, const RingSource* b) {
  return a->place > b->place;
}

}  // namespace

size_t Collector::Pass(Extent extent) {
  const uint64_t now = ReadTicks();
  FindCommitted();
  SyncClock();
  PutInOrder();
  // Somebody's own clock may be set back, and lines must not wait until it is there
  // again.
  const bool takes_all = extent == Extent::kAll || user_clock_ != nullptr;
  const uint64_t last = takes_all ? UINT64_MAX : PlaceOf(now);
  uint64_t bytes = 0;
  for (const RingSource* source : sources_) bytes -= source->next;
  while (!heap_.empty() && heap_.front()->place <= last) {
    TakeRawLines(heap_.front()->place);
    std::pop_heap(heap_.begin(), heap_.end(), &IsYounger);
    RingSource& oldest = *heap_.back();
    heap_.pop_back();
    const uint64_t others = std::min(last, PlaceOfRaw());
    TakeRun(oldest,
            heap_.empty() ? others : std::min(others, heap_.front()->place));
    if (oldest.next == oldest.end) continue;
    heap_.push_back(&oldest);
    std::push_heap(heap_.begin(), heap_.end(), &IsYounger);
  }
  for (RingSource* source : sources_) {
    bytes += source->next;
    DeclareQuietDrops(*source);
  }
  TakeRawLines(last);
  DeclareRawDrops();
  WriteOut();
  rings_.Recycle();
  return bytes;
}

// Behind FindCommitted(): whoever committed what that has found had read the counter
// before.
void Collector::SyncClock() {
  const uint64_t last_ticks = clock_.ticks();
  const int64_t last_unix_nanos = clock_.unix_nanos();
  const int64_t step = user_clock_ == nullptr ? clock_.Sync() : 0;
  if (ABSL_PREDICT_FALSE(clock_.ticks() < last_ticks)) {
    old_counter_.unix_nanos = last_unix_nanos;
  }
  if (user_clock_ == nullptr) {
    old_counter_.least_ticks = clock_.ticks() + kSlackTicks;
  }
  if (ABSL_PREDICT_FALSE(step != 0)) {
    writer_.AddClockStep(step);
    last_unix_nanos_ = INT64_MIN;
  }
  SetBoxClock();
}

bool Collector::HasWork() const noexcept {
  if (raw_.HasWork() || writer_.size() > 0) return true;
  // To list them takes memory, which only a pass may find that there is none of.
  if (sources_.size() != rings_.size()) return true;
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const RingSource* source) {
                       return source->ring.tail() != source->next ||
                              source->ring.dropped() != source->declared;
                     });
}

// Takes what is committed at one instant. When the tails are read last, all that was
// committed before what is found in the slots is in front of them; when the slots are
// looked at last, all that was committed there before what is in front of a tail is
// found. So both are done again until the slots have nothing new, of which there are
// few.
void Collector::FindCommitted() {
  do {
    FindTails();
  } while (raw_.Find());
}

void Collector::PutInOrder() {
  raw_.PutInOrder(old_counter_.least_ticks);
  heap_.clear();
  uint64_t depth = 0;
  for (RingSource* source : sources_) {
    if (source->end == source->next) continue;
    depth += source->end - source->next;
    source->place = PlaceOf(*source);
    heap_.push_back(source);
  }
  std::make_heap(heap_.begin(), heap_.end(), &IsYounger);
  if (depth > high_water_.load(std::memory_order_relaxed)) {
    high_water_.store(depth, std::memory_order_relaxed);
  }
}

// The tails are read while nobody commits to the shared ring: a thread may have gone
// from it to one of its own, or back. Whoever has its mutex may have it for long,
// copying from memory that faults, and may be in a crash handler that waits for this
// pass. Then the order of such a thread's lines may be lost, and no line.
void Collector::FindTails() {
  constexpr int64_t kPatienceNanos = 5'000'000;
  TurnMutex& mu = rings_.shared_mutex();
  for (;;) {
    rings_.List(&sources_);
    if (!mu.LockOrGiveUp(kPatienceNanos)) return ReadTails();
    // Not of a ring that came meanwhile: its thread may be back at the shared one.
    const bool is_whole = sources_.size() == rings_.size();
    if (is_whole) ReadTails();
    mu.Unlock();
    if (is_whole) return;
  }
}

void Collector::ReadTails() {
  for (RingSource* source : sources_) source->end = source->ring.tail();
}

uint64_t Collector::PlaceOf(const RingSource& source) const {
  RecordHeader header;
  std::memcpy(&header, source.ring.At(source.next), sizeof(header));
  return PlaceOf(header.ticks);
}

uint64_t Collector::PlaceOfRaw() const {
  const RawSlot* const slot = raw_.oldest();
  return slot == nullptr ? UINT64_MAX : PlaceOf(slot->ticks);
}

// Takes lines of `source`, at least one, up to the first whose place is behind `last`.
void Collector::TakeRun(RingSource& source, uint64_t last) {
  do {
    Record record;
    // What was committed is whole.
    const bool is_whole = Record::Read(
        {source.ring.At(source.next), source.end - source.next}, &record);
    ABSL_ASSUME(is_whole);
    source.next += record.size;
    if (ABSL_PREDICT_FALSE(record.header.site == kGapSite)) {
      GapPayload gap;
      std::memcpy(&gap, record.payload.data(), sizeof(gap));
      DeclareDrops(source, gap.dropped, gap.first_ticks, gap.last_ticks);
    } else {
      source.thread = record.header.thread;
      if (thread_names_) record.thread_name = source.thread_name.data();
      TakeLine(record);
    }
    if (writer_.size() >= kBatchBytes) WriteOut();
    if (source.next == source.end) return;
    source.place = PlaceOf(source);
  } while (source.place <= last);
}

// Takes those up to the place `last`.
void Collector::TakeRawLines(uint64_t last) {
  while (const RawSlot* slot = raw_.oldest()) {
    if (PlaceOf(slot->ticks) > last) return;
    Record record;
    record.header = {.payload_bytes = slot->text_bytes,
                     .site = kTextFlag,
                     .ticks = slot->ticks,
                     .thread = slot->thread,
                     .context_bytes = 0};
    record.payload = slot->text();
    raw_.TakeOldest();
    try {
      TakeLine(record, CompiledSite(slot->level, Prefix::kFull, slot->file(),
                                    static_cast<int>(slot->line),
                                    /*format_text=*/"", /*types=*/{}));
    } catch (const std::bad_alloc&) {
      LoseLine(record.header, slot->level);
    }
  }
}

void Collector::TakeLine(const Record& record) {
  const uint32_t site = record.header.site & ~kSiteFlags;
  try {
    TakeLine(record, sites_.Get(site));
  } catch (const std::bad_alloc&) {
    LoseLine(record.header, SiteTable::Find(site)->level);
  }
}

void Collector::LoseLine(const RecordHeader& header, LogLevel level) {
  writer_.LoseLine(level, header.thread, ToUnixNanos(header.ticks));
}

void Collector::TakeLine(const Record& record, const CompiledSite& site) {
  const uint64_t ticks = record.header.ticks;
  LineTime time = {.unix_nanos = ToUnixNanos(ticks),
                   .late = PlaceOf(ticks) < PlaceOf(last_ticks_)};
  if (ABSL_PREDICT_TRUE(!time.late)) {
    // Each Sync() is off by some nanoseconds in its own way; the order is not.
    time.unix_nanos = std::max(time.unix_nanos, last_unix_nanos_);
    last_unix_nanos_ = time.unix_nanos;
    last_ticks_ = ticks;
  }
  writer_.AddLine(record, site, time);
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
      ToUnixNanos(std::max(first_ticks, source.declared_ticks));
  gap.last_unix_nanos = ToUnixNanos(last_ticks);
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

void Collector::DeclareRawDrops() {
  if (ABSL_PREDICT_TRUE(!raw_.HasDrops())) return;
  const RawSource::Drops drops = raw_.TakeDrops();
  writer_.AddGap({.thread = 0,
                  .dropped = drops.lines,
                  .first_unix_nanos = ToUnixNanos(drops.first),
                  .last_unix_nanos = ToUnixNanos(drops.last)});
}

void Collector::SetBoxClock() {
  if (box_ == nullptr) return;
  if (user_clock_ != nullptr) {
    const uint64_t now = LogClockTicks(*user_clock_);
    return box_->SetClock(
        {now, static_cast<int64_t>(now), /*nanos_per_tick=*/1.0});
  }
  box_->SetClock(
      {clock_.ticks(), clock_.unix_nanos(), clock_.nanos_per_tick()});
}

void Collector::WriteOut() {
  if (box_ != nullptr) MarkInFlight();
  writer_.Write();
  // What is lost is told before its room is given back, and anybody writes there.
  if (box_ != nullptr) {
    box_->StoreAccount(writer_.account().owed(), writer_.account().cut());
  }
  for (RingSource* source : sources_) GiveBack(*source);
  raw_.Release();
  if (box_ != nullptr) box_->EndWrite();
}

void Collector::MarkInFlight() {
  for (RingSource* source : sources_) source->ring.MarkInFlight(source->next);
  box_->BeginWrite();
}

// What was declared is marked first: once there is room, the next drops may be told
// behind those, as what nobody has declared.
void Collector::GiveBack(RingSource& source) {
  Ring& ring = source.ring;
  if (box_ != nullptr) ring.MarkDeclared(source.declared, source.thread);
  if (ring.head() != source.next) ring.Release(source.next);
}

}  // namespace kingpin::log_internal
