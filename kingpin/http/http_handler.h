// HttpHandler: the loop of an HTTP/1.1 server thread. It parses requests, keeps
// answers in order, decodes request bodies, decides what happens to the
// connection, and writes the access log. Derive from it and answer:
//
//   class Hello : public http::HttpHandler {
//    public:
//     using HttpHandler::HttpHandler;
//     void OnRequest(Connection& c, const http::Request& request) override {
//       char room[1024];
//       http::ResponseHead head = BeginHead(c, http::HttpStatus::kOk, room);
//       head.Add("Content-Type", "text/plain");
//       Answer(c, http::HttpStatus::kOk, &head, "hello\n");
//     }
//   };
//
// An exchange, which is one request and its answer:
//
//   OnRequest -> OnBody... -> (Defer ... Resume) -> complete -> next request
//
// - It is complete when OnRequest has returned, the last OnBody too if there is
//   a body, and it is not deferred. By then the answer must be queued; if it is
//   not, the peer gets 500. The next pipelined request is looked at only then,
//   so answers leave in the order of the requests.
// - While a body is awaited, Timeouts::read runs from the last piece on, and a
//   drain lets it end. A peer that drips is bounded by IgnoreBody only: how long
//   an upload may take is the handler's matter.
// - Who answers later calls Defer(), and Resume() once the answer is queued.
//   The Request is dead by then: copy what is needed of it. Resume() inside of
//   the callback that deferred is fine: the exchange goes on when it returns.
// - An answer may be given before the body has come; the rest of the body is
//   then still delivered, so that the connection can be kept.
// - An exchange may end HTTP on its connection: SwitchProtocols answers 101, and
//   whoever called it has the connection from then on.
// - An exception out of a callback is answered with 500 if nothing was answered
//   yet, and costs the connection.
//
// Persistence (RFC 9112 9.3): as the request asks, but the connection is closed
// after the answer when the run drains, when max_requests is reached, and when
// an answer is given while "100 Continue" was awaited or before all of a
// chunked body has arrived, the end of which nobody knows yet. A close that the
// client did not ask for lingers, or the RST that what it sent meanwhile
// provokes could destroy the answer (RFC 9112 9.6).
//
// Errors answered here, all with "Connection: close": what RequestParser
// refuses (400, 414, 417, 431, 501, 505), a body that is malformed (400) or
// larger than max_body_bytes (413). Of a chunked body, what has arrived with
// the head is looked at before OnRequest. What is found wrong after an answer
// has begun can no longer be said; the connection, whose answer has announced
// it, is closed when that has left.
//
// Fairness and bounds: a turn of a connection takes at most 64 requests and
// pieces of bodies, and ends when it has taken a millisecond or called
// EndTurn(); the others have theirs before its next. No request is taken while
// output waits that a turn before could not send, nor once 16 files or 256 KiB
// wait; meanwhile nothing is read from it. So a flood of pipelined requests
// holds neither the others up, nor descriptors, nor memory.
//
// Memory: an idle connection holds nothing of HTTP. State of its own hangs on
// it only while part of a head or body is awaited, an answer is deferred, or an
// access log line waits for its answer to leave (and always with max_requests).
// Requests that arrive whole allocate nothing.
//
// Threads, lifetime: as IOHandler. Overriding Init, OnConnect, OnMessage,
// OnInputEnd, OnWriteComplete or OnClose, call the one here too. Of Connection,
// EmplaceState is taken (use Attach), and so are SetBusy, SetMidMessage,
// PauseReading and ResumeReading (use Defer and Resume).
#ifndef KINGPIN_HTTP_HTTP_HANDLER_H_
#define KINGPIN_HTTP_HTTP_HANDLER_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "kingpin/http/answer_log.h"
#include "kingpin/http/attachment.h"
#include "kingpin/http/chunked_decoder.h"
#include "kingpin/http/http_date.h"
#include "kingpin/http/http_status.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/http/response_head.h"
#include "kingpin/net/io_handler_for_server.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::http {

// So that the heads of errors, which are written to small rooms, always fit.
inline constexpr size_t kMaxServerBytes = 256;

struct HttpOptions {
  // Bounds of a request head. max_head is not above
  // ConnectionOptions::input_limit_bytes.
  RequestLimits request;
  // Of one request body, after decoding. More: 413. It bounds what is read for
  // one request, not memory: pieces are passed on as they come.
  uint64_t max_body_bytes = 1 << 20;
  // Requests a connection may make; 0: no limit. nginx has one (1,000) to free
  // the memory that its connections gather; ours gather none.
  uint32_t max_requests = 0;
  // The Server field, at most kMaxServerBytes; empty: none. Not copied.
  std::string_view server = "kingpin";
  // Null: no access log. Outlives the handlers; see access_log.h.
  Logger* access_log = nullptr;
  // Where Date, the log and the age of files come from: Unix time. For tests.
  int64_t (*wall_clock)() = &sys::WallClockSeconds;
};

