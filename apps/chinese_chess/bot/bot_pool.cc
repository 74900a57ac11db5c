#include "apps/chinese_chess/bot/bot_pool.h"

#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/bot/search.h"

namespace chinese_chess::bot {

BotPool::BotPool(const BotPoolOptions& options, const kingpin::Clock& clock)
    : options_(options), clock_(clock) {
  for (int i = 0; i < std::max(options_.threads, 1); ++i) {
    threads_.emplace_back([this] { Work(); });
  }
}

BotPool::~BotPool() {
  std::deque<Job> dropped;
  {
    absl::MutexLock lock(&mu_);
    is_ending_ = true;
    dropped.swap(queue_);
    for (const Running& running : running_) running.stop.request_stop();
  }
  for (std::thread& thread : threads_) thread.join();
}

absl::StatusOr<BotPool::Ticket> BotPool::Submit(BotRequest request) {
  absl::MutexLock lock(&mu_);
  if (queue_.size() >= options_.queue_limit) {
    ++stats_.refused;
    return absl::ResourceExhaustedError(absl::StrCat(
        "the bots are busy: ", queue_.size(), " requests wait already"));
  }
  queue_.push_back({.ticket = ++last_ticket_, .request = std::move(request)});
  return last_ticket_;
}

bool BotPool::Cancel(Ticket ticket) {
  Job dropped;  // Destroyed without the lock: its `done` may hold anything.
  absl::MutexLock lock(&mu_);
  const auto is_it = [ticket](const auto& job) { return job.ticket == ticket; };
  const auto waiting = std::find_if(queue_.begin(), queue_.end(), is_it);
  if (waiting != queue_.end()) {
    dropped = std::move(*waiting);
    queue_.erase(waiting);
  } else {
    const auto running = std::find_if(running_.begin(), running_.end(), is_it);
    if (running == running_.end() || !running->stop.request_stop())
      return false;
  }
  ++stats_.cancelled;
  return true;
}

BotPoolStats BotPool::stats() const {
  absl::MutexLock lock(&mu_);
  BotPoolStats stats = stats_;
  stats.waiting = queue_.size();
  stats.running = running_.size();
  return stats;
}

void BotPool::Work() {
  // On Linux that is the calling thread's only. Not being allowed to is no matter.
  if (options_.niceness != 0) setpriority(PRIO_PROCESS, 0, options_.niceness);
  Searcher searcher(options_.table_bytes, clock_);
  while (true) {
    Job job;
    if (!Take(&job)) return;
    const BotRequest& request = job.request;
    // Another game's findings would do no harm, but make answers differ.
    searcher.Forget();
    const BotMove move = ChooseMove(LevelOf(request.level), request.game,
                                    {.seed = request.seed,
                                     .nodes = request.nodes,
                                     .deadline = request.deadline,
                                     .stop = job.stop.get_token()},
                                    &searcher);
    if (Finish(job, move.nodes)) std::move(job.request.done)(move);
  }
}

bool BotPool::Take(Job* job) {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &BotPool::HasWork));
  if (is_ending_) return false;
  const auto next = std::min_element(
      queue_.begin(), queue_.end(), [](const Job& a, const Job& b) {
        return a.request.deadline < b.request.deadline;
      });
  *job = std::move(*next);
  queue_.erase(next);
  running_.push_back({job->ticket, job->stop});
  return true;
}

bool BotPool::Finish(const Job& job, uint64_t nodes) {
  absl::MutexLock lock(&mu_);
  std::erase_if(running_, [&job](const Running& running) {
    return running.ticket == job.ticket;
  });
  stats_.nodes += nodes;
  // Whoever cancelled did it under the lock: from here on it is too late for that.
  if (job.stop.stop_requested()) return false;
  ++stats_.answered;
  return true;
}

}  // namespace chinese_chess::bot
