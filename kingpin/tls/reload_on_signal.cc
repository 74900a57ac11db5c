#include "kingpin/tls/reload_on_signal.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>

#include <atomic>
#include <memory>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "kingpin/logger/klog.h"
#include "kingpin/pool/signals.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// A signal handler has no argument to carry these.
constinit std::atomic<const ReloadOnSignal*> g_current = nullptr;
constinit std::atomic<int> g_handlers_running = 0;

void Report(const absl::Status& status, const TlsServer& server) {
  if (status.ok()) {
    KLOG(INFO) << "reloaded the certificate: " << server.Describe();
  } else {
    KLOG(ERROR) << "the certificate stays the old one: " << status.message();
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<ReloadOnSignal>> ReloadOnSignal::Install(
    int signal, TlsServer* server) {
  SysResult<UniqueFd> bell = sys::EventFd();
  if (!bell.ok()) return absl::ErrnoToStatus(bell.error, "eventfd");
  try {
    return std::unique_ptr<ReloadOnSignal>(
        new ReloadOnSignal(signal, server, std::move(bell.value)));
  } catch (const std::system_error& e) {  // pthread_create: EAGAIN.
    return absl::ResourceExhaustedError(e.what());
  }
}

ReloadOnSignal::ReloadOnSignal(int signal, TlsServer* server, UniqueFd bell)
    : signal_(signal), server_(*server), bell_(std::move(bell)) {
  {
    ScopedBlockAllSignals block;
    thread_ = std::thread([this] { Run(); });
  }
  sigaction(signal_, nullptr, &before_);  // What the handler is to look at.
  g_current.store(this);
  struct sigaction action = {};
  action.sa_handler = &ReloadOnSignal::OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(signal_, &action, nullptr);
}

ReloadOnSignal::~ReloadOnSignal() {
  sigaction(signal_, &before_, nullptr);
  g_current.store(nullptr);
  while (g_handlers_running.load() > 0) sched_yield();
  stop_.store(true);
  sys::EventFdSignal(bell_.get());
  thread_.join();
}

void ReloadOnSignal::OnSignal(int signal) {
  // First the count, then the object: the destructor goes the other way round.
  g_handlers_running.fetch_add(1);
  if (const ReloadOnSignal* current = g_current.load(); current != nullptr) {
    sys::EventFdSignal(current->bell_.get());
    const bool has_handler = (current->before_.sa_flags & SA_SIGINFO) == 0 &&
                             current->before_.sa_handler != SIG_DFL &&
                             current->before_.sa_handler != SIG_IGN;
    if (has_handler) current->before_.sa_handler(signal);
  }
  g_handlers_running.fetch_sub(1);
}

void ReloadOnSignal::Run() {
  for (;;) {
    pollfd poll_fd = {.fd = bell_.get(), .events = POLLIN, .revents = 0};
    while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR) {
    }
    sys::EventFdTake(bell_.get());
    if (stop_.load()) return;
    Report(server_.Reload(), server_);
  }
}

}  // namespace kingpin
