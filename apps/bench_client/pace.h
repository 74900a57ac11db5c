// Pace: when requests fall due that come at a constant rate.
//
// Threads: one at a time for each object.
//
//   Pace pace(clock.Now(), /*gap_ns=*/2e6);
//   while (pace.due() <= clock.Now()) Send(pace.Take());
#ifndef APPS_BENCH_CLIENT_PACE_H_
#define APPS_BENCH_CLIENT_PACE_H_

#include <cstdint>

#include "kingpin/sys/clock.h"

namespace bench_client {

class Pace {
 public:
  // The first is due at `start`, the others `gap_ns` apart.
  Pace(kingpin::MonotonicTime start, double gap_ns)
      : start_(start), gap_ns_(gap_ns) {}

  // When the next request is due, or was.
  kingpin::MonotonicTime due() const { return DueOf(taken_); }
  kingpin::MonotonicTime Take() { return DueOf(taken_++); }

  // How many were due by `now` and were not taken.
  uint64_t Behind(kingpin::MonotonicTime now) const {
    if (now < due()) return 0;
    const double gaps = static_cast<double>(now.nanos - start_.nanos) / gap_ns_;
    return static_cast<uint64_t>(gaps) + 1 - taken_;
  }

 private:
  // From the start each time, so that errors of rounding do not add up.
  kingpin::MonotonicTime DueOf(uint64_t number) const {
    return {start_.nanos +
            static_cast<int64_t>(static_cast<double>(number) * gap_ns_)};
  }

  const kingpin::MonotonicTime start_;
  const double gap_ns_;
  uint64_t taken_ = 0;
};

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_PACE_H_
