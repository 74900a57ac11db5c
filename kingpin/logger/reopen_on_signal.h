// ReopenOnSignal: while it lives, a signal makes loggers open their files anew
// (Logger::Reopen()); then its former disposition is back.
//
//   ReopenOnSignal reopen(SIGHUP, {&log, &access_log});
//
// Threads: made and destroyed by one; one at a time in the process.
// Lifetime: the loggers outlive it.
#ifndef KINGPIN_LOGGER_REOPEN_ON_SIGNAL_H_
#define KINGPIN_LOGGER_REOPEN_ON_SIGNAL_H_

#include <signal.h>

#include <vector>

#include "kingpin/logger/logger.h"

namespace kingpin {

class ReopenOnSignal {
 public:
  ReopenOnSignal(int signal, std::vector<Logger*> loggers);
  // Waits for handlers that run on other threads.
  ~ReopenOnSignal();
  ReopenOnSignal(const ReopenOnSignal&) = delete;
  ReopenOnSignal& operator=(const ReopenOnSignal&) = delete;

 private:
  static void OnSignal(int);

  const int signal_;
  const std::vector<Logger*> loggers_;
  struct sigaction before_ = {};
};

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_REOPEN_ON_SIGNAL_H_
