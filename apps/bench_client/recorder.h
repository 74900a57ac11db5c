// Recorder: what all threads have counted, in all and by intervals of the run.
//
// Threads: any; one mutex, taken by each thread once an interval.
// Memory: that of the open intervals, and 64 bytes for each that is over.
//
//   recorder.Add(7, std::move(counts));   // Each thread, at the end of interval 7.
//   Counts total = recorder.Total();
#ifndef APPS_BENCH_CLIENT_RECORDER_H_
#define APPS_BENCH_CLIENT_RECORDER_H_

#include <map>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "apps/bench_client/result.h"

namespace bench_client {

class Recorder {
 public:
  explicit Recorder(absl::Duration interval) : interval_(interval) {}

  absl::Duration interval() const { return interval_; }

  // What one thread counted in interval `index`, the first being 0.
  void Add(int index, const Counts& counts) ABSL_LOCKS_EXCLUDED(mu_);

  Counts Total() const ABSL_LOCKS_EXCLUDED(mu_);
  // What was added since the last call: for progress.
  Counts TakeNews() ABSL_LOCKS_EXCLUDED(mu_);
  // All of them, in their order. `seconds`: how long the run took.
  std::vector<Interval> Intervals(double seconds) const
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // A thread that is later than this adds to the oldest that is open.
  static constexpr int kOpen = 3;

  Interval Summarize(int index, const Counts& counts) const;

  const absl::Duration interval_;
  mutable absl::Mutex mu_;
  Counts total_ ABSL_GUARDED_BY(mu_);
  Counts news_ ABSL_GUARDED_BY(mu_);
  std::map<int, std::unique_ptr<Counts>> open_ ABSL_GUARDED_BY(mu_);
  std::vector<Interval> over_ ABSL_GUARDED_BY(mu_);
};

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_RECORDER_H_
