// IOHandler: the connections of the loop, from Adopt to Finish. io_handler.cc has
// the loop, io_handler_timers.cc the time-outs.
#include <errno.h>

#include <algorithm>
#include <new>
#include <utility>

#include "absl/base/optimization.h"
#include "kingpin/logger/klog.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// Room to read to behind input that is held.
constexpr size_t kMinRoom = 4 << 10;
// What one connection may send before the others of the loop have their turn.
constexpr uint64_t kFlushBudget = 512 << 10;
// Files at the low edge of the output.
constexpr size_t kLowFiles = 16;
// How often OnWriteComplete may write on before the same.
constexpr int kFlushRounds = 4;

// As registered_events_ holds them. EPOLLET does not fit.
constexpr uint8_t kByEdge = 0x80;
uint8_t ShortEvents(uint32_t events) {
  uint8_t bits = static_cast<uint8_t>(events);
  return (events & uint32_t{EPOLLET}) == 0 ? bits : bits | kByEdge;
}

}  // namespace

Connection* IOHandler::MakeConnection(UniqueFd fd) {
  if (connections_.size() > ConnectionId::kMaxIndex) return nullptr;
  try {
    MakeRoomInLists();
    return connections_.Emplace(this, std::move(fd)).second;
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}

void IOHandler::MakeRoomInLists() {
  size_t needed = connections_.size() + 1;
  for (std::vector<Connection*>* list :
       {&dirty_, &ready_, &retired_, &settling_, &delivering_, &handshakes_}) {
    if (list->capacity() < needed) list->reserve(2 * needed);
  }
}

int IOHandler::Adopt(UniqueFd fd, std::unique_ptr<Transport> transport,
                     int epoll_op) {
  Connection* connection = MakeConnection(std::move(fd));
  if (connection == nullptr) return ENOMEM;
  uint32_t events = EPOLLIN;
  if (transport != nullptr) {
    BeginHandshake(*connection, std::move(transport));
    if (connection->handshaking_) events = HandshakeEvents(*connection);
  }
  if (int error = SetEvents(epoll_op, *connection, events); error != 0) {
    connections_.Erase(connection->name_);
    return error;
  }
  slot_.AddLoad(1);
  // In somebody's callback the scratch block is taken, to which settling while
  // draining may read.
  const bool nested = current_ != nullptr;
  Guard(*connection, [&] {
    OnAdopted(*connection);
    if (!connection->handshaking_) Announce(*connection);
    // The others were closed when the run was stopped.
    if (phase_ == RunPhase::kStopping) {
      connection->Finish(CloseReason::kShutdown);
    }
    if (!nested) Settle(*connection);
  });
  if (nested) MarkDirty(*connection);
  return 0;
}

void IOHandler::Announce(Connection& connection) {
  KVLOG(1) << "connected";
  connection.connected_ = true;
  OnConnect(connection);
}

Connection* IOHandler::Find(ConnectionId id) {
  if (id.thread() != thread_) return nullptr;
  Connection* connection = connections_.Find(id.name());
  return connection == nullptr || connection->closed_ ? nullptr : connection;
}

void IOHandler::RunWith(ConnectionId id,
                        absl::FunctionRef<void(Connection&)> function) {
  Connection* connection = Find(id);
  if (connection == nullptr) return stats().stale_ids.Add();
  Guard(*connection, [&] {
    function(*connection);
    // Not settled here: what the posts of a batch write leaves together.
  });
  MarkDirty(*connection);
}

void IOHandler::ForEachConnection(
    absl::FunctionRef<void(Connection&)> function) {
  connections_.ForEach([&](SlotName, Connection& connection) {
    if (!connection.closed_ && connection.connected_) function(connection);
  });
}

void IOHandler::AddDirty(Connection& connection) {
  if (connection.in_dirty_list_ || connection.closed_) return;
  connection.in_dirty_list_ = true;
  dirty_.push_back(&connection);
}

void IOHandler::MarkReady(Connection& connection) {
  if (connection.in_ready_list_ || connection.closed_) return;
  connection.in_ready_list_ = true;
  ready_.push_back(&connection);
}

void IOHandler::Retire(Connection& connection) {
  timers_.Cancel(connection);
  retired_.push_back(&connection);
}

void IOHandler::CountSent(Connection& connection, uint64_t bytes) {
  stats().bytes_written.Add(bytes);
  connection.sent_bytes_ = true;
  connection.moved_bytes_ = true;
  connection.fresh_ = false;
}

void IOHandler::HandleEvents(Connection& connection, uint32_t events) {
  Guard(connection, [&] {
    if (ABSL_PREDICT_FALSE(connection.transport_ != nullptr) &&
        !TakeTransportEvents(connection, events)) {
      return;
    }
    if (events & EPOLLOUT) connection.blocked_ = false;
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
      if (connection.lingering_) {
        DiscardInput(connection);
      } else if (connection.in_ready_list_) {
        // What it holds already waits for its turn in this round: reading on
        // would let a peer that floods pile up more than the handler takes.
      } else if (connection.wants_input()) {
        ReadInput(connection);  // Also finds the error, behind the last bytes.
      } else if (events & (EPOLLHUP | EPOLLERR)) {
        // Cannot be masked: whoever leaves it in the epoll spins.
        int error = sys::TakeSocketError(connection.fd());
        if (error == 0) error = connection.error_;  // A write has taken it.
        if (error == 0) {
          connection.Finish(CloseReason::kPeer);
        } else {
          OutputFailed(connection, error);
        }
      }
    }
    Settle(connection);
  });
}

