// IOHandlerForServer: the loop of one server thread. For ever:
//
//   1. try the accept mutex; if it is taken, do not block;
//   2. with the mutex, have the listeners in this thread's epoll;
//   3. wait for events;
//   4. handle the connected sockets;
//   5. accept a bounded batch;
//   6. release the mutex, or rather, keep the turn or hand it to a lighter
//      thread (accept_mutex.h).
//
// The other accept strategies differ in 1, 2 and 6 only.
//
// Running out of descriptors or memory pauses accepting on this thread, from
// 10 ms doubling to 1 s, and is logged once a second; connections wait in the
// backlog meanwhile and those that exist are served. Who keeps descriptors that
// it can do without gives them up in OnOutOfDescriptors.
//
// Threads, lifetime: as IOHandler. Example: there.
#ifndef KINGPIN_NET_IO_HANDLER_FOR_SERVER_H_
#define KINGPIN_NET_IO_HANDLER_FOR_SERVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/idle_socket.h"
#include "kingpin/pool/thread_shared_data_for_server.h"

namespace kingpin {

class IOHandlerForServer : public IOHandler {
 public:
  IOHandlerForServer(ThreadSharedDataForServer* shared, int thread)
      : IOHandler(shared, thread), shared_(*shared) {}

  absl::Status Init() override;

  // accept(2) has run out of descriptors, of this process or of the system.
  // Each loop that cannot accept is told so, before it tries again.
  virtual void OnOutOfDescriptors() {}

  // What a connection that is accepted from the listener with this index (of
  // ServerOptions::listen) goes through: TLS, for one (kingpin/tls). OnConnect
  // comes when its handshake is done. Null: nothing. An exception is taken for
  // lack of memory.
  virtual std::unique_ptr<Transport> NewTransport(size_t /*listener*/) {
    return nullptr;
  }

 protected:
  void BeforeWait() final;
  bool MayDoze() final;
  void OnRoleEvent(uint64_t data) final;
  void AfterEvents() final;
  void BeginDrain() final;
  void OnConnectionGone(ConnectionId, IdleSocket) final {
    shared_.OnConnectionClosed();
  }

 private:
  AcceptStrategy strategy() const { return shared_.options().strategy; }
  // Steps 1 and 6 of the strategy.
  bool ShouldListen();
  // Holds the turn, may not accept, and knows who may.
  bool OwesTurn() const;
  void PassTurnOn();
  // Step 2: the listeners in or out of the epoll.
  void SetListening(bool on);
  // Step 5.
  void AcceptBatch(size_t listener);
  // False when the queue is empty or accepting has to pause.
  bool AcceptOne(size_t listener);
  // 0 or errno.
  int AdoptAccepted(UniqueFd fd, size_t listener);
  // This thread is still one that should accept.
  bool MayKeepAccepting();
  void GrowOrResetBatch();
  void Pause(int error);
  void UpdateAccepting();

  ThreadSharedDataForServer& shared_;
  std::vector<int> listeners_;
  uint64_t ready_listeners_ = 0;  // By index in listeners_.
  bool listening_ = false;        // They are in the epoll.
  bool holding_turn_ = false;     // kMutex: as far as this thread knows.
  bool backing_off_ = false;
  bool at_capacity_ = false;
  bool closed_for_good_ = false;  // Draining.
  absl::Duration back_off_;
  int batch_ = 1;
  uint64_t last_batch_iteration_ = 0;
};

}  // namespace kingpin

#endif  // KINGPIN_NET_IO_HANDLER_FOR_SERVER_H_
