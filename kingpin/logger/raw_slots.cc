#include "kingpin/logger/raw_slots.h"

#include <algorithm>
#include <cstring>

#include "kingpin/logger/escape.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin::log_internal {
namespace {

RawSlot* Claim(RawSlots& slots) {
  for (RawSlot& slot : slots.slots) {
    uint32_t state = RawSlot::kFree;
    if (slot.state.compare_exchange_strong(state, RawSlot::kClaimed,
                                           std::memory_order_acquire)) {
      return &slot;
    }
  }
  return nullptr;
}

}  // namespace

void RawSlots::Write(LogLevel level, std::string_view file, uint32_t line,
                     std::string_view text, uint64_t ticks) {
  RawSlot* slot = Claim(*this);
  if (slot == nullptr) return Drop(level, 1, ticks);
  file = CutText(file, RawSlot::kMaxFileBytes);
  text = CutText(text, kMaxText);
  slot->thread = static_cast<uint32_t>(sys::ThreadId());
  slot->ticks = ticks;
  slot->line = line;
  slot->text_bytes = static_cast<uint16_t>(text.size());
  slot->file_bytes = static_cast<uint8_t>(file.size());
  slot->level = level;
  std::copy(file.begin(), file.end(), slot->bytes.begin());
  std::copy(text.begin(), text.end(), slot->bytes.begin() + file.size());
  // First, so that nothing can be found that is not counted: see HasWork().
  committed.fetch_add(1, std::memory_order_relaxed);
  slot->state.store(RawSlot::kCommitted, std::memory_order_release);
}

void RawSlots::Drop(LogLevel level, uint64_t lines, uint64_t ticks) {
  uint64_t none = 0;
  first_drop.compare_exchange_strong(none, ticks);
  last_drop.store(ticks);
  dropped[static_cast<size_t>(level)].fetch_add(lines);
}

uint64_t RawSlots::accepted() const {
  uint64_t lines = committed.load(std::memory_order_acquire);
  for (uint64_t count : dropped_lines()) lines += count;
  return lines;
}

std::array<uint64_t, kLogLevels> RawSlots::dropped_lines() const {
  std::array<uint64_t, kLogLevels> lines;
  for (size_t i = 0; i < kLogLevels; ++i) lines[i] = dropped[i].load();
  return lines;
}

bool RawSource::Find() {
  // One that is counted may not be there yet, and is looked for until it is.
  if (slots_.committed.load(std::memory_order_acquire) == found_) return false;
  const uint64_t found_before = found_;
  for (RawSlot& slot : slots_.slots) {
    if (slot.state.load(std::memory_order_acquire) != RawSlot::kCommitted ||
        std::find(lines_.begin(), lines_.end(), &slot) != lines_.end()) {
      continue;
    }
    lines_.push_back(&slot);
    ++found_;
  }
  return found_ != found_before;
}

void RawSource::PutInOrder(uint64_t first_ticks) {
  std::stable_sort(lines_.begin() + next_, lines_.end(),
                   [first_ticks](const RawSlot* a, const RawSlot* b) {
                     return a->ticks - first_ticks < b->ticks - first_ticks;
                   });
}

void RawSource::Release() {
  for (size_t i = 0; i < next_; ++i) {
    lines_[i]->state.store(RawSlot::kFree, std::memory_order_release);
  }
  lines_.erase(lines_.begin(), lines_.begin() + next_);
  next_ = 0;
  for (size_t i = 0; i < kLogLevels; ++i) {
    // Behind what tells the account of them: see Ring::MarkDeclared().
    slots_.declared[i].store(declared_[i], std::memory_order_release);
  }
}

RawSource::Drops RawSource::TakeDrops() {
  Drops drops;
  const std::array<uint64_t, kLogLevels> all = slots_.dropped_lines();
  for (size_t i = 0; i < kLogLevels; ++i) {
    drops.lines[i] = all[i] - declared_[i];
  }
  declared_ = all;
  drops.last = slots_.last_drop.load();
  const uint64_t first = slots_.first_drop.exchange(0);
  drops.first = first == 0 ? drops.last : first;
  return drops;
}

}  // namespace kingpin::log_internal
