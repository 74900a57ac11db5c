// Ring: bytes from one thread to the backend. One producer, one consumer, no lock.
//
// The data is mapped twice, back to back, so that a record is contiguous wherever
// it begins:
//
//     [ control page ][ data ............ ][ the same data ............ ]
//                          ^ head    ^ tail
//                          read here  written here
//
// Positions count bytes from the ring's first record and never wrap. Storing
// `tail` commits all that lies before it; storing `head` gives the room back, which
// the backend does only when the lines were written. Both are in the mapping, so
// a ring in a file outlives the process, with whatever was committed to it.
//
//   Ring ring(1 << 20);
//   if (char* at = ring.Reserve(size, LogLevel::kInfo)) {  // The producer.
//     ...  // Writes `size` bytes.
//     ring.Commit(at, size);
//   }
//   for (uint64_t at = ring.head(); at != ring.tail(); ...) ring.At(at);
//   ring.Release(at);                                      // The backend.
//
// Room: DEBUG and INFO lines get seven eighths of it, so that a flood of them
// leaves room for what says why.
// Threads: each method says whose it is. Of a ring that threads share, whoever holds
//   its mutex is the producer.
#ifndef KINGPIN_LOGGER_RING_H_
#define KINGPIN_LOGGER_RING_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "absl/base/optimization.h"
#include "absl/base/thread_annotations.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/ring_control.h"
#include "kingpin/logger/turn_mutex.h"

namespace kingpin::log_internal {

class Ring {
 public:
  // Of `bytes`, 1 KiB to 1 GiB, in memory that a file descriptor is not needed for:
  // a thread may log for the first time because there are none left. valid() is
  // false if the kernel has no memory.
  // In `memory`, unless that is nullptr: zeros, MappedBytes(bytes) of them, at the
  // begin of a page of a shared mapping. The ring maps the same pages once more, so
  // that mapping may go.
  explicit Ring(size_t bytes, void* memory = nullptr);
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  bool valid() const { return control_ != nullptr; }
  // What a ring for `bytes` takes of memory.
  static size_t MappedBytes(size_t bytes);
  // The largest record that fits, with a gap before it, when nothing else does.
  size_t max_record() const {
    return (limit_ / 8 * 7 - kGapRecordSize) & ~(kRecordAlignment - 1);
  }

  // --- The producer --------------------------------------------------------------

  // Takes all page faults of the first lap, which may wait for a disk, and those of a
  // virtual machine's host. Before the first record.
  void Touch();

  // Room for `size` bytes in the half of the ring that is free as far as the
  // producer knows without looking; nullptr otherwise: Reserve() looks.
  char* TryReserve(size_t size) {
    const uint64_t tail = tail_;
    if (ABSL_PREDICT_FALSE(tail + size - known_head_ > half_)) return nullptr;
    char* const at = data_ + (tail & mask_);
    ABSL_ASSUME(at != nullptr);
    return at;
  }
  // The same, but looks if need be.
  char* TryReserveAnew(size_t size) {
    if (char* at = TryReserve(size)) return at;
    if (HasGap()) return nullptr;
    known_head_ = control_->head.load(std::memory_order_acquire);
    return TryReserve(size);
  }

  // nullptr when there is no room for a record of this level. Lines that were
  // dropped before are told by a gap in front of it, for which there is room too.
  char* Reserve(size_t size, LogLevel level);

  // Publishes what was written to the room `at` that was reserved: one line.
  void Commit(const char* at, size_t size) {
    RingControl* const control = control_;
    // First, so that none is ever written that is not accepted.
    control->accepted.store(++accepted_, std::memory_order_relaxed);
    Publish(control, at, size);
  }

  // Counts a line as dropped.
  void Drop(LogLevel level, uint64_t ticks);

  bool IsHalfFull() const { return tail_ - known_head_ > half_; }

  // Sleeps until the backend has freed room, if Reserve() would fail. `held`, the
  // mutex of a ring that threads share, is let go of meanwhile.
  void WaitForRoom(size_t size, LogLevel level,
                   TurnMutex* held = nullptr) ABSL_NO_THREAD_SAFETY_ANALYSIS;
  // Ends that for good: room will not be freed any more. From any thread.
  void StopWaiting();
  // Whether other threads do, which share the ring.
  bool HasWaiters() const {
    return waiters_.load(std::memory_order_relaxed) != 0;
  }

  // --- The backend ---------------------------------------------------------------

  uint64_t head() const {
    return control_->head.load(std::memory_order_relaxed);
  }
  uint64_t tail() const {
    return control_->tail.load(std::memory_order_acquire);
  }
  const char* At(uint64_t position) const { return data_ + (position & mask_); }

  // The sink is about to be given what lies before `position`.
  void MarkInFlight(uint64_t position) {
    control_->in_flight.store(position, std::memory_order_release);
  }

  // These drops were declared, the last of them of `thread`.
  void MarkDeclared(const std::array<uint64_t, kLogLevels>& dropped,
                    uint64_t thread);

  // Gives the room before `position` back and wakes the producer if it waits.
  void Release(uint64_t position);

  // Lines dropped so far. Read before tail(), if the two are compared.
  std::array<uint64_t, kLogLevels> dropped() const;
  uint64_t first_drop() const {
    return control_->first_drop.load(std::memory_order_relaxed);
  }
  uint64_t last_drop() const {
    return control_->last_drop.load(std::memory_order_relaxed);
  }

  // --- Any thread ------------------------------------------------------------------

  // Lines that the producer committed or dropped.
  uint64_t accepted() const;
  // Bytes that wait for the backend.
  uint64_t depth() const {
    // In this order, or the backend might pass the tail that was read.
    const uint64_t head = control_->head.load(std::memory_order_acquire);
    return control_->tail.load(std::memory_order_acquire) - head;
  }

 private:
  // The backend has read the bytes that the next lines will be written to, so their
  // cache lines are shared with its core. Taking them back costs more than a whole
  // log statement: it is begun some statements ahead.
  static constexpr size_t kPrefetchBytes = 256;
  static void PrefetchForWrite(const char* at) {
#if defined(__x86_64__)
    asm volatile("prefetchw %0" : : "m"(*at));
#else
    __builtin_prefetch(at, 1);
#endif
  }

  bool Fits(size_t size, LogLevel level) const;
  bool HasGap() const { return drops_ != told_drops_; }
  void WriteGap();
  void Publish(RingControl* control, const char* at, size_t size) {
    // Where the data ends it begins anew: that is mapped, too.
    PrefetchForWrite(at + size + kPrefetchBytes);
    const uint64_t tail = tail_ + size;
    tail_ = tail;
    control->tail.store(tail, std::memory_order_release);
  }

  // Constant after construction.
  RingControl* control_ = nullptr;
  char* data_ = nullptr;
  size_t mask_ = 0;
  size_t limit_ = 0;  // How much of the data is used,
  size_t half_ = 0;   // and half of that.
  size_t mapped_ = 0;

  // The producer's.
  // Copies of what it published: reading that would fetch the line from the core of
  // the backend, which has looked at it.
  alignas(64) uint64_t tail_ = 0;
  uint64_t accepted_ = 0;
  uint64_t known_head_ = 0;
  uint64_t drops_ = 0;       // Lines dropped,
  uint64_t told_drops_ = 0;  // and how many of them gaps have told.

  // How many wait for room, and how often they were woken.
  alignas(64) std::atomic<uint32_t> waiters_ = 0;
  std::atomic<uint32_t> wakes_ = 0;
  std::atomic<bool> nobody_waits_ = false;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_RING_H_
