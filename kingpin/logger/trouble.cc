#include "kingpin/logger/trouble.h"

#include <string.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {

void Trouble::Begin(int error) {
  if (error_ != 0) return;
  error_ = error;
  begin_nanos_ = MonotonicNanos();
}

void Trouble::End() {
  if (error_ == 0) return;
  const absl::Duration lasted =
      absl::Nanoseconds(MonotonicNanos() - begin_nanos_);
  // Not strerror(), which may ask for the locale.
  const char* cause = strerrordesc_np(error_);
  note_ = absl::StrCat(
      what_, " for ",
      absl::FormatDuration(absl::Ceil(lasted, absl::Milliseconds(1))), " (",
      cause != nullptr ? cause : "unknown error", ")");
  error_ = 0;
}

std::string Trouble::TakeNote() { return std::exchange(note_, {}); }

}  // namespace kingpin::log_internal
