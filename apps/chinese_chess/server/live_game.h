// One game between two players, from its first move to the handshake: what may be done
// when, whose time runs, and what everybody is told about it.
//
// It is a state machine without a network, a thread or a watch: whoever owns it passes
// in what players ask for and the time, calls OnTime() at Deadline(), and takes the
// events that came of it. What may not be done is refused with a reason and changes
// nothing.
//
//   playing ---- mate, repetition, ... --------> over -- both want it --> rematch
//     |  ^                                        ^
//     |  '-- moves, draw offers, takebacks        |
//     '----- resign, draw, abort, flag, claim ----'
//
// The rules of it:
//  - moves name their ply, so a message that arrives twice does nothing the second time;
//  - until both have moved either may abort; who does not make a first move in time
//    aborts the game; it counts for nobody;
//  - a draw offer stands until the offerer's next move; so many plies must pass before
//    the same side offers again;
//  - a side offers a rematch three times at most, but for those that fail to begin;
//  - takebacks exist in casual games only, and need the opponent's consent;
//  - who is away for longer than the grace may be claimed against: a win, or a draw;
//  - who runs out of time loses, unless the opponent has nothing left to win with;
//  - a game that was restored stands still until the player to move is back, or for the
//    grace at most.
//
// Threads: one at a time for each object.
//
//   LiveGame game(setup, options, now);
//   if (auto refused = game.Move(Color::kRed, 0, *ParseIccs("h2e2"), now, lag)) ...
//   for (GameEvent& event : game.TakeEvents()) Publish(event);
#ifndef APPS_CHINESE_CHESS_SERVER_LIVE_GAME_H_
#define APPS_CHINESE_CHESS_SERVER_LIVE_GAME_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/game_record.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/game_clock.h"
#include "apps/chinese_chess/server/game_event.h"
#include "apps/chinese_chess/server/rate_limit.h"
#include "apps/chinese_chess/server/refusal.h"
#include "apps/chinese_chess/server/time_control.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

struct Player {
  std::string id;
  std::string name;
};

struct GameSetup {
  std::string id;
  std::array<Player, 2> players;  // Red, Black.
  TimeControl control;
  bool casual = false;
  bool listed = true;  // False: only who has its id finds it.
  absl::Time created;  // For the record; nothing is timed by it.

  const Player& player(Color color) const {
    return players[static_cast<int>(color)];
  }
};

// A move as it was made, for the record and for who restores the game.
struct TimedMove {
  Move move;
  absl::Duration at;
  absl::Duration charged;
  absl::Duration left;  // The mover's, afterwards.
};

struct LiveGameOptions {
  // For a side's first move.
  absl::Duration first_move = absl::Seconds(30);
  // Before one who is away may be claimed against: a twentieth of the estimated
  // length of the game, within these.
  absl::Duration least_grace = absl::Seconds(30);
  absl::Duration most_grace = absl::Seconds(60);
  // Between draw offers of one side.
  size_t plies_between_offers = 20;
  // Rematches that a side may offer.
  int most_rematch_offers = 3;
};

inline constexpr size_t kMaxChatCharacters = 140;
// Lines that are kept for who comes, of players and of spectators each.
inline constexpr size_t kMostChatLines = 30;

struct ChatLine {
  std::optional<Color> by;  // nullopt: a spectator.
  std::string name;
  std::string text;
};

class LiveGame {
 public:
  // The first event has `first_version`. Red's clock runs from `now` on.
  LiveGame(GameSetup setup, const LiveGameOptions& options,
           kingpin::MonotonicTime now, uint64_t first_version = 1);
  // One that was interrupted after `moves`, which are legal as far as they count: from
  // the first that is not they are left out.
  LiveGame(GameSetup setup, const LiveGameOptions& options,
           kingpin::MonotonicTime now, uint64_t first_version,
           const std::vector<TimedMove>& moves);

  // --- What players ask for ------------------------------------------------------------

  // `ply` counts from 0. A move that was made already is not refused; see WasMade().
  MaybeRefused Move(Color by, size_t ply, chinese_chess::Move move,
                    kingpin::MonotonicTime now, absl::Duration lag);
  // Is it the last move that `by` has made?
  bool WasMade(Color by, size_t ply, chinese_chess::Move move) const;
  // Has `before` led to the position of `ply`? Who has thought about a move while the
  // server was killed, or the opponent took one back, may have thought of another.
  bool ComesAfter(size_t ply, chinese_chess::Move before) const {
    return ply > 0 && ply <= game_.size() && game_.move(ply - 1) == before;
  }
  MaybeRefused Resign(Color by, kingpin::MonotonicTime now);
  MaybeRefused Abort(Color by, kingpin::MonotonicTime now);
  // Makes an offer, or accepts the opponent's. A rematch that both want is theirs to
  // begin: see rematch_agreed().
  MaybeRefused MakeOffer(Color by, Offer offer, kingpin::MonotonicTime now);
  // Turns the opponent's down, or takes the own one back.
  MaybeRefused DeclineOffer(Color by, Offer offer);
  // For one who is away; `draw` claims no more than that.
  MaybeRefused Claim(Color by, bool draw, kingpin::MonotonicTime now);
  // `by` is nullopt for spectators, who chat among themselves.
  MaybeRefused Chat(std::optional<Color> by, std::string_view name,
                    std::string_view text, kingpin::MonotonicTime now);

