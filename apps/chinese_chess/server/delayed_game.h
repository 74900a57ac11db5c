// A game as spectators see it: as it was some time ago, so that nobody who watches can be
// of help to a player.
//
// A LiveGame does what it is told and when. So a second one, told the same with the same
// times, only later, is the same game in the past; its events have the same versions.
//
// Threads: one at a time for each object.
//
//   DelayedGame delayed(game, absl::Seconds(30), 32);
//   delayed.Apply(&game, now, [now](LiveGame& g) {
//     return g.Resign(Color::kRed, now);
//   });
//   delayed.CatchUp(later);
//   for (GameEvent& event : delayed.game().TakeEvents()) TellSpectators(event);
#ifndef APPS_CHINESE_CHESS_SERVER_DELAYED_GAME_H_
#define APPS_CHINESE_CHESS_SERVER_DELAYED_GAME_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <type_traits>
#include <utility>

#include "absl/time/time.h"
#include "apps/chinese_chess/server/event_history.h"
#include "apps/chinese_chess/server/live_game.h"
#include "apps/chinese_chess/server/refusal.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

class DelayedGame {
 public:
  // What the game was told; it has its time in it.
  using Action = std::function<void(LiveGame&)>;

  DelayedGame(LiveGame game, absl::Duration delay, size_t most_events)
      : game_(std::move(game)), delay_(delay), history_(most_events) {}

  // Calls `action` with the game of now, and keeps it for later; but not what was refused
  // and has changed nothing, of which there is no end. (A move that is refused because it
  // comes too late ends the game.)
  template <typename A>
  auto Apply(LiveGame* live, kingpin::MonotonicTime now, A action) {
    if constexpr (std::is_void_v<decltype(action(*live))>) {
      action(*live);
      Add(now, std::move(action));
    } else {
      const uint64_t before = live->version();
      MaybeRefused refused = action(*live);
      if (!refused.has_value() || live->version() != before) {
        Add(now, std::move(action));
      }
      return refused;
    }
  }
  // Does what was told so long before `now`.
  void CatchUp(kingpin::MonotonicTime now) {
    while (!actions_.empty() && actions_.front().due <= now) {
      actions_.front().action(game_);
      actions_.pop_front();
    }
  }
  // From here on without a delay: there is nothing to help with any more.
  void EndDelay() {
    delay_ = absl::ZeroDuration();
    CatchUp({INT64_MAX});
  }

  // When CatchUp() has something to do; infinitely far off if there is nothing.
  kingpin::MonotonicTime next() const {
    return actions_.empty() ? kingpin::MonotonicTime{INT64_MAX}
                            : actions_.front().due;
  }
  // So much earlier it is there.
  absl::Duration delay() const { return delay_; }

  LiveGame& game() { return game_; }
  // Of the events that spectators have been told.
  EventHistory& history() { return history_; }

 private:
  struct Due {
    kingpin::MonotonicTime due;
    Action action;
  };

  void Add(kingpin::MonotonicTime now, Action action) {
    actions_.push_back({now + delay_, std::move(action)});
  }

  LiveGame game_;
  absl::Duration delay_;
  EventHistory history_;
  std::deque<Due> actions_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_DELAYED_GAME_H_
