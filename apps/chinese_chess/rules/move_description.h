// A move in the mover's own terms: what WXF and Chinese notation are made of.
//
// Files are counted 1-9 from the mover's right; forward is towards the opponent. A
// piece that shares its file with another of its kind ("in tandem") is told apart by
// its place from the front.
//
// Pure functions, safe from any thread.
//
//   MoveDescription cannon = DescribeMove(Position(), *ParseIccs("h2e2"));
//   // file 2, kSideways, number 5
#ifndef APPS_CHINESE_CHESS_RULES_MOVE_DESCRIPTION_H_
#define APPS_CHINESE_CHESS_RULES_MOVE_DESCRIPTION_H_

#include <cstdint>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"
#include "apps/chinese_chess/rules/position.h"

namespace chinese_chess {

enum class Direction : uint8_t { kForward, kSideways, kBackward };

struct MoveDescription {
  PieceType type = PieceType::kGeneral;
  Color color = Color::kRed;
  int file = 0;  // Where it starts.
  Direction direction = Direction::kForward;
  // The file it goes to, if that is another; else the number of steps.
  int number = 0;

  // Of its kind on its file, itself included, and its place from the front, from 0.
  int on_file = 1;
  int from_front = 0;
  // Of its kind on all files that have more than one; and its place there, file by
  // file from the right, from the front.
  int in_tandem = 0;
  int tandem_place = 0;
  int tandem_files = 0;
};

// There has to be a piece of the side to move on move.from.
MoveDescription DescribeMove(const Position& position, Move move);

// The one legal move whose description matches.
//   NotFound         none; if just one illegal one does, with the reason for that
//   InvalidArgument  more than one, of which the message names two
// `text` is what the user wrote, for the messages.
absl::StatusOr<Move> FindMove(
    const Position& position, std::string_view text,
    absl::FunctionRef<bool(const MoveDescription&)> matches);

// Which of several pieces is meant, as texts say it.
struct PieceChoice {
  enum class By : uint8_t {
    kFile,   // Of the pieces on file `number`.
    kFront,  // Of those of a file: the first one,
    kMiddle,
    kRear,   // and the last one.
    kPlace,  // Place `number` (from 1) of those in tandem.
  };
  By by = By::kFile;
  int number = 0;

  bool Matches(const MoveDescription& move) const;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_MOVE_DESCRIPTION_H_