  // --- What the owner tells it ---------------------------------------------------------

  void SetOnline(Color color, bool online, kingpin::MonotonicTime now);
  // Before anything else, if its players are told of a new game later than it was made:
  // Red's clock runs from `now` on.
  void Begin(kingpin::MonotonicTime now);
  // When something happens by itself; infinitely far off if nothing will. It may come
  // earlier than was said before, but only after a call to this object.
  kingpin::MonotonicTime Deadline() const;
  void OnTime(kingpin::MonotonicTime now);
  // No person plays it any more: nobody is left to claim. Whoever is here, the computer,
  // wins; else it is a draw.
  void Abandon(kingpin::MonotonicTime now);
  // After rematch_agreed().
  void SetRematch(std::string_view id);
  // None has come of it: as if who had accepted it had turned it down, but the offer does
  // not count. Both may want one again.
  void DropRematch();

  // --- How it stands -------------------------------------------------------------------

  const GameSetup& setup() const { return setup_; }
  const Game& game() const { return game_; }
  bool over() const { return game_.outcome().over(); }
  const std::vector<TimedMove>& moves() const { return moves_; }
  // Of the last event.
  uint64_t version() const { return next_version_ - 1; }
  absl::Duration Left(Color color, kingpin::MonotonicTime now) const {
    return clock_.Left(color, now);
  }
  // What the side to move may still take for its move.
  absl::Duration TurnLeft(kingpin::MonotonicTime now) const;
  TurnState Turn(kingpin::MonotonicTime now) const;
  bool online(Color color) const { return side(color).online; }
  // Until the opponent of `color`, who is away, may claim; zero: now, or color is here.
  absl::Duration GraceLeft(Color color, kingpin::MonotonicTime now) const;
  // Who has made an offer that stands.
  std::optional<Color> offer(Offer offer) const {
    return offers_[static_cast<int>(offer)];
  }
  bool rematch_agreed() const { return rematch_accepted_by_.has_value(); }
  const std::string& rematch_id() const { return rematch_id_; }
  std::optional<Color> ColorOf(std::string_view player_id) const;
  // What players have said last, or spectators.
  const std::vector<ChatLine>& chat(bool of_players) const {
    return chat_lines_[of_players ? 0 : 1];
  }
  GameRecord Record() const;

  // What has happened since the last call, in order.
  std::vector<GameEvent> TakeEvents() { return std::exchange(events_, {}); }

 private:
  struct Side {
    bool online = false;
    kingpin::MonotonicTime away_since;
    // Plies at the last offer of each kind.
    std::optional<size_t> offered[3];
    int rematches_offered = 0;
  };

  Side& side(Color color) { return sides_[static_cast<int>(color)]; }
  const Side& side(Color color) const {
    return sides_[static_cast<int>(color)];
  }
  GameEvent& Add(GameEvent::Kind kind, std::optional<Color> by,
                 Audience audience = Audience::kAll);
  void AddLeft(GameEvent* event, kingpin::MonotonicTime now) const;
  void WithdrawRematch(Color by);
  void AddPresence(Color color, kingpin::MonotonicTime now);
  MaybeRefused CheckMove(Color by, size_t ply, chinese_chess::Move move) const;
  void MakeMove(Color by, chinese_chess::Move move, absl::Duration charged,
                kingpin::MonotonicTime now);
  MaybeRefused CheckOffer(Color by, Offer offer) const;
  MaybeRefused CheckRematch(Color by) const;
  void Accept(Color by, Offer offer, kingpin::MonotonicTime now);
  size_t PliesToTakeBack(Color by) const;
  void TakeBack(Color wanted_by, kingpin::MonotonicTime now);
  void DropOffers();
  void End(Outcome outcome, kingpin::MonotonicTime now);
  // nullopt: nobody wins by it.
  void EndAbandoned(std::optional<Color> winner, kingpin::MonotonicTime now);
  void FlagFalls(kingpin::MonotonicTime now);
  kingpin::MonotonicTime FirstMoveDeadline() const;
  void StartClock(kingpin::MonotonicTime now);

  const GameSetup setup_;
  const LiveGameOptions options_;
  const absl::Duration grace_;

  Game game_;
  GameClock clock_;
  std::vector<TimedMove> moves_;
  std::array<Side, 2> sides_;
  std::optional<Color> offers_[3];
  std::optional<Color> rematch_accepted_by_;
  std::string rematch_id_;

  kingpin::MonotonicTime began_;
  kingpin::MonotonicTime turn_began_;
  // While the clock stands still after a restart: when it starts all the same.
  std::optional<kingpin::MonotonicTime> waits_until_;

  RateLimit chat_limits_[3];             // Of Red, of Black, of all spectators.
  std::vector<ChatLine> chat_lines_[2];  // Of players, of spectators.
  uint64_t next_version_;
  std::vector<GameEvent> events_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_LIVE_GAME_H_
