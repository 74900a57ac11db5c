// A bounded pool of threads that think, for those who must not: loop threads.
//
// Each has a searcher of its own. Jobs wait in one queue, first come first served; a
// queue that is full says so.
//
// Threads: Think and the counters from any. `done` runs on a thread of the pool.
// Lifetime: the destructor stops what is being thought of and drops the rest.
//
//   BotPool pool({.threads = 1});
//   bool taken = pool.Think(game, level, seed, [](std::optional<Move> move) { ... });
#ifndef APPS_CHINESE_CHESS_BOT_BOT_POOL_H_
#define APPS_CHINESE_CHESS_BOT_BOT_POOL_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "apps/chinese_chess/bot/level.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/move.h"

namespace chinese_chess {

struct BotPoolOptions {
  int threads = 1;
  size_t queue = 4096;
  size_t table_bytes = 4 << 20;  // Of each thread.
};

class BotPool {
 public:
  using Done = absl::AnyInvocable<void(std::optional<Move>) &&>;

  explicit BotPool(BotPoolOptions options);
  ~BotPool();
  BotPool(const BotPool&) = delete;
  BotPool& operator=(const BotPool&) = delete;

  // False: the queue is full, or the pool is ending.
  [[nodiscard]] bool Think(Game game, const Level& level, uint64_t seed,
                           Done done) ABSL_LOCKS_EXCLUDED(mu_);
  size_t waiting() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t thought() const { return thought_.load(); }

 private:
  struct Job {
    Game game;
    const Level* level;
    uint64_t seed;
    Done done;
  };

  void ThreadMain();
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return stop_.load() || !jobs_.empty();
  }
  // nullopt: the pool is ending.
  std::optional<Job> Take() ABSL_LOCKS_EXCLUDED(mu_);

  const BotPoolOptions options_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> thought_ = 0;

  mutable absl::Mutex mu_;
  std::deque<Job> jobs_ ABSL_GUARDED_BY(mu_);

  std::vector<std::thread> threads_;
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_BOT_BOT_POOL_H_
