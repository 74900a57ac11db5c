#include "apps/chinese_chess/bot/engine_session.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <variant>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/bot/level.h"
#include "apps/chinese_chess/bot/search_budget.h"
#include "apps/chinese_chess/bot/time_budget.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/illegal_move.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/position.h"
#include "apps/chinese_chess/rules/quote.h"

namespace chinese_chess::bot {
namespace {

constexpr std::string_view kEngineName = "Kingpin Xiangqi";
constexpr std::string_view kAuthor = "the Kingpin authors";
constexpr int kDefaultHashMiB = 16;
constexpr int kMostHashMiB = 1024;
constexpr int kMostOverheadMs = 5000;
constexpr int64_t kMostSeed = int64_t{1} << 53;

size_t MiB(int count) { return static_cast<size_t>(count) << 20; }

absl::StatusOr<int64_t> ParseNumber(const SetOptionCommand& option, int64_t min,
                                    int64_t max) {
  int64_t number;
  if (absl::SimpleAtoi(option.value, &number) && number >= min &&
      number <= max) {
    return number;
  }
  return absl::InvalidArgumentError(
      absl::StrCat(option.name, " is a number from ", min, " to ", max));
}

// A game from here, in which nothing counts that was before.
Game Afresh(Position position) {
  position.set_counters(0, position.move_number());
  return Game(position);
}

// Plays on although the game is over by a rule: the GUI may go by others.
absl::Status PlayOn(Move move, Game* game) {
  const absl::Status status = game->Play(move);
  if (!absl::IsFailedPrecondition(status)) return status;
  Position position = game->position();
  if (!IsLegal(position, move)) {
    return absl::InvalidArgumentError(ExplainIllegal(position, move));
  }
  // On the board, for a game that lacks material is over wherever it begins.
  position.Make(move);
  *game = Afresh(position);
  return absl::OkStatus();
}

absl::StatusOr<Game> SetUp(const PositionCommand& command) {
  Game game;
  if (!command.fen.empty()) {
    absl::StatusOr<Position> start = ParseFen(command.fen);
    if (!start.ok()) return start.status();
    game = Game(*start);
  }
  for (const Move move : command.moves) {
    const absl::Status status = PlayOn(move, &game);
    if (!status.ok()) return status;
  }
  // Else every move is a draw to the search, and one as good as another.
  const Reason reason = game.outcome().reason;
  if (reason == Reason::kNoCapture || reason == Reason::kMoveLimit) {
    game = Afresh(game.position());
  }
  return game;
}

// Or was meant as one.
bool IsPosition(std::string_view line) {
  return absl::StartsWith(absl::StripLeadingAsciiWhitespace(line), "position");
}

// Leaves none but `only` to choose from.
void ExcludeOthers(const Position& position, const std::vector<Move>& only,
                   std::vector<Move>* excluded) {
  MoveList moves;
  GenerateLegalMoves(position, &moves);
  std::copy_if(moves.begin(), moves.end(), std::back_inserter(*excluded),
               [&only](Move move) {
                 return std::find(only.begin(), only.end(), move) == only.end();
               });
}

std::string ScoreText(Score score, Dialect dialect) {
  if (dialect == Dialect::kUcci) return absl::StrCat(score);
  if (!IsMate(score)) return absl::StrCat("cp ", score);
  // In moves, not plies.
  const int moves = (PliesToMate(score) + 1) / 2;
  return absl::StrCat("mate ", score > 0 ? moves : -moves);
}

}  // namespace

EngineSession::EngineSession(Write write, const kingpin::Clock& clock)
    : clock_(clock),
      searcher_(std::make_unique<Searcher>(MiB(kDefaultHashMiB), clock)),
      write_(std::move(write)) {}

EngineSession::~EngineSession() { StopSearch(); }

void EngineSession::WriteLine(std::string_view line) {
  absl::MutexLock lock(&mu_);
  write_(line);
}

bool EngineSession::Handle(std::string_view line) {
  const absl::StatusOr<EngineCommand> command =
      ParseEngineCommand(line, dialect_);
  absl::Status status = command.status();
  if (!command.ok()) {
    // The GUI's board is another now, whichever.
    if (IsPosition(line)) game_ = status;
  } else {
    const auto* simple = std::get_if<SimpleCommand>(&*command);
    if (simple != nullptr && simple->kind == SimpleCommand::Kind::kQuit) {
      StopSearch();
      if (dialect_ == Dialect::kUcci) WriteLine("bye");
      return false;
    }
    status =
        std::visit([this](const auto& known) { return Do(known); }, *command);
  }
  if (!status.ok())
    WriteLine(absl::StrCat("info string error: ", status.message()));
  return true;
}

void EngineSession::Finish() {
  if (!IsSearching()) return;
  if (IsEndless(*run_)) {
    StopSearch();
  } else {
    thread_.join();
  }
}

absl::Status EngineSession::Do(const HelloCommand& command) {
  if (IsSearching())
    return absl::FailedPreconditionError("a search is running");
  dialect_ = command.dialect;
  WriteLine(absl::StrCat("id name ", kEngineName));
  WriteLine(absl::StrCat("id author ", kAuthor));
  WriteOptions();
  WriteLine(dialect_ == Dialect::kUci ? "uciok" : "ucciok");
  return absl::OkStatus();
}

void EngineSession::WriteOptions() {
  if (dialect_ == Dialect::kUci) {
    WriteLine(absl::StrCat("option name Hash type spin default ",
                           kDefaultHashMiB, " min 1 max ", kMostHashMiB));
    WriteLine("option name Clear Hash type button");
    WriteLine("option name Ponder type check default false");
    WriteLine(absl::StrCat("option name Level type spin default 0 min 0 max ",
                           kLevels));
    WriteLine(absl::StrCat("option name Seed type spin default 0 min 0 max ",
                           kMostSeed));
    WriteLine(absl::StrCat(
        "option name Move Overhead type spin default 30 min 0 max ",
        kMostOverheadMs));
    WriteLine("option name UCI_Variant type combo default xiangqi var xiangqi");
  } else {
    WriteLine(absl::StrCat("option hashsize type spin min 1 max ", kMostHashMiB,
                           " default ", kDefaultHashMiB));
    WriteLine("option newgame type button");
    WriteLine("option usemillisec type check default false");
    WriteLine(absl::StrCat("option level type spin min 0 max ", kLevels,
                           " default 0"));
    WriteLine(absl::StrCat("option seed type spin min 0 max ", kMostSeed,
                           " default 0"));
  }
}

absl::Status EngineSession::Do(const SimpleCommand& command) {
  using Kind = SimpleCommand::Kind;
  switch (command.kind) {
    case Kind::kIsReady:
      WriteLine("readyok");
      break;
    case Kind::kNewGame:
      if (IsSearching())
        return absl::FailedPreconditionError("a search is running");
      searcher_->Forget();
      break;
    case Kind::kStop:
      StopSearch();
      break;
    case Kind::kPonderHit:
      PonderHit();
      break;
    case Kind::kShow:
      if (!game_.ok()) return game_.status();
      WriteLine(absl::StrCat("info string ", FormatFen(game_->position())));
      break;
    case Kind::kNothing:
    case Kind::kQuit:
      break;
  }
  return absl::OkStatus();
}

absl::Status EngineSession::Do(const SetOptionCommand& command) {
  if (IsSearching())
    return absl::FailedPreconditionError("a search is running");
  const std::string name = absl::AsciiStrToLower(command.name);
  const auto set = [&command](int64_t min, int64_t max, auto use) {
    const absl::StatusOr<int64_t> number = ParseNumber(command, min, max);
    if (number.ok()) use(*number);
    return number.status();
  };
  if (name == "hash" || name == "hashsize") {
    return set(1, kMostHashMiB, [this](int64_t mib) {
      searcher_ =
          std::make_unique<Searcher>(MiB(static_cast<int>(mib)), clock_);
    });
  }
  if (name == "level") {
    return set(0, kLevels, [this](int64_t n) { level_ = static_cast<int>(n); });
  }
  if (name == "seed") {
    return set(0, kMostSeed,
               [this](int64_t n) { seed_ = static_cast<uint64_t>(n); });
  }
  if (name == "move overhead") {
    return set(0, kMostOverheadMs,
               [this](int64_t ms) { overhead_ = absl::Milliseconds(ms); });
  }
  if (name == "clear hash" || name == "newgame") {
    searcher_->Forget();
  } else if (name == "usemillisec") {
    use_milliseconds_ = command.value == "true" || command.value == "on";
  } else if (name == "uci_variant" && command.value != "xiangqi") {
    return absl::InvalidArgumentError("the only variant is xiangqi");
  } else if (name != "uci_variant" && name != "ponder") {
    return absl::NotFoundError(
        absl::StrCat("unknown option ", QuoteText(command.name)));
  }
  return absl::OkStatus();
}

absl::Status EngineSession::Do(const PositionCommand& command) {
  game_ = SetUp(command);
  banned_.clear();
  return game_.status();
}

absl::Status EngineSession::Do(const BanMovesCommand& command) {
  banned_ = command.moves;
  return absl::OkStatus();
}

absl::Status EngineSession::Do(const GoCommand& command) {
  if (IsSearching())
    return absl::FailedPreconditionError("a search is running");
  StartSearch(command);
  return absl::OkStatus();
}

bool EngineSession::IsSearching() {
  if (run_ != nullptr && !run_->is_done) return true;
  if (thread_.joinable()) thread_.join();
  return false;
}

void EngineSession::StartSearch(const GoCommand& go) {
  run_ = std::make_unique<Run>();
  run_->go = go;
  run_->start = clock_.Now();
  if (!go.infinite && !go.ponder) run_->released.Notify();
  run_->game = game_;
  run_->limits = LimitsFor(*run_);
  thread_ = std::thread([this, run = run_.get()] { Search(run); });
}

bool EngineSession::IsEndless(const Run& run) const {
  if (run.go.infinite || run.go.ponder) return true;
  const bool is_limited = run.go.depth.has_value() ||
                          run.go.nodes.has_value() ||
                          run.limits.deadline != kNoDeadline;
  // A level has limits of its own.
  return level_ == 0 && !is_limited;
}

void EngineSession::StopSearch() {
  if (!thread_.joinable()) return;
  run_->stop.request_stop();
  if (!run_->released.HasBeenNotified()) run_->released.Notify();
  thread_.join();
}

void EngineSession::PonderHit() {
  if (!IsSearching() || !run_->go.ponder) return;
  // What was found out by now is in the table; with the clock running, start again.
  GoCommand go = run_->go;
  go.ponder = false;
  run_->is_silent = true;
  StopSearch();
  StartSearch(go);
}

SearchLimits EngineSession::LimitsFor(const Run& run) const {
  const GoCommand& go = run.go;
  SearchLimits limits{.depth = go.depth.value_or(kMaxDepth),
                      .nodes = go.nodes.value_or(kNoNodeLimit),
                      .stop = run.stop.get_token(),
                      .excluded = banned_};
  if (!run.game.ok()) return limits;
  if (!go.only.empty()) {
    ExcludeOthers(run.game->position(), go.only, &limits.excluded);
  }
  if (!go.infinite && !go.ponder) LimitTime(run, &limits);
  return limits;
}

void EngineSession::LimitTime(const Run& run, SearchLimits* limits) const {
  const GoCommand& go = run.go;
  const auto turn = static_cast<size_t>(run.game->position().turn());
  if (go.move_time.has_value()) {
    limits->deadline =
        run.start + std::max(*go.move_time - overhead_, absl::Milliseconds(1));
  } else if (go.time[turn].has_value()) {
    const int unit =
        dialect_ == Dialect::kUcci && !use_milliseconds_ ? 1000 : 1;
    const TimeBudget budget = BudgetFor({.remaining = *go.time[turn] * unit,
                                         .increment = go.increment[turn] * unit,
                                         .moves_to_go = go.moves_to_go,
                                         .overhead = overhead_});
    limits->soft_deadline = run.start + budget.soft;
    limits->deadline = run.start + budget.hard;
  }
}

SearchResult EngineSession::Think(const Run& run) {
  if (!run.game.ok()) return {};
  if (level_ == 0) {
    return searcher_->Search(*run.game, run.limits,
                             [&](const SearchResult& reached) {
                               if (!run.is_silent) WriteInfo(run, reached);
                             });
  }
  const BotMove move = ChooseMove(LevelOf(level_), *run.game,
                                  {.seed = seed_,
                                   .nodes = run.limits.nodes,
                                   .deadline = run.limits.deadline,
                                   .stop = run.limits.stop,
                                   .excluded = run.limits.excluded},
                                  searcher_.get());
  return {.move = move.move, .score = move.score, .nodes = move.nodes};
}

void EngineSession::Search(Run* run) {
  const SearchResult result = Think(*run);
  run->released.WaitForNotification();
  // Before the move is told: the next command may come at once.
  run->is_done = true;
  if (!run->is_silent) WriteBestMove(result);
}

void EngineSession::WriteInfo(const Run& run, const SearchResult& result) {
  const int64_t ms = absl::ToInt64Milliseconds(clock_.Now() - run.start);
  std::string line = absl::StrCat("info depth ", result.depth);
  if (dialect_ == Dialect::kUci)
    absl::StrAppend(&line, " seldepth ", result.deepest);
  absl::StrAppend(&line, " score ", ScoreText(result.score, dialect_),
                  " nodes ", result.nodes);
  if (ms > 0 && dialect_ == Dialect::kUci) {
    absl::StrAppend(&line, " nps ",
                    result.nodes * 1000 / static_cast<uint64_t>(ms));
  }
  if (dialect_ == Dialect::kUci) {
    absl::StrAppend(&line, " hashfull ", searcher_->table_permille());
  }
  absl::StrAppend(&line, " time ", ms, " pv");
  for (const Move move : result.line) {
    absl::StrAppend(&line, " ", FormatEngineMove(move, dialect_));
  }
  WriteLine(line);
}

void EngineSession::WriteBestMove(const SearchResult& result) {
  if (result.move == kNoMove) {
    WriteLine(dialect_ == Dialect::kUci ? "bestmove (none)" : "nobestmove");
    return;
  }
  std::string line =
      absl::StrCat("bestmove ", FormatEngineMove(result.move, dialect_));
  if (result.line.size() > 1) {
    absl::StrAppend(&line, " ponder ",
                    FormatEngineMove(result.line[1], dialect_));
  }
  WriteLine(line);
}

}  // namespace chinese_chess::bot
