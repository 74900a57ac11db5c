// IOHandler: the loop of one thread. It owns one epoll, the connections that
// were given to it, timers, and watches on descriptors of others.
//
// Derive from IOHandlerForServer (or ForClient) and override the callbacks you
// care about. A callback that throws loses its connection, not the thread.
//
// Threads: every method is for the loop's own thread, on which the handler is
// also made and destroyed. The doors for others are ThreadSlot::Post() and the
// functions of connection_id.h.
// Lifetime: the shared data outlives it. When Run() ends, and in the destructor,
// what is left is dropped: posted tasks, connections (without OnClose), timers,
// watches, in this order; what they hold may still call upon the handler.
// Forking: a child may exec and nothing else. One that lives on holds the
// sockets, and epoll goes on reporting those that the parent has closed.
// Blocking: a callback must not: while it runs, all connections of this thread
// wait, and the watchdog reports it (ThreadSharedDataOptions::watchdog).
// Logging: lines of a connection's callbacks say whose they are (log_context.h):
// "[connection 0/7.1 10.0.0.1:40000]", as ConnectionId prints and the peer.
//
//   class Echo : public IOHandlerForServer {
//    public:
//     using IOHandlerForServer::IOHandlerForServer;
//     void OnMessage(Connection& c) override { c.Write(c.input().TakeAll()); }
//   };
#ifndef KINGPIN_NET_IO_HANDLER_H_
#define KINGPIN_NET_IO_HANDLER_H_

#include <pthread.h>
#include <sys/epoll.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/output_queue.h"
#include "kingpin/net/slot_map.h"
#include "kingpin/net/timer_wheel.h"
#include "kingpin/net/watch_list.h"
#include "kingpin/pool/idle_socket.h"
#include "kingpin/pool/thread_shared_data.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

// Names a timer; a default one names nothing. Cancelling one that has fired or
// gone does nothing.
struct TimerId {
  SlotName name;
};

class IOHandler : private LogContextSource {
 public:
  IOHandler(ThreadSharedData* shared, int thread);
  virtual ~IOHandler();
  IOHandler(const IOHandler&) = delete;
  IOHandler& operator=(const IOHandler&) = delete;

  // Called once, before Run().
  virtual absl::Status Init();
  // Until the run is over (RunPhase) and the connections are gone.
  void Run();
  // One iteration that sleeps for `max_wait` at most. For tests, and for those
  // who bring their own loop.
  void RunOnce(absl::Duration max_wait);

  ThreadSharedData& shared() const { return shared_; }
  int thread() const { return thread_; }
  // The handler whose loop runs on the calling thread; null elsewhere.
  static IOHandler* Current();
  // Counts the rounds of the loop: what was found out in this one is as fresh as
  // the events that are being handled.
  uint64_t iteration() const { return round_; }
  // For assertions.
  bool OnLoopThread() const {
    return pthread_equal(pthread_self(), loop_thread_) != 0;
  }

  // --- Callbacks -----------------------------------------------------------

  // The connection is established. May write, or close it.
  virtual void OnConnect(Connection&) {}
  // Instead of OnConnect, for a connection whose transport could not be
  // established; connection.error_text() says why. It is about to be closed, and
  // no OnClose follows.
  virtual void OnHandshakeFailed(Connection&, CloseReason) {}
  // The handshake of Connection::StartTransport is done.
  virtual void OnTransportReady(Connection&) {}
  // Bytes arrived, or room came back while some were held. Consume what you can
  // use of connection.input(); what you leave is there again the next time.
  virtual void OnMessage(Connection& connection) {
    connection.input().TakeAll();
  }
  // All that was written has left, or the output has fallen to its low edge.
  virtual void OnWriteComplete(Connection&) {}
  // The peer will send no more, but may still read. Override to keep answering.
  virtual void OnInputEnd(Connection& connection) { connection.Close(); }
  // The last callback of a connection; its socket is still open.
  virtual void OnClose(Connection&, CloseReason) {}
  // Once an iteration, after its events.
  virtual void OnEpollLoop() {}
  // The run is draining: no new connections come, idle ones are being closed.
  virtual void OnShutdown() {}

  // --- Timers --------------------------------------------------------------

  // Runs `task` once, not earlier than after `delay` of the monotonic clock. For
  // a period, have the task call it again.
  TimerId RunAfter(absl::Duration delay, Task task);
  void CancelTimer(TimerId id);

  // --- Descriptors of others -----------------------------------------------

  // Calls `callback` with the ready events while `fd`, which stays the caller's,
  // is ready for any of `events` (EPOLLIN, EPOLLOUT; level-triggered), also for
  // EPOLLERR and EPOLLHUP. With these and RunAfter a C library that names the
  // descriptors and times it waits for lives in this loop. The callback may
  // change or end any watch. End a watch before its descriptor is closed: later
  // the number may be somebody else's, whom it would take out of the epoll.
  absl::StatusOr<WatchId> Watch(int fd, uint32_t events,
                                WatchCallback callback);
  absl::Status ChangeWatch(WatchId id, uint32_t events);
  void EndWatch(WatchId id);