class HttpHandler : public IOHandlerForServer {
 public:
  HttpHandler(ThreadSharedDataForServer* shared, int thread,
              const HttpOptions& options = {});
  ~HttpHandler() override;

  // Refuses options that are out of their bounds; the error names the option.
  absl::Status Init() override;

  // --- Callbacks -------------------------------------------------------------

  // A head has arrived. `request` and its views die when this returns.
  virtual void OnRequest(Connection& connection, const Request& request) = 0;
  // The next piece of the body; `last` comes once, perhaps with empty `data`.
  // Not called for requests without a body.
  virtual void OnBody(Connection&, std::string_view /*data*/, bool /*last*/) {}
  // The answer to the exchange under way is complete or will never be. What was
  // attached is still there. Called once for each exchange that was deferred,
  // has a body or has something attached; any other ends as OnRequest returns.
  // An exception closes the connection once the answer has left.
  virtual void OnExchangeEnd(Connection&) {}

  // --- Answering -------------------------------------------------------------

  // The status line with Date, Server and Connection; add your own fields, and
  // Content-Length or Transfer-Encoding. Decides about the connection.
  ResponseHead BeginHead(Connection& connection, HttpStatus status,
                         std::span<char> room);
  // A whole answer: adds Content-Length, and leaves the body out for HEAD and
  // for what has none by definition (HasNoBody).
  // A head that did not fit its room is answered as 500; that of a 500 costs
  // the connection.
  void Answer(Connection& connection, HttpStatus status, ResponseHead* head,
              std::string_view body);
  // The same with a part of a file as the body.
  void AnswerFile(Connection& connection, HttpStatus status, ResponseHead* head,
                  std::shared_ptr<const UniqueFd> file, off_t offset,
                  uint64_t size);
  // A short text that names the status, with `fields` in the head.
  using ExtraFields =
      std::initializer_list<std::pair<std::string_view, std::string_view>>;
  void AnswerError(Connection& connection, HttpStatus status,
                   ExtraFields fields = {});

  // Answers although nothing was asked, and closes: for OnConnect, after ours.
  // The access log has it with "-" for the request.
  void RefuseConnection(Connection& connection, HttpStatus status,
                        ExtraFields fields = {});

  // A second answer in an exchange is not sent and ends the connection when the
  // first has left.

  // In parts, for those who know what they write: a head (finished, or prepared
  // earlier: then ask PlainKeepAlive first), then body bytes. `head_bytes` is
  // how much of `bytes` is the head. Left out for HEAD is the caller's matter:
  // head_only().
  void SendHead(Connection& connection, HttpStatus status,
                std::string_view bytes, size_t head_bytes);
  // False: above the high edge, wait for OnWriteComplete.
  bool SendBody(Connection& connection, std::string_view data);
  bool SendBodyFile(Connection& connection,
                    std::shared_ptr<const UniqueFd> file, off_t offset,
                    uint64_t size);
  // Decides about the connection; true if the head needs no Connection field:
  // HTTP/1.1 and kept.
  bool PlainKeepAlive(Connection& connection);
  // The request was a HEAD: no body is to be sent.
  bool head_only(Connection& connection) {
    return ExchangeOf(connection).head_only;
  }

  // Answers 101 (RFC 9110 section 15.2.2) with what `head` has, which the caller
  // began and gave Upgrade and Connection. For a request without a body, of
  // HTTP/1.1, that asked for it. When the exchange is complete (as for any
  // answer: at once, or when it is resumed) `next` is called with what was
  // attached to it, or the connection is closed if the client has shut its side.
  // From then on it is not HTTP's: it has no state, input() is what came behind
  // the request, and its callbacks are to be kept from the ones here.
  using NextProtocol = absl::AnyInvocable<void(Connection&, Attachment) &&>;
  void SwitchProtocols(Connection& connection, ResponseHead* head,
                       NextProtocol next);

  // In OnRequest: whatever body comes with it is of no interest. OnBody is not
  // called; and once the body has taken Timeouts::read (the shared data's) in all,
  // the next piece of it costs the connection.
  void IgnoreBody(Connection& connection) {
    ExchangeOf(connection).ignores_body = true;
  }

  // The answer will come later; not counted as idle meanwhile.
  void Defer(Connection& connection);
  // It is queued. From the connection's own thread: see connection_id.h.
  void Resume(Connection& connection);

  // One object for the exchange under way, which dies with it.
  template <typename T, typename... Args>
  T& Attach(Connection& connection, Args&&... args) {
    return StateFor(connection)
        .attachment.Emplace<T>(std::forward<Args>(args)...);
  }
  // What was attached as a T, and nothing else; null if nothing was.
  template <typename T>
  T* attachment(Connection& connection) {
    State* state = FindState(connection);
    return state == nullptr ? nullptr : state->attachment.Get<T>();
  }

