// When a search has to stop: after so many nodes, at a time, or when it is told to.
//
// Asked at every node; looks at the clock and at the stop token every kPollNodes only.
// Nodes are exact, so a search that only they limit is the same on every machine.
//
// Threads: one, except that the stop token may be signalled from any.
//
//   SearchBudget budget({.nodes = 100'000, .stop = source.get_token()}, clock);
//   while (budget.Spend()) LookAtNode();
#ifndef APPS_CHINESE_CHESS_BOT_SEARCH_BUDGET_H_
#define APPS_CHINESE_CHESS_BOT_SEARCH_BUDGET_H_

#include <algorithm>
#include <cstdint>
#include <limits>
#include <stop_token>
#include <utility>

#include "kingpin/sys/clock.h"

namespace chinese_chess::bot {

inline constexpr uint64_t kNoNodeLimit = std::numeric_limits<uint64_t>::max();
inline constexpr kingpin::MonotonicTime kNoDeadline = {
    std::numeric_limits<int64_t>::max()};

// Some 100 microseconds of search: what a cancelled one may go on for.
inline constexpr uint64_t kPollNodes = 256;

class SearchBudget {
 public:
  struct Limits {
    uint64_t nodes = kNoNodeLimit;
    kingpin::MonotonicTime deadline = kNoDeadline;
    std::stop_token stop;
  };

  SearchBudget(Limits limits, const kingpin::Clock& clock)
      : limits_(std::move(limits)), clock_(clock) {}

  // Begins to hold only from now on; what has been spent counts.
  void Enforce() {
    is_enforced_ = true;
    next_poll_ = spent_;
  }

  // One node. False once the budget has been used up, and for ever after.
  bool Spend() {
    if (spent_ >= next_poll_ && Poll()) return false;
    ++spent_;
    return true;
  }

  // Looks at everything at once.
  bool Poll() {
    if (!is_enforced_) return false;
    if (!is_spent_) {
      is_spent_ =
          spent_ >= limits_.nodes || limits_.stop.stop_requested() ||
          (limits_.deadline != kNoDeadline && clock_.Now() >= limits_.deadline);
      next_poll_ = is_spent_ ? 0 : std::min(limits_.nodes, spent_ + kPollNodes);
    }
    return is_spent_;
  }

  bool is_spent() const { return is_spent_; }
  uint64_t nodes() const { return spent_; }

 private:
  const Limits limits_;
  const kingpin::Clock& clock_;
  bool is_enforced_ = false;
  bool is_spent_ = false;
  uint64_t spent_ = 0;
  uint64_t next_poll_ = kNoNodeLimit;
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_SEARCH_BUDGET_H_
