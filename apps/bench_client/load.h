// Load: what the threads of a run share: what to send, how much of it there is left to
// send, and where to write down what came of it.
//
// Threads: any.
// Lifetime: outlives the client that runs on it.
//
//   Load load(options);
//   if (auto s = load.Prepare(); !s.ok()) return s;
//   EpollTPClient<LoadHandler> client(&load, {.threads = load.thread_count()});
#ifndef APPS_BENCH_CLIENT_LOAD_H_
#define APPS_BENCH_CLIENT_LOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "apps/bench_client/latency_histogram.h"
#include "apps/bench_client/options.h"
#include "apps/bench_client/recorder.h"
#include "apps/bench_client/result.h"
#include "kingpin/http/method.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/clock.h"
#include "kingpin/tls/tls_client.h"

namespace bench_client {

// What hangs on a target.
struct LoadTarget : kingpin::TargetContext {
  explicit LoadTarget(kingpin::MonotonicTime t) : since(t) {}
  static const LoadTarget& Of(const kingpin::Target& target) {
    return static_cast<const LoadTarget&>(*target.context);
  }
  // When it was asked for: when its request was due, with a connection for each.
  kingpin::MonotonicTime since;
};

// What is under way, or never went, when the run ends.
struct Leftovers {
  uint64_t unsent = 0;  // Due at a constant rate.
  Waiting unanswered;   // Requests.
  Waiting connecting;
  LatencyHistogram lag;  // See Result::lag.
};

// One a core, not more than connections, unless `options` say.
int ThreadCount(const Options& options);

class Load : public kingpin::ThreadSharedDataForClient {
 public:
  explicit Load(const Options& options);

  // Builds the request, reads the roots that https trusts, and adds the connections
  // that stay.
  absl::Status Prepare();

  const Options& options() const { return options_; }
  int thread_count() const { return thread_count_; }
  std::string_view request() const { return request_; }
  kingpin::http::Method method() const { return method_; }
  // Null: plain.
  kingpin::TlsClient* tls() { return tls_.get(); }
  Recorder& recorder() { return recorder_; }
  // Of connections that stay, requests are sent as they fall due (Options::rate).
  double gap_ns_per_thread() const;
  kingpin::MonotonicTime start() const { return {start_ns_.load()}; }
  void Start() { start_ns_ = Now().nanos; }
  kingpin::MonotonicTime Now() const { return kingpin::Clock::Real().Now(); }

  // One more connection, which was wanted at `since`. Nothing if the run ends.
  void AddTarget(kingpin::MonotonicTime since);

  // Whether one more request may be sent (Options::requests).
  bool TakeTicket();
  // A request has come to its end, one way or the other; the last ends the run.
  void CountEnd();

  // The first connection of all has succeeded.
  void SetReached() { reached_.store(true, std::memory_order_relaxed); }
  bool reached() const { return reached_.load(std::memory_order_relaxed); }
  // Nobody can be reached: ends the run, of which `why` is the error.
  void GiveUp(std::string_view why) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status status() const ABSL_LOCKS_EXCLUDED(mu_);

  // Each thread, at its end.
  void AddLeftovers(const Leftovers& leftovers) ABSL_LOCKS_EXCLUDED(mu_);
  Leftovers leftovers() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const Options options_;
  const int thread_count_;
  std::string request_;
  kingpin::http::Method method_ = kingpin::http::Method::kGet;
  std::unique_ptr<kingpin::TlsClient> tls_;
  Recorder recorder_;
  std::atomic<int64_t> start_ns_ = INT64_MAX;
  std::atomic<uint64_t> tickets_ = 0;
  std::atomic<uint64_t> ended_ = 0;
  std::atomic<bool> reached_ = false;
  mutable absl::Mutex mu_;
  absl::Status status_ ABSL_GUARDED_BY(mu_);
  Leftovers leftovers_ ABSL_GUARDED_BY(mu_);
};

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_LOAD_H_
