#include "apps/chinese_chess/server/game_clock.h"

#include <algorithm>
#include <cstdint>

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;

constexpr absl::Duration kMostFlagGrace = absl::Seconds(2);

absl::Duration QuotaGain(const TimeControl& control) {
  return std::min(absl::Seconds(1),
                  control.EstimatedLength() * 0.004 + absl::Milliseconds(150));
}

}  // namespace

GameClock::GameClock(const TimeControl& control)
    : control_(control), quota_gain_(QuotaGain(control)) {
  for (Side& side : sides_) side = {control.base, 3 * quota_gain_};
}

void GameClock::Restore(Color color, absl::Duration left) {
  side(color).left = left;
}

void GameClock::Start(Color color, MonotonicTime now) {
  running_ = color;
  ticking_ = true;
  turn_start_ = now;
}

void GameClock::Stop(MonotonicTime now) {
  if (!ticking_) return;
  side(running_).left = Left(running_, now);
  ticking_ = false;
}

absl::Duration GameClock::TurnTime(MonotonicTime now) const {
  if (!ticking_) return absl::ZeroDuration();
  return std::max(now - turn_start_, absl::ZeroDuration());
}

std::optional<absl::Duration> GameClock::Move(MonotonicTime now,
                                              absl::Duration lag) {
  Side& mover = side(running_);
  const absl::Duration compensation = std::clamp(
      lag, absl::ZeroDuration(), std::min(mover.quota, TurnTime(now)));
  const absl::Duration charged = TurnTime(now) - compensation;
  if (charged > TurnLimit(running_)) return std::nullopt;
  mover.left =
      std::max(mover.left - charged, absl::ZeroDuration()) + control_.increment;
  mover.quota =
      std::min(mover.quota - compensation + quota_gain_, 7 * quota_gain_);
  Start(Opponent(running_), now);
  return charged;
}

absl::Duration GameClock::Left(Color color, MonotonicTime now) const {
  const absl::Duration left = side(color).left;
  if (!ticking_ || color != running_) return left;
  return std::max(left - TurnTime(now), absl::ZeroDuration());
}

absl::Duration GameClock::TurnLimit(Color color) const {
  const absl::Duration left = side(color).left;
  if (!control_.staged()) return left;
  // Time for the game that runs out in mid-move is followed by that for the move.
  if (left <= absl::ZeroDuration()) return control_.byo_yomi;
  return std::min(control_.step, left + control_.byo_yomi);
}

MonotonicTime GameClock::FlagTime() const {
  if (!ticking_) return {INT64_MAX};
  return turn_start_ + TurnLimit(running_) +
         std::min(side(running_).quota, kMostFlagGrace);
}

}  // namespace chinese_chess
