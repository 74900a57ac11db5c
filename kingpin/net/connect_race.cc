#include "kingpin/net/connect_race.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kingpin/pool/thread_shared_data.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// Of one host. Nobody waits for more, and a name server may send thousands.
constexpr size_t kMaxAddresses = 64;
// Addresses whose failures the detail tells.
constexpr int kToldFailures = 4;

ConnectError ClassifyResolveError(ResolveError error) {
  switch (error) {
    case ResolveError::kBadName:
      return ConnectError::kBadName;
    case ResolveError::kNotFound:
      return ConnectError::kNameNotFound;
    case ResolveError::kNone:  // An answer without an address.
    case ResolveError::kNoAddress:
      return ConnectError::kNameHasNoAddress;
    case ResolveError::kTimeout:
      return ConnectError::kResolverTimedOut;
    case ResolveError::kNoResources:
      return ConnectError::kNoResources;
    case ResolveError::kServerFailure:
      break;
  }
  return ConnectError::kResolverFailed;
}

// A connect to a port of this machine that nobody listens on, and that the
// kernel happens to choose as the socket's own: TCP's simultaneous open, with
// itself (RFC 9293, section 3.5).
bool IsConnectedToItself(int fd, const SocketAddress& peer) {
  if (!peer.is_ip()) return false;
  SocketAddress local = SocketAddress::Local(fd);
  return local.port() == peer.port() && local.host() == peer.host();
}

}  // namespace

ConnectRace::ConnectRace(IOHandler& loop, Resolver& resolver,
                         const Options& options, Permits permits)
    : loop_(loop),
      resolver_(resolver),
      options_(options),
      permits_(std::move(permits)) {}

void ConnectRace::Start(absl::string_view host, uint16_t port, Done done) {
  done_ = std::move(done);
  host_ = std::string(host);
  port_ = port;
  timeout_timer_ = loop_.RunAfter(options_.timeout, [this] { TimeOut(); });
  if (absl::StartsWith(host, "unix:")) {
    absl::StatusOr<SocketAddress> address = SocketAddress::Parse(host);
    if (address.ok()) return TakeAnswer({.addresses = {*address}});
    return TakeAnswer({.error = ResolveError::kBadName,
                       .detail = std::string(address.status().message())});
  }
  std::optional<ResolveAnswer> known = resolver_.Lookup(host);
  if (known.has_value()) return TakeAnswer(*std::move(known));
  query_ = resolver_.Start(
      host_, [this](ResolveAnswer answer) { TakeAnswer(std::move(answer)); });
}

void ConnectRace::Cancel() {
  if (query_ != 0 && !resolved_) resolver_.Cancel(query_);
  resolved_ = true;
  for (TimerId timer : {timeout_timer_, attempt_timer_}) {
    loop_.CancelTimer(timer);
  }
  while (!attempts_.empty()) EndAttempt(attempts_.size() - 1);
  first_.clear();
  second_.clear();
  done_ = nullptr;
}

std::optional<ConnectError> ConnectRace::FailureSoFar() const {
  if (attempts_.empty()) {
    if (failures_ > 0) return failure_.reason;
    return std::nullopt;  // It is still looked up.
  }
  const absl::Duration silence =
      loop_.shared().clock().Now() - attempts_.front().started;
  if (gave_up_ || silence >= options_.attempt_delay) {
    return ConnectError::kTimedOut;
  }
  return std::nullopt;
}

// --- Addresses -------------------------------------------------------------------

void ConnectRace::TakeAnswer(ResolveAnswer answer) {
  resolved_ = answer.complete;
  for (const SocketAddress& address : answer.addresses) AddAddress(address);
  if (resolved_ && addresses_ == 0) {
    failure_.reason = ClassifyResolveError(answer.error);
    failure_.detail = answer.detail.empty() ? absl::StrCat("\"", host_, "\"")
                                            : std::move(answer.detail);
    return Lose();
  }
  // Those under way have their time first.
  return attempts_.empty() ? StartAttempts() : ArmAttemptTimer();
}

void ConnectRace::AddAddress(const SocketAddress& address) {
  if (addresses_ >= kMaxAddresses) return;
  ++addresses_;
  // The resolver knows which family is the better one (RFC 6724).
  if (first_family_ == 0) first_family_ = address.family();
  std::deque<SocketAddress>& list =
      address.family() == first_family_ ? first_ : second_;
  list.push_back(address.WithPort(port_));
}

SocketAddress ConnectRace::NextAddress() {
  if (first_.empty()) {
    first_.swap(second_);
    first_family_ = first_.front().family();
  }
  SocketAddress address = first_.front();
  first_.pop_front();
  if (!second_.empty()) {
    first_.swap(second_);
    first_family_ = first_.front().family();
  }
  return address;
}

// --- Attempts --------------------------------------------------------------------

void ConnectRace::StartAttempts(bool has_permit) {
  while (AnyAddress()) {
    const bool extra = !attempts_.empty();
    if (extra && !std::exchange(has_permit, false) && !permits_.acquire()) {
      return ArmAttemptTimer();
    }
    if (TryAddress(NextAddress())) {
      if (!over()) return ArmAttemptTimer();
      // It won at once, and is the one that remains.
      if (extra) permits_.release();
      return;
    }
    if (extra) permits_.release();
  }
  if (attempts_.empty() && resolved_) Lose();
}