  // --- Connections ---------------------------------------------------------

  // Null when it is closed or belongs to another loop.
  Connection* Find(ConnectionId id);
  // Runs `function` with the connection as if it were a callback of it: an
  // exception costs that connection. Counts a stale id and does nothing.
  void RunWith(ConnectionId id, absl::FunctionRef<void(Connection&)> function);
  // No new connections come; say so to peers that would send another request.
  bool draining() const { return phase_ != RunPhase::kRunning; }
  size_t connections() const { return connections_.size(); }
  void ForEachConnection(absl::FunctionRef<void(Connection&)> function);

  // Watches, timers, connections and queue lengths, a line each kind.
  std::string DebugString() const;

 protected:
  // Makes `fd`, which does not block, a connection of this loop and calls
  // OnConnect; also inside callbacks. With a `transport` that is not established
  // OnConnect comes when its handshake is done, or else OnHandshakeFailed. When
  // epoll is out of memory the socket is closed and the errno returned.
  // `epoll_op` EPOLL_CTL_MOD: a socket that was watched (ForgetWatch).
  int Adopt(UniqueFd fd, std::unique_ptr<Transport> transport = nullptr,
            int epoll_op = EPOLL_CTL_ADD);

  LoopStats& stats() { return slot_.stats(); }
  ThreadSlot& slot() { return slot_; }
  const ThreadSlot& slot() const { return slot_; }
  // The time at which this iteration's events came.
  MonotonicTime now() const { return now_; }
  int epoll() const { return epoll_.get(); }

  // Runs a callback of the loop's; one that throws costs nothing but that call.
  template <typename Function>
  void GuardLoop(Function function) {
    try {
      function();
    } catch (...) {
      LoopCallbackThrew();
    }
  }

  // --- The steps a role adds to an iteration --------------------------------

  // Events whose data is at least this are the role's: OnRoleEvent.
  static constexpr uint64_t kFirstRoleEvent = UINT64_MAX - 0xffff;

  virtual void BeforeWait() {}
  // Asked after others were told that this loop sleeps; false if something
  // changed before they could know.
  virtual bool MayDoze() { return true; }
  virtual void OnRoleEvent(uint64_t) {}
  virtual void AfterEvents() {}
  virtual void BeginDrain() {}
  // In a drain: nothing of the role keeps the loop from ending.
  virtual bool RoleDone() const { return true; }
  // Run() ends: what uses timers and watches goes while they are there.
  virtual void DropRole() {}
  // Before OnConnect.
  virtual void OnAdopted(Connection&) {}
  // The peer's FIN is the end of it; nobody is asked by OnInputEnd.
  virtual bool DiesOfInputEnd(const Connection&) { return false; }
  // Before OnClose; what it makes of `reason` counts.
  virtual CloseReason JudgeClose(const Connection&, CloseReason reason) {
    return reason;
  }
  // The connection's id names nothing any more. Its socket is closed but for
  // CloseReason::kGivenBack, with which it comes along.
  virtual void OnConnectionGone(ConnectionId, IdleSocket) {}

  // --- For roles --------------------------------------------------------------

  // Ends a watch and leaves its descriptor in the epoll, to be adopted.
  void ForgetWatch(WatchId id) { watches_.Forget(id); }
  // Connection::Finish().
  void FinishConnection(Connection& connection, CloseReason reason) {
    connection.Finish(reason);
  }
  // The handler has called Close() or the like, whatever came of it.
  bool IsOwnClose(const Connection& connection) const {
    return connection.own_close_;
  }
  // Nothing is under way in either direction, and both are open.
  bool AtRest(const Connection& connection) const {
    const Transport* transport = connection.transport();
    return !connection.closing() && !connection.input_ended_ &&
           connection.drained() && connection.input_.empty() &&
           (transport == nullptr ||
            (transport->established() && !transport->input_pending() &&
             !transport->holds_input() && !transport->output_pending()));
  }

 private:
  friend class Connection;

  // Where all connections of the loop read to. As much as a TCP receive buffer
  // holds by default, so that one call usually empties it.
  static constexpr size_t kScratchBytes = 64 << 10;

  struct TimerTask : TimerNode {
    TimerTask(SlotName n, Task t)
        : TimerNode(kTask), name(n), task(std::move(t)) {}
    SlotName name;
    Task task;
  };

  // For Connection.
  void MarkDirty(Connection& connection) {
    // A connection in its own callback is settled when that returns.
    if (&connection != current_) AddDirty(connection);
  }
  void AddDirty(Connection& connection);
  void MarkReady(Connection& connection);
  void Retire(Connection& connection);
  void CountSent(Connection& connection, uint64_t bytes);

  // Tasks, connections, timers and watches, while all that what they hold may
  // call upon in its destructor is still there.
  void DropEverything();
  int WaitTimeoutMs(absl::Duration max_wait) const;
  size_t Wait(absl::Duration max_wait);
  void Dispatch(const epoll_event& event);
  void FollowPhase();
  void StopConnections();

