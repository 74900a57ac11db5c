// The clocks of one game, judged by the server's time alone.
//
// Nothing here looks at a watch: time comes with each call, so that a test owns it.
// A move costs what passed since the turn began, less a compensation for the network:
// the lag that the server has measured, as far as the player's quota goes. Who makes it
// measure more than there is gains up to g a move, so the owner has to bound what it
// measures; what a client says about its lag is never asked for. After scalachess'
// LagTracker: with g = min(1 s, 0.004 of the estimated game + 0.15 s) it begins at 3 g,
// grows by g a move, and holds 7 g at most.
//
// A flag falls by itself at FlagTime(); the owner sets a timer for it.
//
// Threads: one at a time for each object.
//
//   GameClock clock(control);
//   clock.Start(Color::kRed, now);
//   ...
//   std::optional<absl::Duration> charged = clock.Move(now, lag);
//   if (!charged.has_value()) FlagFell(clock.running());
#ifndef APPS_CHINESE_CHESS_SERVER_GAME_CLOCK_H_
#define APPS_CHINESE_CHESS_SERVER_GAME_CLOCK_H_

#include <array>
#include <optional>

#include "absl/time/time.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/time_control.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

class GameClock {
 public:
  explicit GameClock(const TimeControl& control);

  // From a record of a game that goes on, while nobody's runs.
  void Restore(Color color, absl::Duration left);

  // `color`'s begins to run, and with it a turn.
  void Start(Color color, kingpin::MonotonicTime now);
  // Nobody's runs; what has passed of the turn is charged.
  void Stop(kingpin::MonotonicTime now);
  // Whose runs; red while nobody's does.
  Color running() const { return running_; }
  bool stopped() const { return !ticking_; }

  // The side whose clock runs has moved, and the other's begins to run. What the move
  // was charged; nullopt if it came too late even so, and nothing changes.
  std::optional<absl::Duration> Move(kingpin::MonotonicTime now,
                                     absl::Duration lag);

  // Of the time for the game; never negative.
  absl::Duration Left(Color color, kingpin::MonotonicTime now) const;
  // How long the turn has lasted; zero while nobody's clock runs.
  absl::Duration TurnTime(kingpin::MonotonicTime now) const;
  // What the turn may take in all, from when it begins: Left(), or less or more where
  // moves have a limit of their own.
  absl::Duration TurnLimit(Color color) const;
  // When the flag falls of the side whose clock runs: its quota, up to two seconds, is
  // waited for. Infinitely far off while nobody's runs.
  kingpin::MonotonicTime FlagTime() const;

 private:
  struct Side {
    absl::Duration left;
    absl::Duration quota;
  };

  Side& side(Color color) { return sides_[static_cast<int>(color)]; }
  const Side& side(Color color) const {
    return sides_[static_cast<int>(color)];
  }
  const TimeControl control_;
  const absl::Duration quota_gain_;
  std::array<Side, 2> sides_;
  Color running_ = Color::kRed;
  bool ticking_ = false;
  kingpin::MonotonicTime turn_start_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_GAME_CLOCK_H_
