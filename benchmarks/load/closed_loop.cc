#include "benchmarks/load/closed_loop.h"

#include <utility>

#include "absl/flags/flag.h"

namespace load {

void Exchange::Reconnect() {
  socket_ = Connect(absl::GetFlag(FLAGS_port));
  SetNonBlocking(socket_);
  epoll_.Add(socket_, EPOLLIN, this);
}

void Exchange::SetInterest(uint32_t interest) {
  epoll_.Modify(socket_, interest, this);
}

void ClosedLoop::Add(std::unique_ptr<Exchange> exchange) {
  exchanges_.push_back(std::move(exchange));
}

void ClosedLoop::Run(Quota& quota, Totals& totals) {
  in_flight_ = 0;
  for (const auto& exchange : exchanges_) {
    if (exchange->fd() >= 0) StartNext(*exchange, NowNs(), quota, totals);
  }
  while (in_flight_ > 0) {
    for (const epoll_event& event : epoll_.Wait()) {
      auto& exchange = *static_cast<Exchange*>(event.data.ptr);
      const Exchange::Progress progress = exchange.OnEvent(event.events);
      if (progress == Exchange::Progress::kMore) continue;
      --in_flight_;
      if (progress == Exchange::Progress::kFailed) {
        Fail(exchange, totals);
        continue;
      }
      const int64_t now_ns = NowNs();
      totals.latency.Record(now_ns - exchange.started_ns_);
      totals.bytes += exchange.bytes();
      ++totals.operations;
      StartNext(exchange, now_ns, quota, totals);
    }
  }
}

void ClosedLoop::StartNext(Exchange& exchange, int64_t now_ns, Quota& quota,
                           Totals& totals) {
  if (!quota.Take(now_ns)) return;
  exchange.started_ns_ = now_ns;
  if (exchange.Start() == Exchange::Progress::kFailed) {
    Fail(exchange, totals);
  } else {
    ++in_flight_;
  }
}

void ClosedLoop::Fail(Exchange& exchange, Totals& totals) {
  exchange.socket_.Close();
  ++totals.errors;
}

}  // namespace load
