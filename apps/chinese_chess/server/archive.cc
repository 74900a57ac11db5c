#include "apps/chinese_chess/server/archive.h"

#include <algorithm>
#include <utility>

#include "kingpin/logger/klog.h"

namespace chinese_chess {

Archive::Archive(std::unique_ptr<GameStore> store, ArchiveOptions options)
    : options_(options),
      store_(std::move(store)),
      thread_([this] { ThreadMain(); }) {}

Archive::~Archive() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    give_up_ = kingpin::Clock::Real().Now() + options_.patience;
  }
  thread_.join();
}

bool Archive::Post(StoreChange change, Done done) {
  absl::MutexLock lock(&mu_);
  if (FullOrStopping()) return false;
  posted_.push_back({std::move(change), std::move(done)});
  ++all_posted_;
  return true;
}

bool Archive::Ask(Question question) {
  absl::MutexLock lock(&mu_);
  if (FullOrStopping()) return false;
  asked_.push_back({std::move(question), all_posted_});
  return true;
}

size_t Archive::waiting() const {
  absl::MutexLock lock(&mu_);
  return Waiting();
}

bool Archive::Take() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &Archive::HasWork));
  mu_.AwaitWithTimeout(absl::Condition(this, &Archive::FullOrStopping),
                       options_.gather);
  const bool any = Waiting() > 0;
  taken_ = std::exchange(posted_, {});
  return any;
}

void Archive::ThreadMain() {
  while (Take()) {
    for (;;) {
      while (AnswerNext(settled_)) {
      }
      if (taken_.empty()) break;
      WriteChanges();
    }
  }
}

bool Archive::AnswerNext(uint64_t behind) {
  Question question;
  {
    absl::MutexLock lock(&mu_);
    if (asked_.empty() || asked_.front().behind > behind) return false;
    question = std::move(asked_.front().question);
    asked_.pop_front();
  }
  std::move(question)(*store_);
  return true;
}

uint64_t Archive::NextQuestion() const {
  absl::MutexLock lock(&mu_);
  return asked_.empty() ? UINT64_MAX : asked_.front().behind;
}

void Archive::WriteChanges() {
  const uint64_t count =
      std::min<uint64_t>(taken_.size(), NextQuestion() - settled_);
  std::vector<StoreChange> batch;
  std::vector<Done> done;
  for (uint64_t i = 0; i < count; ++i) {
    batch.push_back(std::move(taken_.front().change));
    done.push_back(std::move(taken_.front().done));
    taken_.pop_front();
  }
  const bool written = Write(batch);
  settled_ += count;
  if (!written) return;
  for (Done& callback : done) {
    if (callback != nullptr) std::move(callback)();
  }
}

bool Archive::Write(const std::vector<StoreChange>& batch) {
  absl::Duration delay = options_.retry;
  while (!gave_up_) {
    const absl::Status status = store_->Apply(batch);
    failing_ = !status.ok();
    if (status.ok()) {
      commits_.fetch_add(1);
      changes_.fetch_add(batch.size());
      return true;
    }
    failures_.fetch_add(1);
    KLOG_EVERY_SECOND(ERROR) << "the archive cannot write " << batch.size()
                             << " changes: " << status.message();
    gave_up_ = !WaitToRetry(delay);
    delay = std::min(2 * delay, 100 * options_.retry);
  }
  KLOG(ERROR) << "the archive gives up on " << batch.size() << " changes";
  return false;
}

bool Archive::WaitToRetry(absl::Duration delay) {
  const kingpin::Clock& clock = kingpin::Clock::Real();
  const kingpin::MonotonicTime until = clock.Now() + delay;
  {
    absl::MutexLock lock(&mu_);
    if (until > give_up_) return false;
  }
  // Also when the end has come: the disk needs the time all the same.
  while (clock.Now() < until) {
    if (AnswerNext(UINT64_MAX)) continue;
    absl::MutexLock lock(&mu_);
    mu_.AwaitWithTimeout(absl::Condition(this, &Archive::HasQuestion),
                         until - clock.Now());
  }
  return true;
}

}  // namespace chinese_chess
