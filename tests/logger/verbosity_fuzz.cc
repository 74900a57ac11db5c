// What holds for any text that somebody gives as a verbosity: it is refused and names
// what is wrong, and nothing has changed, or it is in force and decides for each
// statement, as it stands.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/verbosity.h"

namespace kingpin {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckSpec(std::string_view spec) {
  static constinit log_internal::VerboseSite known("kingpin/http/http_date.cc");
  const std::string before = Verbosity();
  const bool was_enabled = known.Enabled(1);
  if (const absl::Status status = SetVerbosity(spec); !status.ok()) {
    Require(status.code() == absl::StatusCode::kInvalidArgument);
    Require(Verbosity() == before);
    Require(known.Enabled(1) == was_enabled);
    return;
  }
  Require(Verbosity() == spec);
  Require(!known.Enabled(2'000'000));
  // The first that fits counts.
  Require(
      SetVerbosity(absl::StrCat("http_d*e=3", spec.empty() ? "" : ",", spec))
          .ok());
  Require(known.Enabled(3) && !known.Enabled(4));
}

}  // namespace
}  // namespace kingpin

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Each spec is kept until the process ends.
  if (size > 256) return 0;
  kingpin::CheckSpec({reinterpret_cast<const char*>(data), size});
  return 0;
}
