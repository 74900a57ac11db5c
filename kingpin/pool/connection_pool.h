// ConnectionPool: what the threads of a client compete for: targets that wait for
// a connection, connections that wait for a target, and the right to open one
// more.
//
// A socket that is open, connecting, in use or idle, counts against two limits,
// that of its host and that of the pool, from before it is made until after it
// is closed. Neither is ever exceeded, not even for a moment.
//
// Which target comes next: the highest priority; within it the hosts take turns,
// so that a host with many targets, or none that answers, costs the others
// nothing; within a host the oldest, but before it those that were drawn already
// (a retry, the next hop of a redirect), the oldest of them first.
//
// Which thread draws it: draw_turns.h. Who finds that it is another's turn wakes
// that one.
//
// A host whose connect failed, or was given up at its target's deadline after
// ClientOptions::attempt_delay without an answer, backs off, doubling from
// first_back_off with jitter, and then is tried with one connect at a time until
// one succeeds. Idle connections to it stay in use meanwhile, also by targets
// behind one that needs a new one. The others wait, until they are over their
// deadlines. A name that is not there is asked for again after first_back_off, no
// longer, by as many targets at once as the host may have connections, and none of
// them again: they are told. What is known of a host is forgotten when the back-off
// ends and nobody waits for it.
//
// Threads: Add() and the numbers from any thread; Update() and what else says so
// from loop threads. One mutex, held for a batch.
// Lifetime: owned by ThreadSharedDataForClient.
// Errors: Add() says why not; what a target comes to later is told by callbacks
// of IOHandlerForClient.
//
//   absl::Status added = shared.pool().Add(
//       {.host = "10.0.0.1", .port = 80, .first_message = "hello\n"});
//   if (absl::IsResourceExhausted(added)) SlowDown();
#ifndef KINGPIN_POOL_CONNECTION_POOL_H_
#define KINGPIN_POOL_CONNECTION_POOL_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/random/random.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/draw_turns.h"
#include "kingpin/pool/idle_socket.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/sys/clock.h"

namespace kingpin {

struct ConnectionPoolOptions {
  // Sockets to one host (host, port and group of a target). Hard.
  int max_connections_per_host = 64;
  // Sockets of the whole pool. Hard. 0: 9 in 10 of the descriptors this process
  // may open.
  int max_connections = 0;
  // Targets that wait in the pool; Add() refuses more. What was admitted and
  // waits again (a retry, AddFurther()) comes on top: at most max_connections.
  size_t max_waiting = 100'000;
  // How long a connection may lie idle. Below what servers commonly grant (5 s:
  // Apache httpd, Node.js), so that it is the client who closes: the other way
  // round a request can cross the server's FIN and be lost.
  absl::Duration idle_timeout = absl::Seconds(4);
  // Idle connections kept for one host; the oldest goes.
  int max_idle_per_host = 64;
  // A host whose connect failed is left alone for this long, twice as long after
  // the next failure, and so on; of each wait a random half may fall away.
  absl::Duration first_back_off = absl::Milliseconds(100);
  absl::Duration max_back_off = absl::Seconds(30);
  // What one thread draws before it handles events again. A connect costs some
  // 20 us, and longer iterations make for uneven shares.
  int draw_batch = 32;
  // How many targets more than the lightest thread one may have under way and
  // still draw. Lower is more even and wakes threads more often.
  int load_margin = 16;
  // A thread that is in one iteration for longer loses its turns to the others.
  // A batch of connects takes one or two milliseconds. The other way to uneven
  // shares is a machine with less time than threads: there, more evens them.
  absl::Duration stuck_after = absl::Milliseconds(10);
  // Ends the run (drains it) as soon as every target that was added has come to
  // its end: for programs that add all they have before they run, and from
  // callbacks. A run to which nothing is added does not end.
  bool end_when_done = false;
};

// A target between Add() and its end.
struct PendingTarget {
  Target target;
  MonotonicTime deadline = {};
  int connects_left = 1;
  bool retried = false;
  bool needs_new_connection = false;
  // It was drawn before, or goes on from one that was.
  bool goes_first = false;
};

class ConnectionPool {
 public:
  // What a host is to the pool. Threads hold pointers to it while they hold a
  // socket of it, and look at nothing inside.
  struct Host;

