// The rules of Chinese chess on the command line. `xq --help` says how.
#include <cerrno>
#include <cstddef>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/game_record.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/notation.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/perft.h"
#include "apps/chinese_chess/rules/pgn.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/rules/record_json.h"
#include "apps/chinese_chess/rules/text_input.h"
#include "apps/command_line/command_line.h"

namespace chinese_chess {
namespace {

constexpr std::string_view kHelp =
    R"(xq: the rules of Chinese chess on the command line.

  xq play FEN MOVE...     plays the moves; prints the final FEN, the result and the
                          reason, or which move is illegal and why
  xq notate FEN MOVE      prints a move in WXF, in Chinese, and as coordinates
  xq moves FEN            prints the legal moves, as coordinates
  xq moves --stdin        the same for one FEN a line: one line for each
  xq perft FEN DEPTH      prints the number of move sequences of that length
  xq perft FEN DEPTH --divide      and how many begin with each move
  xq record FILE FORMAT   prints a game record (PGN or JSON; - for stdin) as iccs,
                          wxf, chinese, traditional (all PGN) or json

FEN is one argument, in quotes; - is the start of the game, which is
  "rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w - - 0 1"
Ranks from Black's back rank (9) to Red's (0); capitals are Red, and the letters
K general, A advisor, B elephant, N horse, R chariot, C cannon, P soldier; then w
(Red) or b to move; moves since the last capture; move number. What follows the side
to move may be left out. perft and moves also take composed positions, in which
advisors, elephants and soldiers stand where no game brings them.

MOVE is from where to where, h2e2: files a to i from Red's left, ranks 0 to 9 from
Red's side. WXF (C2=5) and Chinese (炮二平五) are understood as well.

