#include "apps/chinese_chess/bot/engine_command.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/rules/square.h"

namespace chinese_chess::bot {
namespace {

using Words = absl::Span<const std::string_view>;

// A month. Longer times are as good as none.
constexpr int64_t kMostMilliseconds = int64_t{31} * 24 * 3600 * 1000;
constexpr int kMostInt = std::numeric_limits<int>::max();

int FirstRank(Dialect dialect) { return dialect == Dialect::kUci ? 1 : 0; }

std::string FormatSquare(Square square, Dialect dialect) {
  const char file = static_cast<char>('a' + FileOf(square));
  return absl::StrCat(std::string_view(&file, 1),
                      RankOf(square) + FirstRank(dialect));
}

// Takes a square from the front.
std::optional<Square> TakeSquare(std::string_view* text, Dialect dialect) {
  if (text->size() < 2 || !absl::ascii_isdigit((*text)[1])) return std::nullopt;
  const int file = (*text)[0] - 'a';
  int rank = (*text)[1] - '0';
  size_t length = 2;
  // Two digits are 10, and only in UCI: in UCCI a file's letter comes next anyway.
  if (dialect == Dialect::kUci && rank == 1 && text->size() > 2 &&
      (*text)[2] == '0') {
    rank = 10;
    length = 3;
  }
  text->remove_prefix(length);
  rank -= FirstRank(dialect);
  if (!IsOnBoard(file, rank)) return std::nullopt;
  return MakeSquare(file, rank);
}

absl::Status Bad(std::string_view what, std::string_view word) {
  return absl::InvalidArgumentError(absl::StrCat(what, " ", QuoteText(word)));
}

absl::StatusOr<std::vector<Move>> ParseMoves(Words words, Dialect dialect) {
  std::vector<Move> moves;
  moves.reserve(words.size());
  for (const std::string_view word : words) {
    const std::optional<Move> move = ParseEngineMove(word, dialect);
    if (!move.has_value()) return Bad("not a move:", word);
    moves.push_back(*move);
  }
  return moves;
}

absl::StatusOr<EngineCommand> ParsePosition(Words words, Dialect dialect) {
  if (words.empty()) {
    return absl::InvalidArgumentError("position needs startpos or fen");
  }
  PositionCommand command;
  size_t moves_at = 1;
  if (words[0] == "fen") {
    while (moves_at < words.size() && words[moves_at] != "moves") ++moves_at;
    command.fen = absl::StrJoin(words.subspan(1, moves_at - 1), " ");
    if (command.fen.empty())
      return absl::InvalidArgumentError("no FEN after fen");
  } else if (words[0] != "startpos") {
    return Bad("position needs startpos or fen, not", words[0]);
  }
  if (moves_at == words.size()) return command;
  if (words[moves_at] != "moves")
    return Bad("expected moves, not", words[moves_at]);
  absl::StatusOr<std::vector<Move>> moves =
      ParseMoves(words.subspan(moves_at + 1), dialect);
  if (!moves.ok()) return moves.status();
  command.moves = *std::move(moves);
  return command;
}

absl::StatusOr<EngineCommand> ParseSetOption(Words words, Dialect dialect) {
  if (dialect == Dialect::kUcci) {
    if (words.empty())
      return absl::InvalidArgumentError("setoption needs a name");
    return SetOptionCommand{std::string(words[0]),
                            absl::StrJoin(words.subspan(1), " ")};
  }
  if (words.size() < 2 || words[0] != "name") {
    return absl::InvalidArgumentError("setoption needs name");
  }
  size_t value_at = 1;
  while (value_at < words.size() && words[value_at] != "value") ++value_at;
  SetOptionCommand command;
  command.name = absl::StrJoin(words.subspan(1, value_at - 1), " ");
  if (value_at < words.size()) {
    command.value = absl::StrJoin(words.subspan(value_at + 1), " ");
  }
  return command;
}

// The words of "go" and their numbers.
class GoParser {
 public:
  GoParser(Words words, Dialect dialect) : words_(words), dialect_(dialect) {}

  absl::StatusOr<EngineCommand> Parse() {
    while (!words_.empty()) {
      const std::string_view word = words_.front();
      words_.remove_prefix(1);
      const absl::Status status = Take(word);
      if (!status.ok()) return status;
    }
    return go_;
  }

 private:
  absl::Status Take(std::string_view word) {
    if (word == "infinite") {
      go_.infinite = true;
      return absl::OkStatus();
    }
    if (word == "ponder") {
      go_.ponder = true;
      return absl::OkStatus();
    }
    // An offered draw: the answer is a move, which declines it.
    if (word == "draw" && dialect_ == Dialect::kUcci) return absl::OkStatus();
    if (word == "searchmoves" && dialect_ == Dialect::kUci) {
      TakeMoves();
      return absl::OkStatus();
    }
    int64_t number;
    if (words_.empty() || !absl::SimpleAtoi(words_.front(), &number)) {
      return Bad("go: no number after", word);
    }
    words_.remove_prefix(1);
    return dialect_ == Dialect::kUci ? TakeUci(word, number)
                                     : TakeUcci(word, number);
  }

