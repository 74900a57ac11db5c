#include "apps/chinese_chess/server/archive.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
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

std::vector<Archive::Item> Archive::Take() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(this, &Archive::HasWork));
  mu_.AwaitWithTimeout(absl::Condition(this, &Archive::FullOrStopping),
                       options_.gather);
  return std::exchange(items_, {});
}

void Archive::ThreadMain() {
  while (true) {
    std::vector<Item> items = Take();
    if (items.empty()) return;
    Work(std::move(items));
  }
}

void Archive::Work(std::vector<Item> items) {
  std::vector<StoreChange> batch;
  std::vector<Done> done;
  const auto commit = [&] {
    if (batch.empty()) return;
    if (Write(batch)) {
      for (Done& callback : done) {
        if (callback != nullptr) std::move(callback)();
      }
    }
    batch.clear();
    done.clear();
  };
  for (Item& item : items) {
    if (item.question == nullptr) {
      batch.push_back(std::move(item.change));
      done.push_back(std::move(item.done));
    } else {
      commit();
      std::move(item.question)(*store_);
    }
  }
  commit();
}

bool Archive::Write(const std::vector<StoreChange>& batch) {
  absl::Duration delay = options_.retry;
  while (!gave_up_) {
    const absl::Status status = store_->Apply(batch);
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
  {
    absl::MutexLock lock(&mu_);
    if (kingpin::Clock::Real().Now() + delay > give_up_) return false;
  }
  // Also when the end has come: the disk needs the time all the same.
  absl::SleepFor(delay);
  return true;
}

}  // namespace chinese_chess