  void HandleEvents(Connection& connection, uint32_t events);
  void ReadInput(Connection& connection);
  void DiscardInput(Connection& connection);
  void DeliverMessage(Connection& connection);
  void EndInput(Connection& connection);
  // --- io_handler_transport.cc ---
  void BeginHandshake(Connection& connection,
                      std::unique_ptr<Transport> transport);
  // What epoll is to report in the handshake: by edges, since the connection
  // may wait for its turn while its socket is ready.
  static uint32_t HandshakeEvents(const Connection& connection);
  // Tells epoll if that has changed.
  void UpdateHandshakeEvents(Connection& connection);
  void MarkHandshake(Connection& connection);
  void ContinueHandshakes();
  void StepHandshake(Connection& connection);
  void EndHandshake(Connection& connection);
  void SettleHandshake(Connection& connection);
  void ReportHandshakeFailure(Connection& connection);
  // Events of a connection with a transport; false: nothing is left to do.
  bool TakeTransportEvents(Connection& connection, uint32_t& events);
  // Has it read once more if its transport holds bytes, which no event would
  // announce.
  void ReadOnIfPending(Connection& connection);
  // 0, or EAGAIN while the peer is still to be told that no more follows.
  int SayFarewell(Connection& connection);
  // To a connection that is being destroyed without Close().
  void SayFarewellAtLast(Connection& connection);

  // Brings a connection to rest after callbacks: flushes, closes if it is time,
  // tells epoll and the timers what it waits for now.
  void Settle(Connection& connection);
  void FlushRounds(Connection& connection);
  void Flush(Connection& connection);
  // Closes it, or has it read what a peer that has gone had said before: why it
  // would not have more, perhaps.
  void OutputFailed(Connection& connection, int error);
  // The next turn of that.
  void HearOut(Connection& connection);
  // Something lies in the socket, whatever the transport makes of it.
  static bool SocketHasInput(const Connection& connection);
  void NotifyEdges(Connection& connection);
  void CloseIfIdle(Connection& connection);
  void ContinueClosing(Connection& connection);
  void UpdateInterest(Connection& connection);
  void UpdateTimeout(Connection& connection);
  // Runs a callback; one that throws costs its connection.
  template <typename Function>
  void Guard(Connection& connection, Function function) {
    Connection* outer = std::exchange(current_, &connection);
    try {
      function();
    } catch (...) {
      CallbackThrew(connection);
    }
    current_ = outer;
  }
  // Of the connection in whose callback we are.
  LogContext Context() override;
  void CallbackThrew(Connection& connection);
  void LoopCallbackThrew();

  Connection* MakeConnection(UniqueFd fd);
  // OnConnect, with all that belongs to it.
  void Announce(Connection& connection);
  // EPOLL_CTL_ADD or EPOLL_CTL_MOD; 0 or errno.
  int SetEvents(int op, Connection& connection, uint32_t events);
  static bool IsRegistered(const Connection& connection, uint32_t events);
  void MakeRoomInLists();
  void DeliverReady();
  void SettleDirty();
  void DestroyRetired();
  // Takes the socket of a connection that is being destroyed out of this loop.
  IdleSocket Detach(Connection& connection);
  void RunTimers();
  // When the time-out that runs ends.
  uint64_t DueTick(const Connection& connection) const;
  void FireTimeout(Connection& connection);
  // Whether the socket has what the time-out waited for after all.
  bool LookOnceMore(Connection& connection);
  // Has its time-out computed anew.
  void ForgetTimeout(Connection& connection);
  uint64_t TickOf(MonotonicTime time) const;

  // Constant after Init().
  ThreadSharedData& shared_;
  const ConnectionOptions& connection_options_;
  ThreadSlot& slot_;
  const int thread_;
  const MonotonicTime start_;  // Tick 0.
  UniqueFd epoll_;

  const pthread_t loop_thread_;

  MonotonicTime now_;
  uint64_t now_tick_ = 0;
  uint64_t round_ = 0;
  RunPhase phase_ = RunPhase::kRunning;
  std::vector<epoll_event> events_;
  std::unique_ptr<char[]> scratch_;
  Connection* current_ = nullptr;  // In whose callback we are.

  // The context of the line that was logged last.
  struct {
    ConnectionId id;
    std::string connection;
    std::string peer;
  } logged_;

  TimerWheel timers_;
  OutputSegmentPool segment_pool_;
  SlotMap<Connection> connections_;
  SlotMap<TimerTask> timer_tasks_;
  WatchList watches_;

  // Each has room for every connection, so that adding one cannot fail.
  std::vector<Connection*> dirty_;       // Settled at the end of the batch.
  std::vector<Connection*> ready_;       // RequestMessage.
  std::vector<Connection*> retired_;     // Destroyed at the end of the batch.
  std::vector<Connection*> settling_;    // Of dirty_, in this batch.
  std::vector<Connection*> delivering_;  // Of ready_, in this batch.
  std::vector<Connection*> handshakes_;  // Can go on, in the order of asking.
};

}  // namespace kingpin

#endif  // KINGPIN_NET_IO_HANDLER_H_