  // In OnRequest or OnBody, for what took long although nothing waited: the
  // others have their turns before the next request of this connection.
  void EndTurn() { turn_ended_ = true; }

  // In OnRequest: the request is the first that its connection has taken in
  // this turn, so the event (or the input held) that began the turn was its
  // own: it had begun to arrive when this round of the loop began. False while
  // draining, when connections are read without an event.
  bool first_of_turn() const { return first_of_turn_ && !draining(); }

  // Wall clock of this moment, Unix time, and as HTTP writes it.
  int64_t unix_seconds() const { return options_.wall_clock(); }
  std::string_view DateText() { return date_.Get(unix_seconds()); }

  const HttpOptions& options() const { return options_; }

  void OnConnect(Connection& connection) override;
  void OnMessage(Connection& connection) override;
  void OnInputEnd(Connection& connection) override;
  void OnWriteComplete(Connection& connection) override;
  void OnClose(Connection& connection, CloseReason reason) override;

 private:
  // What the answer depends on.
  struct Exchange {
    bool answered = false;
    bool keep_alive = false;  // Before the head: what the client asks.
    bool head_only = false;
    bool body_pending = false;  // Not all of the body has come.
    bool ignores_body = false;
    bool awaits_continue = false;
    bool end_unknown = false;     // Of a chunked body, when the head came.
    bool asked_to_close = false;  // By the client.
    uint8_t minor_version = 1;
    AnswerLog::Entry* log = nullptr;  // In the state's queue.
  };

  // Hangs on a connection while it is needed.
  struct State {
    static void* operator new(size_t size);
    static void operator delete(void* memory, size_t size);

    RequestParser parser;  // Of a partial head.
    ChunkedDecoder decoder;
    uint64_t body_left = 0;  // Of a body with Content-Length.
    uint64_t body_bytes = 0;
    MonotonicTime body_began;
    Exchange exchange;
    bool partial_head = false;
    bool in_body = false;
    bool chunked = false;
    bool open = false;         // `exchange` is under way.
    bool input_ended = false;  // FIN came while there was still work.
    uint32_t requests = 0;
    AnswerLog::Queue log;
    Attachment attachment;
    NextProtocol next_protocol;  // Of the exchange, if it switches.
  };

  State* FindState(Connection& connection);
  State& StateFor(Connection& connection);
  Exchange& ExchangeOf(Connection& connection);
  // Gives the state back if it holds nothing.
  void Rest(Connection& connection);

  // Takes requests and body pieces while it may.
  void Proceed(Connection& connection);
  // Before the next request or piece, when `taken` of them were taken.
  bool TurnIsOver(int taken);
  bool Congested(const Connection& connection) const;
  // False: no more can be done until something arrives.
  bool TakeRequest(Connection& connection);
  bool TakeBody(Connection& connection);
  // It is ignored and has taken too long.
  bool BodyDrips(const State& state) const;
  bool DeliverBody(Connection& connection, State& state, std::string_view data,
                   bool last);
  void BeginExchange(Connection& connection);
  void BeginBody(Connection& connection);
  void SetInBody(Connection& connection, State& state, bool in_body);
  void CompleteExchange(Connection& connection);
  // Gives the connection to the next protocol.
  void LeaveHttp(Connection& connection, State& state);
  // Calls OnExchangeEnd if that is due; false if it threw.
  bool EndExchange(Connection& connection, State& state);
  void Refuse(Connection& connection, HttpStatus status);
  // Instead of an answer of `status` whose head did not fit its room.
  void RefuseLongHead(Connection& connection, HttpStatus status);
  // Calls a callback; one that throws is refused.
  template <typename Function>
  void CallOut(Connection& connection, Function function);
  // The same; only tells whether it returned.
  template <typename Function>
  bool Returns(Connection& connection, Function function);
  void DecideKeepAlive(Connection& connection, Exchange& exchange);

  // Without a request: `refused` is the first line of what came instead.
  void BeginLog(Connection& connection, const Request* request,
                std::string_view refused = {});
  void CountQueued(Connection& connection, uint64_t bytes);
  void LogSent(Connection& connection, State& state, bool closing);

  const HttpOptions options_;
  std::optional<AnswerLog> log_;
  HttpDateCache date_;

  // Scratch for the head that is being looked at.
  RequestParser parser_;
  Request request_;
  Exchange exchange_;
  int files_this_turn_ = 0;
  bool first_of_turn_ = false;
  bool turn_ended_ = false;           // EndTurn.
  bool left_http_ = false;            // In the request that was taken last.
  int64_t turn_began_ = 0;            // MonotonicTime::nanos.
  Connection* called_for_ = nullptr;  // Whose callback we are in.
  std::string error_page_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_HTTP_HANDLER_H_
