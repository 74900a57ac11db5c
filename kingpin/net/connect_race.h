// ConnectRace: connects to the first of a host's addresses that answers.
//
// Addresses of the two families take turns (RFC 8305, section 4); the next one
// is tried as soon as one fails, or beside those that have not answered after
// `attempt_delay` (section 5). That IPv4 addresses which are known first wait for
// IPv6 ones (section 3) is the resolver's affair. Every socket but one at a time
// needs a permit: without one the race is a walk, in which an address has its
// share of the time and is given up for the next.
//
// Threads: loop thread only.
// Lifetime: the loop, the resolver and what the callbacks use outlive it. `done`
// is called once, perhaps from inside Start(), and must not destroy the race;
// neither after Cancel() nor from the destructor.
// Errors: ConnectFailure; its reason is that of the address which failed last,
// its detail names them all.
//
//   race.Start("example.org", 80, [](ConnectRace::Outcome outcome) {
//     if (!outcome.fd.valid()) return Report(outcome.failure);
//     Use(std::move(outcome.fd), outcome.watch);
//   });
#ifndef KINGPIN_NET_CONNECT_RACE_H_
#define KINGPIN_NET_CONNECT_RACE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/resolver.h"
#include "kingpin/net/watch_list.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

class ConnectRace {
 public:
  struct Options {
    absl::Duration timeout;
    absl::Duration attempt_delay;
    bool tcp_nodelay;
  };
  // The right to more than one socket at a time.
  struct Permits {
    absl::AnyInvocable<bool()> acquire;
    absl::AnyInvocable<void()> release;
  };
  struct Outcome {
    // Connected, and in the loop's epoll unless `watch` names nothing; or
    // invalid.
    UniqueFd fd = {};
    WatchId watch = {};
    ConnectFailure failure = {};
  };
  using Done = absl::AnyInvocable<void(Outcome outcome) &&>;

  ConnectRace(IOHandler& loop, Resolver& resolver, const Options& options,
              Permits permits);
  ~ConnectRace() { Cancel(); }
  ConnectRace(const ConnectRace&) = delete;
  ConnectRace& operator=(const ConnectRace&) = delete;

  // `host` as in Target.
  void Start(absl::string_view host, uint16_t port, Done done);
  // Closes its sockets and gives the permits back.
  void Cancel();
  // What is to be held against the host by who cannot wait any longer: an address
  // has not answered for `attempt_delay`, or all that are known have failed.
  std::optional<ConnectError> FailureSoFar() const;

 private:
  struct Attempt {
    UniqueFd fd;
    WatchId watch;
    SocketAddress address;
    MonotonicTime started;
    uint32_t number;
  };

  bool over() const { return done_ == nullptr; }
  bool AnyAddress() const { return !first_.empty() || !second_.empty(); }

  void TakeAnswer(ResolveAnswer answer);
  void AddAddress(const SocketAddress& address);
  // `has_permit`: of one more beside those under way.
  void StartAttempts(bool has_permit = false);
  // True if it is under way or has won.
  bool TryAddress(const SocketAddress& address);
  SocketAddress NextAddress();
  void ArmAttemptTimer();
  void AttemptTimerFired();
  void AttemptReady(uint32_t number);
  void EndAttempt(size_t index);
  bool GiveUpOldest();
  void NoteFailure(const SocketAddress& address, ConnectError reason,
                   int error);
  void TimeOut();
  void Win(UniqueFd fd, WatchId watch);
  void Lose();
  void Finish(Outcome outcome);

  IOHandler& loop_;
  Resolver& resolver_;
  const Options options_;
  Permits permits_;
  Done done_ = nullptr;
  std::string host_;
  uint16_t port_ = 0;

  ResolveId query_ = 0;
  bool resolved_ = false;
  TimerId timeout_timer_;
  TimerId attempt_timer_;

  // Addresses to try: of the family whose turn it is, and of the other.
  std::deque<SocketAddress> first_;
  std::deque<SocketAddress> second_;
  int first_family_ = 0;
  size_t addresses_ = 0;  // Ever known.

  std::vector<Attempt> attempts_;  // The oldest first.
  uint32_t next_number_ = 0;
  ConnectFailure failure_;  // So far.
  int failures_ = 0;
  bool gave_up_ = false;  // An address, which was silent for its share.
};

}  // namespace kingpin

#endif  // KINGPIN_NET_CONNECT_RACE_H_
