// Connections that live for one request and its answer.
#ifndef BENCHMARKS_LOAD_SHORT_CONNECTIONS_H_
#define BENCHMARKS_LOAD_SHORT_CONNECTIONS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "benchmarks/load/phases.h"
#include "benchmarks/load/sockets.h"

namespace load {

// One thread's connections: connect, send a request, receive an answer of
// known size, and close or keep. Latency counts from before connect() to the
// last byte of the answer.
class ShortConnections : public Worker {
 public:
  enum class End {
    kReset,   // SO_LINGER 0: no TIME_WAIT anywhere, so nothing piles up.
    kFinish,  // FIN from the client, which keeps the TIME_WAIT.
    kKeep,    // Stays open until this object goes.
  };
  struct Options {
    int port = 0;
    int in_flight = 1;
    End end = End::kReset;
    // In bursts: `in_flight` start together, once all the last ones are done.
    bool bursts = false;
    size_t answer_bytes = 1;
    // The request of connection `i`; must stay valid.
    std::function<std::string_view(uint64_t i)> request;
    // Sees every answer; false means that it is wrong. The latency goes into
    // the totals' histogram unless `counts_latency` refuses it.
    std::function<bool(uint64_t i, std::string_view answer)> check;
    std::function<bool(uint64_t i)> counts_latency = [](uint64_t) {
      return true;
    };
  };

  explicit ShortConnections(Options options);

  void Run(Quota& quota, Totals& totals) override;

 private:
  struct Slot {
    Socket socket;
    uint64_t id = 0;
    int64_t started_ns = 0;
    size_t sent = 0;
    std::string answer;
  };
  enum class Progress { kMore, kDone, kFailed };

  void StartAllIdle(Quota& quota);
  bool Start(Slot& slot, Quota& quota);
  Progress Advance(Slot& slot, uint32_t events);
  Progress Send(Slot& slot);
  Progress Receive(Slot& slot);
  void Finish(Slot& slot, Progress progress, Totals& totals);

  const Options options_;
  Epoll epoll_;
  std::vector<Slot> slots_;
  std::vector<Slot*> idle_;
  std::vector<Socket> kept_;
  uint64_t next_id_ = 0;
};

}  // namespace load

#endif  // BENCHMARKS_LOAD_SHORT_CONNECTIONS_H_
