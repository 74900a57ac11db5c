#include "apps/bench_client/units.h"

#include <cstddef>
#include <span>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace bench_client {
namespace {

std::string ThreeDigits(double value) {
  if (value == static_cast<int64_t>(value) && value < 10) {
    return absl::StrFormat("%.0f", value);
  }
  // By what is printed: 9.996 is "10.0".
  if (value < 9.995) return absl::StrFormat("%.2f", value);
  if (value < 99.95) return absl::StrFormat("%.1f", value);
  return absl::StrFormat("%.0f", value);
}

// In the last of the units that is not above the value.
std::string InUnits(double value, double step,
                    std::span<const char* const> units) {
  size_t i = 0;
  while (i + 1 < units.size() && value >= step * 0.9995) {
    value /= step;
    ++i;
  }
  return absl::StrCat(ThreeDigits(value), units[i]);
}

}  // namespace

std::string DurationText(double ns) {
  static constexpr const char* kUnits[] = {" ns", " us", " ms", " s"};
  return InUnits(ns, 1000, kUnits);
}

std::string CountText(double count) {
  static constexpr const char* kUnits[] = {"", "k", "M", "G", "T"};
  if (count < 1000 && count == static_cast<int64_t>(count)) {
    return absl::StrFormat("%.0f", count);
  }
  return InUnits(count, 1000, kUnits);
}

std::string BytesText(double bytes) {
  static constexpr const char* kUnits[] = {" B", " KiB", " MiB", " GiB",
                                           " TiB"};
  if (bytes < 1024) return absl::StrFormat("%.0f B", bytes);
  return InUnits(bytes, 1024, kUnits);
}

}  // namespace bench_client