void IOHandler::ReadInput(Connection& connection) {
  absl::Span<char> room = connection.input_.PrepareRead(
      absl::MakeSpan(scratch_.get(), kScratchBytes), kMinRoom);
  SysResult<size_t> got =
      connection.transport_ == nullptr
          ? sys::Recv(connection.fd(), room.data(), room.size())
          : connection.transport_->Recv(room.data(), room.size());
  if (got.ok() && got.value > 0) {
    connection.input_.CommitRead(got.value);
    connection.received_ = true;
    connection.moved_bytes_ = true;
    connection.fresh_ = false;
    stats().bytes_read.Add(got.value);
    return DeliverMessage(connection);
  }
  connection.input_.Keep();
  if (ABSL_PREDICT_FALSE(connection.error_ != 0)) {
    // A record, say, of which this was not all.
    if (got.error == EAGAIN && SocketHasInput(connection)) return;
    return connection.Finish(CloseReason::kError, connection.error_);
  }
  if (got.ok()) return EndInput(connection);
  if (got.error != EAGAIN) connection.Finish(CloseReason::kError, got.error);
}

void IOHandler::DeliverMessage(Connection& connection) {
  OnMessage(connection);
  connection.input_.Keep();
  if (ABSL_PREDICT_TRUE(connection.input_.empty())) return;
  // A handler that stopped for other reasons than lack of input is no proof of
  // a message that is too large.
  if (connection.input_full() && connection.wants_input() &&
      !connection.in_ready_list_) {
    connection.Finish(CloseReason::kInputOverflow);
  }
}

void IOHandler::EndInput(Connection& connection) {
  connection.input_ended_ = true;
  if (DiesOfInputEnd(connection)) return connection.Finish(CloseReason::kPeer);
  OnInputEnd(connection);
  if (connection.closing_ && connection.reason_ == CloseReason::kLocal) {
    connection.reason_ = CloseReason::kPeer;
  }
}

void IOHandler::DiscardInput(Connection& connection) {
  SysResult<size_t> got =
      sys::Recv(connection.fd(), scratch_.get(), kScratchBytes);
  if (got.ok() ? got.value == 0 : got.error != EAGAIN) {
    connection.Finish(CloseReason::kLocal);
  }
}

void IOHandler::Settle(Connection& connection) {
  const bool has_transport = connection.transport_ != nullptr;
  if (ABSL_PREDICT_FALSE(has_transport) && connection.handshaking_) {
    return SettleHandshake(connection);
  }
  if (!connection.drained() || connection.wrote_) FlushRounds(connection);
  if (ABSL_PREDICT_FALSE(phase_ == RunPhase::kDraining)) {
    CloseIfIdle(connection);
    FlushRounds(connection);
    // It read a request and has answered it: no event may bring it back here.
    if (!connection.closing() && connection.idle() &&
        !connection.expects_first_request()) {
      MarkReady(connection);
    }
  }
  if (ABSL_PREDICT_FALSE(connection.error_ != 0)) HearOut(connection);
  if (connection.closing_ && !connection.closed_ && connection.drained()) {
    ContinueClosing(connection);
  }
  if (connection.closed_) return;
  if (ABSL_PREDICT_FALSE(has_transport)) ReadOnIfPending(connection);
  // The ordinary message leaves the connection waiting for the next one.
  if (has_transport || !connection.waits_for_input_only() ||
      connection.registered_events_ != EPOLLIN) {
    UpdateInterest(connection);
    if (connection.closed_) return;  // A timer armed now would outlive it.
  }
  UpdateTimeout(connection);
}

