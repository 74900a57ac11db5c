// Connections with one operation in flight each, over one epoll.
#ifndef BENCHMARKS_LOAD_CLOSED_LOOP_H_
#define BENCHMARKS_LOAD_CLOSED_LOOP_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "benchmarks/load/phases.h"
#include "benchmarks/load/sockets.h"

namespace load {

// One connection: a request goes out, an answer comes back, again and again.
class Exchange {
 public:
  enum class Progress { kMore, kDone, kFailed };

  // Connects; `epoll` outlives the exchange.
  explicit Exchange(Epoll& epoll) : epoll_(epoll) { Reconnect(); }
  virtual ~Exchange() = default;

  // Sends the request, or as much of it as goes out.
  virtual Progress Start() = 0;
  virtual Progress OnEvent(uint32_t events) = 0;
  // Bytes of payload that the last answer brought.
  virtual int64_t bytes() const = 0;

 protected:
  int fd() const { return socket_.fd(); }
  // Replaces the connection by a new one, which waits for EPOLLIN.
  void Reconnect();
  void SetInterest(uint32_t interest);

 private:
  friend class ClosedLoop;

  Epoll& epoll_;
  Socket socket_;  // Closed once the exchange failed.
  int64_t started_ns_ = 0;
};

// One thread's exchanges. One that fails is counted and not used again.
class ClosedLoop : public Worker {
 public:
  Epoll& epoll() { return epoll_; }
  void Add(std::unique_ptr<Exchange> exchange);

  void Run(Quota& quota, Totals& totals) override;

 private:
  // Starts an operation if `quota` has one left; else the exchange rests.
  void StartNext(Exchange& exchange, int64_t now_ns, Quota& quota,
                 Totals& totals);
  void Fail(Exchange& exchange, Totals& totals);

  Epoll epoll_;
  std::vector<std::unique_ptr<Exchange>> exchanges_;
  int in_flight_ = 0;
};

}  // namespace load

#endif  // BENCHMARKS_LOAD_CLOSED_LOOP_H_
