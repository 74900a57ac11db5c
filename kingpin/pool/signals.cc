#include "kingpin/pool/signals.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>

#include <atomic>
#include <utility>

#include "absl/base/config.h"
#include "absl/status/status.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// A signal handler has no argument to carry these.
std::atomic<int> g_event_fd = -1;
std::atomic<int> g_count = 0;

void OnSignal(int) {
  g_count.fetch_add(1);
  sys::EventFdSignal(g_event_fd.load());  // Leaves errno alone.
}

}  // namespace

ScopedBlockAllSignals::ScopedBlockAllSignals() {
  sigset_t all;
  sigfillset(&all);
  for (int signal :
       {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) {
    sigdelset(&all, signal);
  }
  pthread_sigmask(SIG_SETMASK, &all, &before_);
}

ScopedBlockAllSignals::~ScopedBlockAllSignals() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

absl::StatusOr<ShutdownSignals> ShutdownSignals::Install() {
  SysResult<UniqueFd> event = sys::EventFd();
  if (!event.ok()) return absl::ErrnoToStatus(event.error, "eventfd");
  int none = -1;
  if (!g_event_fd.compare_exchange_strong(none, event.value.get())) {
    return absl::FailedPreconditionError(
        "SIGTERM and SIGINT are handled by another run in this process: start "
        "this one without handle_signals");
  }
  g_count.store(0);
#ifdef ABSL_HAVE_THREAD_SANITIZER
  // Its runtime makes a thread's record of pending signals at the thread's first
  // blocking call, and loses a signal that comes in the middle of that: let it be
  // made now.
  poll(nullptr, 0, 0);
#endif
  ShutdownSignals signals(std::move(event.value));
  struct sigaction action = {};
  action.sa_handler = OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, &signals.before_term_);
  sigaction(SIGINT, &action, &signals.before_int_);
  // A shell starts background jobs with SIGINT ignored: that choice stands.
  if (signals.before_int_.sa_handler == SIG_IGN) {
    sigaction(SIGINT, &signals.before_int_, nullptr);
  }
  return signals;
}

ShutdownSignals::~ShutdownSignals() {
  if (!event_.valid()) return;
  Restore();
  g_event_fd.store(-1);
}

void ShutdownSignals::Restore() {
  sigaction(SIGTERM, &before_term_, nullptr);
  sigaction(SIGINT, &before_int_, nullptr);
}

int ShutdownSignals::Wait() {
  pollfd poll_fd = {.fd = event_.get(), .events = POLLIN, .revents = 0};
  while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR) {
  }
  sys::EventFdTake(event_.get());
  int count = g_count.load();
  if (count >= 2) Restore();
  return count;
}

void ShutdownSignals::Interrupt() { sys::EventFdSignal(event_.get()); }

}  // namespace kingpin
