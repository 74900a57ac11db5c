#include "apps/bench_client/load_handler.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kingpin/dns/dns_resolver.h"

namespace bench_client {
namespace {

// What waits in a connection beside what the kernel has taken.
constexpr size_t kSliceBytes = 64 << 10;

// Bodies are counted and dropped, so they may have any size.
constexpr kingpin::http::ResponseReaderOptions kReading = {
    .decode = false, .max_body = UINT64_MAX};

constexpr std::string_view kSurplus = "sent more than was asked for";

}  // namespace

using kingpin::CloseReason;
using kingpin::Connection;
using kingpin::MonotonicTime;
using kingpin::http::ResponseReader;

LoadHandler::LoadHandler(Load* load, int thread)
    : IOHandlerForClient(load, thread), load_(*load) {}

absl::Status LoadHandler::Init() {
  if (absl::Status status = IOHandlerForClient::Init(); !status.ok()) {
    return status;
  }
  RunAfter(load_.recorder().interval(), [this] { Publish(); });
  return load_.options().rate > 0 ? StartTimer() : absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<kingpin::Resolver>> LoadHandler::MakeResolver() {
  auto resolver = kingpin::DnsResolver::Create(this, {});
  if (resolver.ok()) return *std::move(resolver);
  // Addresses and localhost can do without name servers.
  return IOHandlerForClient::MakeResolver();
}

// --- Connections -------------------------------------------------------------

std::unique_ptr<kingpin::Transport> LoadHandler::NewTransport(
    const kingpin::Target& target) {
  if (load_.tls() == nullptr) return nullptr;
  return load_.tls()->NewTransport(target.host, target.port);
}

void LoadHandler::OnConnect(Connection& connection) {
  if (over_) {
    LeaveBehind(*target(connection));
    return connection.Abort();
  }
  State& state = connection.EmplaceState<State>();
  connection.SetMidMessage(false);  // No answer is owed yet, so none is late.
  const LoadTarget& context = LoadTarget::Of(*target(connection));
  const MonotonicTime clock = load_.Now();
  load_.SetReached();
  ++counts_.connects;
  counts_.connect.Record((clock - context.since) / absl::Nanoseconds(1));
  if (!load_.options().is_raw) {
    state.reader.emplace(load_.method(), kReading);
  }
  if (!load_.options().reconnect) {
    AskOn(connection);
  } else if (load_.TakeTicket()) {
    Send(connection, context.since);
  }
}

void LoadHandler::Send(Connection& connection, MonotonicTime since) {
  State& state = connection.state<State>();
  state.since.push_back(since);
  if (state.since.size() == 1) state.raw_left = load_.options().size;
  ++counts_.requests;
  connection.SetMidMessage(true);
  state.to_write += load_.request().size();
  WriteOn(connection);
}

void LoadHandler::WriteOn(Connection& connection) {
  if (!connection.has_state<State>()) return;
  State& state = connection.state<State>();
  const std::string_view request = load_.request();
  // Less than the connection's high edge waits in it at any time: above that it would
  // not read, and a server that answers while it is asked would wait for us for ever.
  while (state.to_write > 0 && connection.takes_output() &&
         connection.pending_output() < kSliceBytes) {
    const size_t left = (state.to_write - 1) % request.size() + 1;
    const std::string_view slice =
        request.substr(request.size() - left, kSliceBytes);
    connection.Write(slice);
    state.to_write -= slice.size();
    counts_.bytes_written += slice.size();
  }
}

void LoadHandler::Fill(Connection& connection) {
  State& state = connection.state<State>();
  const auto most = static_cast<size_t>(load_.options().pipeline);
  while (state.since.size() < most && load_.TakeTicket()) {
    Send(connection, load_.Now());
  }
}

void LoadHandler::OnMessage(Connection& connection) {
  const std::string_view input = connection.input().view();
  std::string_view left = input;
  if (over_) left = {};  // What was under way is counted already.
  while (!left.empty() && !connection.closing() &&
         ReadAnswer(connection, &left)) {
  }
  if (connection.closing()) left = {};  // What is wrong was read, too.
  counts_.bytes_read += input.size() - left.size();
  connection.input().Consume(input.size() - left.size());
  if (!over_ && !connection.closing()) AskOn(connection);
}

// Behind the whole batch: what is in it answers only what was sent before it came.
void LoadHandler::AskOn(Connection& connection) {
  State& state = connection.state<State>();
  if (!paced()) return Fill(connection);
  if (!state.since.empty() || state.is_free) return;
  state.free_since = now();
  state.is_free = true;
  // At a low rate those that close come faster than requests that would find them.
  while (!free_.empty() && Find(free_.front()) == nullptr) free_.pop_front();
  free_.push_back(connection.id());
  Pump();
}

bool LoadHandler::ReadAnswer(Connection& connection, std::string_view* input) {
  State& state = connection.state<State>();
  if (state.since.empty()) {
    Fail(connection, kSurplus);
    return false;
  }
  if (load_.options().is_raw) {
    if (!ReadRaw(state, input)) return false;
    if (load_.options().reconnect && !input->empty()) {
      Fail(connection, kSurplus);
      return false;
    }
    Answered(connection, true);
    return true;
  }
  reading_ = &state;
  const ResponseReader::Result result =
      state.reader->Read(input, &scratch_, this);
  if (result == ResponseReader::Result::kNeedMore) return false;
  if (result == ResponseReader::Result::kError) {
    Fail(connection, state.reader->status().message());
    return false;
  }
  const bool keep = state.reader->keep_alive();
  if (state.status == 101) {
    Fail(connection, "switched protocols (101), which nobody had asked for");
    return false;
  }
  if ((!keep || load_.options().reconnect) && !input->empty()) {
    Fail(connection, kSurplus);
    return false;
  }
  state.reader.emplace(load_.method(), kReading);
  Answered(connection, keep);
  return keep;
}

bool LoadHandler::ReadRaw(State& state, std::string_view* input) {
  const size_t taken = std::min<size_t>(state.raw_left, input->size());
  input->remove_prefix(taken);
  state.raw_left -= static_cast<uint32_t>(taken);
  if (state.raw_left > 0) return false;
  state.raw_left = load_.options().size;
  return true;
}

void LoadHandler::OnHead(const kingpin::http::Response& response) {
  reading_->status = response.status;
}

void LoadHandler::Answered(Connection& connection, bool keep) {
  State& state = connection.state<State>();
  // When the bytes came, not when their turn in the batch did.
  counts_.latency.Record((now() - state.since.front()) / absl::Nanoseconds(1));
  ++counts_.responses;
  if (!load_.options().is_raw) {
    const auto digit = static_cast<size_t>(state.status / 100);
    ++counts_.by_class[digit < counts_.by_class.size() ? digit : 0];
  }
  state.since.erase(state.since.begin());
  load_.CountEnd();
  if (state.since.empty()) connection.SetMidMessage(false);
  if (!keep && !state.since.empty()) {
    Fail(connection, "closed by the server behind another answer");
  } else if (!keep || load_.options().reconnect) {
    connection.Close();
  }
}

void LoadHandler::OnInputEnd(Connection& connection) {
  if (over_) return connection.Close();
  State& state = connection.state<State>();
  if (state.since.empty()) return connection.Close();
  counts_.bytes_read += connection.input().size();
  if (state.reader.has_value() &&
      state.reader->EndOfInput() == ResponseReader::Result::kDone) {
    // This is what ends a body that has no length.
    return Answered(connection, false);
  }
  const bool begun = state.reader.has_value()
                         ? state.reader->begun()
                         : state.raw_left < load_.options().size;
  Fail(connection, begun ? "closed by the server within an answer"
                         : "closed by the server in place of an answer");
}

void LoadHandler::Fail(Connection& connection, std::string_view reason) {
  State& state = connection.state<State>();
  if (state.since.empty()) {
    counts_.broken.Add(reason, 1);
  } else {
    counts_.failures.Add(reason, state.since.size());
  }
  for (size_t i = 0; i < state.since.size(); ++i) load_.CountEnd();
  state.since.clear();
  connection.Abort();
}

void LoadHandler::OnClose(Connection& connection, CloseReason reason) {
  if (!connection.has_state<State>()) return;
  State& state = connection.state<State>();
  if (over_ || reason == CloseReason::kShutdown) {
    // It was closed when the others were counted, and had not been told.
    if (!state.since.empty()) {
      load_.AddLeftovers({.unanswered = UnderWay(state)});
    }
    return;
  }
  if (!state.since.empty()) {
    switch (reason) {
      case CloseReason::kReadTimeout:
        Fail(connection, "no answer in time");
        break;
      case CloseReason::kError:
        Fail(connection, connection.error_text());
        break;
      default:
        Fail(connection, absl::StrCat("closed: ", ToString(reason)));
    }
  }
  Replace();
}

void LoadHandler::Replace() {
  if (!load_.options().reconnect || !constant_rate()) {
    load_.AddTarget(load_.Now());
  }
}

std::string LoadHandler::WhyUnreached(
    const kingpin::ConnectFailure& failure) const {
  std::string why = failure.ToString();
  if (failure.reason == kingpin::ConnectError::kHandshake &&
      !load_.options().insecure && absl::StrContains(why, "certificate")) {
    absl::StrAppend(&why, "; --insecure takes any certificate");
  }
  return why;
}

void LoadHandler::LeaveBehind(const kingpin::Target& target) {
  Leftovers leftovers;
  if (constant_rate() && !paced()) {
    leftovers.unsent = 1;  // With each connection goes a request that was due.
  } else {
    const absl::Duration waited = load_.Now() - LoadTarget::Of(target).since;
    leftovers.connecting = {.count = 1,
                            .longest_ns = waited / absl::Nanoseconds(1)};
  }
  load_.AddLeftovers(leftovers);
}

void LoadHandler::OnConnectFailed(kingpin::Target& target,
                                  const kingpin::ConnectFailure& failure) {
  if (failure.reason == kingpin::ConnectError::kShutdown || over_) {
    return LeaveBehind(target);
  }
  if (!load_.reached()) return load_.GiveUp(WhyUnreached(failure));
  // The detail of others has addresses in it.
  const bool say_all = failure.reason == kingpin::ConnectError::kHandshake;
  counts_.broken.Add(
      absl::StrCat("connecting: ",
                   say_all ? failure.ToString() : ToString(failure.reason)),
      1);
  Replace();
}

// --- A constant rate ---------------------------------------------------------

// Not the loop's timers, which are good to milliseconds: at 10,000 a second ten would
// be sent together.
absl::Status LoadHandler::StartTimer() {
  timer_.Reset(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC));
  if (!timer_.valid()) return absl::ErrnoToStatus(errno, "timerfd_create");
  // Threads take turns, so that their requests do not come in pairs.
  const double gap = load_.gap_ns_per_thread();
  const auto shift =
      static_cast<int64_t>(gap * thread() / load_.thread_count());
  pace_.emplace(MonotonicTime{load_.Now().nanos + shift}, gap);
  auto watch = Watch(timer_.get(), EPOLLIN, [this](uint32_t) {
    uint64_t expirations;
    if (read(timer_.get(), &expirations, sizeof(expirations)) > 0) Pump();
  });
  if (!watch.ok()) return watch.status();
  ArmTimer();
  return absl::OkStatus();
}

void LoadHandler::ArmTimer() {
  // All zero would stop it.
  const int64_t due = std::max<int64_t>(pace_->due().nanos, 1);
  itimerspec when{};
  when.it_value.tv_sec = due / 1'000'000'000;
  when.it_value.tv_nsec = due % 1'000'000'000;
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr);
}

