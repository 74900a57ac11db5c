// How long to think, from what the clock says.
//
// Pure functions, safe from any thread.
//
//   TimeBudget budget = BudgetFor({.remaining = absl::Minutes(5)});
//   limits.soft_deadline = now + budget.soft;
//   limits.deadline = now + budget.hard;
#ifndef APPS_CHINESE_CHESS_BOT_TIME_BUDGET_H_
#define APPS_CHINESE_CHESS_BOT_TIME_BUDGET_H_

#include <algorithm>
#include <optional>

#include "absl/time/time.h"

namespace chinese_chess::bot {

struct ClockState {
  absl::Duration remaining;
  absl::Duration increment = absl::ZeroDuration();
  std::optional<int> moves_to_go;  // Until time is added; else the whole game.
  // What gets lost between the GUI and us.
  absl::Duration overhead = absl::Milliseconds(30);
};

struct TimeBudget {
  absl::Duration soft;  // Nothing deeper is begun after that.
  absl::Duration hard;
};

inline TimeBudget BudgetFor(const ClockState& clock) {
  // A game of this length would not run out of time.
  constexpr int kMovesLeft = 35;
  const absl::Duration usable =
      std::max(clock.remaining - clock.overhead, absl::Milliseconds(1));
  const int moves =
      std::clamp(clock.moves_to_go.value_or(kMovesLeft), 1, kMovesLeft);
  const absl::Duration share =
      std::min(usable / moves + clock.increment * 3 / 4, usable);
  // The next depth takes some three times as long as the last.
  return {share * 6 / 10,
          std::min(share * 4, moves == 1 ? usable : usable / 2)};
}

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_TIME_BUDGET_H_
