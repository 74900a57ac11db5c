#include "kingpin/logger/trouble.h"

#include <string.h>

#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/logger/ticks.h"

namespace kingpin::log_internal {
namespace {

// Not strerror(), which may ask for the locale.
const char* Cause(int error) {
  const char* cause = strerrordesc_np(error);
  return cause != nullptr ? cause : "unknown error";
}

}  // namespace

// Without memory there is no note; the lines must not be lost for that.
template <typename MakeText>
void Trouble::SetNote(MakeText make_text) {
  note_.clear();  // Of what has changed since.
  try {
    note_ = make_text();
  } catch (const std::bad_alloc&) {
  }
}

void Trouble::Begin(int error) {
  if (error_ != 0) return;
  error_ = error;
  begin_nanos_ = MonotonicNanos();
  SetNote([&] {
    return absl::StrCat("cannot be ", what_, " (", Cause(error),
                        "), goes on in the old file");
  });
}

void Trouble::End() {
  if (error_ == 0) return;
  const absl::Duration lasted =
      absl::Nanoseconds(MonotonicNanos() - begin_nanos_);
  SetNote([&] {
    return absl::StrCat(
        "could not be ", what_, ", went on in the old file for ",
        absl::FormatDuration(absl::Ceil(lasted, absl::Milliseconds(1))), " (",
        Cause(error_), ")");
  });
  error_ = 0;
}

std::string Trouble::TakeNote() { return std::exchange(note_, {}); }

}  // namespace kingpin::log_internal
