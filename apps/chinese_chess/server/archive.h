// The archive's thread: takes changes and questions from any thread and puts them to the
// GameStore, many in one transaction.
//
// Changes that arrive while a transaction is on its way to the disk make up the next one
// (group commit), so the disk's latency bounds how long one change takes, not how many
// there are. Questions are answered behind it, a few at a time. If the disk fails, the
// batch is tried again until it works, and questions are answered from what is there;
// meanwhile the queue fills up, and then Post() says no, so that memory has a bound. What
// the poster does about that is its affair: a Room offers its moves again a little later,
// and begins no game while the archive is failing().
//
// Threads: Post, Ask and the counters from any; callbacks run on the archive's thread and
// must not block it.
// Lifetime: the destructor writes what was posted, for as long as `patience`. What is
// given up then is the end of what was posted, never something in between.
//
//   Archive archive(*std::move(store));
//   if (!archive.Post(FinishGame{...}, [] { Announce(); })) TryAgainLater();
#ifndef APPS_CHINESE_CHESS_SERVER_ARCHIVE_H_
#define APPS_CHINESE_CHESS_SERVER_ARCHIVE_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/server/game_store.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

struct ArchiveOptions {
  // Changes that wait, and questions.
  size_t queue = 1 << 16;
  size_t questions = 1 << 12;
  // How long a transaction waits for more to come; the price of a commit is much the
  // same for one change and for fifty.
  absl::Duration gather = absl::Milliseconds(3);
  // From a failure to the next attempt, doubling up to a hundred times that.
  absl::Duration retry = absl::Milliseconds(50);
  // For the disk to recover when the archive is destroyed.
  absl::Duration patience = absl::Seconds(10);
};

class Archive {
 public:
  using Done = absl::AnyInvocable<void() &&>;
  using Question = absl::AnyInvocable<void(GameStore&) &&>;

  explicit Archive(std::unique_ptr<GameStore> store,
                   ArchiveOptions options = {});
  ~Archive();
  Archive(const Archive&) = delete;
  Archive& operator=(const Archive&) = delete;

  // `done`, if any, is called once the change is on the disk. False: the queue is full,
  // and nothing is kept of it.
  [[nodiscard]] bool Post(StoreChange change, Done done = nullptr)
      ABSL_LOCKS_EXCLUDED(mu_);
  // Changes posted earlier by the same thread are there when it is asked, unless the
  // disk is failing().
  [[nodiscard]] bool Ask(Question question) ABSL_LOCKS_EXCLUDED(mu_);

  // The last attempt to write has failed.
  bool failing() const { return failing_.load(); }
  uint64_t commits() const { return commits_.load(); }
  uint64_t changes() const { return changes_.load(); }
  uint64_t failures() const { return failures_.load(); }
  size_t waiting() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Posted {
    StoreChange change;
    Done done;
  };
  struct Asked {
    Question question;
    uint64_t behind;  // So many changes had been posted.
  };

  void ThreadMain();
  // Waits for what is posted. False: the end has come, and there is nothing.
  bool Take() ABSL_LOCKS_EXCLUDED(mu_);
  // All that is taken.
  void WriteChanges();
  // Until it works. False: the end has come and patience is over, for this batch and all
  // that follow: without it they would say what never was.
  bool Write(const std::vector<StoreChange>& batch);
  // Answers questions meanwhile. False: time is up.
  bool WaitToRetry(absl::Duration delay) ABSL_LOCKS_EXCLUDED(mu_);
  // The first that stands behind at most so many changes. False: there is none.
  bool AnswerNext(uint64_t behind) ABSL_LOCKS_EXCLUDED(mu_);
  bool HasQuestion() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return !asked_.empty();
  }
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return stopping_ || !posted_.empty() || !asked_.empty();
  }
  bool FullOrStopping() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    return stopping_ || posted_.size() >= options_.queue;
  }

  const ArchiveOptions options_;
  // The archive's thread only.
  const std::unique_ptr<GameStore> store_;
  std::vector<Posted> taken_;
  uint64_t settled_ = 0;  // Changes that are written, or given up.
  bool gave_up_ = false;

  std::atomic<bool> failing_ = false;
  std::atomic<uint64_t> commits_ = 0;
  std::atomic<uint64_t> changes_ = 0;
  std::atomic<uint64_t> failures_ = 0;

  mutable absl::Mutex mu_;
  // Apart, so that questions can be answered while changes cannot be written.
  std::vector<Posted> posted_ ABSL_GUARDED_BY(mu_);
  std::deque<Asked> asked_ ABSL_GUARDED_BY(mu_);
  uint64_t all_posted_ ABSL_GUARDED_BY(mu_) = 0;  // Since the beginning.
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  kingpin::MonotonicTime give_up_ ABSL_GUARDED_BY(mu_) = {INT64_MAX};

  std::thread thread_;  // Last: it uses all of the above.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_SERVER_ARCHIVE_H_
