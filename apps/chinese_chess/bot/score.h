// How good a position is for the side to move.
//
// Hundredths, by and by, of a soldier that has not crossed the river; a chariot is
// some 950. Beyond that come two kinds of certainty, each less the plies it takes, so
// that the nearer one is better:
//
//   kMate - plies      the opponent is mated (or stalemated) in so many plies
//   kRuleWin - plies   the opponent repeats by force: perpetual check or chase
//
// The second depends on the moves that led to the position, therefore it is kept apart
// from the first: the transposition table must not carry it to other paths.
//
//   if (IsMate(score)) Say(score > 0 ? "I win" : "I lose", PliesToMate(score));
#ifndef APPS_CHINESE_CHESS_BOT_SCORE_H_
#define APPS_CHINESE_CHESS_BOT_SCORE_H_

namespace chinese_chess::bot {

using Score = int;

// Plies below the root that a search ever looks at.
inline constexpr int kMaxPly = 128;

inline constexpr Score kDraw = 0;
inline constexpr Score kInfinity = 32000;
inline constexpr Score kMate = 31000;
inline constexpr Score kRuleWin = kMate - 2 * kMaxPly;
// Beyond these, in either direction, a score is certain.
inline constexpr Score kLeastMate = kMate - kMaxPly;
inline constexpr Score kLeastWin = kRuleWin - kMaxPly;

constexpr Score LostIn(int plies) { return -kMate + plies; }
constexpr Score LostByRuleIn(int plies) { return -kRuleWin + plies; }

constexpr bool IsMate(Score score) {
  return score >= kLeastMate || score <= -kLeastMate;
}
// Won or lost, by mate or by a rule.
constexpr bool IsDecided(Score score) {
  return score >= kLeastWin || score <= -kLeastWin;
}
// Of a score that IsMate().
constexpr int PliesToMate(Score score) {
  return score > 0 ? kMate - score : kMate + score;
}

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_SCORE_H_