void LoadHandler::Pump() {
  const MonotonicTime clock = load_.Now();
  while (!over_ && pace_->due() <= clock) {
    if (!paced()) {
      load_.AddTarget(pace_->Take());
    } else if (!SendDue()) {
      return;  // The next connection that is free goes on with it.
    }
  }
  ArmTimer();
}

bool LoadHandler::SendDue() {
  while (!free_.empty()) {
    Connection* connection = Find(free_.front());
    free_.pop_front();
    if (connection == nullptr || connection->closing()) continue;
    if (!load_.TakeTicket()) return false;
    const MonotonicTime due = pace_->Take();
    State& state = connection->state<State>();
    state.is_free = false;
    const MonotonicTime could = std::max(due, state.free_since);
    leftovers_.lag.Record((load_.Now() - could) / absl::Nanoseconds(1));
    Send(*connection, due);
    return true;
  }
  return false;
}

// --- Writing down ------------------------------------------------------------

void LoadHandler::Publish() {
  load_.recorder().Add(interval_, std::exchange(counts_, Counts()));
  // By the clock, not by how often this ran: a busy loop is late.
  const absl::Duration interval = load_.recorder().interval();
  const absl::Duration run = load_.Now() - load_.start();
  interval_ = std::max(0, static_cast<int>(run / interval));
  if (over_) return;
  RunAfter(std::max(interval * (interval_ + 1) - run, absl::ZeroDuration()),
           [this] { Publish(); });
}

Waiting LoadHandler::UnderWay(const State& state) const {
  return {
      .count = state.since.size(),
      .longest_ns = (load_.Now() - state.since.front()) / absl::Nanoseconds(1)};
}

void LoadHandler::OnShutdown() {
  if (std::exchange(over_, true)) return;
  const MonotonicTime clock = load_.Now();
  if (constant_rate()) leftovers_.unsent = pace_->Behind(clock);
  ForEachConnection([&](Connection& connection) {
    if (!connection.has_state<State>()) return;
    State& state = connection.state<State>();
    if (state.since.empty()) return;
    leftovers_.unanswered.Add(UnderWay(state));
    state.since.clear();
  });
  Publish();
  load_.AddLeftovers(leftovers_);
  // By a signal: what is under way has been counted as such, so there is nothing to
  // drain.
  load_.Shutdown(kingpin::RunPhase::kStopping);
}

}  // namespace bench_client