  xq play - h2e2 h9g7                    a cannon to the centre, a horse in reply
  xq play "3k5/9/9/9/9/9/9/9/9/R3K4 w" a0d0              0-1 or 1-0? And why?
  xq notate - 马二进三                   H2+3 马二进三 h0g2
  xq perft - 4                           3290240

Results are 1-0 (Red wins), 0-1, 1/2-1/2 and * (goes on); reasons checkmate,
stalemate (which loses), perpetual_check, perpetual_chase, repetition, no_capture
(120 plies), move_limit (600 plies), material.

Exit codes: 0 done; 1 an illegal move, a bad FEN or a bad record; 2 wrong command
line.
)";

using Arguments = std::vector<std::string_view>;

constexpr int kDone = 0;
constexpr int kRefused = 1;
constexpr int kUsage = 2;

int Print(const absl::Status& status) {
  std::cerr << "xq: " << status.message() << "\n";
  return kRefused;
}

absl::Status Named(std::string_view what, const absl::Status& status) {
  return {status.code(), absl::StrCat(what, ": ", status.message())};
}

int Usage(std::string_view why) {
  std::cerr << "xq: " << why << "; xq --help shows how\n";
  return kUsage;
}

absl::StatusOr<Position> ReadFen(std::string_view fen, FenPlaces places) {
  return fen == "-" ? Position() : ParseFen(fen, places);
}

int RunPerft(const Arguments& args) {
  constexpr int kMostDepth = 20;
  const bool divide = args.size() == 3 && args[2] == "--divide";
  int depth;
  if (args.size() != (divide ? 3 : 2)) return Usage("perft takes FEN DEPTH");
  if (!absl::SimpleAtoi(args[1], &depth) || depth < 0 || depth > kMostDepth) {
    return Usage("DEPTH is a number from 0 to 20");
  }
  absl::StatusOr<Position> position = ReadFen(args[0], FenPlaces::kComposed);
  if (!position.ok()) return Print(position.status());
  if (divide && depth > 0) {
    MoveList moves;
    GenerateLegalMoves(*position, &moves);
    for (const Move move : moves) {
      const Undo undo = position->Make(move);
      std::cout << FormatIccs(move) << ": " << Perft(&*position, depth - 1)
                << "\n";
      position->Unmake(move, undo);
    }
  }
  std::cout << Perft(&*position, depth) << "\n";
  return kDone;
}

void PrintGame(const Game& game) {
  std::cout << "fen: " << FormatFen(game.position()) << "\n"
            << "result: " << ResultText(game.outcome().result) << "\n"
            << "reason: " << ReasonText(game.outcome().reason) << "\n";
  if (!game.warning().has_value()) return;
  std::cout
      << "warning: this position is here for the second time; a third ends "
         "the game, as it goes: "
      << ReasonText(game.warning()->reason);
  if (game.warning()->reason != Reason::kRepetition) {
    std::cout << " by " << ColorName(game.warning()->offender);
  }
  std::cout << "\n";
}

absl::Status PlayOne(std::string_view text, Game* game) {
  if (game->outcome().over()) {
    return absl::FailedPreconditionError(
        absl::StrCat(QuoteText(text), ": the game is over by ",
                     ReasonText(game->outcome().reason)));
  }
  const absl::StatusOr<Move> move = ParseMove(game->position(), text);
  return move.ok() ? game->Play(*move) : move.status();
}

int RunPlay(const Arguments& args) {
  if (args.empty()) return Usage("play takes FEN MOVE...");
  const absl::StatusOr<Position> start =
      ReadFen(args[0], FenPlaces::kReachable);
  if (!start.ok()) return Print(start.status());
  Game game(*start);
  for (size_t i = 1; i < args.size(); ++i) {
    const absl::Status status = PlayOne(args[i], &game);
    if (status.ok()) continue;
    // On stdout, for it is what was asked.
    std::cout << "illegal: move " << i << ", " << status.message() << "\n";
    return kRefused;
  }
  PrintGame(game);
  return kDone;
}

int RunNotate(const Arguments& args) {
  if (args.size() != 2) return Usage("notate takes FEN MOVE");
  const absl::StatusOr<Position> position =
      ReadFen(args[0], FenPlaces::kReachable);
  if (!position.ok()) return Print(position.status());
  const absl::StatusOr<Move> move = ParseMove(*position, args[1]);
  if (!move.ok()) return Print(move.status());
  std::cout << FormatMove(*position, *move, Notation::kWxf) << " "
            << FormatMove(*position, *move, Notation::kChinese) << " "
            << FormatMove(*position, *move, Notation::kIccs) << "\n";
  return kDone;
}

void PrintMoves(const Position& position) {
  MoveList moves;
  GenerateLegalMoves(position, &moves);
  std::string line;
  for (const Move move : moves) {
    absl::StrAppend(&line, line.empty() ? "" : " ", FormatIccs(move));
  }
  std::cout << line << "\n";
}

int PrintMovesOfLines() {
  for (int number = 1;; ++number) {
    const auto line = ReadLine(std::cin);
    if (line.ok() && !line->has_value()) return kDone;
    const absl::StatusOr<Position> position =
        line.ok() ? ReadFen(**line, FenPlaces::kComposed) : line.status();
    if (!position.ok()) {
      return Print(Named(absl::StrCat("line ", number), position.status()));
    }
    PrintMoves(*position);
  }
}

int RunMoves(const Arguments& args) {
  if (args.size() != 1) return Usage("moves takes FEN or --stdin");
  if (args[0] == "--stdin") return PrintMovesOfLines();
  const absl::StatusOr<Position> position =
      ReadFen(args[0], FenPlaces::kComposed);
  if (!position.ok()) return Print(position.status());
  PrintMoves(*position);
  return kDone;
}

absl::StatusOr<std::string> ReadFile(std::string_view path) {
  if (path == "-") return ReadAll(std::cin, kMaxRecordBytes);
  std::ifstream file{std::string(path), std::ios::binary};
  if (!file.is_open()) return absl::ErrnoToStatus(errno, "cannot open it");
  return ReadAll(file, kMaxRecordBytes);
}

std::optional<Notation> FindNotation(std::string_view name) {
  if (name == "iccs") return Notation::kIccs;
  if (name == "wxf") return Notation::kWxf;
  if (name == "chinese") return Notation::kChinese;
  if (name == "traditional") return Notation::kTraditionalChinese;
  return std::nullopt;
}

int RunRecord(const Arguments& args) {
  if (args.size() != 2) return Usage("record takes FILE FORMAT");
  const std::optional<Notation> notation = FindNotation(args[1]);
  if (!notation.has_value() && args[1] != "json") {
    return Usage("FORMAT is iccs, wxf, chinese, traditional or json");
  }
  const absl::StatusOr<std::string> text = ReadFile(args[0]);
  if (!text.ok()) return Print(Named(args[0], text.status()));
  const size_t first = text->find_first_not_of(" \t\r\n");
  if (first == std::string::npos) {
    return Print(Named(args[0], absl::InvalidArgumentError("it is empty")));
  }
  const absl::StatusOr<GameRecord> record =
      (*text)[first] == '{' ? ParseRecordJson(*text) : ParsePgn(*text);
  if (!record.ok()) return Print(record.status());
  if (notation.has_value()) {
    std::cout << FormatPgn(*record, {.notation = *notation});
  } else {
    std::cout << FormatRecordJson(*record) << "\n";
  }
  return kDone;
}

struct Command {
  std::string_view name;
  int (*run)(const Arguments& args);
};

constexpr Command kCommands[] = {
    {"perft", RunPerft}, {"play", RunPlay},     {"notate", RunNotate},
    {"moves", RunMoves}, {"record", RunRecord},
};

int Run(Arguments args) {
  for (const std::string_view arg : args) {
    if (arg != "--help" && arg != "-h") continue;
    std::cout << kHelp;
    return kDone;
  }
  if (args.empty()) return Usage("no command");
  const std::string_view name = args[0];
  args.erase(args.begin());
  for (const Command& command : kCommands) {
    if (command.name == name) return command.run(args);
  }
  return Usage(absl::StrCat("there is no command ", QuoteText(name)));
}

}  // namespace
}  // namespace chinese_chess

int main(int argc, char** argv) {
  command_line::EnterTypedDirectory();
  std::ios::sync_with_stdio(false);
  const int code =
      chinese_chess::Run(chinese_chess::Arguments(argv + 1, argv + argc));
  // A full disk or a closed pipe: what was asked for was not printed.
  std::cout.flush();
  return std::cout.good() ? code : chinese_chess::kRefused;
}
