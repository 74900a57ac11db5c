// A game from its start: the position, the moves, and whether it is over.
//
// It judges what the board decides: mate, stalemate, repetition (repetition.h), and
// the draws. Resignations, clocks and agreements are set by whoever runs the game.
//
// Draws, besides repetition: 120 plies without a capture, where each side's checks
// beyond ten and the replies to them do not count; 600 plies; neither side has a
// chariot, horse, cannon or soldier. A move that mates or stalemates wins although it
// is the 120th or 600th; repetition goes before the other draws.
//
// Threads: one at a time for each object. Copies are independent and cost their moves.
//
//   Game game;
//   absl::Status status = game.Play(*ParseIccs("h2e2"));
//   if (!status.ok()) return status;     // "h2e2: ..." says why it is illegal.
//   if (game.outcome().over()) Announce(game.outcome());
#ifndef APPS_CHINESE_CHESS_RULES_GAME_H_
#define APPS_CHINESE_CHESS_RULES_GAME_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/quiet_count.h"
#include "apps/chinese_chess/rules/repetition.h"

namespace chinese_chess {

inline constexpr size_t kMaxPlies = 600;

class Game {
 public:
  Game() : Game(Position()) {}
  // Moves since a capture that the position knows of count.
  explicit Game(const Position& start);

  // Plays a legal move of the side to move.
  //   InvalidArgument     it is illegal; the message is ExplainIllegal()'s
  //   FailedPrecondition  the game is over
  absl::Status Play(Move move);
  // Takes the last move back, and with it the outcome. False: there is none.
  bool Undo();
  // For what the board does not decide. Has no effect once the game is over.
  void End(Outcome outcome);

  const Position& start() const { return start_; }
  const Position& position() const { return position_; }
  const Outcome& outcome() const { return outcome_; }

  size_t size() const { return plies_.size(); }
  Move move(size_t ply) const { return plies_[ply].played.move; }
  Piece captured(size_t ply) const { return plies_[ply].played.undo.captured; }
  bool gave_check(size_t ply) const { return plies_[ply].played.gives_check; }

  // For those who look ahead from here.
  const CycleMove& played(size_t ply) const { return plies_[ply].played; }
  // The position's key before the move.
  uint64_t key(size_t ply) const { return plies_[ply].key; }
  const QuietCount& quiet_count() const { return count_; }
  // Plies that count towards the draw without captures.
  int counted_quiet_plies() const { return count_.quiet(); }

  // Set while the current position has occurred twice: how the game would end if it
  // came back once more, by play like that since its first occurrence.
  const std::optional<Ruling>& warning() const { return warning_; }

 private:
  struct Ply {
    CycleMove played;
    uint64_t key = 0;  // Before the move.
    QuietCount count;  // Before the move.
  };

  void Judge();
  Outcome JudgeBoard() const;
  // The plies of the current position's earlier occurrences, the last first.
  std::vector<size_t> Occurrences() const;
  Ruling JudgeFrom(size_t ply) const;

  Position start_;
  Position position_;
  std::vector<Ply> plies_;
  QuietCount count_;
  Outcome outcome_;
  std::optional<Ruling> warning_;
};

// Can that side still win? With generals, advisors and elephants alone it cannot: a
// flag that falls against it is a draw.
bool CanWin(const Position& position, Color color);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_GAME_H_