  // As many words as are moves.
  void TakeMoves() {
    while (!words_.empty()) {
      const std::optional<Move> move =
          ParseEngineMove(words_.front(), dialect_);
      if (!move.has_value()) return;
      go_.only.push_back(*move);
      words_.remove_prefix(1);
    }
  }

  absl::Status TakeUci(std::string_view word, int64_t number) {
    if (word == "movetime") {
      go_.move_time = Time(number);
    } else if (word == "wtime" || word == "btime") {
      go_.time[word == "btime"] = Time(number);
    } else if (word == "winc" || word == "binc") {
      go_.increment[word == "binc"] = Time(number);
    } else if (word == "mate") {
      // So many moves of each side: one that is not found by then takes more.
      LimitDepth(2 * std::clamp<int64_t>(number, 1, kMostInt));
    } else {
      return TakeCommon(word, number);
    }
    return absl::OkStatus();
  }

  absl::Status TakeUcci(std::string_view word, int64_t number) {
    if (word == "time") {
      go_.time = {Time(number), Time(number)};
    } else if (word == "increment") {
      go_.increment = {Time(number), Time(number)};
    } else if (word != "opptime" && word != "oppmovestogo" &&
               word != "oppincrement") {
      return TakeCommon(word, number);
    }
    return absl::OkStatus();
  }

  absl::Status TakeCommon(std::string_view word, int64_t number) {
    if (word == "nodes") {
      go_.nodes = static_cast<uint64_t>(std::max<int64_t>(number, 1));
    } else if (word == "depth") {
      LimitDepth(number);
    } else if (word == "movestogo") {
      go_.moves_to_go =
          static_cast<int>(std::clamp<int64_t>(number, 1, kMostInt));
    } else {
      return Bad("go: unknown word", word);
    }
    return absl::OkStatus();
  }

  // Of two limits the smaller one holds.
  void LimitDepth(int64_t depth) {
    go_.depth = static_cast<int>(
        std::clamp<int64_t>(depth, 1, go_.depth.value_or(kMostInt)));
  }

  // GUIs do send clocks below zero.
  static absl::Duration Time(int64_t milliseconds) {
    return absl::Milliseconds(
        std::clamp<int64_t>(milliseconds, 0, kMostMilliseconds));
  }

  Words words_;
  const Dialect dialect_;
  GoCommand go_;
};

std::optional<SimpleCommand::Kind> FindSimple(std::string_view name) {
  using Kind = SimpleCommand::Kind;
  constexpr std::pair<std::string_view, Kind> kNames[] = {
      {"isready", Kind::kIsReady}, {"ucinewgame", Kind::kNewGame},
      {"stop", Kind::kStop},       {"ponderhit", Kind::kPonderHit},
      {"d", Kind::kShow},          {"quit", Kind::kQuit},
  };
  for (const auto& [known, kind] : kNames) {
    if (known == name) return kind;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<EngineCommand> ParseEngineCommand(std::string_view line,
                                                 Dialect dialect) {
  const std::vector<std::string_view> all =
      absl::StrSplit(line, absl::ByAnyChar(" \t\r\n"), absl::SkipEmpty());
  if (all.empty()) return SimpleCommand{SimpleCommand::Kind::kNothing};
  const std::string_view name = all.front();
  const Words rest = absl::MakeConstSpan(all).subspan(1);
  if (const auto kind = FindSimple(name)) return SimpleCommand{*kind};
  if (name == "uci") return HelloCommand{Dialect::kUci};
  if (name == "ucci") return HelloCommand{Dialect::kUcci};
  if (name == "position") return ParsePosition(rest, dialect);
  if (name == "setoption") return ParseSetOption(rest, dialect);
  if (name == "go") return GoParser(rest, dialect).Parse();
  if (name == "banmoves" && dialect == Dialect::kUcci) {
    absl::StatusOr<std::vector<Move>> moves = ParseMoves(rest, dialect);
    if (!moves.ok()) return moves.status();
    return BanMovesCommand{*std::move(moves)};
  }
  return Bad("unknown command", name);
}

std::string FormatEngineMove(Move move, Dialect dialect) {
  return FormatSquare(move.from, dialect) + FormatSquare(move.to, dialect);
}

std::optional<Move> ParseEngineMove(std::string_view text, Dialect dialect) {
  const std::optional<Square> from = TakeSquare(&text, dialect);
  if (!from.has_value()) return std::nullopt;
  const std::optional<Square> to = TakeSquare(&text, dialect);
  if (!to.has_value() || !text.empty() || *from == *to) return std::nullopt;
  return MakeMove(*from, *to);
}

}  // namespace chinese_chess::bot
