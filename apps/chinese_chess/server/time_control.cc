#include "apps/chinese_chess/server/time_control.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "apps/chinese_chess/rules/quote.h"

namespace chinese_chess {
namespace {

constexpr double kMostMinutes = 180;
constexpr int kMostSeconds = 180;
// With three digits before it: what FormatMinutes() can say.
constexpr size_t kMostDecimals = 3;

// "10", "0.5": digits and at most one point, so that each control has few spellings.
std::optional<absl::Duration> ParseMinutes(std::string_view text) {
  double minutes;
  const size_t point = std::min(text.find('.'), text.size());
  if (text.size() > 8 || text.size() - point > kMostDecimals + 1 ||
      text.find_first_not_of("0123456789.") != text.npos ||
      !absl::SimpleAtod(text, &minutes) || minutes > kMostMinutes) {
    return std::nullopt;
  }
  return absl::Milliseconds(std::llround(minutes * 60'000));
}

std::optional<absl::Duration> ParseSeconds(std::string_view text) {
  int seconds;
  if (text.size() > 3 || text.find_first_not_of("0123456789") != text.npos ||
      !absl::SimpleAtoi(text, &seconds) || seconds > kMostSeconds) {
    return std::nullopt;
  }
  return absl::Seconds(seconds);
}

std::optional<TimeControl> ParseIncremental(std::string_view text) {
  const std::vector<std::string_view> parts = absl::StrSplit(text, '+');
  if (parts.size() != 2) return std::nullopt;
  const std::optional<absl::Duration> base = ParseMinutes(parts[0]);
  const std::optional<absl::Duration> increment = ParseSeconds(parts[1]);
  if (!base.has_value() || !increment.has_value()) return std::nullopt;
  if (*base < absl::Seconds(1)) return std::nullopt;
  return TimeControl{.base = *base, .increment = *increment};
}

std::optional<TimeControl> ParseStaged(std::string_view text) {
  const std::vector<std::string_view> parts = absl::StrSplit(text, '/');
  if (parts.size() != 3) return std::nullopt;
  const std::optional<absl::Duration> base = ParseMinutes(parts[0]);
  const std::optional<absl::Duration> step = ParseSeconds(parts[1]);
  const std::optional<absl::Duration> byo_yomi = ParseSeconds(parts[2]);
  if (!base.has_value() || !step.has_value() || !byo_yomi.has_value()) {
    return std::nullopt;
  }
  if (*step < absl::Seconds(1) || *byo_yomi < absl::Seconds(1)) {
    return std::nullopt;
  }
  return TimeControl{.base = *base, .step = *step, .byo_yomi = *byo_yomi};
}

std::string FormatMinutes(absl::Duration base) {
  return absl::StrCat(static_cast<double>(absl::ToInt64Milliseconds(base)) /
                      60'000);
}

}  // namespace

absl::StatusOr<TimeControl> ParseTimeControl(std::string_view text) {
  std::optional<TimeControl> control = ParseIncremental(text);
  if (!control.has_value()) control = ParseStaged(text);
  if (control.has_value()) return *control;
  return absl::InvalidArgumentError(absl::StrCat(
      QuoteText(text),
      " is no time control; \"10+5\" is ten minutes and five seconds a move, "
      "\"20/60/30\" twenty minutes of at most sixty seconds a move, then "
      "thirty a move; at most 180 of each, minutes with at most three "
      "decimals"));
}

std::string FormatTimeControl(const TimeControl& control) {
  const std::string minutes = FormatMinutes(control.base);
  if (!control.staged()) {
    return absl::StrCat(minutes, "+", absl::ToInt64Seconds(control.increment));
  }
  return absl::StrCat(minutes, "/", absl::ToInt64Seconds(control.step), "/",
                      absl::ToInt64Seconds(control.byo_yomi));
}

}  // namespace chinese_chess
