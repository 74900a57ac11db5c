// WebSocket: the protocol of RFC 6455 on one connection, of either side, once
// the handshake is done. Handlers get one with every callback:
//
//   class Echo : public http::WebSocketHandler {     // websocket_handler.h
//    public:
//     using WebSocketHandler::WebSocketHandler;
//     void OnRequest(Connection& c, const http::Request& r) override {
//       AcceptWebSocket(c, r);
//     }
//     void OnWebSocketMessage(http::WebSocket& ws, http::WebSocketKind kind,
//                             std::string_view payload) override {
//       ws.Send(kind, payload);
//     }
//   };
//
//   open -- Close() --------> closing: discards messages, waits for the peer's
//     |                          |     Close, for close_timeout at most
//     |-- the peer's Close,      |
//     |   something malformed    v
//     '---------------------> over: a Close frame has been sent if there was
//                             anybody to read it; OnWebSocketClose at the end
//
// Threads: loop thread only. Other threads use its ConnectionId, with the
// functions at the end of this file.
// Lifetime: it hangs on its connection, as its state, and dies after
// OnWebSocketClose. As with connections, a callback may close this or any other
// and go on using both.
// Memory: an idle one owns nothing but itself (80 bytes), and what is attached
// to it. docs/websocket.md has the rest.
#ifndef KINGPIN_HTTP_WEBSOCKET_H_
#define KINGPIN_HTTP_WEBSOCKET_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "absl/time/time.h"
#include "absl/types/span.h"
#include "kingpin/http/attachment.h"
#include "kingpin/http/deadline_queue.h"
#include "kingpin/http/websocket_close.h"
#include "kingpin/http/websocket_deflate.h"
#include "kingpin/http/websocket_extension.h"
#include "kingpin/http/websocket_frame.h"
#include "kingpin/http/websocket_message.h"
#include "kingpin/http/websocket_reader.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/pool/thread_shared_data.h"

namespace kingpin::http {

class WebSocketHost;

// How one has ended.
struct WebSocketEnd {
  // Of the peer's Close frame. If there was none: ours if we sent one, else
  // kAbnormal.
  WebSocketClose code = WebSocketClose::kAbnormal;
  std::string_view reason;  // Of the peer, for people.
  bool by_peer = false;     // `code` is the peer's.
  bool clean = false;       // Both sides have sent a Close frame.
  CloseReason connection = CloseReason::kLocal;  // What became of that.
};

class WebSocket : private DeadlineQueue::Node {
 public:
  // For WebSocketHost.
  WebSocket(WebSocketHost* host, Connection* connection,
            const std::optional<DeflateTerms>& deflate, Attachment attached);
  ~WebSocket();

  ConnectionId id() const { return connection_.id(); }
  Connection& connection() { return connection_; }
  // Neither side has begun to close it.
  bool open() const { return phase_ == Phase::kOpen && !connection_.closing(); }

  // --- Sending ---------------------------------------------------------------

  // Sends a message behind those before it. False: it is not open (and nothing
  // was sent), or the output is above its high edge
  // (ConnectionOptions::output_high_bytes): the peer reads more slowly than it is
  // written to. Go on at OnWebSocketWritable; who does not is cut off at
  // output_limit_bytes. Text has to be UTF-8.
  bool Send(WebSocketKind kind, std::string_view payload);
  bool SendText(std::string_view payload) {
    return Send(WebSocketKind::kText, payload);
  }
  bool SendBinary(std::string_view payload) {
    return Send(WebSocketKind::kBinary, payload);
  }
  // The same, of one that many get.
  bool Send(const WebSocketMessage& message);

  // Asks for a sign of life; OnWebSocketRtt has the time that it took. It
  // carries our clock, 8 bytes. One is under way at a time: a later one replaces
  // it. Sent by itself every ping_interval.
  void Ping();

  // --- Receiving -------------------------------------------------------------

  // No OnWebSocketMessage until ResumeReading. Neither pings nor the peer's
  // Close are seen meanwhile.
  void PauseReading();
  void ResumeReading();

  // --- Ending ----------------------------------------------------------------

