#include "benchmarks/load/short_connections.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace load {

ShortConnections::ShortConnections(Options options)
    : options_(std::move(options)), slots_(options_.in_flight) {
  for (Slot& slot : slots_) idle_.push_back(&slot);
}

void ShortConnections::Run(Quota& quota, Totals& totals) {
  StartAllIdle(quota);
  while (idle_.size() < slots_.size()) {
    for (const epoll_event& event : epoll_.Wait()) {
      auto& slot = *static_cast<Slot*>(event.data.ptr);
      const Progress progress = Advance(slot, event.events);
      if (progress != Progress::kMore) Finish(slot, progress, totals);
    }
    if (!options_.bursts || idle_.size() == slots_.size()) StartAllIdle(quota);
  }
}

void ShortConnections::StartAllIdle(Quota& quota) {
  while (!idle_.empty() && Start(*idle_.back(), quota)) idle_.pop_back();
}

bool ShortConnections::Start(Slot& slot, Quota& quota) {
  slot.started_ns = NowNs();
  if (!quota.Take(slot.started_ns)) return false;
  slot.id = next_id_++;
  slot.sent = 0;
  slot.answer.clear();
  slot.socket = StartConnect(options_.port, slot.id);
  // On loopback the handshake is over by now, and the request goes out at once.
  // If not, or after an error, the next event tells.
  const bool sent = Send(slot) == Progress::kDone;
  epoll_.Add(slot.socket, sent ? EPOLLIN : EPOLLOUT, &slot);
  return true;
}

ShortConnections::Progress ShortConnections::Advance(Slot& slot,
                                                     uint32_t events) {
  if ((events & EPOLLOUT) == 0) return Receive(slot);
  const Progress progress = Send(slot);
  if (progress != Progress::kDone) return progress;
  epoll_.Modify(slot.socket, EPOLLIN, &slot);
  return Progress::kMore;
}

ShortConnections::Progress ShortConnections::Send(Slot& slot) {
  const std::string_view rest = options_.request(slot.id).substr(slot.sent);
  const ssize_t n =
      send(slot.socket.fd(), rest.data(), rest.size(), MSG_NOSIGNAL);
  if (n < 0) return errno == EAGAIN ? Progress::kMore : Progress::kFailed;
  slot.sent += n;
  return static_cast<size_t>(n) == rest.size() ? Progress::kDone
                                               : Progress::kMore;
}

ShortConnections::Progress ShortConnections::Receive(Slot& slot) {
  std::array<char, 4096> scratch;
  const ssize_t n = recv(slot.socket.fd(), scratch.data(), scratch.size(), 0);
  if (n < 0 && errno == EAGAIN) return Progress::kMore;
  if (n <= 0) return Progress::kFailed;
  slot.answer.append(scratch.data(), n);
  if (slot.answer.size() < options_.answer_bytes) return Progress::kMore;
  return options_.check(slot.id, slot.answer) ? Progress::kDone
                                              : Progress::kFailed;
}

void ShortConnections::Finish(Slot& slot, Progress progress, Totals& totals) {
  if (progress == Progress::kDone) {
    ++totals.operations;
    totals.bytes += slot.answer.size();
    if (options_.counts_latency(slot.id)) {
      totals.latency.Record(NowNs() - slot.started_ns);
    }
  } else {
    ++totals.errors;
  }
  if (options_.end == End::kKeep) {
    epoll_.Remove(slot.socket);
    kept_.push_back(std::move(slot.socket));
  } else if (options_.end == End::kReset) {
    slot.socket.Reset();
  } else {
    slot.socket.Close();
  }
  idle_.push_back(&slot);
}

}  // namespace load
