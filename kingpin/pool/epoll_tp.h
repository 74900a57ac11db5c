// EpollTP<Handler>: a pool of threads, each running the loop of one Handler.
//
// Handler is any class with a constructor (Shared*, int thread) and the methods
// `absl::Status Init()` and `void Run()`: kingpin's IOHandler classes have
// them. Each handler is made, run and destroyed on its own thread; Run()
// returns when the shared data's phase says so. What the constructor or Init()
// throws is the error of Start().
//
// Threads: Start, Wait, Run and the destructor from one thread; Shutdown from
// any.
// Lifetime: the shared data outlives it. The destructor ends the run at once.
//
//   ThreadSharedData shared;
//   EpollTP<MyHandler> pool(&shared, {.threads = 4});
//   return ExitCode(pool.Run());
#ifndef KINGPIN_POOL_EPOLL_TP_H_
#define KINGPIN_POOL_EPOLL_TP_H_

#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "kingpin/pool/loop_threads.h"
#include "kingpin/pool/thread_shared_data.h"

namespace kingpin {

template <typename Handler>
class EpollTP {
 public:
  // `Shared` is whatever Handler's constructor takes a pointer to.
  template <typename Shared>
  EpollTP(Shared* shared, EpollTPOptions options)
      : shared_(*shared),
        threads_(shared, std::move(options)),
        body_([shared](int index, const LoopThreads::Started& started) {
          std::optional<Handler> handler;
          absl::Status status = LoopThreads::SetUp([&] {
            handler.emplace(shared, index);
            return handler->Init();
          });
          started(status);
          if (status.ok()) handler->Run();
        }) {}

  // Opens the shared data and starts the threads. After an error nothing runs
  // and nothing is open.
  absl::Status Start() { return threads_.Start(body_); }

  // After Start(): returns when the run has ended, by Shutdown() or by SIGTERM
  // or SIGINT (drain; a second one stops at once).
  absl::Status Wait() { return threads_.Wait(); }

  // Start() and Wait().
  absl::Status Run() {
    absl::Status status = Start();
    return status.ok() ? Wait() : status;
  }

  void Shutdown(RunPhase phase = RunPhase::kDraining) {
    shared_.Shutdown(phase);
  }

 private:
  ThreadSharedData& shared_;
  LoopThreads threads_;
  LoopThreads::Body body_;
};

// 0 for OK; else prints "PROGRAM: MESSAGE" to stderr and gives 1. For `return`
// in main.
int ExitCode(const absl::Status& status);

}  // namespace kingpin

#endif  // KINGPIN_POOL_EPOLL_TP_H_
