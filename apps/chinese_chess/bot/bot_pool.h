// Threads that think about moves, so that no loop thread does.
//
// A request waits in a bounded queue until a thread is free; the one with the nearest
// deadline is the next, of several the one that came first. So a short clock does not run
// out behind long thoughts. The answer is handed to `done` on that thread; a server's
// `done` posts it back to the loop that owns the game:
//
//   BotPool pool({.threads = 2});
//   absl::StatusOr<BotPool::Ticket> ticket = pool.Submit(
//       {.game = room.game(), .level = 3, .seed = room.seed(),
//        .deadline = clock.Now() + absl::Seconds(2),
//        .done = [&slot, id](const BotMove& move) {
//          (void)slot.Post([id, move] { PlayBotMove(id, move); });
//        }});
//   if (!ticket.ok()) return SayBusy(ticket.status());
//   pool.Cancel(*ticket);   // On resignation.
//
// What a request costs is its level's nodes (level.h): from nothing to half a second.
// A deadline cuts it short, also when it has passed before a thread was free; there is
// a move all the same. The same request has the same answer on any thread, unless its
// deadline cut it.
//
// Threads: all methods are safe from any thread, also from `done`.
// Lifetime: destruction ends the searches within some 100 us and waits for the
//   threads; requests that were not answered are destroyed, and their `done` is not
//   called. `done` must not destroy the pool.
// Memory: `table_bytes` and 60 KiB a thread; a request is its game's history.
#ifndef APPS_CHINESE_CHESS_BOT_BOT_POOL_H_
#define APPS_CHINESE_CHESS_BOT_BOT_POOL_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <stop_token>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "apps/chinese_chess/bot/level.h"
#include "apps/chinese_chess/bot/search_budget.h"
#include "apps/chinese_chess/rules/game.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess::bot {

struct BotRequest {
  Game game;  // With its history, for repetitions count.
  int level = kDefaultLevel;
  uint64_t seed = 0;  // A game's own, so that games differ.
  // Caps on top of the level's.
  uint64_t nodes = kNoNodeLimit;
  kingpin::MonotonicTime deadline = kNoDeadline;
  // Called at most once; must not throw, and should be quick. The move is kNoMove if
  // the side to move has none.
  absl::AnyInvocable<void(const BotMove& move) &&> done;
};

struct BotPoolOptions {
  int threads = 1;
  size_t queue_limit =
      256;  // Waiting requests; those that are thought about not.
  size_t table_bytes = size_t{8} << 20;  // Of each thread.
  // How much the threads give way to others (setpriority(2)): moves of people come
  // first. 0 for not at all.
  int niceness = 5;
};

struct BotPoolStats {
  size_t waiting = 0;
  size_t running = 0;
  uint64_t answered = 0;
  uint64_t cancelled = 0;
  uint64_t refused = 0;
  uint64_t nodes = 0;  // Of all searches, cancelled ones, too.
};

class BotPool {
 public:
  using Ticket = uint64_t;

  // The clock outlives it.
  explicit BotPool(const BotPoolOptions& options,
                   const kingpin::Clock& clock = kingpin::Clock::Real());
  ~BotPool();
  BotPool(const BotPool&) = delete;
  BotPool& operator=(const BotPool&) = delete;

  // kResourceExhausted: the queue is full. The request is destroyed then.
  absl::StatusOr<Ticket> Submit(BotRequest request) ABSL_LOCKS_EXCLUDED(mu_);

  // True: its `done` will not be called. False: it has been, or is just being called,
  // or the ticket was cancelled before.
  bool Cancel(Ticket ticket) ABSL_LOCKS_EXCLUDED(mu_);

  BotPoolStats stats() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Job {
    Ticket ticket = 0;
    std::stop_source stop;
    BotRequest request;
  };
  // What others need to know of a job that a thread has taken.
  struct Running {
    Ticket ticket;
    std::stop_source stop;
  };

  void Work();
  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return is_ending_ || !queue_.empty();
  }
  // False: the pool ends.
  bool Take(Job* job) ABSL_LOCKS_EXCLUDED(mu_);
  // True: it may be answered.
  bool Finish(const Job& job, uint64_t nodes) ABSL_LOCKS_EXCLUDED(mu_);

  const BotPoolOptions options_;
  const kingpin::Clock& clock_;

  mutable absl::Mutex mu_;
  std::deque<Job> queue_ ABSL_GUARDED_BY(mu_);
  std::vector<Running> running_ ABSL_GUARDED_BY(mu_);
  Ticket last_ticket_ ABSL_GUARDED_BY(mu_) = 0;
  BotPoolStats stats_ ABSL_GUARDED_BY(mu_);
  bool is_ending_ ABSL_GUARDED_BY(mu_) = false;

  std::vector<std::thread> threads_;  // Last: they use all of the above.
};

}  // namespace chinese_chess::bot

#endif  // APPS_CHINESE_CHESS_BOT_BOT_POOL_H_
