#include "apps/chinese_chess/bot/engine_protocol.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/piece.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {
namespace {

constexpr size_t kTableBytes = 64 << 20;

// The number behind a word.
std::optional<int64_t> NumberAfter(const std::vector<std::string_view>& words,
                                   std::string_view word) {
  const auto found = std::find(words.begin(), words.end(), word);
  int64_t number;
  if (found == words.end() || found + 1 == words.end() ||
      !absl::SimpleAtoi(*(found + 1), &number)) {
    return std::nullopt;
  }
  return number;
}

// A share of what is left on the clock: a game has some forty moves to go.
absl::Duration ShareOf(int64_t left_ms, int64_t increment_ms) {
  const absl::Duration share =
      absl::Milliseconds(left_ms / 40 + increment_ms * 3 / 4);
  return std::clamp(share, absl::Milliseconds(5),
                    absl::Milliseconds(std::max<int64_t>(left_ms / 4, 5)));
}

SearchLimits LimitsOf(const std::vector<std::string_view>& words, Color turn) {
  SearchLimits limits;
  if (auto nodes = NumberAfter(words, "nodes")) {
    limits.nodes = static_cast<uint64_t>(std::max<int64_t>(*nodes, 1));
  }
  if (auto depth = NumberAfter(words, "depth")) {
    limits.depth = static_cast<int>(std::clamp<int64_t>(*depth, 1, kMaxDepth));
  }
  if (auto move_time = NumberAfter(words, "movetime")) {
    limits.time = absl::Milliseconds(*move_time);
  }
  // UCI has both clocks, UCCI the own one.
  const bool red = turn == Color::kRed;
  auto left = NumberAfter(words, red ? "wtime" : "btime");
  if (!left.has_value()) left = NumberAfter(words, "time");
  auto increment = NumberAfter(words, red ? "winc" : "binc");
  if (!increment.has_value()) increment = NumberAfter(words, "increment");
  if (left.has_value()) limits.time = ShareOf(*left, increment.value_or(0));
  return limits;
}

std::string ScoreText(int score, bool ucci) {
  if (ucci) return absl::StrCat("score ", score);
  if (std::abs(score) < kMateScore - 1000) {
    return absl::StrCat("score cp ", score);
  }
  const int plies = kMateScore - std::abs(score);
  const int moves = (plies + 1) / 2;
  return absl::StrCat("score mate ", score > 0 ? moves : -moves);
}

}  // namespace

EngineProtocol::EngineProtocol(Print print)
    : print_(std::move(print)), searcher_(kTableBytes) {}

EngineProtocol::~EngineProtocol() { Stop(); }

void EngineProtocol::Stop() {
  stop_.store(true);
  if (thinking_.joinable()) thinking_.join();
}

bool EngineProtocol::Handle(std::string_view line) {
  const Words words = absl::StrSplit(absl::StripAsciiWhitespace(line),
                                     absl::ByAnyChar(" \t"), absl::SkipEmpty());
  if (words.empty()) return true;
  const std::string_view command = words[0];
  if (command == "uci" || command == "ucci") {
    ucci_ = command == "ucci";
    Introduce();
  } else if (command == "isready") {
    print_("readyok");
  } else if (command == "ucinewgame") {
    Stop();
    searcher_.Clear();
  } else if (command == "position") {
    Stop();
    SetPosition(words);
  } else if (command == "go") {
    Stop();
    Go(words);
  } else if (command == "stop") {
    Stop();
  } else if (command == "quit") {
    Stop();
    if (ucci_) print_("bye");
    return false;
  }
  // What is unknown is passed over, as both protocols want it.
  return true;
}

void EngineProtocol::Introduce() {
  print_("id name Kingpin Chinese Chess");
  print_("id author the Kingpin authors");
  if (!ucci_) {
    print_("option name UCI_Variant type combo default xiangqi var xiangqi");
  }
  print_(ucci_ ? "ucciok" : "uciok");
}

// position {startpos | fen FEN} [moves MOVE...]; what is wrong ends it there.
void EngineProtocol::SetPosition(const Words& words) {
  const auto moves = std::find(words.begin(), words.end(), "moves");
  Position start;
  if (words.size() > 1 && words[1] == "fen") {
    const std::string fen = absl::StrJoin(words.begin() + 2, moves, " ");
    const absl::StatusOr<Position> position = ParseFen(fen);
    if (!position.ok()) {
      print_(absl::StrCat("info string ", position.status().message()));
      return;
    }
    start = *position;
  }
  game_ = Game(start);
  if (moves == words.end()) return;
  for (auto word = moves + 1; word != words.end(); ++word) {
    const std::optional<Move> move = ParseIccs(*word);
    if (!move.has_value() || !game_.Play(*move).ok()) {
      print_(absl::StrCat("info string ", *word, " cannot be played"));
      return;
    }
  }
}

void EngineProtocol::Go(const Words& words) {
  SearchLimits limits = LimitsOf(words, game_.position().turn());
  stop_.store(false);
  limits.stop = &stop_;
  thinking_ = std::thread([this, limits] {
    const kingpin::MonotonicTime start = kingpin::Clock::Real().Now();
    PrintResult(searcher_.Search(game_, limits, [&](const SearchResult& r) {
      PrintInfo(r, kingpin::Clock::Real().Now() - start);
    }));
  });
}

void EngineProtocol::PrintInfo(const SearchResult& result,
                               absl::Duration spent) {
  const int64_t ms = absl::ToInt64Milliseconds(spent);
  std::string line = absl::StrCat("info depth ", result.depth, " ",
                                  ScoreText(result.score, ucci_), " nodes ",
                                  result.nodes, " time ", ms, " pv");
  for (const Move move : result.line) {
    absl::StrAppend(&line, " ", FormatIccs(move));
  }
  print_(line);
}

void EngineProtocol::PrintResult(const SearchResult& result) {
  if (!result.move.has_value()) {
    print_(ucci_ ? "nobestmove" : "bestmove (none)");
    return;
  }
  std::string line = absl::StrCat("bestmove ", FormatIccs(*result.move));
  if (result.line.size() > 1) {
    absl::StrAppend(&line, " ponder ", FormatIccs(result.line[1]));
  }
  print_(line);
}

}  // namespace chinese_chess
