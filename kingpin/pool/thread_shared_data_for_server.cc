#include "kingpin/pool/thread_shared_data_for_server.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "kingpin/pool/max_connections.h"
#include "kingpin/sys/socket_address.h"

namespace kingpin {
absl::StatusOr<AcceptStrategy> ParseAcceptStrategy(absl::string_view name) {
  if (name == "mutex") return AcceptStrategy::kMutex;
  if (name == "gated") return AcceptStrategy::kGated;
  if (name == "exclusive") return AcceptStrategy::kExclusive;
  if (name == "reuseport") return AcceptStrategy::kReusePort;
  return absl::InvalidArgumentError(
      absl::StrCat("accept strategy \"", name,
                   "\": it is one of mutex, gated, exclusive, reuseport"));
}

ThreadSharedDataForServer::ThreadSharedDataForServer(ServerOptions options)
    : ThreadSharedData({.connection = options.connection,
                        .drain_timeout = options.drain_timeout,
                        .watchdog = options.watchdog,
                        .clock = options.clock}),
      options_(std::move(options)),
      max_connections_(ResolveMaxConnections(options_.max_connections)) {}

ThreadSharedDataForServer::~ThreadSharedDataForServer() = default;

absl::Status ThreadSharedDataForServer::CheckOptions() const {
  if (options_.accept_batch < 1) {
    return absl::InvalidArgumentError("accept_batch is less than 1");
  }
  if (options_.load_margin < 0) {
    return absl::InvalidArgumentError("load_margin is negative");
  }
  return absl::OkStatus();
}

absl::Status ThreadSharedDataForServer::Open(int threads) {
  if (absl::Status status = CheckOptions(); !status.ok()) return status;
  if (absl::Status status = ThreadSharedData::Open(threads); !status.ok()) {
    return status;
  }
  accept_mutex_ = std::make_unique<AcceptMutex>(slots(), options_.load_margin);
  absl::Status status = OpenListeners(threads);
  if (!status.ok()) {
    listeners_.clear();
    CloseSlots();
  }
  return status;
}

absl::StatusOr<Listener> ThreadSharedDataForServer::OpenListener(
    const std::string& text) const {
  if (absl::string_view number = text; absl::ConsumePrefix(&number, "fd:")) {
    int fd;
    if (!absl::SimpleAtoi(number, &fd)) {
      return absl::InvalidArgumentError(
          absl::StrCat("address \"", text, "\": not a descriptor"));
    }
    return Listener::Adopt(fd);
  }
  absl::StatusOr<SocketAddress> address = SocketAddress::Parse(text);
  if (!address.ok()) return address.status();
  return Listener::Open(*address, options_.socket, share_port());
}

absl::Status ThreadSharedDataForServer::CheckSharable() const {
  for (const std::string& text : addresses_) {
    if (absl::StartsWith(text, "unix:") || absl::StartsWith(text, "fd:")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the reuseport strategy cannot share ", text, ": choose another"));
    }
    absl::StatusOr<SocketAddress> address = SocketAddress::Parse(text);
    if (!address.ok()) return address.status();
    absl::Status free = Listener::CheckFree(*address, options_.socket);
    if (!free.ok()) return free;
  }
  return absl::OkStatus();
}

absl::Status ThreadSharedDataForServer::OpenListeners(int threads) {
  bool share = share_port();
  addresses_ = options_.listen;
  if (addresses_.empty()) addresses_ = {absl::StrCat(":", options_.port)};
  if (share) {
    if (absl::Status status = CheckSharable(); !status.ok()) return status;
  }
  for (int copy = 0; copy < (share ? threads : 1); ++copy) {
    for (std::string& text : addresses_) {
      absl::StatusOr<Listener> listener = OpenListener(text);
      if (!listener.ok()) return listener.status();
      // Copies share the port that the kernel chose for the first.
      text = listener->address().ToString();
      listeners_.push_back(*std::move(listener));
    }
  }
  port_ = listeners_[0].address().port();
  loops_on_listeners_ = threads;
  return absl::OkStatus();
}

std::vector<int> ThreadSharedDataForServer::ListenersOf(int thread) const {
  size_t first = share_port() ? thread * addresses_.size() : 0;
  std::vector<int> fds;
  for (size_t i = 0; i < addresses_.size(); ++i) {
    fds.push_back(listeners_[first + i].fd());
  }
  return fds;
}

void ThreadSharedDataForServer::LeaveListeners(int thread) {
  if (share_port()) {  // Nobody else has these.
    for (size_t i = 0; i < addresses_.size(); ++i) {
      listeners_[thread * addresses_.size() + i].StopListening();
    }
  } else if (loops_on_listeners_.fetch_sub(1) == 1) {
    for (Listener& listener : listeners_) listener.StopListening();
  }
}

void ThreadSharedDataForServer::OnWatchdogTick(MonotonicTime now) {
  absl::Duration limit = options_.watchdog.tick / 2;
  if (options_.strategy == AcceptStrategy::kMutex) {
    accept_mutex_->Rescue(limit, now);
  }
  if (options_.strategy != AcceptStrategy::kGated) return;
  // A stuck thread may be the lightest one, for which the others' gates are
  // closed: have those that sleep look again.
  bool stuck = std::any_of(slots().begin(), slots().end(), [&](auto& slot) {
    return slot->StuckFor(limit, now);
  });
  for (const auto& slot : slots()) {
    if (stuck && slot->asleep() && !slot->listening()) slot->Wake();
  }
}

bool ThreadSharedDataForServer::GateOpen(int thread, MonotonicTime now) const {
  int mine = slots()[thread]->load();
  for (const auto& slot : slots()) {
    if (slot->load() + options_.load_margin < mine && slot->accepting() &&
        !slot->StuckFor(options_.watchdog.tick / 2, now)) {
      return false;
    }
  }
  return true;
}

void ThreadSharedDataForServer::WakeLightest(int thread, MonotonicTime now) {
  ThreadSlot* lightest = nullptr;
  for (int i = 0; i < threads(); ++i) {
    ThreadSlot& slot = this->thread(i);
    if (i == thread || !slot.accepting()) continue;
    if (slot.StuckFor(options_.watchdog.tick / 2, now)) continue;
    if (lightest == nullptr || slot.load() < lightest->load()) lightest = &slot;
  }
  if (lightest != nullptr && !lightest->listening()) lightest->Wake();
}

bool ThreadSharedDataForServer::AtCapacity() {
  if (connections() < max_connections_) return false;
  at_capacity_.store(true);
  // What closed before the store was not told of it: look again.
  return connections() >= max_connections_;
}

void ThreadSharedDataForServer::LeaveCapacity() {
  if (!at_capacity_.exchange(false)) return;
  for (const auto& slot : slots()) slot->Wake();
}

}  // namespace kingpin
