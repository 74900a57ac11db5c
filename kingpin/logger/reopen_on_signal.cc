#include "kingpin/logger/reopen_on_signal.h"

#include <sched.h>

#include <atomic>
#include <utility>

namespace kingpin {
namespace {

// A signal handler has no argument to carry these.
constinit std::atomic<const ReopenOnSignal*> g_current = nullptr;
constinit std::atomic<int> g_handlers_running = 0;

}  // namespace

ReopenOnSignal::ReopenOnSignal(int signal, std::vector<Logger*> loggers)
    : signal_(signal), loggers_(std::move(loggers)) {
  g_current.store(this);
  struct sigaction action = {};
  action.sa_handler = &ReopenOnSignal::OnSignal;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, &before_);
}

ReopenOnSignal::~ReopenOnSignal() {
  sigaction(signal_, &before_, nullptr);
  g_current.store(nullptr);
  while (g_handlers_running.load() > 0) sched_yield();
}

void ReopenOnSignal::OnSignal(int) {
  // First the count, then the object: the destructor goes the other way round.
  g_handlers_running.fetch_add(1);
  if (const ReopenOnSignal* current = g_current.load(); current != nullptr) {
    for (Logger* logger : current->loggers_) logger->Reopen();
  }
  g_handlers_running.fetch_sub(1);
}

}  // namespace kingpin
