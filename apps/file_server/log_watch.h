// LogWatch: says on the main log (KLOG, stderr) when the access log begins to
// lose lines and when it is whole again. The Logger itself only counts, and
// declares in the log what is missing there once it can.
//
// Threads: one at a time. Lifetime: the Logger outlives it.
//
//   LogWatch watch(&log);
//   watch.Look();   // Once a second: at most one line each.
#ifndef APPS_FILE_SERVER_LOG_WATCH_H_
#define APPS_FILE_SERVER_LOG_WATCH_H_

#include <cstdint>

#include "kingpin/logger/logger.h"

namespace file_server {

class LogWatch {
 public:
  // Null: there is no log, and nothing to say.
  explicit LogWatch(const kingpin::Logger* log) : log_(log) {}

  // Says what has changed since the last time.
  void Look();

 private:
  const kingpin::Logger* const log_;
  kingpin::Logger::Counters seen_;
  bool losing_ = false;
  uint64_t dropped_before_ = 0;  // When it began to lose lines.
};

}  // namespace file_server

#endif  // APPS_FILE_SERVER_LOG_WATCH_H_
