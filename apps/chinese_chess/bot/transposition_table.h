// What a search found out about positions, in memory of a fixed size.
//
// Four entries a cache line; when they are full, the one that is least worth keeping
// goes: of an earlier search before of this one, shallow before deep. Clear() costs
// nothing: it makes all entries count as absent.
//
// Two positions may share a key's checked bits, so a move that is found has to be
// looked at before it is played. Scores of mates are stored as distances from the
// position, wins by a rule of repetition not at all (score.h says why).
//
// Threads: one at a time for each object.
//
//   TranspositionTable table(16 << 20);
//   table.Store(key, {.move = move, .score = 35, .depth = 4, .bound = Bound::kExact},
//               ply);
//   TableEntry found;
//   if (table.Find(key, ply, &found)) Use(found);
#ifndef APPS_CHINESE_CHESS_BOT_TRANSPOSITION_TABLE_H_
#define APPS_CHINESE_CHESS_BOT_TRANSPOSITION_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "apps/chinese_chess/bot/no_move.h"
#include "apps/chinese_chess/bot/score.h"
#include "apps/chinese_chess/rules/move.h"

namespace chinese_chess::bot {

// What a score says of the true one.
enum class Bound : uint8_t {
  kNone,   // Nothing; the move and the evaluation count.
  kLower,  // At least that.
  kUpper,  // At most that.
  kExact,
};

struct TableEntry {
  Move move = kNoMove;
  Score score = 0;
  Score evaluation = 0;
  int depth = 0;
  Bound bound = Bound::kNone;
};

class TranspositionTable {
 public:
  // The largest power of two of lines that fits in, one at least.
  explicit TranspositionTable(size_t bytes);

  // Everything is forgotten.
  void Clear();
  // What there is goes before what comes.
  void NewSearch() { ++search_; }

  void Prefetch(uint64_t key) const {
    __builtin_prefetch(&lines_[IndexOf(key)]);
  }
  // `ply` is the distance from the root.
  bool Find(uint64_t key, int ply, TableEntry* entry) const;
  void Store(uint64_t key, const TableEntry& entry, int ply);

  size_t bytes() const { return lines_.size() * sizeof(Line); }
  // How full it is, in thousandths: a sample.
  int Permille() const;

 private:
  struct Slot {
    uint32_t check;
    Move move;
    int16_t score;
    int16_t evaluation;
    uint8_t depth;
    Bound bound;
    uint8_t epoch;  // Of another one than the table's: absent.
    uint8_t search;
  };
  static constexpr int kSlots = 4;
  struct alignas(64) Line {
    Slot slots[kSlots];
  };

  size_t IndexOf(uint64_t key) const { return key & (lines_.size() - 1); }
  bool Holds(const Slot& slot, uint32_t check) const {
    return slot.check == check && slot.epoch == epoch_;
  }
  Slot& SlotFor(uint64_t key);
  int Worth(const Slot& slot) const;

  std::vector<Line> lines_;
  uint8_t epoch_ = 1;
  uint8_t search_ = 0;
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_TRANSPOSITION_TABLE_H_
