#include "apps/chinese_chess/rules/outcome.h"

#include <cstddef>
#include <iterator>

namespace chinese_chess {
namespace {

constexpr std::string_view kResults[] = {"*", "1-0", "0-1", "1/2-1/2"};

constexpr std::string_view kReasons[] = {
    "none",
    "checkmate",
    "stalemate",
    "perpetual_check",
    "perpetual_chase",
    "repetition",
    "no_capture",
    "move_limit",
    "material",
    "resignation",
    "agreement",
    "timeout",
    "abandonment",
    "aborted",
};
static_assert(std::size(kReasons) == static_cast<size_t>(Reason::kAborted) + 1);

template <typename Enum, size_t kCount>
std::optional<Enum> Find(const std::string_view (&names)[kCount],
                         std::string_view text) {
  for (size_t i = 0; i < kCount; ++i) {
    if (names[i] == text) return static_cast<Enum>(i);
  }
  return std::nullopt;
}

}  // namespace

std::string_view ResultText(Result result) {
  return kResults[static_cast<size_t>(result)];
}
std::optional<Result> ParseResult(std::string_view text) {
  return Find<Result>(kResults, text);
}

std::string_view ReasonText(Reason reason) {
  return kReasons[static_cast<size_t>(reason)];
}
std::optional<Reason> ParseReason(std::string_view text) {
  return Find<Reason>(kReasons, text);
}

}  // namespace chinese_chess