  // What happened on a thread to a socket that counts against the limits.
  enum class Event : uint8_t {
    kConnected,
    kConnectFailed,  // The host backs off.
    kConnectEnded,   // Neither: a deadline, before it could have answered.
    kExtraClosed,    // One that AcquireExtra() or `to_close` had is closed.
    kClosed,         // A drawn one is closed, and its target has ended.
  };
  struct Report {
    Host* host;
    Event event;
    ConnectError reason = ConnectError::kOther;  // kConnectFailed.
  };
  struct Draw {
    PendingTarget pending;
    Host* host;
    IdleSocket idle;  // Invalid: connect.
  };
  struct GivenBack {
    Host* host;
    IdleSocket socket;
  };
  struct Returned {
    Host* host;
    PendingTarget pending;
  };
  struct Surplus {
    Host* host;  // kExtraClosed is to be reported; null: nothing.
    IdleSocket socket;
  };
  struct Failed {
    PendingTarget pending;
    ConnectFailure failure;
  };

  // In the pool.
  struct Waiter {
    PendingTarget pending;
    Host* host;
    int64_t order;  // Unique; the lowest is first.
  };

  // What a thread and the pool have to tell each other. The thread empties what
  // it is told; Update() empties what it is told.
  struct Turn {
    // To the pool. A target that is returned was drawn by this thread and its
    // socket is reported as closed in the same turn.
    std::vector<Report> reports;
    std::vector<GivenBack> given_back;
    std::vector<Returned> returned;
    // To the thread; `to_close` comes first, for the draws rely on it.
    std::vector<Surplus> to_close;
    std::vector<Failed> failed;
    std::vector<Draw> draws;
    // When this thread is to update again, whatever else happens.
    MonotonicTime update_at = {INT64_MAX};
    // ConnectionPoolOptions::end_when_done.
    bool all_done = false;
    // For Update(): of `failed`, that the callbacks may not have been told yet.
    int being_told = 0;

    bool HasNews() const {
      return !reports.empty() || !given_back.empty() || !returned.empty();
    }
  };

  ConnectionPool(const ConnectionPoolOptions& options, const Clock& clock);
  ~ConnectionPool();
  ConnectionPool(const ConnectionPool&) = delete;
  ConnectionPool& operator=(const ConnectionPool&) = delete;

  // Before the loops start. `slots` outlive the pool's use by them.
  absl::Status Open(absl::Span<const std::unique_ptr<ThreadSlot>> slots)
      ABSL_LOCKS_EXCLUDED(mu_);

  // --- Any thread ------------------------------------------------------------

  // Before, during and after the run, also from callbacks. ResourceExhausted
  // when max_waiting wait, FailedPrecondition when the run is over or drains,
  // InvalidArgument for what cannot be a target. After an error `target` is
  // what it was.
  absl::Status Add(Target&& target) ABSL_LOCKS_EXCLUDED(mu_);
  // What a target goes on with (where it was redirected to), in a callback of the
  // connection that it has: it was admitted, so neither max_waiting nor the end
  // of the run refuses this one, and it goes before those that have only waited,
  // behind others that go first. After the end it comes to OnConnectFailed with
  // ConnectError::kShutdown.
  absl::Status AddFurther(Target&& target) ABSL_LOCKS_EXCLUDED(mu_);

  // Targets that wait for a connection.
  size_t waiting() const ABSL_LOCKS_EXCLUDED(mu_);
  // Sockets, and those among them that are idle.
  int open() const ABSL_LOCKS_EXCLUDED(mu_);
  size_t idle() const ABSL_LOCKS_EXCLUDED(mu_);
  // Hosts that are remembered: those with targets, sockets or a back-off.
  size_t hosts() const ABSL_LOCKS_EXCLUDED(mu_);
  // Targets that `thread` has drawn so far.
  uint64_t draws(int thread) const ABSL_LOCKS_EXCLUDED(mu_);
  std::string DebugString() const ABSL_LOCKS_EXCLUDED(mu_);

  // --- Loop threads ------------------------------------------------------------

  // Steps 1 to 3 of the client's loop: takes what happened, gives what is next.
  void Update(int thread, Turn& turn) ABSL_LOCKS_EXCLUDED(mu_);
  // There may be something in it for `thread`. One load.
  bool WantsUpdate() const { return attention_.load() != 0; }
  // Asked by a thread that has told others that it sleeps.
  bool MayDoze(int thread) ABSL_LOCKS_EXCLUDED(mu_);
  // One more socket to `host` beside one that the thread holds, now or never:
  // for racing a second address. kExtraClosed gives it back.
  bool AcquireExtra(Host* host) ABSL_LOCKS_EXCLUDED(mu_);
  // Nothing is added or drawn any more. Threads are told to fail what waits, and
  // to close what is idle.
  void Close() ABSL_LOCKS_EXCLUDED(mu_);

  // --- ThreadSharedDataForClient -----------------------------------------------

