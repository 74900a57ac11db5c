#include "kingpin/logger/verbosity_on_signal.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>

#include "kingpin/logger/klog.h"
#include "kingpin/logger/verbosity.h"

namespace kingpin {
namespace {

void Change(int by) {
  constexpr std::string_view kBegin = "verbosity is raised by ";
  char text[kBegin.size() + 11];  // As many as an int has.
  char* const digits = std::copy(kBegin.begin(), kBegin.end(), text);
  const char* end = std::to_chars(digits, std::end(text), AddVerbosity(by)).ptr;
  KLOG_RAW(INFO, std::string_view(text, end - text));
}

void Install(int signal, void (*handler)(int), struct sigaction* before) {
  struct sigaction action = {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  sigaction(signal, &action, before);
}

}  // namespace

VerbosityOnSignal::VerbosityOnSignal(int more, int less)
    : more_(more), less_(less) {
  Verbosity();  // What AddVerbosity() needs in a handler.
  Install(
      more_, [](int) { Change(1); }, &before_more_);
  Install(
      less_, [](int) { Change(-1); }, &before_less_);
}

VerbosityOnSignal::~VerbosityOnSignal() {
  sigaction(less_, &before_less_, nullptr);
  sigaction(more_, &before_more_, nullptr);
}

}  // namespace kingpin
