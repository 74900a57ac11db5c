// LogClock: where the times of lines come from, if not from the clock of the system:
// for tests, and for simulations whose time is not ours.
//
//   absl::Time simulated = absl::FromUnixSeconds(0);
//   Logger log({.clock = [&simulated] { return simulated; }});
//
// It is called for each line, on the thread that logs it, and by the backend, and is
// thread-safe; in signal handlers too if KLOG_RAW is used. Must not log, wait or throw.
// From 1970 on. It may stand still and may be set back: lines that are older than one
// that is written already are marked as late (logger.h: Order).
// Cost: that of the call, and some nanoseconds.
#ifndef KINGPIN_LOGGER_LOG_CLOCK_H_
#define KINGPIN_LOGGER_LOG_CLOCK_H_

#include <functional>

#include "absl/time/time.h"

namespace kingpin {

using LogClock = std::function<absl::Time()>;

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_LOG_CLOCK_H_
