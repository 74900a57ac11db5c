// VerbosityOnSignal: while it lives, one signal makes all modules more verbose by one,
// on top of what SetVerbosity() says, and another takes one back; each says so in the
// default log. Then their former dispositions are back.
//
//   VerbosityOnSignal verbosity(SIGUSR1, SIGUSR2);
//
//   kill -USR1 PID    # KVLOG(1) logs everywhere; again: KVLOG(2) ...
//   kill -USR2 PID    # One less, down to what was set.
//
// What has been added stays when it goes (AddVerbosity()).
// Threads: made and destroyed by one; one at a time in the process.
#ifndef KINGPIN_LOGGER_VERBOSITY_ON_SIGNAL_H_
#define KINGPIN_LOGGER_VERBOSITY_ON_SIGNAL_H_

#include <signal.h>

namespace kingpin {

class VerbosityOnSignal {
 public:
  VerbosityOnSignal(int more, int less);
  ~VerbosityOnSignal();
  VerbosityOnSignal(const VerbosityOnSignal&) = delete;
  VerbosityOnSignal& operator=(const VerbosityOnSignal&) = delete;

 private:
  const int more_;
  const int less_;
  struct sigaction before_more_ = {};
  struct sigaction before_less_ = {};
};

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_VERBOSITY_ON_SIGNAL_H_
