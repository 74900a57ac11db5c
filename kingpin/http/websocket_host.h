// WebSocketHost: the WebSockets of one loop. It owns what they share, so that each
// of them is small: deflaters, inflaters, mask keys, scratch memory, one timer.
//
// WebSocketHandler (servers) and WebSocketClientHandler have one, and forward the
// callbacks of connections that have become WebSockets to it. Applications see
// WebSocketEvents and WebSocketOptions only.
//
// Threads, lifetime: a member of an IOHandler, on its loop thread.
//
//   WebSocketHost host(this, this, WebSocketHost::Role::kServer, options);
//   if (WebSocket* ws = WebSocketHost::Find(connection)) host.OnMessage(*ws);
#ifndef KINGPIN_HTTP_WEBSOCKET_HOST_H_
#define KINGPIN_HTTP_WEBSOCKET_HOST_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "kingpin/http/attachment.h"
#include "kingpin/http/deadline_queue.h"
#include "kingpin/http/websocket.h"
#include "kingpin/http/websocket_close.h"
#include "kingpin/http/websocket_deflate.h"
#include "kingpin/http/websocket_extension.h"
#include "kingpin/http/websocket_message.h"
#include "kingpin/http/websocket_reader.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/pool/connection_options.h"
#include "kingpin/sys/clock.h"

namespace kingpin::http {

struct WebSocketOptions {
  // What a peer may send.
  WebSocketLimits limits;
  DeflateOptions deflate;
  // Each is sent a ping this often. One that has sent nothing at all in the
  // interval after a ping is gone, so that is noticed after two of them at most.
  // Infinite: no pings, and Timeouts::idle ends who is silent.
  absl::Duration ping_interval = absl::Seconds(20);
  // Pings and pongs that a peer may send between two pings of ours: more end it
  // with kPolicyViolation. With an infinite ping_interval they are counted from
  // the first WebSocket::Ping() on: who pings goes on pinging. Below 65,535.
  uint16_t max_control_frames = 10'000;
  // From our Close frame until the peer's; then the connection is cut.
  absl::Duration close_timeout = absl::Seconds(5);
  // Messages above this are sent in fragments of this size. 0: never, for it
  // costs a little and gains nothing, but for peers with a limit on frames.
  size_t fragment_bytes = 0;
};

// What a handler overrides. An exception out of one of the callbacks ends that
// WebSocket with kInternalError.
class WebSocketEvents {
 public:
  // The handshake is done. `protocol` is the one agreed upon, or empty.
  virtual void OnWebSocketOpen(WebSocket&, std::string_view /*protocol*/) {}
  // A whole message. `payload` dies when this returns; it is UTF-8 if it is text.
  virtual void OnWebSocketMessage(WebSocket&, WebSocketKind,
                                  std::string_view payload) = 0;
  // The round trip of a ping. A peer can make it look longer, not shorter.
  virtual void OnWebSocketRtt(WebSocket&, absl::Duration /*rtt*/) {}
  // Of what other threads send to it, more waits than output_high_bytes. Nothing
  // is lost yet, but at output_limit_bytes the connection is cut: drop it, or
  // send it less until OnWebSocketWritable.
  virtual void OnWebSocketSlow(WebSocket&) {}
  // After a Send() that returned false, or OnWebSocketSlow: there is room again.
  virtual void OnWebSocketWritable(WebSocket&) {}
  // The last callback, once for each that was opened (as IOHandler::OnClose).
  virtual void OnWebSocketClose(WebSocket&, const WebSocketEnd&) {}

 protected:
  ~WebSocketEvents() = default;
};

class WebSocketHost {
 public:
  enum class Role : bool { kClient, kServer };

  // `handler` and `events` outlive it.
  WebSocketHost(IOHandler* handler, WebSocketEvents* events, Role role,
                const WebSocketOptions& options);
  WebSocketHost(const WebSocketHost&) = delete;
  WebSocketHost& operator=(const WebSocketHost&) = delete;

  // InvalidArgument names the option that is out of its bounds.
  absl::Status CheckOptions() const;
  const WebSocketOptions& options() const { return options_; }

  // Makes one of a connection that has no state and is past its handshake, calls
  // OnWebSocketOpen, and takes what input there is.
  void Open(Connection& connection, const std::optional<DeflateTerms>& deflate,
            Attachment attached, std::string_view protocol);
  // Null: the connection is none.
  static WebSocket* Find(Connection& connection) {
    return connection.has_state<WebSocket>() ? &connection.state<WebSocket>()
                                             : nullptr;
  }

  // --- Callbacks of the loop -------------------------------------------------

  void OnMessage(WebSocket& socket) { socket.TakeInput(); }
  void OnInputEnd(WebSocket& socket) { socket.EndInput(); }
  void OnWriteComplete(WebSocket& socket) { socket.OutputDrained(); }
  void OnClose(WebSocket& socket, CloseReason reason) {
    socket.ReportEnd(reason);
  }
  // Of IOHandler::OnShutdown: every open one is closed with kGoingAway.
  void OnShutdown();

  // Runs SendPosted for a connection that is a WebSocket.
  static void SendPosted(Connection& connection,
                         const WebSocketMessage& message);

  // For WebSocketMessage, with the options' window.
  WebSocketDeflater& deflater() {
    return DeflaterOf(options_.deflate.server_max_window_bits);
  }

 private:
  friend class WebSocket;

  static constexpr MonotonicTime kNotArmed = {INT64_MAX};

  bool is_server() const { return role_ == Role::kServer; }
  MonotonicTime Now() const { return handler_.shared().clock().Now(); }
  // Without context; one for each window.
  WebSocketDeflater& DeflaterOf(int window_bits);
  // Fresh and unforeseeable (RFC 6455 section 10.3).
  uint32_t NextMaskKey();
  void PingLater(WebSocket& socket);
  void CutLater(WebSocket& socket);
  void ArmTimer();
  void RunDue();
  // Memory that a large message has left there is not kept.
  static void Shrink(std::string* scratch);

  IOHandler& handler_;
  WebSocketEvents& events_;
  const Role role_;
  const WebSocketOptions options_;
  // The connection's own, but for what pings take over.
  const Timeouts timeouts_;

  DeadlineQueue quiet_;    // Waits for the next ping.
  DeadlineQueue closing_;  // Waits for the peer's Close.
  TimerId timer_;
  MonotonicTime timer_at_ = kNotArmed;

  WebSocketInflaterPool inflaters_;
  std::array<std::unique_ptr<WebSocketDeflater>, 16> deflaters_;
  std::string deflated_;
  std::string masked_;
  std::array<uint32_t, 64> mask_keys_;
  size_t mask_keys_left_ = 0;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_HOST_H_
