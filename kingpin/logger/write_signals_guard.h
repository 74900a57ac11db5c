// WriteSignalsGuard: keeps from this thread, while it writes, the signals of a reader that
// has gone (SIGPIPE) and of a file that may not grow (SIGXFSZ, by RLIMIT_FSIZE): errors to
// count and no reason to die. The backend blocks them for good, and all others but those
// of its own faults.
//
//   const WriteSignalsGuard guard;
//   sink.Write(batch);
//
// Threads: of the thread that makes it, also in a signal handler. They may lie in one
//   another. errno stays.
#ifndef KINGPIN_LOGGER_WRITE_SIGNALS_GUARD_H_
#define KINGPIN_LOGGER_WRITE_SIGNALS_GUARD_H_

#include <errno.h>
#include <signal.h>
#include <time.h>

#include <initializer_list>

namespace kingpin::log_internal {

class WriteSignalsGuard {
 public:
  WriteSignalsGuard() {
    sigemptyset(&set_);
    sigset_t pending;
    sigpending(&pending);
    for (int signal : {SIGPIPE, SIGXFSZ}) {
      if (sigismember(&pending, signal) == 0) sigaddset(&set_, signal);
    }
    pthread_sigmask(SIG_BLOCK, &set_, &old_);
  }
  ~WriteSignalsGuard() {
    // Of what is guarded.
    const int saved_errno = errno;
    // Takes back only those that our writes raised.
    const timespec now = {};
    while (sigtimedwait(&set_, nullptr, &now) > 0) {
    }
    pthread_sigmask(SIG_SETMASK, &old_, nullptr);
    errno = saved_errno;
  }
  WriteSignalsGuard(const WriteSignalsGuard&) = delete;
  WriteSignalsGuard& operator=(const WriteSignalsGuard&) = delete;

 private:
  sigset_t set_;
  sigset_t old_;
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_WRITE_SIGNALS_GUARD_H_
