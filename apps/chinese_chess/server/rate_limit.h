// Credits: so many at once, and so many again in each period.
//
// A value of 24 bytes with no timer: what has come back is reckoned when it is asked.
// Threads: one at a time for each object.
//
//   RateLimit limit(100, absl::Seconds(20));
//   if (!limit.Take(now)) return Refuse("too many messages");
#ifndef APPS_CHINESE_CHESS_SERVER_RATE_LIMIT_H_
#define APPS_CHINESE_CHESS_SERVER_RATE_LIMIT_H_

#include <algorithm>

#include "absl/time/time.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

class RateLimit {
 public:
  // Full from the start.
  RateLimit(int credits, absl::Duration period)
      : most_(static_cast<float>(credits)),
        credits_(most_),
        per_second_(most_ / static_cast<float>(absl::ToDoubleSeconds(period))) {
  }

  // False, and nothing is taken, if there is not as much.
  bool Take(kingpin::MonotonicTime now, int cost = 1) {
    const float seconds =
        static_cast<float>(absl::ToDoubleSeconds(now - last_));
    // The first call comes from the beginning of time: full.
    credits_ = std::min(most_, credits_ + seconds * per_second_);
    last_ = now;
    if (credits_ < static_cast<float>(cost)) return false;
    credits_ -= static_cast<float>(cost);
    return true;
  }

 private:
  float most_;
  float credits_;
  float per_second_;
  kingpin::MonotonicTime last_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_RATE_LIMIT_H_