void IOHandler::FlushRounds(Connection& connection) {
  for (int round = 0; round < kFlushRounds; ++round) {
    if (connection.closed_ || connection.blocked_) return;
    if (connection.error_ != 0) return;
    if (connection.drained() && !connection.wrote_) return;
    Flush(connection);
    NotifyEdges(connection);
  }
  // It could go on, but others want their turn: epoll brings it back.
  if (!connection.drained() || connection.wrote_) connection.blocked_ = true;
}

void IOHandler::Flush(Connection& connection) {
  if (connection.drained()) return;
  OutputQueue::FlushResult result = connection.output_.Flush(
      connection.fd(), segment_pool_, kFlushBudget, connection.sender());
  if (result.sent > 0) CountSent(connection, result.sent);
  if (result.error == EAGAIN) {
    connection.blocked_ = true;
  } else if (result.error != 0) {
    OutputFailed(connection, result.error);
  } else if (!connection.drained()) {
    connection.blocked_ = true;  // The budget is used up.
  }
}

void IOHandler::OutputFailed(Connection& connection, int error) {
  const bool peer_has_gone = sys::PeerHasGone(error);
  // Nothing leaves any more: what waits holds up no input.
  const bool fell = peer_has_gone && connection.above_high_edge_;
  if (fell) connection.above_high_edge_ = false;
  if (!peer_has_gone || !connection.wants_input()) {
    return connection.Finish(CloseReason::kError, error);
  }
  // As when the peer takes it: what was held back is shown once more.
  if (fell && !connection.input_.empty()) MarkReady(connection);
  // The first: what follows it is EPIPE. Settle goes on from here.
  if (connection.error_ == 0) connection.error_ = error;
}

void IOHandler::HearOut(Connection& connection) {
  if (connection.closed_) return;
  if (!connection.wants_input()) {
    return connection.Finish(CloseReason::kError, connection.error_);
  }
  if (connection.in_ready_list_) return;  // Reads on, or has yet to deliver.
  connection.read_again_ = true;
  MarkReady(connection);
}

bool IOHandler::SocketHasInput(const Connection& connection) {
  return sys::Peek(connection.fd()).error != EAGAIN;
}

void IOHandler::NotifyEdges(Connection& connection) {
  if (connection.closed_) return;
  bool was_above = connection.above_high_edge_;
  const OutputQueue& output = connection.output_;
  if (was_above && output.files() <= kLowFiles &&
      output.bytes() <= connection.options().output_low_bytes) {
    connection.above_high_edge_ = false;
  }
  bool fell = was_above && !connection.above_high_edge_;
  if (!fell && !connection.drained()) return;
  if (connection.drained()) connection.wrote_ = false;
  if (connection.closing_) return;
  OnWriteComplete(connection);
  if (fell && connection.wants_input() && !connection.input_.empty() &&
      !connection.in_ready_list_) {
    DeliverMessage(connection);
  }
}

void IOHandler::ContinueClosing(Connection& connection) {
  if (connection.lingering_) return;
  if (connection.transport_ != nullptr && SayFarewell(connection) == EAGAIN) {
    return;  // UpdateInterest waits for room.
  }
  if (!connection.linger_ || connection.input_ended_ ||
      sys::ShutdownWrite(connection.fd()) != 0) {
    return connection.Finish(CloseReason::kLocal);
  }
  connection.lingering_ = true;
  connection.input_.TakeAll();
  connection.input_.Keep();
}

void IOHandler::UpdateInterest(Connection& connection) {
  if (connection.drained() && !connection.wrote_) connection.blocked_ = false;
  uint32_t events = 0;
  if (connection.wants_input() || connection.lingering_) events |= EPOLLIN;
  if (connection.blocked_ || (connection.transport_ != nullptr &&
                              connection.transport_->output_pending())) {
    events |= EPOLLOUT;
  }
  if (IsRegistered(connection, events)) return;
  int error = SetEvents(EPOLL_CTL_MOD, connection, events);
  if (error != 0) connection.Finish(CloseReason::kError, error);
}

bool IOHandler::IsRegistered(const Connection& connection, uint32_t events) {
  return connection.registered_events_ == ShortEvents(events);
}

int IOHandler::SetEvents(int op, Connection& connection, uint32_t events) {
  int error = sys::EpollCtl(epoll_.get(), op, connection.fd(), events,
                            connection.id().bits());
  if (error == 0) connection.registered_events_ = ShortEvents(events);
  return error;
}

}  // namespace kingpin
