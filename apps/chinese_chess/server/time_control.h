// How much time the players of a game have.
//
// Two kinds, each with a written form that is the same on the wire, in records and as
// the name of a pool:
//   "10+5"      ten minutes for the game, and five seconds more with each move;
//   "20/60/30"  twenty minutes for the game (局时), at most sixty seconds a move (步时)
//               while they last, then thirty seconds a move (读秒).
// Minutes may have a fraction, of at most three digits: "0.5+0". So every control is
// what its written form says, and comes back from it.
//
// Values, safe from any thread.
//
//   absl::StatusOr<TimeControl> control = ParseTimeControl("10+5");
//   if (!control.ok()) return control.status();   // Says what would be right.
//   FormatTimeControl(*control);                  // "10+5"
#ifndef APPS_CHINESE_CHESS_SERVER_TIME_CONTROL_H_
#define APPS_CHINESE_CHESS_SERVER_TIME_CONTROL_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace chinese_chess {

struct TimeControl {
  absl::Duration base;       // For the game.
  absl::Duration increment;  // With each move.
  // Of the second kind; both zero in the first.
  absl::Duration step;      // The most for a move while `base` lasts.
  absl::Duration byo_yomi;  // For a move after that.

  bool staged() const { return byo_yomi > absl::ZeroDuration(); }
  // What a game takes of one player, as such things are estimated: forty moves.
  absl::Duration EstimatedLength() const {
    return base + 40 * (staged() ? byo_yomi / 2 : increment);
  }

  friend bool operator==(const TimeControl&, const TimeControl&) = default;
};

absl::StatusOr<TimeControl> ParseTimeControl(std::string_view text);
std::string FormatTimeControl(const TimeControl& control);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_TIME_CONTROL_H_
