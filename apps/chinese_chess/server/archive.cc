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

bool Archive::Push(Item item) {
  absl::MutexLock lock(&mu_);
  if (FullOrStopping()) return false;
  if (item.question != nullptr) ++questions_;
  items_.push_back(std::move(item));
  return true;
}

bool Archive::Post(StoreChange change, Done done) {
  return Push({std::move(change), std::move(done), nullptr});
}

bool Archive::Ask(Question question) {
  return Push({{}, nullptr, std::move(question)});
}

size_t Archive::waiting() const {
  absl::MutexLock lock(&mu_);
  return items_.size();
}

bool Archive::Take() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &Archive::HasWork));
  mu_.AwaitWithTimeout(absl::Condition(this, &Archive::FullOrStopping),
                       options_.gather);
  taken_ = std::exchange(items_, {});
  questions_ = 0;
  return !taken_.empty();
}

void Archive::ThreadMain() {
  while (Take()) {
    while (!taken_.empty()) {
      WriteChanges();
      if (taken_.empty()) break;
      Item item = std::move(taken_.front());
      taken_.pop_front();
      std::move(item.question)(*store_);
    }
  }
}

void Archive::WriteChanges() {
  std::vector<StoreChange> batch;
  std::vector<Done> done;
  while (!taken_.empty() && taken_.front().question == nullptr) {
    batch.push_back(std::move(taken_.front().change));
    done.push_back(std::move(taken_.front().done));
    taken_.pop_front();
  }
  if (batch.empty() || !Write(batch)) return;
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
    AnswerQuestions();
    absl::MutexLock lock(&mu_);
    mu_.AwaitWithTimeout(absl::Condition(this, &Archive::HasQuestion),
                         until - clock.Now());
  }
  return true;
}

void Archive::AnswerQuestions() {
  std::vector<Question> questions;
  const auto take_from = [&questions](std::deque<Item>* items) {
    for (Item& item : *items) {
      if (item.question == nullptr) continue;
      questions.push_back(std::move(item.question));
      item.answered = true;
    }
    std::erase_if(*items, [](const Item& item) { return item.answered; });
  };
  take_from(&taken_);
  {
    absl::MutexLock lock(&mu_);
    if (questions_ > 0) take_from(&items_);
    questions_ = 0;
  }
  for (Question& question : questions) std::move(question)(*store_);
}

}  // namespace chinese_chess
