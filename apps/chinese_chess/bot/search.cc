#include "apps/chinese_chess/bot/search.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "apps/chinese_chess/bot/evaluate.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/piece.h"

namespace chinese_chess {
namespace {

constexpr int kInfinity = kMateScore + 1;
constexpr int kMateInSight = kMateScore - 1000;
constexpr int kMostPly = kMaxDepth * 2 - 1;
// What repeats by one's own fault, and is not lost yet, is worse by so much.
constexpr int kShun = 300;
// To whoever is to move.
constexpr int kTempo = 10;
constexpr Move kNoMove = {};

bool IsMove(Move move) { return move.from != move.to; }

// Mates are nearer to where they are found than to the root.
int16_t ToTable(int score, int ply) {
  if (score > kMateInSight) score += ply;
  if (score < -kMateInSight) score -= ply;
  return static_cast<int16_t>(score);
}
int FromTable(int score, int ply) {
  if (score > kMateInSight) return score - ply;
  if (score < -kMateInSight) return score + ply;
  return score;
}

// For `side`, who has just been asked to judge a game that is over.
int ScoreOf(const Outcome& outcome, Color side) {
  if (outcome.result == Result::kDraw) return 0;
  const bool red_won = outcome.result == Result::kRedWins;
  return red_won == (side == Color::kRed) ? kMateScore - 1 : 1 - kMateScore;
}

}  // namespace

Searcher::Searcher(size_t table_bytes)
    : table_(
          std::bit_floor(std::max(table_bytes / sizeof(Entry), size_t{1024}))) {
  Clear();
}

void Searcher::Clear() {
  std::fill(table_.begin(), table_.end(), Entry());
  for (auto& from : history_) from.fill(0);
}

// --- The root ----------------------------------------------------------------------------

void Searcher::BeginAt(const Game& game) {
  position_ = game.start();
  steps_.clear();
  for (size_t ply = 0; ply < game.size(); ++ply) {
    const bool captures = game.captured(ply) != Piece::kNone;
    if (captures) steps_.clear();
    steps_.push_back({position_.key(), game.gave_check(ply), captures});
    position_.Make(game.move(ply));
  }
  material_ = MaterialScore(position_);
  for (auto& pair : killers_) pair[0] = pair[1] = kNoMove;
  for (auto& from : history_) from.fill(0);
  nodes_ = 0;
  stopped_ = may_stop_ = false;
}

void Searcher::AddRootMoves(const Game& game) {
  root_.clear();
  root_decided_.clear();
  const Color side = game.position().turn();
  MoveList moves;
  GenerateLegalMoves(game.position(), &moves);
  OrderedMoves ordered;
  const size_t count = Order(moves, 0, kNoMove, &ordered);
  for (size_t i = 0; i < count; ++i) {
    PickBest(&ordered, i, count);
    Game after = game;
    if (!after.Play(ordered[i].move).ok()) continue;
    const bool over = after.outcome().over();
    root_.push_back(
        {ordered[i].move, over ? ScoreOf(after.outcome(), side) : 0});
    root_decided_.push_back(over);
  }
}

SearchResult Searcher::Search(const Game& game, const SearchLimits& limits,
                              const Report& report) {
  SearchResult result;
  if (game.outcome().over()) return result;
  limits_ = limits;
  deadline_ = kingpin::Clock::Real().Now() + limits.time;
  BeginAt(game);
  AddRootMoves(game);
  const int depth = std::clamp(limits.depth, 1, kMaxDepth);
  for (int d = 1; d <= depth; ++d) {
    SearchRoot(d);
    if (stopped_) break;
    may_stop_ = true;
    result = {root_[0].move, root_[0].score,          d,
              nodes_,        LineFrom(root_[0].move), root_};
    if (report != nullptr) report(result);
    if (OutOfLimits() || std::abs(root_[0].score) > kMateInSight) break;
  }
  result.nodes = nodes_;
  return result;
}

// Leaves the moves in the order of their scores, unless it was stopped.
void Searcher::SearchRoot(int depth) {
  int alpha = -kInfinity;
  std::vector<std::pair<RootMove, bool>> scored;
  for (size_t i = 0; i < root_.size(); ++i) {
    RootMove root = root_[i];
    if (!root_decided_[i]) {
      root.score = SearchRootMove(
          root, depth, limits_.score_all ? -kInfinity : alpha, i == 0);
    }
    if (stopped_) return;
    alpha = std::max(alpha, root.score);
    scored.emplace_back(root, root_decided_[i]);
  }
  std::stable_sort(scored.begin(), scored.end(),
                   [](const auto& a, const auto& b) {
                     return a.first.score > b.first.score;
                   });
  for (size_t i = 0; i < scored.size(); ++i) {
    root_[i] = scored[i].first;
    root_decided_[i] = scored[i].second;
  }
}

int Searcher::SearchRootMove(RootMove& root, int depth, int alpha, bool first) {
  const Undo undo = Make(root.move);
  int score;
  if (first || limits_.score_all) {
    score = -AlphaBeta(depth - 1, 1, -kInfinity, -alpha, true);
  } else {
    score = -AlphaBeta(depth - 1, 1, -alpha - 1, -alpha, true);
    if (score > alpha && !stopped_) {
      score = -AlphaBeta(depth - 1, 1, -kInfinity, -alpha, true);
    }
  }
  Unmake(root.move, undo);
  return score;
}

std::vector<Move> Searcher::LineFrom(Move first) {
  std::vector<Move> line = {first};
  std::vector<std::pair<Move, Undo>> made = {{first, Make(first)}};
  while (line.size() < 12) {
    const Entry& entry = EntryOf(position_.key());
    if (entry.key != position_.key() || !IsMove(entry.move)) break;
    if (!IsLegal(position_, entry.move)) break;
    line.push_back(entry.move);
    made.emplace_back(entry.move, Make(entry.move));
  }
  for (; !made.empty(); made.pop_back()) {
    Unmake(made.back().first, made.back().second);
  }
  return line;
}

// --- The tree ----------------------------------------------------------------------------

bool Searcher::OutOfLimits() {
  if (stopped_) return true;
  if (!may_stop_) return false;
  constexpr uint64_t kLookEvery = 1024;
  stopped_ = nodes_ >= limits_.nodes;
  if (!stopped_ && nodes_ % kLookEvery == 0) {
    stopped_ = (limits_.stop != nullptr && limits_.stop->load()) ||
               (limits_.time != absl::InfiniteDuration() &&
                kingpin::Clock::Real().Now() >= deadline_);
  }
  return stopped_;
}

Undo Searcher::Make(Move move) {
  const Piece piece = position_.at(move.from);
  const uint64_t key = position_.key();
  const Undo undo = position_.Make(move);
  material_ += PieceScore(piece, move.to) - PieceScore(piece, move.from) -
               PieceScore(undo.captured, move.to);
  steps_.push_back({key, position_.InCheck(), undo.captured != Piece::kNone});
  return undo;
}

void Searcher::Unmake(Move move, Undo undo) {
  const Piece piece = position_.at(move.to);
  steps_.pop_back();
  position_.Unmake(move, undo);
  material_ -= PieceScore(piece, move.to) - PieceScore(piece, move.from) -
               PieceScore(undo.captured, move.to);
}

int Searcher::Evaluate() const {
  return (position_.turn() == Color::kRed ? material_ : -material_) + kTempo;
}

std::optional<int> Searcher::RepetitionScore(int ply) const {
  // Whether the side to move, and the other, checked on every move of the cycle.
  bool own = true;
  bool other = true;
  bool is_others = true;  // The last move was the other side's.
  for (size_t i = steps_.size(); i-- > 0; is_others = !is_others) {
    if (steps_[i].captures) return std::nullopt;
    (is_others ? other : own) &= steps_[i].gives_check;
    if (steps_[i].key != position_.key()) continue;
    if (own == other) return 0;
    return own ? ply - kMateScore : kMateScore - ply;
  }
  return std::nullopt;
}

int Searcher::AlphaBeta(int depth, int ply, int alpha, int beta,
                        bool may_pass) {
  if (OutOfLimits()) return 0;
  if (const std::optional<int> score = RepetitionScore(ply)) return *score;
  const bool in_check = !steps_.empty() && steps_.back().gives_check;
  if (in_check) ++depth;
  if (depth <= 0 || ply >= kMostPly) return Quiesce(ply, alpha, beta);
  ++nodes_;
  const Entry& entry = EntryOf(position_.key());
  Move table_move = kNoMove;
  if (entry.key == position_.key() && entry.bound != Bound::kNone) {
    table_move = entry.move;
    const int score = FromTable(entry.score, ply);
    const bool cuts = entry.bound == Bound::kExact ||
                      (entry.bound == Bound::kLower && score >= beta) ||
                      (entry.bound == Bound::kUpper && score <= alpha);
    if (entry.depth >= depth && cuts) return score;
  }
  if (may_pass && !in_check && PassIsEnough(depth, ply, beta)) return beta;
  return SearchMoves(depth, ply, alpha, beta, in_check, table_move);
}

// Who is better off even if the opponent moves twice need not look closely. There is
// hardly any zugzwang while a side has pieces that cross the river.
bool Searcher::PassIsEnough(int depth, int ply, int beta) {
  if (depth < 3 || Evaluate() < beta || beta > kMateInSight) return false;
  if (!CanWin(position_, position_.turn())) return false;
  const Color turn = position_.turn();
  // A pass is no move of the game: what was before it does not repeat.
  std::vector<Step> steps = std::exchange(steps_, {});
  position_.set_turn(Opponent(turn));
  const int score = -AlphaBeta(depth - 3, ply + 1, -beta, 1 - beta, false);
  position_.set_turn(turn);
  steps_ = std::move(steps);
  return score >= beta && !stopped_;
}

int Searcher::SearchMoves(int depth, int ply, int alpha, int beta,
                          bool in_check, Move table_move) {
  MoveList moves;
  GenerateLegalMoves(position_, &moves);
  if (moves.empty()) return ply - kMateScore;
  OrderedMoves ordered;
  const size_t count = Order(moves, ply, table_move, &ordered);
  const int alpha_before = alpha;
  int best = -kInfinity;
  Move best_move = kNoMove;
  for (size_t i = 0; i < count; ++i) {
    PickBest(&ordered, i, count);
    const Move move = ordered[i].move;
    const int score = SearchMove(move, i, depth, ply, alpha, beta, in_check);
    if (stopped_) return 0;
    if (score > best) {
      best = score;
      best_move = move;
    }
    alpha = std::max(alpha, score);
    if (alpha < beta) continue;
    if (position_.at(move.to) == Piece::kNone) NoteCut(move, depth, ply);
    break;
  }
  const Bound bound = best >= beta          ? Bound::kLower
                      : best > alpha_before ? Bound::kExact
                                            : Bound::kUpper;
  Store(depth, ply, best, bound, best_move);
  return best;
}

int Searcher::SearchMove(Move move, size_t index, int depth, int ply, int alpha,
                         int beta, bool in_check) {
  const bool quiet = position_.at(move.to) == Piece::kNone;
  const Undo undo = Make(move);
  // Quiet moves that are far down in the order are looked at less closely first.
  const bool late = index >= 4 && depth >= 3 && quiet && !in_check &&
                    !steps_.back().gives_check;
  const int reduction = late ? 1 + (index >= 12) : 0;
  int score = beta;
  if (index > 0) {
    score =
        -AlphaBeta(depth - 1 - reduction, ply + 1, -alpha - 1, -alpha, true);
    if (score > alpha && reduction > 0 && !stopped_) {
      score = -AlphaBeta(depth - 1, ply + 1, -alpha - 1, -alpha, true);
    }
  }
  if ((index == 0 || (score > alpha && score < beta)) && !stopped_) {
    score = -AlphaBeta(depth - 1, ply + 1, -beta, -alpha, true);
  }
  Unmake(move, undo);
  return score;
}

int Searcher::Quiesce(int ply, int alpha, int beta) {
  ++nodes_;
  if (OutOfLimits()) return 0;
  const int standing = Evaluate();
  if (standing >= beta || ply >= kMostPly) return standing;
  alpha = std::max(alpha, standing);
  MoveList captures;
  GenerateLegalCaptures(position_, &captures);
  OrderedMoves ordered;
  const size_t count = Order(captures, ply, kNoMove, &ordered);
  int best = standing;
  for (size_t i = 0; i < count; ++i) {
    PickBest(&ordered, i, count);
    const Undo undo = Make(ordered[i].move);
    const int score = -Quiesce(ply + 1, -beta, -alpha);
    Unmake(ordered[i].move, undo);
    if (stopped_) return 0;
    best = std::max(best, score);
    alpha = std::max(alpha, score);
    if (alpha >= beta) break;
  }
  return best;
}

// --- Order -------------------------------------------------------------------------------

size_t Searcher::Order(const MoveList& moves, int ply, Move first,
                       OrderedMoves* ordered) const {
  constexpr int kFirst = 1 << 30;
  constexpr int kCapture = 1 << 28;
  constexpr int kKiller = 1 << 27;
  size_t count = 0;
  for (const Move move : moves) {
    const Piece victim = position_.at(move.to);
    int order = history_[move.from][move.to];
    if (move == first) {
      order = kFirst;
    } else if (victim != Piece::kNone) {
      order = kCapture + 16 * PieceValue(TypeOf(victim)) -
              PieceValue(TypeOf(position_.at(move.from)));
    } else if (move == killers_[ply][0] || move == killers_[ply][1]) {
      order = kKiller;
    }
    (*ordered)[count++] = {move, order};
  }
  return count;
}

void Searcher::PickBest(OrderedMoves* ordered, size_t from, size_t count) {
  const auto begin = ordered->begin() + static_cast<int64_t>(from);
  const auto best = std::max_element(
      begin, ordered->begin() + static_cast<int64_t>(count),
      [](const Ordered& a, const Ordered& b) { return a.order < b.order; });
  std::iter_swap(begin, best);
}

void Searcher::NoteCut(Move move, int depth, int ply) {
  constexpr int kMostHistory = 1 << 26;
  int& history = history_[move.from][move.to];
  history = std::min(history + depth * depth, kMostHistory);
  if (killers_[ply][0] == move) return;
  killers_[ply][1] = std::exchange(killers_[ply][0], move);
}

void Searcher::Store(int depth, int ply, int score, Bound bound, Move move) {
  EntryOf(position_.key()) = {position_.key(), ToTable(score, ply), move,
                              static_cast<int8_t>(depth), bound};
}

}  // namespace chinese_chess
