// RingSet: the rings of one logger, one for each thread that logs to it, and one
// more that threads share which get none of their own.
//
// A thread gets its ring with its first line. When it exits, the ring goes to the
// backend, which hands it to the next new thread once it is empty. Rings are never
// unmapped before the set is gone.
//
// Budget: a thread gets a ring of its own if the rings of all loggers of the process
// are within ring_budget() bytes with it; the shared ones count, and there is one in
// any case. Beyond that, and when there is no memory, threads share: slower, with a
// mutex, but they log.
//
// Threads: thread-safe, unless a method says whose it is.
#ifndef KINGPIN_LOGGER_RING_SET_H_
#define KINGPIN_LOGGER_RING_SET_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "kingpin/logger/black_box.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/plain_mutex.h"
#include "kingpin/logger/ring.h"
#include "kingpin/logger/turn_mutex.h"

namespace kingpin::log_internal {

// A ring, and how far the backend has come with it.
struct RingSource {
  RingSource(size_t bytes, void* memory) : ring(bytes, memory) {}

  Ring ring;

  // The backend's. Lines before `next` are taken.
  uint64_t next = 0;
  uint64_t end = 0;  // Of what is committed, as of this pass.
  uint64_t place =
      0;  // Of the record at `next` among all, unless that is `end`.
  std::array<uint64_t, kLogLevels> declared = {};  // Of the lines dropped.
  uint64_t declared_ticks = 0;                     // Up to when.
  uint32_t thread = 0;  // Of the last line; whose lines are dropped.

  // Of the owner when it got the ring, which was empty: constant while it is not.
  // Printable, without a space; empty: of several threads, or none.
  std::array<char, 16> thread_name = {};

  // Under RingSet's mutex. nullptr: nobody's.
  const void* owner = nullptr;
  bool free = false;
};

class RingSet {
 public:
  // Throws std::bad_alloc if there is not even a ring to share. With a box, which
  // outlives the set, the rings lie there, as many as it has.
  RingSet(size_t ring_bytes, BlackBox* box);
  ~RingSet();

  size_t max_record() const { return shared_->ring.max_record(); }

  // The ring of the calling thread, which `owner` stands for; nullptr: shared(). If it
  // is new, this waits for its pages, of a disk perhaps, and nobody else does.
  Ring* Attach(const void* owner);
  // The owner's thread is over; its ring may still hold lines.
  void Detach(const void* owner);

  // Held while the shared ring is used.
  TurnMutex& shared_mutex() { return shared_mu_; }
  Ring& shared() { return shared_->ring; }

  // How many there are, the shared one counted. Safe from any thread.
  size_t size() const { return count_.load(std::memory_order_acquire) + 1; }
  // Puts all rings into `sources`, if there are more than the last time. Throws
  // std::bad_alloc, with the old ones in it. The backend's.
  void List(std::vector<RingSource*>* sources);
  // Makes rings free that are empty and nobody's. The backend's.
  void Recycle();

  // Of all rings: who waits for room goes on without.
  void StopWaiting();

  uint64_t accepted() const;
  uint64_t depth() const;
  std::array<uint64_t, kLogLevels> dropped() const;

  static size_t ring_budget();
  static void set_ring_budget(size_t bytes);
  // In a child of fork(), whose parent's rings are nothing to it.
  static void ForgetParentsRings();

 private:
  // One that this owner has, or that is free; nullptr: none.
  RingSource* FindRing(const void* owner) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // nullptr: there is no budget, memory or box for it.
  RingSource* MakeRing() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t ring_bytes_;
  BlackBox* const box_;
  const std::unique_ptr<RingSource> shared_;
  TurnMutex shared_mu_;

  mutable PlainMutex mu_;
  std::vector<std::unique_ptr<RingSource>> own_ ABSL_GUARDED_BY(mu_);
  std::atomic<size_t> count_ = 0;       // Of own_.
  std::atomic<bool> detached_ = false;  // Some ring may be nobody's.
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_RING_SET_H_
