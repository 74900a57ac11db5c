// LoopStats: what one loop thread has done, always on.
//
// Threads: the owning loop writes, any thread reads. A counter is a relaxed
// load and store, no locked instruction: about as dear as a plain increment.
//
//   for (int i = 0; i < shared.threads(); ++i) {
//     std::cout << shared.thread(i).stats().ToString() << "\n";
//   }
#ifndef KINGPIN_POOL_LOOP_STATS_H_
#define KINGPIN_POOL_LOOP_STATS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/time/time.h"

namespace kingpin {

// Written by one thread, read by all.
class Counter {
 public:
  void Add(uint64_t n = 1) {
    value_.store(value() + n, std::memory_order_relaxed);
  }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_ = 0;
};

// Durations by power of two: bucket b holds [2^b, 2^(b+1)) microseconds, the
// first one everything below 2 us, the last one all from about 9 minutes.
class DurationHistogram {
 public:
  static constexpr int kBuckets = 30;

  void Add(absl::Duration d);
  uint64_t count() const;
  // An upper bound of the given quantile (0 to 1); zero when empty.
  absl::Duration Quantile(double q) const;

 private:
  std::array<Counter, kBuckets> buckets_;
};

struct LoopStats {
  Counter iterations;
  Counter events;
  Counter accepts;
  Counter connects;           // Sockets that a client has connected.
  Counter connect_failures;   // Targets that got no connection.
  Counter retries;            // Targets whose reused connection had ended.
  Counter accept_pauses;      // Listener paused: out of descriptors or memory.
  Counter turns_won;          // Of the accept mutex.
  Counter turns_handed_over;  // Given to a lighter thread.
  Counter turns_lost;         // Taken by the watchdog from a stuck thread.
  Counter bytes_read;
  Counter bytes_written;
  Counter closes;
  Counter timeouts;            // Connections closed by one.
  Counter overflows;           // Connections closed at a bound.
  Counter handshakes;          // Of transports (TLS), done.
  Counter handshakes_failed;   // Refused, timed out, given up by the peer.
  Counter handler_exceptions;  // Out of callbacks, tasks and timers.
  Counter posted_tasks;
  Counter stale_ids;  // Sends and closes to connections that are gone.
  DurationHistogram loop_time;   // From wake-up to the next sleep.
  DurationHistogram posted_lag;  // From Post() to its run, oldest of a batch.

  // One line, "name=value" separated by spaces.
  std::string ToString() const;
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_LOOP_STATS_H_
