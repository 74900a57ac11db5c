// IOHandlerForClient: the loop of one client thread. For ever:
//
//   1. lock the connection pool; if it is taken, wait;
//   2. tell it what has happened (connections that are free again, closed, failed)
//      and draw targets: to connect, or to use an idle connection;
//   3. unlock;
//   4. register the sockets that connect, and the idle ones that were drawn;
//   5. wait for events;
//   6. handle the sockets.
//
// 1 to 3 are left out while there is nothing to tell and nothing to draw, so a
// client without work sleeps in 5, and is woken by work.
//
// A target that is drawn gets a connection, new or used before: its first message
// is sent and OnConnect called. From then on the connection is the handler's: to
// write, to read, and in the end to Close() or to GiveBack(), which also ends the
// target. The read time-out runs while an answer is waited for; the target's own
// deadline ends it in any case, with CloseReason::kDeadline.
//
// A reused connection that ends before it has answered was closed by the peer
// while nobody looked: OnClose comes with CloseReason::kRetry, and OnConnect once
// more for the same target (Target::may_retry). Not after the handler has called
// Close() or the like itself.
//
// A drain fails the targets that have no connection yet with
// ConnectError::kShutdown, and waits for those that have.
//
// Threads, lifetime: as IOHandler. Bounds and limits: connection_pool.h.
//
//   class Client : public IOHandlerForClient {
//    public:
//     using IOHandlerForClient::IOHandlerForClient;
//     void OnMessage(Connection& c) override { Show(c.input().TakeAll()); GiveBack(c); }
//     void OnConnectFailed(Target& t, const ConnectFailure& f) override { Show(f); }
//   };
#ifndef KINGPIN_NET_IO_HANDLER_FOR_CLIENT_H_
#define KINGPIN_NET_IO_HANDLER_FOR_CLIENT_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "kingpin/net/connect_race.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/resolver.h"
#include "kingpin/net/slot_map.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/connection_pool.h"
#include "kingpin/pool/idle_socket.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

class IOHandlerForClient : public IOHandler {
 public:
  IOHandlerForClient(ThreadSharedDataForClient* shared, int thread);
  ~IOHandlerForClient() override;

  absl::Status Init() override;

  // The target gets no connection, and this is the end of it. What it carries
  // may be moved from, and the target added again.
  virtual void OnConnectFailed(Target&, const ConnectFailure&) {}

  // What a new connection for `target` goes through: TLS, for one (kingpin/tls).
  // OnConnect comes when its handshake is done, OnConnectFailed with
  // ConnectError::kHandshake if it fails, at once: the host has answered, so it
  // does not back off, and Target::connect_attempts are not for this. Null:
  // nothing. It belongs to the connection and stays with it when that is used
  // again, by any thread. An exception is taken for lack of memory.
  virtual std::unique_ptr<Transport> NewTransport(const Target&) {
    return nullptr;
  }

  // The target that the connection was drawn for, from OnConnect to OnClose.
  // Null for a socket that the handler has adopted itself.
  Target* target(const Connection& connection);
  // The connection was given back by an earlier target.
  bool reused(const Connection& connection) const;

  // The target has what it wanted in time, and its deadline ends nothing any
  // more: for a connection that lives on for as long as both sides like.
  void LiftDeadline(Connection& connection);

  // The connection is free: it goes back to the pool, from where any thread may
  // draw it. OnClose comes with CloseReason::kGivenBack. If it is not fit for that
  // (something waits to be sent, the peer has sent more than was consumed or has
  // closed, the run drains) it is closed instead, and the result is false. Who
  // gives one back has read the last byte of an answer: what comes later would
  // be taken for the beginning of the next.
  bool GiveBack(Connection& connection);

 protected:
  // What names are looked up with, on this loop (kingpin/dns). Called by Init(),
  // whose error its error is. Default: one that knows addresses and localhost.
  virtual absl::StatusOr<std::unique_ptr<Resolver>> MakeResolver();

  void BeforeWait() final;
  bool MayDoze() final;
  void AfterEvents() final;
  void BeginDrain() final;
  bool RoleDone() const final;
  void DropRole() final;
  void OnAdopted(Connection& connection) final;
  void OnHandshakeFailed(Connection& connection, CloseReason reason) final;
  bool DiesOfInputEnd(const Connection& connection) final;
  CloseReason JudgeClose(const Connection& connection,
                         CloseReason reason) final;
  void OnConnectionGone(ConnectionId id, IdleSocket kept) final;

 private:
  // A target that this thread has drawn: it connects, then has a connection.
  struct Exchange {
    Exchange(SlotName n, PendingTarget p, ConnectionPool::Host* h)
        : name(n), pending(std::move(p)), host(h) {}
    const SlotName name;
    PendingTarget pending;
    ConnectionPool::Host* const host;
    TimerId deadline;
    std::unique_ptr<ConnectRace> race;
    ConnectionId connection;
    bool reused = false;
    CloseReason close_reason = CloseReason::kLocal;
    std::optional<ConnectFailure> failure;  // Of the handshake.
  };

  ConnectionPool& pool() { return shared_.pool(); }
  const ConnectionPool& pool() const { return shared_.pool(); }
  void Report(const Exchange& exchange, ConnectionPool::Event event) {
    turn_.reports.push_back({exchange.host, event});
  }
  Exchange* Of(const Connection& connection) const;

  // Step 2, what the pool has told.
  void CloseSurplus();
  void FailLate();
  void StartDrawn();
  void KeepTime();

  // Step 4.
  void Begin(ConnectionPool::Draw& draw);
  void Connect(Exchange& exchange);
  void RaceEnded(SlotName name, ConnectRace::Outcome outcome);
  void AdoptFor(Exchange& exchange, UniqueFd fd,
                std::unique_ptr<Transport> transport, WatchId watch);

  void EndRace(Exchange& exchange);
  void ConnectFailed(Exchange& exchange, ConnectFailure failure);
  // Ends the exchange; its target is drawn again before all others of the host.
  void PutBack(Exchange& exchange);
  void DeadlinePassed(SlotName name);
  bool MayRetry(const Exchange& exchange, const Connection& connection,
                CloseReason reason) const;
  // The exchange ends without a connection.
  void Fail(Exchange& exchange, const ConnectFailure& failure);
  void TellFailure(PendingTarget pending, const ConnectFailure& failure);

  ThreadSharedDataForClient& shared_;
  std::unique_ptr<Resolver> resolver_;
  ConnectionPool::Turn turn_;

  SlotMap<Exchange> exchanges_;
  // By slot of the connection.
  std::vector<Exchange*> by_connection_;
  Exchange* adopting_ = nullptr;  // For OnAdopted.
  // Races that have ended, one of which may be the caller.
  std::vector<std::unique_ptr<ConnectRace>> ended_races_;

  TimerId time_timer_;
  MonotonicTime time_timer_at_ = {INT64_MAX};
  bool time_came_ = false;
};

}  // namespace kingpin

#endif  // KINGPIN_NET_IO_HANDLER_FOR_CLIENT_H_
