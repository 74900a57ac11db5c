#include "apps/chinese_chess/server/archive.h"

#include <algorithm>
#include <utility>

#include "kingpin/logger/klog.h"

namespace chinese_chess {
namespace {

// So that those who wait for a transaction do not wait for all who ask.
constexpr int kQuestionsATurn = 16;

}  // namespace

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
  if (stopping_ || asked_.size() >= options_.questions) return false;
  asked_.push_back({std::move(question), all_posted_});
  return true;
}

size_t Archive::waiting() const {
  absl::MutexLock lock(&mu_);
  return posted_.size() + asked_.size();
}

bool Archive::Take() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &Archive::HasWork));
  mu_.AwaitWithTimeout(absl::Condition(this, &Archive::FullOrStopping),
                       options_.gather);
  taken_ = std::exchange(posted_, {});
  return !taken_.empty() || !asked_.empty();
}

void Archive::ThreadMain() {
  while (Take()) {
    WriteChanges();
    for (int i = 0; i < kQuestionsATurn && AnswerNext(settled_); ++i) {
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

void Archive::WriteChanges() {
  if (taken_.empty()) return;
  std::vector<StoreChange> batch;
  for (Posted& posted : taken_) batch.push_back(std::move(posted.change));
  const bool written = Write(batch);
  settled_ += taken_.size();
  for (Posted& posted : std::exchange(taken_, {})) {
    if (written && posted.done != nullptr) std::move(posted.done)();
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
