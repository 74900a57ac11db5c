#include "kingpin/logger/crash_handler.h"

#include <signal.h>
#include <string.h>  // sigabbrev_np

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "absl/time/time.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/tell_stderr.h"

namespace kingpin {
namespace {

constexpr std::array<int, 6> kSignals = {SIGSEGV, SIGBUS,  SIGILL,
                                         SIGFPE,  SIGABRT, SIGSYS};
std::array<struct sigaction, kSignals.size()> old_actions;

// Text in a signal handler.
class Text {
 public:
  void Append(std::string_view text) {
    for (char c : text) {
      if (size_ < sizeof(bytes_)) bytes_[size_++] = c;
    }
  }
  void AppendNumber(uint64_t number, unsigned base) {
    char digits[20];
    char* const end = digits + sizeof(digits);
    char* begin = end;
    do {
      *--begin = "0123456789abcdef"[number % base];
      number /= base;
    } while (number > 0);
    Append({begin, static_cast<size_t>(end - begin)});
  }
  std::string_view view() const { return {bytes_, size_}; }

 private:
  char bytes_[192];
  size_t size_ = 0;
};

bool HasAddress(int signal) {
  return signal == SIGSEGV || signal == SIGBUS || signal == SIGILL ||
         signal == SIGFPE;
}

void RestoreAction(int signal) {
  for (size_t i = 0; i < kSignals.size(); ++i) {
    if (kSignals[i] == signal) {
      sigaction(signal, &old_actions[i], nullptr);
    }
  }
}

void OnSignal(int signal, siginfo_t* info, void*) {
  Text text;
  text.Append("signal ");
  text.AppendNumber(static_cast<uint64_t>(signal), 10);
  text.Append(" (SIG");
  const char* name = sigabbrev_np(signal);
  text.Append(name == nullptr ? "?" : name);
  text.Append(")");
  // From kill() if it is not positive.
  const bool by_kernel = info->si_code > 0;
  if (by_kernel && HasAddress(signal)) {
    text.Append(" at address 0x");
    text.AppendNumber(reinterpret_cast<uintptr_t>(info->si_addr), 16);
  }
  KLOG_RAW(ERROR, text.view());
  if (!Logger::FlushDefaultInSignalHandler(absl::Seconds(1))) {
    text.Append(": the log was not written to its end\n");
    log_internal::TellStderr(text.view());
  }
  // Only now: until then other threads may fault as well, and must not end what this
  // one waits for.
  RestoreAction(signal);
  // A fault happens again when this returns. What somebody sent has to be sent
  // again; it is blocked until then.
  if (!by_kernel || !HasAddress(signal)) raise(signal);
}

}  // namespace

void InstallCrashHandler() {
  // Else it would be its own old handler, and call itself for ever.
  static constinit std::atomic<bool> installed = false;
  if (installed.exchange(true)) return;
  struct sigaction action = {};
  action.sa_sigaction = &OnSignal;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], &action, &old_actions[i]);
  }
}

}  // namespace kingpin
