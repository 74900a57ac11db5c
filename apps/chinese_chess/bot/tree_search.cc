#include "apps/chinese_chess/bot/tree_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "apps/chinese_chess/bot/evaluation.h"
#include "apps/chinese_chess/bot/exchange.h"
#include "apps/chinese_chess/rules/movegen.h"

namespace chinese_chess::bot {
namespace {

// Margins are in a Score's units.
constexpr int kReverseFutilityDepth = 7;
constexpr Score kReverseFutilityMargin = 80;
constexpr Score kRazorMargin = 300;
constexpr int kRazorDepth = 2;
constexpr int kNullDepth = 3;
constexpr int kNullVerifyDepth = 10;
constexpr int kReductionDepth = 3;
constexpr int kLateMoveDepth = 7;
constexpr int kFutilityDepth = 6;
constexpr Score kFutilityMargin = 100;
constexpr int kExchangeDepth = 6;
constexpr Score kDeltaMargin = 150;
// The no-capture draw is not in a position's key: near it, the table is not trusted.
constexpr int kTrustedQuietPlies = 100;
// With fewer pieces of one colour, stalemate is looked for at the leaves, too.
constexpr int kFewPieces = 5;

using ReductionTable = std::array<std::array<int8_t, 64>, 64>;

ReductionTable MakeReductions() {
  ReductionTable table{};
  for (int depth = 1; depth < 64; ++depth) {
    for (int count = 1; count < 64; ++count) {
      table[depth][count] =
          static_cast<int8_t>(0.6 + std::log(depth) * std::log(count) / 2.2);
    }
  }
  return table;
}

int BaseReduction(int depth, int count) {
  static const ReductionTable kTable = MakeReductions();
  return kTable[std::min(depth, 63)][std::min(count, 63)];
}

}  // namespace

TreeSearch::TreeSearch(const Game& game, TranspositionTable* table,
                       MoveHistory* history, SearchBudget* budget)
    : path_(game), table_(*table), history_(*history), budget_(*budget) {
  frames_[0].material = MaterialScore(path_.position());
  if (!path_.in_check()) {
    frames_[0].evaluation =
        bot::Evaluate(path_.position(), frames_[0].material);
  }
}

Score TreeSearch::Below(Move move, int depth, Score alpha, Score beta) {
  ClearLine();
  Make(move);
  const Score score = -Search(depth, -beta, -alpha, Null::kAllowed);
  Unmake();
  ExtendLine(move);
  return score;
}

std::vector<Move> TreeSearch::line() const {
  return {lines_[0].begin(), lines_[0].begin() + line_length_[0]};
}

int TreeSearch::TakeDeepest() { return std::exchange(deepest_, 0); }

void TreeSearch::ExtendLine(Move move) {
  const int ply = path_.ply();
  lines_[ply][ply] = move;
  line_length_[ply] = std::max(line_length_[ply + 1], ply + 1);
  std::copy(lines_[ply + 1].begin() + ply + 1,
            lines_[ply + 1].begin() + line_length_[ply],
            lines_[ply].begin() + ply + 1);
}

void TreeSearch::Make(Move move) {
  const Position& position = path_.position();
  Frame& here = frame();
  here.move = move;
  here.piece = position.at(move.from);
  Frame& next = frames_[path_.ply() + 1];
  next.material = here.material;
  next.material.Move(here.piece, move, position.at(move.to));
  path_.Make(move);
  table_.Prefetch(position.key());
  deepest_ = std::max(deepest_, path_.ply());
}

void TreeSearch::Unmake() { path_.Unmake(); }

Score TreeSearch::Search(int depth, Score alpha, Score beta, Null null) {
  const int ply = path_.ply();
  ClearLine();
  // A check is no place to stop, and a forced reply costs little.
  if (path_.in_check() && ply < 2 * root_depth_) ++depth;
  if (depth <= 0) return Quiescence(alpha, beta);
  if (!budget_.Spend()) return 0;
  if (const std::optional<Score> ruled = path_.Judge()) return *ruled;
  if (ply >= kMaxPly - 1)
    return bot::Evaluate(path_.position(), frame().material);
  // Nothing here is better than a mate that is nearer, nor worse than being mated now.
  alpha = std::max(alpha, LostIn(ply));
  beta = std::min(beta, -LostIn(ply + 1));
  if (alpha >= beta) return alpha;

  Node node{.depth = depth,
            .alpha = alpha,
            .beta = beta,
            .is_pv = beta - alpha > 1,
            .in_check = path_.in_check()};
  if (const std::optional<Score> known = TableCutoff(&node)) return *known;
  Evaluate(&node);
  if (!node.is_pv && !node.in_check) {
    if (const std::optional<Score> cut = StaticCutoff(node, null)) return *cut;
  }
  // A deep node that nothing is known of finds its move sooner with a shallower look.
  if (node.table_move == kNoMove && node.depth >= 4) --node.depth;
  return SearchMoves(node);
}

std::optional<Score> TreeSearch::TableCutoff(Node* node) {
  TableEntry found;
  if (!table_.Find(path_.position().key(), path_.ply(), &found)) {
    return std::nullopt;
  }
  node->table_move = found.move;
  node->evaluation = found.evaluation;
  node->is_known = true;
  if (node->is_pv || found.depth < node->depth ||
      path_.quiet_plies() >= kTrustedQuietPlies) {
    return std::nullopt;
  }
  const bool fits =
      found.bound == Bound::kExact ||
      (found.bound == Bound::kLower && found.score >= node->beta) ||
      (found.bound == Bound::kUpper && found.score <= node->alpha);
  if (!fits) return std::nullopt;
  return found.score;
}

Score TreeSearch::EvaluateNow(const Node& node) const {
  return node.is_known ? node.evaluation
                       : bot::Evaluate(path_.position(), frame().material);
}

void TreeSearch::Evaluate(Node* node) {
  const int ply = path_.ply();
  if (node->in_check) {
    // Of two plies ago, so that "improving" has something to compare with.
    node->evaluation = ply >= 2 ? frames_[ply - 2].evaluation : 0;
  } else {
    node->evaluation = EvaluateNow(*node);
    node->is_improving =
        ply < 2 || node->evaluation > frames_[ply - 2].evaluation;
  }
  frame().evaluation = node->evaluation;
  if (ply + 2 < kMaxPly) frames_[ply + 2].killers = {};
}

std::optional<Score> TreeSearch::StaticCutoff(const Node& node, Null null) {
  if (IsDecided(node.beta)) return std::nullopt;
  const Score margin = kReverseFutilityMargin *
                       (node.depth - static_cast<int>(node.is_improving));
  if (node.depth <= kReverseFutilityDepth &&
      node.evaluation - margin >= node.beta) {
    return node.evaluation - margin;
  }
  if (node.depth <= kRazorDepth &&
      node.evaluation + kRazorMargin * node.depth <= node.alpha) {
    const Score score = Quiescence(node.alpha, node.alpha + 1);
    if (score <= node.alpha) return score;
  }
  if (null == Null::kAllowed && node.depth >= kNullDepth &&
      node.evaluation >= node.beta && HasRoomToPass()) {
    return NullMoveCutoff(node);
  }
  return std::nullopt;
}

bool TreeSearch::HasRoomToPass() const {
  const Position& position = path_.position();
  const Bitboard own = position.pieces(position.turn());
  return (own & (position.pieces(PieceType::kChariot) |
                 position.pieces(PieceType::kHorse) |
                 position.pieces(PieceType::kCannon)))
             .Count() >= 2;
}

std::optional<Score> TreeSearch::NullMoveCutoff(const Node& node) {
  const int reduction =
      3 + node.depth / 4 + std::min((node.evaluation - node.beta) / 200, 3);
  Frame& here = frame();
  here.move = kNoMove;
  here.piece = Piece::kNone;
  frames_[path_.ply() + 1].material = here.material;
  path_.MakeNull();
  const Score score = -Search(node.depth - reduction, -node.beta,
                              -node.beta + 1, Null::kForbidden);
  path_.UnmakeNull();
  if (budget_.is_spent()) return 0;
  if (score < node.beta) return std::nullopt;
  // A mate that needs a pass is none.
  const Score certain = IsDecided(score) ? node.beta : score;
  if (node.depth < kNullVerifyDepth) return certain;
  const Score verified = Search(node.depth - reduction, node.beta - 1,
                                node.beta, Null::kForbidden);
  if (verified >= node.beta) return certain;
  return std::nullopt;
}

MovePicker::Hints TreeSearch::HintsFor(const Node& node) const {
  MovePicker::Hints hints{.table_move = node.table_move,
                          .killers = frame().killers};
  const Frame& before = frames_[path_.ply() - 1];
  if (before.piece != Piece::kNone) {
    hints.counter = history_.CounterOf(before.piece, before.move.to);
  }
  return hints;
}

Score TreeSearch::SearchMoves(const Node& node) {
  const Position& position = path_.position();
  MovePicker picker(position, history_, HintsFor(node));
  Score best = -kInfinity;
  Score alpha = node.alpha;
  Move best_move = kNoMove;
  MoveList tried;  // In vain, and quiet.
  int count = 0;
  for (Move move = picker.Next(); move != kNoMove; move = picker.Next()) {
    ++count;
    const bool is_quiet = position.at(move.to) == Piece::kNone;
    const int history =
        is_quiet ? history_.Of(position.at(move.from), move) : 0;
    if (best > -kLeastWin &&
        IsHopeless(node, count, move, picker.is_bad_capture(), history)) {
      continue;
    }
    Make(move);
    const bool is_late = is_quiet || picker.is_bad_capture();
    const Score score = SearchMade(node, count, is_late, history, alpha);
    Unmake();
    if (budget_.is_spent()) return 0;
    if (score > best) {
      best = score;
      if (score > alpha) {
        alpha = score;
        best_move = move;
        if (node.is_pv) ExtendLine(move);
      }
      if (score >= node.beta) {
        if (is_quiet) RewardCutoff(node, move, tried);
        break;
      }
    }
    if (is_quiet) tried.Add(move);
  }
  // No legal move loses, in check or not.
  if (count == 0) return LostIn(path_.ply());
  StoreResult(node, best, best_move);
  return best;
}

bool TreeSearch::IsHopeless(const Node& node, int count, Move move,
                            bool is_bad_capture, int history) const {
  if (node.in_check || IsDecided(node.alpha)) return false;
  const Position& position = path_.position();
  const bool is_quiet = position.at(move.to) == Piece::kNone;
  if (is_quiet) {
    const int most = (4 + node.depth * node.depth) >> !node.is_improving;
    if (!node.is_pv && node.depth <= kLateMoveDepth && count > most)
      return true;
    if (!node.is_pv && node.depth <= kFutilityDepth && count > 1 &&
        history < 4000 &&
        node.evaluation + kFutilityMargin * (node.depth + 1) <= node.alpha) {
      return true;
    }
    return node.depth <= kExchangeDepth && count > 1 &&
           ExchangeGain(position, move) < -30 * node.depth * node.depth;
  }
  return is_bad_capture && node.depth <= kExchangeDepth && !node.is_pv &&
         ExchangeGain(position, move) < -100 * node.depth;
}

Score TreeSearch::SearchMade(const Node& node, int count, bool is_late,
                             int history, Score alpha) {
  const int depth = node.depth - 1;
  if (count == 1) return -Search(depth, -node.beta, -alpha, Null::kAllowed);
  int reduction = 0;
  if (is_late && node.depth >= kReductionDepth && count > 2) {
    reduction = BaseReduction(node.depth, count) - history / 6000;
    reduction += !node.is_improving;
    reduction -= node.is_pv + node.in_check + path_.in_check();
    reduction = std::clamp(reduction, 0, depth - 1);
  }
  Score score = -Search(depth - reduction, -alpha - 1, -alpha, Null::kAllowed);
  if (score > alpha && reduction > 0) {
    score = -Search(depth, -alpha - 1, -alpha, Null::kAllowed);
  }
  if (score > alpha && score < node.beta) {
    score = -Search(depth, -node.beta, -alpha, Null::kAllowed);
  }
  return score;
}

void TreeSearch::RewardCutoff(const Node& node, Move move,
                              const MoveList& tried) {
  Frame& here = frame();
  if (here.killers[0] != move) here.killers = {move, here.killers[0]};
  const Position& position = path_.position();
  const int bonus = HistoryBonus(node.depth);
  history_.Reward(position.at(move.from), move, bonus);
  for (const Move other : tried) {
    history_.Reward(position.at(other.from), other, -bonus);
  }
  const Frame& before = frames_[path_.ply() - 1];
  if (before.piece != Piece::kNone) {
    history_.SetCounter(before.piece, before.move.to, move);
  }
}

void TreeSearch::StoreResult(const Node& node, Score best, Move move) {
  const Bound bound = best >= node.beta   ? Bound::kLower
                      : best > node.alpha ? Bound::kExact
                                          : Bound::kUpper;
  table_.Store(path_.position().key(),
               {.move = move,
                .score = best,
                .evaluation = node.evaluation,
                .depth = node.depth,
                .bound = bound},
               path_.ply());
}

Score TreeSearch::Quiescence(Score alpha, Score beta) {
  ClearLine();
  if (!budget_.Spend()) return 0;
  if (const std::optional<Score> ruled = path_.Judge()) return *ruled;
  const Position& position = path_.position();
  if (path_.ply() >= kMaxPly - 1)
    return bot::Evaluate(position, frame().material);
  Node node{.depth = 0,
            .alpha = alpha,
            .beta = beta,
            .is_pv = beta - alpha > 1,
            .in_check = path_.in_check()};
  if (const std::optional<Score> known = TableCutoff(&node)) return *known;
  if (node.in_check) return QuiescenceMoves(node, -kInfinity);
  node.evaluation = EvaluateNow(node);
  // Who has hardly a piece may have no move, and lost.
  if (position.pieces(position.turn()).Count() <= kFewPieces &&
      !HasLegalMove(position)) {
    return LostIn(path_.ply());
  }
  if (node.evaluation >= beta) return node.evaluation;
  return QuiescenceMoves(node, node.evaluation);
}

Score TreeSearch::QuiescenceMoves(const Node& node, Score stand) {
  const Position& position = path_.position();
  MovePicker picker(
      position, history_, {.table_move = node.table_move},
      node.in_check ? MovePicker::Kind::kAll : MovePicker::Kind::kGoodCaptures);
  Score best = stand;
  Score alpha = std::max(node.alpha, stand);
  Move best_move = kNoMove;
  int count = 0;
  for (Move move = picker.Next(); move != kNoMove; move = picker.Next()) {
    ++count;
    if (!node.in_check) {
      // Even for nothing it would not be enough.
      const Score gain = ExchangeValue(TypeOf(position.at(move.to)));
      if (stand + gain + kDeltaMargin <= alpha) {
        best = std::max(best, stand + gain + kDeltaMargin);
        continue;
      }
    }
    Make(move);
    const Score score = -Quiescence(-node.beta, -alpha);
    Unmake();
    if (budget_.is_spent()) return 0;
    if (score <= best) continue;
    best = score;
    if (score <= alpha) continue;
    alpha = score;
    best_move = move;
    ExtendLine(move);
    if (score >= node.beta) break;
  }
  if (node.in_check && count == 0) return LostIn(path_.ply());
  StoreResult(node, best, best_move);
  return best;
}

}  // namespace chinese_chess::bot