bool ConnectRace::TryAddress(const SocketAddress& address) {
  SysResult<UniqueFd> fd = sys::StreamSocket(address.family());
  int error = fd.error;
  if (error == 0) {
    if (options_.tcp_nodelay && address.is_ip()) {
      (void)sys::SetOption(fd.value.get(), IPPROTO_TCP, TCP_NODELAY, 1);
    }
    error = sys::Connect(fd.value.get(), address);
  }
  if (error == 0) {
    Win(std::move(fd.value), {});
    return true;
  }
  if (error == EINPROGRESS) {
    const uint32_t number = next_number_++;
    absl::StatusOr<WatchId> watch =
        loop_.Watch(fd.value.get(), EPOLLOUT,
                    [this, number](uint32_t) { AttemptReady(number); });
    if (watch.ok()) {
      attempts_.push_back({std::move(fd.value), *watch, address,
                           loop_.shared().clock().Now(), number});
      return true;
    }
    error = ENOMEM;  // Of epoll; ENOSPC is as good.
  }
  NoteFailure(address, ClassifyConnectError(error), error);
  return false;
}

void ConnectRace::AttemptReady(uint32_t number) {
  auto it = std::find_if(
      attempts_.begin(), attempts_.end(),
      [number](const Attempt& attempt) { return attempt.number == number; });
  if (it == attempts_.end()) return;
  const int error = sys::TakeSocketError(it->fd.get());
  if (error == 0 && !IsConnectedToItself(it->fd.get(), it->address)) {
    UniqueFd fd = std::move(it->fd);
    const WatchId watch = it->watch;
    return Win(std::move(fd), watch);
  }
  NoteFailure(
      it->address,
      error == 0 ? ConnectError::kSelfConnect : ClassifyConnectError(error),
      error);
  EndAttempt(it - attempts_.begin());
  loop_.CancelTimer(attempt_timer_);
  StartAttempts();
}

void ConnectRace::EndAttempt(size_t index) {
  Attempt& attempt = attempts_[index];
  // The winner's socket is not here any more, and goes on.
  if (attempt.fd.valid()) loop_.EndWatch(attempt.watch);
  attempts_.erase(attempts_.begin() + index);
  // Only now is the socket closed. One at a time is the caller's.
  if (!attempts_.empty()) permits_.release();
}

void ConnectRace::ArmAttemptTimer() {
  loop_.CancelTimer(attempt_timer_);
  if (!AnyAddress()) return;
  attempt_timer_ =
      loop_.RunAfter(options_.attempt_delay, [this] { AttemptTimerFired(); });
}

void ConnectRace::AttemptTimerFired() {
  if (!AnyAddress() || attempts_.empty()) return;
  const bool has_permit = permits_.acquire();
  if (!has_permit && !GiveUpOldest()) return ArmAttemptTimer();
  StartAttempts(has_permit);
}

bool ConnectRace::GiveUpOldest() {
  const absl::Duration share =
      std::max(options_.attempt_delay,
               options_.timeout / static_cast<int64_t>(addresses_));
  const Attempt& oldest = attempts_.front();
  if (loop_.shared().clock().Now() - oldest.started < share) return false;
  NoteFailure(oldest.address, ConnectError::kTimedOut, ETIMEDOUT);
  EndAttempt(0);
  gave_up_ = true;
  return true;
}

// --- The end -----------------------------------------------------------------------

void ConnectRace::NoteFailure(const SocketAddress& address, ConnectError reason,
                              int error) {
  failure_.reason = reason;
  failure_.error = error;
  if (++failures_ > kToldFailures) return;
  absl::StrAppend(
      &failure_.detail, failure_.detail.empty() ? "" : "; ", address.ToString(),
      ": ",
      error == 0 ? ToString(reason) : absl::string_view(std::strerror(error)));
}

void ConnectRace::TimeOut() {
  if (addresses_ == 0) {
    failure_.reason = ConnectError::kResolverTimedOut;
    failure_.detail = absl::StrCat("\"", host_, "\": no answer in ",
                                   absl::FormatDuration(options_.timeout));
    return Lose();
  }
  // Without any it is the resolver that is late, and the reason that of the last
  // address which failed.
  for (const Attempt& attempt : attempts_) {
    NoteFailure(attempt.address, ConnectError::kTimedOut, ETIMEDOUT);
  }
  Lose();
}

void ConnectRace::Win(UniqueFd fd, WatchId watch) {
  Finish({.fd = std::move(fd), .watch = watch});
}

void ConnectRace::Lose() {
  if (failures_ > kToldFailures) {
    absl::StrAppend(&failure_.detail, "; and ", failures_ - kToldFailures,
                    " more");
  }
  Finish({.failure = std::move(failure_)});
}

void ConnectRace::Finish(Outcome outcome) {
  Done done = std::exchange(done_, nullptr);
  Cancel();
  std::move(done)(std::move(outcome));
}

}  // namespace kingpin
