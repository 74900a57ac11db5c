// IOHandler: connections with a transport (transport.h): their handshakes, and
// what a socket by itself does not have.
#include <errno.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kingpin/logger/klog.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/transport.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

// What all handshakes together may take of an iteration, in which the others
// wait; one goes on at least. A server's signature with RSA 2048 takes about
// half of it, with ECDSA P-256 a twentieth.
constexpr absl::Duration kHandshakeBudget = absl::Milliseconds(1);

}  // namespace

void IOHandler::BeginHandshake(Connection& connection,
                               std::unique_ptr<Transport> transport) {
  connection.transport_ = std::move(transport);
  connection.transport_->Attach(connection.fd());
  connection.handshaking_ = !connection.transport_->established();
  if (connection.handshaking_) {
    connection.handshake_peer_ =
        std::make_unique<const SocketAddress>(connection.peer());
  }
  connection.output_in_kernel_ = connection.transport_->output_in_kernel();
  connection.blocked_ =
      connection.handshaking_;  // What is written has to wait.
}

uint32_t IOHandler::HandshakeEvents(const Connection& connection) {
  uint32_t events = EPOLLIN | EPOLLET;
  if (connection.transport_->output_pending()) events |= EPOLLOUT;
  return events;
}

void IOHandler::UpdateHandshakeEvents(Connection& connection) {
  uint32_t events = HandshakeEvents(connection);
  if (IsRegistered(connection, events)) return;
  // Reports what the socket is ready for already, edge or not.
  int error = SetEvents(EPOLL_CTL_MOD, connection, events);
  if (error != 0) return connection.Finish(CloseReason::kError, error);
}

void IOHandler::MarkHandshake(Connection& connection) {
  if (connection.in_handshake_list_ || connection.closed_) return;
  connection.in_handshake_list_ = true;
  handshakes_.push_back(&connection);
}

void IOHandler::ContinueHandshakes() {
  const MonotonicTime end = shared_.clock().Now() + kHandshakeBudget;
  // What asks for another turn meanwhile has it in the next round.
  const size_t count = handshakes_.size();
  size_t done = 0;
  do {
    Connection& connection = *handshakes_[done++];
    connection.in_handshake_list_ = false;
    if (connection.closed_) continue;
    Guard(connection, [&] { StepHandshake(connection); });
  } while (done < count && shared_.clock().Now() < end);
  handshakes_.erase(handshakes_.begin(), handshakes_.begin() + done);
}

void IOHandler::StepHandshake(Connection& connection) {
  if (connection.closing()) return Settle(connection);
  int error = connection.transport_->Handshake();
  if (error == 0) return EndHandshake(connection);
  if (error != EAGAIN) return connection.Finish(CloseReason::kError, error);
  if (connection.transport_->input_pending()) MarkHandshake(connection);
  UpdateHandshakeEvents(connection);
}

void IOHandler::EndHandshake(Connection& connection) {
  connection.handshaking_ = false;
  connection.handshake_peer_ = nullptr;
  connection.output_in_kernel_ = connection.transport_->output_in_kernel();
  connection.blocked_ = connection.transport_->output_pending();
  stats().handshakes.Add();
  if (connection.connected_) {
    OnTransportReady(connection);
  } else {
    Announce(connection);
  }
  Settle(connection);
}

void IOHandler::SettleHandshake(Connection& connection) {
  if (connection.closed_) return;
  if (connection.closing_) return connection.Finish(CloseReason::kLocal);
  UpdateHandshakeEvents(connection);
  if (!connection.closed_) UpdateTimeout(connection);
}

void IOHandler::ReportHandshakeFailure(Connection& connection) {
  stats().handshakes_failed.Add();
  const std::string text = connection.error_text();
  KLOG_EVERY_SECOND(INFO) << "handshake failed: "
                          << (text.empty() ? ToString(connection.reason_)
                                           : absl::string_view(text));
  OnHandshakeFailed(connection, connection.reason_);
}

bool IOHandler::TakeTransportEvents(Connection& connection, uint32_t& events) {
  if (connection.handshaking_) {
    MarkHandshake(connection);
    return false;
  }
  if ((events & EPOLLOUT) != 0 && connection.transport_->output_pending()) {
    int error = connection.transport_->Flush();
    if (error != 0 && error != EAGAIN) {
      OutputFailed(connection, error);
      if (connection.closed_) return false;
    }
    // It may have been a read that had to send something first.
    events |= EPOLLIN;
  }
  return true;
}

void IOHandler::ReadOnIfPending(Connection& connection) {
  if (connection.in_ready_list_ || !connection.wants_input() ||
      !connection.transport_->input_pending()) {
    return;
  }
  connection.read_again_ = true;
  MarkReady(connection);
}

void IOHandler::SayFarewellAtLast(Connection& connection) {
  switch (connection.reason_) {
    case CloseReason::kIdleTimeout:
    case CloseReason::kReadTimeout:
    case CloseReason::kShutdown:
      // It promises that nothing is missing: else the peer is to see that the
      // end came early.
      if (connection.drained() && !connection.busy_) {
        (void)SayFarewell(connection);
      }
      break;
    default:
      break;  // Close() has said it, and after the others it would be a lie.
  }
}

int IOHandler::SayFarewell(Connection& connection) {
  if (connection.handshaking_) return 0;
  int error = connection.transport_->Shutdown();
  connection.saying_farewell_ = error == EAGAIN;
  return error == EAGAIN ? EAGAIN : 0;
}

}  // namespace kingpin
