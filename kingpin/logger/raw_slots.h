// RawSlots: lines from signal handlers. A handler may have interrupted its thread
// within the append to its ring, so it must not touch that; it takes one of a few
// slots that everybody shares, by a compare-and-swap, and copies its text there.
//
//   kFree -> kClaimed -> kCommitted   the handler; it may die in between
//   kCommitted -> kTaken -> kFree     the backend: formatted, then written
//
// Slots lie in memory of the engine or in its black box.
//
// Threads: Write() from any, and in signal handlers; it takes no lock and no memory.
// RawSource is the backend's.
#ifndef KINGPIN_LOGGER_RAW_SLOTS_H_
#define KINGPIN_LOGGER_RAW_SLOTS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "kingpin/logger/level.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {

// Stored in black boxes: members stay where they are.
struct RawSlot {
  enum State : uint32_t { kFree, kClaimed, kCommitted, kTaken };
  static constexpr size_t kMaxFileBytes = 40;

  std::atomic<uint32_t> state;
  uint32_t thread;
  uint64_t ticks;
  uint32_t line;
  uint16_t text_bytes;
  uint8_t file_bytes;
  LogLevel level;
  std::array<char, 232> bytes;  // The name of the source file, then the text.

  std::string_view file() const { return {bytes.data(), file_bytes}; }
  std::string_view text() const {
    return {bytes.data() + file_bytes, text_bytes};
  }
};
static_assert(sizeof(RawSlot) == 256);

struct RawSlots {
  static constexpr size_t kSlots = 63;
  // What is sure to fit of a line's text; the rest is cut.
  static constexpr size_t kMaxText =
      sizeof(RawSlot::bytes) - RawSlot::kMaxFileBytes;

  std::atomic<uint64_t> committed;  // Lines, ever.
  std::array<std::atomic<uint64_t>, kLogLevels> dropped;
  std::atomic<uint64_t> first_drop;  // Since the last declaration; 0: none.
  std::atomic<uint64_t> last_drop;
  std::array<std::atomic<uint64_t>, kLogLevels> declared;  // The backend's.
  std::array<std::atomic<uint64_t>, 21> reserved;
  std::array<RawSlot, kSlots> slots;

  // Counts the line as dropped if all slots are taken.
  void Write(LogLevel level, std::string_view file, uint32_t line,
             std::string_view text, uint64_t ticks = ReadTicks());
  // Counts lines as dropped, whoever logged them.
  void Drop(LogLevel level, uint64_t lines, uint64_t ticks);

  // Lines committed or dropped.
  uint64_t accepted() const;
  std::array<uint64_t, kLogLevels> dropped_lines() const;
};
static_assert(sizeof(RawSlots) == 16384);

// What the backend makes of them.
class RawSource {
 public:
  // Which outlive it.
  explicit RawSource(RawSlots* slots) : slots_(*slots) {
    lines_.reserve(RawSlots::kSlots);
  }

  bool HasWork() const {
    return slots_.committed.load(std::memory_order_acquire) != found_ ||
           HasDrops();
  }
  // Looks for what is committed. Whether there is more than the last time.
  bool Find();
  // By their ticks, but those from `first_ticks` on are in front of the others.
  void PutInOrder(uint64_t first_ticks);
  // The oldest line that was found and not taken, once they are in order; nullptr: none.
  // Valid until it is released.
  const RawSlot* oldest() const {
    return next_ < lines_.size() ? lines_[next_] : nullptr;
  }
  void TakeOldest() { lines_[next_++]->state.store(RawSlot::kTaken); }
  // What was taken has been written.
  void Release();

  bool HasDrops() const { return slots_.dropped_lines() != declared_; }
  // Those that nobody has declared. Times in ticks.
  struct Drops {
    std::array<uint64_t, kLogLevels> lines;
    uint64_t first;
    uint64_t last;
  };
  Drops TakeDrops();

 private:
  RawSlots& slots_;
  uint64_t found_ = 0;           // Of RawSlots::committed.
  std::vector<RawSlot*> lines_;  // Found; those before `next_` are taken.
  size_t next_ = 0;
  std::array<uint64_t, kLogLevels> declared_ = {};
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_RAW_SLOTS_H_
