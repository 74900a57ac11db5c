#include "apps/chinese_chess/bot/transposition_table.h"

#include <algorithm>
#include <bit>

namespace chinese_chess::bot {
namespace {

uint32_t CheckOf(uint64_t key) { return static_cast<uint32_t>(key >> 32); }

// Mates are counted from the root in a search, from the position in the table.
Score ToTable(Score score, int ply) {
  if (score >= kLeastMate) return score + ply;
  if (score <= -kLeastMate) return score - ply;
  return score;
}

Score FromTable(Score score, int ply) {
  if (score >= kLeastMate) return score - ply;
  if (score <= -kLeastMate) return score + ply;
  return score;
}

}  // namespace

TranspositionTable::TranspositionTable(size_t bytes)
    : lines_(std::bit_floor(std::max(bytes / sizeof(Line), size_t{1}))) {}

void TranspositionTable::Clear() {
  if (++epoch_ != 0) return;
  // Entries of the first epochs would come back to life.
  std::fill(lines_.begin(), lines_.end(), Line{});
  epoch_ = 1;
}

bool TranspositionTable::Find(uint64_t key, int ply, TableEntry* entry) const {
  const uint32_t check = CheckOf(key);
  for (const Slot& slot : lines_[IndexOf(key)].slots) {
    if (!Holds(slot, check)) continue;
    *entry = {slot.move, FromTable(slot.score, ply), slot.evaluation,
              slot.depth, slot.bound};
    return true;
  }
  return false;
}

int TranspositionTable::Worth(const Slot& slot) const {
  if (slot.epoch != epoch_) return -1;
  const int age = static_cast<uint8_t>(search_ - slot.search);
  return std::max(slot.depth + 256 - 8 * std::min(age, 32), 0);
}

// Its own, or the one that is least worth keeping.
TranspositionTable::Slot& TranspositionTable::SlotFor(uint64_t key) {
  Line& line = lines_[IndexOf(key)];
  Slot* least = &line.slots[0];
  for (Slot& slot : line.slots) {
    if (Holds(slot, CheckOf(key))) return slot;
    if (Worth(slot) < Worth(*least)) least = &slot;
  }
  return *least;
}

void TranspositionTable::Store(uint64_t key, const TableEntry& entry, int ply) {
  Slot& slot = SlotFor(key);
  const bool is_same = Holds(slot, CheckOf(key));
  const bool is_by_rule = IsDecided(entry.score) && !IsMate(entry.score);
  const Bound bound = is_by_rule ? Bound::kNone : entry.bound;
  const Move move = is_same && entry.move == kNoMove ? slot.move : entry.move;
  // A much deeper result of this search stays, unless there is an exact one.
  if (is_same && slot.search == search_ && slot.bound != Bound::kNone &&
      bound != Bound::kExact && slot.depth > entry.depth + 3) {
    slot.move = move;
    return;
  }
  const Score score = bound == Bound::kNone ? 0 : ToTable(entry.score, ply);
  slot = {.check = CheckOf(key),
          .move = move,
          .score = static_cast<int16_t>(score),
          .evaluation = static_cast<int16_t>(entry.evaluation),
          .depth = static_cast<uint8_t>(std::clamp(entry.depth, 0, 255)),
          .bound = bound,
          .epoch = epoch_,
          .search = search_};
}

int TranspositionTable::Permille() const {
  constexpr size_t kSample = 250;
  const size_t lines = std::min(lines_.size(), kSample);
  size_t used = 0;
  for (size_t i = 0; i < lines; ++i) {
    for (const Slot& slot : lines_[i].slots) {
      used += slot.epoch == epoch_ && slot.search == search_;
    }
  }
  return static_cast<int>(used * 1000 / (lines * kSlots));
}

}  // namespace chinese_chess::bot