  // A thread is stuck: what was its turn is another's.
  void Rescue(MonotonicTime now) ABSL_LOCKS_EXCLUDED(mu_);
  // Drops everything. No loop is left. The targets that still waited: of a run that
  // could not start, for loops see to all of them before they end.
  std::list<Waiter> Clear() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using WaiterList = std::list<Waiter>;
  struct IdleEntry {
    Host* host;
    IdleSocket socket;
    MonotonicTime expires;
  };
  using IdleList = std::list<IdleEntry>;
  // Bits of attention_.
  static constexpr int kToDraw = 1;
  static constexpr int kTimeToClaim = 2;
  static constexpr int kClosing = 4;

  absl::Status CheckTarget(const Target& target) const;
  // Whether a target that comes from outside is taken.
  absl::Status CheckRoom() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Take(Target&& target, bool further) ABSL_LOCKS_EXCLUDED(mu_);
  Host* FindOrMakeHost(const Target& target) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EraseIfUnused(Host* host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Enqueue(Host* host, PendingTarget pending)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  PendingTarget Dequeue(WaiterList::iterator waiter)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  bool CanConnect(const Host& host) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // In which it waits.
  WaiterList& LineOf(Host* host, const PendingTarget& pending)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Closes; `left_` has all that wait then, and no ring a host.
  void EndLines() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whose first waiter is the next to be served; null if none can be.
  WaiterList* NextLine(Host& host, int priority) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Has the host take its turn among those that can be drawn from.
  void Refresh(Host* host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool RoomInPool() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool HasWork() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Parts of Update().
  void TakeNews(int thread, Turn& turn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeReport(int thread, const Report& report)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void TakeBack(int thread, GivenBack& given, Turn& turn)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void BackOff(Host* host, ConnectError reason)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndBackOff(Host* host) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void PassTime(Turn& turn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FailOverdue(Turn& turn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // What a target of `host` waits for, and what bounds it.
  std::string DescribeWait(const Host& host) const
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FailLeft(Turn& turn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool DrawOne(int thread, Turn& turn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void DrawFrom(Host* host, WaiterList::iterator waiter, int thread, Turn& turn)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void MakeRoomFor(Host* host, Turn& turn) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  IdleSocket TakeIdle(IdleList::iterator entry)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Who minds the time.
  MonotonicTime NextTime() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  MonotonicTime ClaimTime(int thread) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Tells the threads by attention_ what there is, and returns the one to wake.
  ThreadSlot* Publish() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const ConnectionPoolOptions options_;
  const int max_connections_;
  const Clock& clock_;

  std::atomic<int> attention_ = 0;

  mutable absl::Mutex mu_;
  DrawTurns turns_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  bool ever_added_ ABSL_GUARDED_BY(mu_) = false;
  MonotonicTime now_ ABSL_GUARDED_BY(mu_);  // Of the call that has the lock.

  absl::flat_hash_map<std::string, std::unique_ptr<Host>> hosts_
      ABSL_GUARDED_BY(mu_);
  // By priority: hosts that may be drawn from, in the order of their turns. One
  // that no longer can is found out when its turn comes.
  std::array<std::deque<Host*>, kTargetPriorities> rings_ ABSL_GUARDED_BY(mu_);
  size_t waiting_ ABSL_GUARDED_BY(mu_) = 0;
  // Once it is closed: all that wait, of any host.
  WaiterList left_ ABSL_GUARDED_BY(mu_);
  // Waiter::order of who came last.
  int64_t last_order_ ABSL_GUARDED_BY(mu_) = 0;
  int under_way_ ABSL_GUARDED_BY(mu_) = 0;  // Handed out and not ended.
  int open_ ABSL_GUARDED_BY(mu_) = 0;
  IdleList idle_ ABSL_GUARDED_BY(mu_);  // The oldest first.

  // What happens by itself, by its time.
  absl::btree_map<std::pair<MonotonicTime, int64_t>, WaiterList::iterator>
      deadlines_ ABSL_GUARDED_BY(mu_);
  absl::btree_set<std::pair<MonotonicTime, Host*>> back_offs_
      ABSL_GUARDED_BY(mu_);
  int timekeeper_ ABSL_GUARDED_BY(mu_) = -1;
  MonotonicTime claimed_ ABSL_GUARDED_BY(mu_) = {INT64_MAX};
  absl::InsecureBitGen random_ ABSL_GUARDED_BY(mu_);

  struct {
    uint64_t reused = 0;
    uint64_t evicted = 0;
    uint64_t back_offs = 0;
    uint64_t overdue = 0;
  } counts_ ABSL_GUARDED_BY(mu_);
};

}  // namespace kingpin

#endif  // KINGPIN_POOL_CONNECTION_POOL_H_
