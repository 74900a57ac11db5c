// GameModel: a game as a client knows it, from what the server says of it.
//
// It trusts nothing: it plays every move on a board of its own, and what the server says
// of the position, check, the ply, the version and the result has to agree with that.
//
// Threads: one at a time for each object.
// Errors of Apply(): DataLoss, the server has said what cannot be.
//
//   GameModel game("k3v9qh2m7d");
//   absl::StatusOr<GameModel::Change> change = game.Apply(*message, now);
//   if (!change.ok()) return change.status();
//   if (*change == GameModel::Change::kHole) JoinAgainWithoutVersion();
//   game.Left(Color::kRed, now);          // Of the time for the game,
//   game.LeftForMove(Color::kRed, now);   // and for the move, in a game of "20/60/30".
#ifndef APPS_CHINESE_CHESS_CLIENT_GAME_MODEL_H_
#define APPS_CHINESE_CHESS_CLIENT_GAME_MODEL_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/client/json_object.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/server/game_clock.h"
#include "apps/chinese_chess/server/time_control.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

class GameModel {
 public:
  enum class Change : uint8_t {
    kNothing,  // A version that was known, or no message of a game's.
    kHole,     // Versions are missing: join again, without one.
    kSkip,
    kAll,  // Told from the beginning.
    kMove,
    kOffer,
    kDecline,
    kTakeback,
    kPresence,
    kChat,
    kEnd,
    kRematch,
    kViewers,
    kClock,  // The answer to a join with a version: the clocks are those of now.
  };

  struct Side {
    std::string id;
    std::string name;
    bool online = true;
    absl::Duration grace;  // While not online: until the other may claim.
  };

  explicit GameModel(std::string_view id) : id_(id) {}

  // A message that has this game's id, or the `ok` of a join.
  absl::StatusOr<Change> Apply(const JsonObject& message,
                               kingpin::MonotonicTime now);

  const std::string& id() const { return id_; }
  // All of it is known; before, the rest is empty.
  bool known() const { return known_; }
  int64_t version() const { return version_; }
  // nullopt: a spectator.
  std::optional<Color> you() const { return you_; }
  bool is_my_turn() const {
    return known_ && !game_.outcome().over() && you_ == turn();
  }
  Color turn() const { return game_.position().turn(); }
  const Game& game() const { return game_; }
  // ICCS; empty: none has been made.
  std::string last_move() const;
  const std::string& control() const { return control_; }
  bool casual() const { return casual_; }
  const Side& side(Color color) const { return sides_[Index(color)]; }
  absl::Duration Left(Color color, kingpin::MonotonicTime now) const;
  // Of the time for the move, after which the flag falls; nullopt: moves have no limit of
  // their own.
  std::optional<absl::Duration> LeftForMove(Color color,
                                            kingpin::MonotonicTime now) const;
  // "draw", "takeback", "rematch": who offers it.
  std::optional<Color> Offered(std::string_view what) const;
  // The server's, also where the board does not decide.
  const Outcome& outcome() const { return outcome_; }
  // Both want a rematch, as far as a whole game has told.
  bool rematch_agreed() const { return rematch_agreed_; }
  const std::string& next() const { return next_; }  // A rematch.
  int64_t viewers() const { return viewers_; }

 private:
  static constexpr int kOffers = 3;
  static size_t Index(Color color) { return static_cast<size_t>(color); }

  absl::Status Wrong(std::string_view what) const;
  absl::Status Reset(const JsonObject& message);
  absl::StatusOr<Change> ApplyEvent(const JsonObject& event,
                                    std::string_view type);
  absl::Status ApplyMove(const JsonObject& event);
  absl::Status ApplyTakeback(const JsonObject& event);
  absl::Status ApplyPresence(const JsonObject& event);
  absl::Status ApplyEnd(const JsonObject& message);
  absl::Status ReadSide(Color color, const JsonObject& message);
  absl::Status Play(std::string_view move);
  void SetOffer(std::string_view what, std::optional<Color> by);
  void ReadClocks(const JsonObject& event, bool run);
  void SetClocks(const JsonObject& message, absl::Duration red,
                 absl::Duration black, bool run);
  // What `left` was when the turn began, which has lasted for `turn_time` and may still
  // last for `move_left`, as far as the server says so.
  absl::Duration LeftAtTurn(absl::Duration left, absl::Duration turn_time,
                            std::optional<int64_t> move_left_ms) const;

  const std::string id_;
  bool known_ = false;
  int64_t version_ = 0;
  std::optional<Color> you_;
  Game game_;
  Outcome outcome_;
  std::string control_;
  bool casual_ = false;
  Side sides_[2];
  std::optional<TimeControl> timing_;  // nullopt: a newer server's.
  std::optional<GameClock> clock_;     // Once it is known.
  kingpin::MonotonicTime now_;         // Of the call to Apply().
  std::optional<Color> offers_[kOffers];
  bool rematch_agreed_ = false;
  std::string next_;
  int64_t viewers_ = 0;
};

// "red", "black".
std::optional<Color> ParseColorText(std::string_view text);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_CLIENT_GAME_MODEL_H_
