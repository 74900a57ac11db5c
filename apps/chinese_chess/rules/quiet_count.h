// Counts towards the draw without captures: 120 plies, where each side's checks
// beyond ten and the replies to them do not count.
//
// A value, safe from any thread.
//
//   QuietCount count(position.quiet_plies());
//   count.Add(mover, captures, gives_check);   // For each move.
//   if (count.quiet() >= kNoCapturePlies) Draw();
#ifndef APPS_CHINESE_CHESS_RULES_QUIET_COUNT_H_
#define APPS_CHINESE_CHESS_RULES_QUIET_COUNT_H_

#include <cstdint>

#include "apps/chinese_chess/rules/piece.h"

namespace chinese_chess {

inline constexpr int kNoCapturePlies = 120;
inline constexpr int kCountedChecks = 10;

class QuietCount {
 public:
  QuietCount() = default;
  // Of a game that begins so many plies after a capture.
  explicit QuietCount(int quiet) : quiet_(quiet) {}

  // One move.
  void Add(Color mover, bool captures, bool gives_check) {
    if (captures) {
      *this = QuietCount();
      return;
    }
    uint8_t& own_checks = checks_[static_cast<int>(mover)];
    const bool is_reply_beyond = !last_counts_;
    const bool is_check_beyond = gives_check && own_checks >= kCountedChecks;
    // A reply to a check that does not count is no check of one's own account.
    last_counts_ = true;
    if (is_reply_beyond) return;
    if (is_check_beyond) {
      last_counts_ = false;
      return;
    }
    own_checks = static_cast<uint8_t>(own_checks + gives_check);
    ++quiet_;
  }

  // Plies that count.
  int quiet() const { return quiet_; }

 private:
  int quiet_ = 0;
  uint8_t checks_[2] = {0, 0};
  bool last_counts_ = true;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_RULES_QUIET_COUNT_H_
