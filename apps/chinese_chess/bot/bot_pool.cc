#include "apps/chinese_chess/bot/bot_pool.h"

#include <utility>

#include "apps/chinese_chess/bot/search.h"

namespace chinese_chess {

BotPool::BotPool(BotPoolOptions options) : options_(options) {
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { ThreadMain(); });
  }
}

BotPool::~BotPool() {
  {
    absl::MutexLock lock(&mu_);
    stop_.store(true);
  }
  for (std::thread& thread : threads_) thread.join();
}

bool BotPool::Think(Game game, const Level& level, uint64_t seed, Done done) {
  absl::MutexLock lock(&mu_);
  if (stop_.load() || jobs_.size() >= options_.queue) return false;
  jobs_.push_back({std::move(game), &level, seed, std::move(done)});
  return true;
}

size_t BotPool::waiting() const {
  absl::MutexLock lock(&mu_);
  return jobs_.size();
}

std::optional<BotPool::Job> BotPool::Take() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &BotPool::HasWork));
  if (stop_.load()) return std::nullopt;
  Job job = std::move(jobs_.front());
  jobs_.pop_front();
  return job;
}

void BotPool::ThreadMain() {
  Searcher searcher(options_.table_bytes);
  while (std::optional<Job> job = Take()) {
    const std::optional<Move> move =
        ChooseMove(searcher, job->game, *job->level, job->seed, &stop_);
    thought_.fetch_add(1);
    std::move(job->done)(move);
  }
}

}  // namespace chinese_chess