  // Sends what is pending and a Close frame, then waits for the peer's. kNoCode:
  // without a code. The reason is for people, UTF-8, at most 123 bytes; a longer
  // one is cut. A code that must not be sent is sent as kInternalError.
  void Close(WebSocketClose code = WebSocketClose::kNormal,
             std::string_view reason = "");
  // At once, and without a word: the peer sees kAbnormal.
  void Abort() { connection_.Abort(); }

  // --- State -----------------------------------------------------------------

  // One object of the application's own, which dies with this.
  template <typename T, typename... Args>
  T& Attach(Args&&... args) {
    return attached_.Emplace<T>(std::forward<Args>(args)...);
  }
  // What was attached as a T, here or to the exchange that became this; else
  // null.
  template <typename T>
  T* attachment() const {
    return attached_.Get<T>();
  }

 private:
  friend class WebSocketHost;

  enum class Phase : uint8_t { kOpen, kClosing, kOver };

  // What few have.
  struct Extras {
    std::string close_reason;
    std::unique_ptr<WebSocketDeflater> deflater;  // Keeps its context.
    bool deflater_is_behind = false;  // The peer has seen what it has not.
  };
  Extras& extras();

  // --- For the host ---
  void Opened(std::string_view protocol);
  void TakeInput();
  void EndInput();
  void OutputDrained();
  void ReportEnd(CloseReason reason);
  // Nothing was heard for a ping_interval; or close_timeout has passed.
  void BecameDue();
  // As Send, and tells OnWebSocketSlow.
  void SendPosted(const WebSocketMessage& message);

  bool MayTake() const;
  bool AboveHighEdge() const;
  void Handle(const WebSocketInput& input);
  // False: it has sent too many, and is over.
  bool MayControl();
  void HandlePong(std::string_view payload);
  void HandleClose(std::string_view payload);
  // Ends it because of what the peer or a callback did.
  void Fail(WebSocketClose code, std::string_view reason);
  // Both sides have said that it is over: the server closes first.
  void AwaitEnd();
  void UpdateWaiting();

  bool compresses(size_t size) const;
  int send_window_bits() const;
  bool keeps_send_context() const;
  // To the host's scratch; false: it is not worth it.
  bool Deflate(std::string_view payload);
  WebSocketDeflater& DeflaterForContext();
  bool SendFrames(WebSocketOpcode opcode, std::string_view body,
                  bool compressed);
  bool SendFrame(const WebSocketFrameHead& head, std::string_view payload);
  void SendControl(WebSocketOpcode opcode, std::string_view payload);
  void SendClose(WebSocketClose code, std::string_view reason);
  bool Written(bool below_high_edge);
  template <typename Function>
  void CallOut(Function function);

  WebSocketHost& host_;
  Connection& connection_;
  WebSocketReader reader_;
  std::unique_ptr<Extras> extras_;
  Attachment attached_;
  DeflateTerms deflate_;
  // Until there is a ping of ours to count from.
  static constexpr uint16_t kUncounted = UINT16_MAX;
  uint16_t control_frames_;  // The peer's, since our last ping.
  uint16_t close_code_ = static_cast<uint16_t>(WebSocketClose::kAbnormal);
  Phase phase_ = Phase::kOpen;

  bool deflates_ : 1;
  bool heard_ : 1 = true;            // Since the last ping.
  bool ping_under_way_ : 1 = false;  // Sent at since().
  bool paused_ : 1 = false;
  bool full_ : 1 = false;  // A send was told so, until it is writable again.
  bool peer_closed_ : 1 = false;  // close_code_ is the peer's.
  bool clean_ : 1 = false;
  bool waits_ : 1 = false;  // As told the connection: SetMidMessage.
};

// From any thread. Each is false, and nothing happens, when the loop's mailbox is
// full or the loop has ended; a stale id, or one of a connection that is no
// WebSocket, is a no-op (kingpin/net/connection_id.h). A peer that reads too
// slowly for it is reported by OnWebSocketSlow.
[[nodiscard]] bool SendMessage(ThreadSharedData& shared, ConnectionId id,
                               WebSocketMessage message);
// To all of `ids`, which costs one post for each thread. Returns to how many it
// was posted.
size_t SendMessage(ThreadSharedData& shared, absl::Span<const ConnectionId> ids,
                   const WebSocketMessage& message);
[[nodiscard]] bool CloseWebSocket(ThreadSharedData& shared, ConnectionId id,
                                  WebSocketClose code, std::string reason = "");

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_H_
