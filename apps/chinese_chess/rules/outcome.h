// How a game stands or ended, and why.
//
// Both have a written form that is the same in records, on the wire and on the command
// line: "1-0 checkmate". Values, safe from any thread.
//
//   Outcome outcome = WonBy(Color::kRed, Reason::kCheckmate);
//   ResultText(outcome.result);   // "1-0"
//   ReasonText(outcome.reason);   // "checkmate"
#ifndef APPS_CHINESE_CHESS_RULES_OUTCOME_H_
#define APPS_CHINESE_CHESS_RULES_OUTCOME_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "apps/chinese_chess/rules/piece.h"

namespace chinese_chess {

// The rules of repetition and draws that this package judges by, for records.
inline constexpr std::string_view kRulesName = "axf-lite-1";

enum class Result : uint8_t { kOngoing, kRedWins, kBlackWins, kDraw };

enum class Reason : uint8_t {
  kNone,
  // The board decides these; Game finds them.
  kCheckmate,
  kStalemate,       // No legal move and not in check: lost all the same.
  kPerpetualCheck,  // The side that checked on every move of a cycle lost.
  kPerpetualChase,  // The side that chased one piece on every move lost.
  kRepetition,      // A third occurrence that is nobody's fault: draw.
  kNoCapture,       // 120 plies without a capture: draw.
  kMoveLimit,       // 600 plies: draw.
  kMaterial,        // Nobody has a piece that crosses the river: draw.
  // People and clocks decide these; whoever runs the game does.
  kResignation,
  kAgreement,    // Draw.
  kTimeout,      // Lost, or a draw if the opponent has nothing to mate with.
  kAbandonment,  // A player left and did not come back.
  kAborted,      // Before both had moved: no result.
};

struct Outcome {
  Result result = Result::kOngoing;
  Reason reason = Reason::kNone;

  bool over() const {
    return result != Result::kOngoing || reason == Reason::kAborted;
  }
  friend constexpr bool operator==(const Outcome&, const Outcome&) = default;
};

constexpr Outcome WonBy(Color winner, Reason reason) {
  return {winner == Color::kRed ? Result::kRedWins : Result::kBlackWins,
          reason};
}
constexpr Outcome LostBy(Color loser, Reason reason) {
  return WonBy(Opponent(loser), reason);
}
constexpr Outcome Drawn(Reason reason) { return {Result::kDraw, reason}; }

// "*", "1-0", "0-1", "1/2-1/2".
std::string_view ResultText(Result result);
std::optional<Result> ParseResult(std::string_view text);

// "none", "checkmate", "stalemate", "perpetual_check", ... "aborted".
std::string_view ReasonText(Reason reason);
std::optional<Reason> ParseReason(std::string_view text);

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_OUTCOME_H_
