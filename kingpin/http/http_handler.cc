#include "kingpin/http/http_handler.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <utility>

#include "absl/strings/str_cat.h"
#include "kingpin/logger/klog.h"
#include "kingpin/pool/current_exception.h"
#include "kingpin/sys/socket_address.h"

namespace kingpin::http {
namespace {

// Bounds of one turn of a connection: requests and pieces of bodies, time, what
// waits to be sent.
constexpr int kMaxTaken = 64;
constexpr int64_t kMaxTurnNanos = 1'000'000;
constexpr uint64_t kMaxOutput = 256 << 10;
constexpr int kMaxFiles = 16;

constexpr size_t kMaxSpareStates = 256;

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// Memory of states that ended: with an access log one comes and goes with every
// turn of a connection. What a thread leaves here at its end is small and its
// own.
struct SpareStates {
  ~SpareStates() {
    while (count > 0) ::operator delete(list[--count]);
  }
  std::array<void*, kMaxSpareStates> list;  // Not a vector: delete must not
  size_t count = 0;                         // throw.
};
thread_local SpareStates spare_states;

// What the part of a chunked body is that has arrived: a handler that does not
// care for bodies would answer a malformed one as if it were not.
ChunkedDecoder::Result LookThrough(std::string_view body) {
  ChunkedDecoder decoder;
  std::string_view data;
  ChunkedDecoder::Result result;
  do {
    result = decoder.Decode(&body, &data);
  } while (result == ChunkedDecoder::Result::kData);
  return result;
}

}  // namespace

void* HttpHandler::State::operator new(size_t size) {
  if (spare_states.count == 0) return ::operator new(size);
  return spare_states.list[--spare_states.count];
}

void HttpHandler::State::operator delete(void* memory, size_t) {
  if (spare_states.count == kMaxSpareStates) {
    ::operator delete(memory);
  } else {
    spare_states.list[spare_states.count++] = memory;
  }
}

HttpHandler::HttpHandler(ThreadSharedDataForServer* shared, int thread,
                         const HttpOptions& options)
    : IOHandlerForServer(shared, thread),
      options_(options),
      parser_(options.request) {
  if (options.access_log != nullptr) log_.emplace(options.access_log);
}

HttpHandler::~HttpHandler() {
  ForEachConnection([this](Connection& connection) {
    State* state = FindState(connection);
    if (state != nullptr) LogSent(connection, *state, /*closing=*/true);
  });
}

absl::Status HttpHandler::Init() {
  if (options_.server.size() > kMaxServerBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("HttpOptions::server has ", options_.server.size(),
                     " bytes: it is at most ", kMaxServerBytes));
  }
  const RequestLimits& limits = options_.request;
  if (limits.max_target > limits.max_head) {
    return absl::InvalidArgumentError(
        absl::StrCat("RequestLimits::max_target is ", limits.max_target,
                     ": it is at most max_head, ", limits.max_head));
  }
  const size_t input_limit = shared().connection_options().input_limit_bytes;
  if (limits.max_head > input_limit) {
    return absl::InvalidArgumentError(absl::StrCat(
        "RequestLimits::max_head is ", limits.max_head,
        ": it is at most ConnectionOptions::input_limit_bytes, ", input_limit));
  }
  return IOHandlerForServer::Init();
}

// --- The state of a connection -----------------------------------------------

HttpHandler::State* HttpHandler::FindState(Connection& connection) {
  return connection.has_state<State>() ? &connection.state<State>() : nullptr;
}

HttpHandler::State& HttpHandler::StateFor(Connection& connection) {
  if (State* state = FindState(connection); state != nullptr) return *state;
  return connection.EmplaceState<State>();
}

HttpHandler::Exchange& HttpHandler::ExchangeOf(Connection& connection) {
  State* state = FindState(connection);
  return state != nullptr && state->open ? state->exchange : exchange_;
}

void HttpHandler::Rest(Connection& connection) {
  State* state = FindState(connection);
  if (state == nullptr || state->open || state->in_body) return;
  if (state->partial_head || state->input_ended || state->requests > 0) return;
  if (state->log.empty()) connection.ResetState();
}

// --- Callbacks of the loop ---------------------------------------------------

void HttpHandler::OnConnect(Connection& connection) {
  if (!log_.has_value()) return;
  // One that has reset the connection already has no address any more.
  const SocketAddress peer = connection.peer();
  log_->SetPeer(connection.id().name().index,
                peer.family() == AF_UNSPEC ? "-" : peer.host());
}

void HttpHandler::OnMessage(Connection& connection) { Proceed(connection); }

void HttpHandler::OnInputEnd(Connection& connection) {
  if (!connection.busy() && connection.input().empty()) {
    return connection.Close();
  }
  // Whoever shuts down its sending side still gets its answers.
  StateFor(connection).input_ended = true;
  if (!connection.busy()) Proceed(connection);
}

void HttpHandler::OnWriteComplete(Connection& connection) {
  if (State* state = FindState(connection); state != nullptr) {
    LogSent(connection, *state, /*closing=*/false);
    if (connection.pending_output() == 0) Rest(connection);
  }
  if (connection.pending_output() > 0 || connection.busy()) return;
  connection.ResumeReading();
}

void HttpHandler::OnClose(Connection& connection, CloseReason) {
  State* state = FindState(connection);
  if (state == nullptr) return;
  EndExchange(connection, *state);
  LogSent(connection, *state, /*closing=*/true);
}

// --- Requests ----------------------------------------------------------------

void HttpHandler::Proceed(Connection& connection) {
  files_this_turn_ = 0;
  turn_ended_ = false;
  // Of an earlier turn: the peer does not read, or a file is on its way.
  const bool stuck = connection.pending_output() > 0;
  for (int taken = 0; connection.takes_output(); ++taken) {
    if (connection.busy()) {
      // Two calls of epoll_ctl: only for a peer that pipelines.
      if (!connection.input().empty()) connection.PauseReading();
      return;
    }
    if (connection.input().empty()) break;
    if (TurnIsOver(taken)) return connection.RequestMessage();
    State* state = FindState(connection);
    if (state != nullptr && state->in_body) {
      if (!TakeBody(connection)) break;
      continue;
    }
    if (stuck || Congested(connection)) return connection.PauseReading();
    first_of_turn_ = taken == 0;
    if (!TakeRequest(connection)) break;
  }
  if (connection.closing()) return;
  State* state = FindState(connection);
  // What is left of the input will never be a whole request.
  if (state != nullptr && state->input_ended) return connection.Close();
  Rest(connection);
}

bool HttpHandler::TurnIsOver(int taken) {
  if (taken == 0) return false;
  if (turn_ended_ || taken >= kMaxTaken) return true;
  // From the second on, so that only who pipelines costs a look at the clock.
  const int64_t now = shared().clock().Now().nanos;
  if (taken == 1) turn_began_ = now;
  return now - turn_began_ >= kMaxTurnNanos;
}

bool HttpHandler::Congested(const Connection& connection) const {
  return connection.pending_output() > kMaxOutput ||
         files_this_turn_ >= kMaxFiles;
}

bool HttpHandler::TakeRequest(Connection& connection) {
  State* state = FindState(connection);
  const bool resumed = state != nullptr && state->partial_head;
  RequestParser& parser = resumed ? state->parser : parser_;
  // What an exception out of a parse left there is another connection's.
  if (!resumed) parser_.Reset();
  switch (parser.Parse(connection.input().view(), &request_)) {
    case RequestParser::Result::kNeedMore:
      if (!resumed) {
        State& kept = StateFor(connection);
        kept.parser = parser_;
        kept.partial_head = true;
      }
      return false;
    case RequestParser::Result::kError: {
      const HttpStatus status = parser.error();
      const std::string_view input = connection.input().view();
      exchange_ = {.head_only = input.starts_with("HEAD ")};
      BeginLog(connection, nullptr,
               input.substr(0, input.find_first_of("\r\n")));
      Refuse(connection, status);
      return false;
    }
    case RequestParser::Result::kDone:
      break;
  }
  if (resumed) state->partial_head = false;
  left_http_ = false;
  BeginExchange(connection);
  return !left_http_;
}

void HttpHandler::BeginExchange(Connection& connection) {
  connection.input().Consume(request_.head_bytes);  // The views stay valid.
  exchange_ = {
      .keep_alive = request_.keep_alive,
      .head_only = request_.method == Method::kHead,
      .body_pending = request_.has_body(),
      .awaits_continue = request_.expect_continue,
      .asked_to_close = !request_.keep_alive,
      .minor_version = static_cast<uint8_t>(request_.minor_version),
  };
  BeginLog(connection, &request_);
  if (request_.content_length.value_or(0) > options_.max_body_bytes) {
    return Refuse(connection, HttpStatus::kContentTooLarge);
  }
  if (request_.chunked) {
    const auto result = LookThrough(connection.input().view());
    if (result == ChunkedDecoder::Result::kError) {
      return Refuse(connection, HttpStatus::kBadRequest);
    }
    exchange_.end_unknown = result == ChunkedDecoder::Result::kNeedMore;
  }
  if (exchange_.body_pending) return BeginBody(connection);
  CallOut(connection, [&] { OnRequest(connection, request_); });
  if (connection.closing()) return;
  if (connection.busy()) {
    State& state = StateFor(connection);
    state.exchange = exchange_;
    state.open = true;
    return;
  }
  CompleteExchange(connection);
}

void HttpHandler::BeginBody(Connection& connection) {
  State& state = StateFor(connection);
  state.decoder = ChunkedDecoder();
  state.chunked = request_.chunked;
  state.body_left = request_.content_length.value_or(0);
  state.body_bytes = 0;
  state.body_began = now();
  state.exchange = exchange_;
  state.open = true;
  SetInBody(connection, state, true);
  CallOut(connection, [&] { OnRequest(connection, request_); });
  if (connection.closing()) return;
  Exchange& exchange = state.exchange;
  if (exchange.answered && exchange.awaits_continue) {
    // Whether the body will come now is the client's choice, and its bytes
    // could be taken for a request (RFC 9110 10.1.1).
    SetInBody(connection, state, false);
    if (connection.busy()) return;  // There is more of the answer to come.
    return CompleteExchange(connection);
  }
  if (!exchange.answered && exchange.awaits_continue &&
      connection.input().empty()) {
    exchange.awaits_continue = false;
    CountQueued(connection, kContinue.size());
    connection.Write(kContinue);
  }
}

void HttpHandler::SetInBody(Connection& connection, State& state,
                            bool in_body) {
  state.in_body = in_body;
  connection.SetMidMessage(in_body);
}

bool HttpHandler::BodyDrips(const State& state) const {
  return state.exchange.ignores_body &&
         now() - state.body_began > shared().connection_options().timeouts.read;
}

bool HttpHandler::TakeBody(Connection& connection) {
  State& state = StateFor(connection);
  if (BodyDrips(state)) {
    Refuse(connection, HttpStatus::kRequestTimeout);
    return false;
  }
  Buffer& input = connection.input();
  if (!state.chunked) {
    const size_t size = std::min<uint64_t>(state.body_left, input.size());
    const std::string_view data = input.view().substr(0, size);
    input.Consume(size);
    state.body_left -= size;
    return DeliverBody(connection, state, data, state.body_left == 0);
  }
  std::string_view rest = input.view();
  std::string_view data;
  const ChunkedDecoder::Result result = state.decoder.Decode(&rest, &data);
  input.Consume(input.size() - rest.size());
  switch (result) {
    case ChunkedDecoder::Result::kNeedMore:
      return false;
    case ChunkedDecoder::Result::kData:
      return DeliverBody(connection, state, data, /*last=*/false);
    case ChunkedDecoder::Result::kDone:
      return DeliverBody(connection, state, {}, /*last=*/true);
    case ChunkedDecoder::Result::kError:
      break;
  }
  Refuse(connection, HttpStatus::kBadRequest);
  return false;
}

bool HttpHandler::DeliverBody(Connection& connection, State& state,
                              std::string_view data, bool last) {
  state.body_bytes += data.size();
  if (state.body_bytes > options_.max_body_bytes) {
    Refuse(connection, HttpStatus::kContentTooLarge);
    return false;
  }
  if (last) {
    SetInBody(connection, state, false);
    state.exchange.body_pending = false;
  }
  if (!state.exchange.ignores_body) {
    CallOut(connection, [&] { OnBody(connection, data, last); });
  }
  if (!last || connection.closing() || connection.busy()) return true;
  // `state` may be gone, if what the callback called has completed it.
  const State* now = FindState(connection);
  if (now != nullptr && now->open) CompleteExchange(connection);
  return true;
}

template <typename Function>
void HttpHandler::CallOut(Connection& connection, Function function) {
  if (Returns(connection, function)) return;
  Refuse(connection, HttpStatus::kInternalServerError);
}

template <typename Function>
bool HttpHandler::Returns(Connection& connection, Function function) {
  Connection* const outer = std::exchange(called_for_, &connection);
  bool returned = false;
  try {
    function();
    returned = true;
  } catch (...) {
    KLOG_EVERY_SECOND(ERROR)
        << "an HTTP handler threw" << DescribeCurrentException();
  }
  called_for_ = outer;
  if (!returned) stats().handler_exceptions.Add();
  return returned;
}

void HttpHandler::CompleteExchange(Connection& connection) {
  State* state = FindState(connection);
  Exchange& exchange = ExchangeOf(connection);
  if (!exchange.answered) {
    KLOG_EVERY_SECOND(ERROR) << "a request was left without an answer";
    return Refuse(connection, HttpStatus::kInternalServerError);
  }
  if (exchange.log != nullptr) exchange.log->complete = true;
  if (state != nullptr && state->next_protocol) {
    return LeaveHttp(connection, *state);
  }
  bool keep_alive = exchange.keep_alive;
  const bool clean = exchange.asked_to_close && connection.input().empty() &&
                     !exchange.body_pending;
  if (state != nullptr && !EndExchange(connection, *state)) keep_alive = false;
  if (options_.max_requests > 0) ++StateFor(connection).requests;
  if (keep_alive) {
    // The answer may have left before the body came, or before Resume().
    if (state != nullptr) LogSent(connection, *state, /*closing=*/false);
    return;
  }
  // Who asked for the close sends no more, so nothing can provoke an RST.
  clean ? connection.Close() : connection.CloseLingering();
}

void HttpHandler::LeaveHttp(Connection& connection, State& state) {
  left_http_ = true;
  if (state.open || !state.attachment.empty()) {
    Returns(connection, [&] { OnExchangeEnd(connection); });
  }
  Attachment attached = std::move(state.attachment);
  NextProtocol next = std::move(state.next_protocol);
  // It is queued: there is nobody to notice when it has left.
  if (log_.has_value()) log_->WriteSent(&state.log, 0, /*closing=*/true);
  if (state.input_ended) connection.Close();
  connection.ResetState();
  connection.ResumeReading();  // Paused, if more came while it was deferred.
  if (!connection.closing()) std::move(next)(connection, std::move(attached));
}

bool HttpHandler::EndExchange(Connection& connection, State& state) {
  if (!state.open && state.attachment.empty()) return true;
  const bool returned = Returns(connection, [&] { OnExchangeEnd(connection); });
  state.open = false;
  state.attachment.Reset();
  return returned;
}

void HttpHandler::Refuse(Connection& connection, HttpStatus status) {
  Exchange& exchange = ExchangeOf(connection);
  exchange.keep_alive = false;
  if (connection.closing()) return;
  if (!exchange.answered) {
    AnswerError(connection, status);
    if (exchange.log != nullptr) exchange.log->complete = true;
    return connection.CloseLingering();
  }
  // Half an answer may be out: nothing that follows could be told from it.
  exchange.body_pending ? connection.CloseLingering() : connection.Abort();
}

void HttpHandler::RefuseLongHead(Connection& connection, HttpStatus status) {
  KLOG_EVERY_SECOND(ERROR) << "the head of an answer of "
                           << static_cast<int>(status)
                           << " did not fit its room";
  // Another 500 might not fit either.
  if (status == HttpStatus::kInternalServerError) return connection.Abort();
  Refuse(connection, HttpStatus::kInternalServerError);
}

void HttpHandler::Defer(Connection& connection) { connection.SetBusy(true); }

void HttpHandler::Resume(Connection& connection) {
  connection.SetBusy(false);
  // Still in OnRequest or OnBody: those go on by themselves.
  if (called_for_ == &connection) return;
  State* state = FindState(connection);
  if (state == nullptr || !state->open || connection.closing()) return;
  if (!state->in_body) CompleteExchange(connection);
  if (connection.closing()) return;
  state = FindState(connection);
  if (state == nullptr) return;  // It has left HTTP.
  if (state->input_ended && connection.input().empty()) {
    return connection.Close();
  }
  connection.ResumeReading();
  Rest(connection);
}

// --- Answers -----------------------------------------------------------------

void HttpHandler::DecideKeepAlive(Connection& connection, Exchange& exchange) {
  if (!exchange.keep_alive) return;
  const bool body_may_fail = exchange.body_pending &&
                             (exchange.awaits_continue || exchange.end_unknown);
  if (draining() || body_may_fail) {
    exchange.keep_alive = false;
  } else if (options_.max_requests > 0) {
    State* state = FindState(connection);
    const uint32_t before = state == nullptr ? 0 : state->requests;
    if (before + 1 >= options_.max_requests) exchange.keep_alive = false;
  }
}

bool HttpHandler::PlainKeepAlive(Connection& connection) {
  Exchange& exchange = ExchangeOf(connection);
  DecideKeepAlive(connection, exchange);
  return exchange.keep_alive && exchange.minor_version == 1;
}

ResponseHead HttpHandler::BeginHead(Connection& connection, HttpStatus status,
                                    std::span<char> room) {
  Exchange& exchange = ExchangeOf(connection);
  DecideKeepAlive(connection, exchange);
  ResponseHead head(room, status);
  head.Add("Date", DateText());
  if (!options_.server.empty()) head.Add("Server", options_.server);
  head.AddConnection(exchange.keep_alive, exchange.minor_version);
  return head;
}

void HttpHandler::Answer(Connection& connection, HttpStatus status,
                         ResponseHead* head, std::string_view body) {
  if (!HasNoBody(status)) head->AddContentLength(body.size());
  const std::string_view text = head->Finish();
  if (text.empty()) return RefuseLongHead(connection, status);
  SendHead(connection, status, text, text.size());
  if (head_only(connection) || HasNoBody(status)) return;
  SendBody(connection, body);
}

void HttpHandler::AnswerFile(Connection& connection, HttpStatus status,
                             ResponseHead* head,
                             std::shared_ptr<const UniqueFd> file, off_t offset,
                             uint64_t size) {
  if (!HasNoBody(status)) head->AddContentLength(size);
  const std::string_view text = head->Finish();
  if (text.empty()) return RefuseLongHead(connection, status);
  SendHead(connection, status, text, text.size());
  if (head_only(connection) || HasNoBody(status)) return;
  SendBodyFile(connection, std::move(file), offset, size);
}

void HttpHandler::SwitchProtocols(Connection& connection, ResponseHead* head,
                                  NextProtocol next) {
  constexpr HttpStatus kStatus = HttpStatus::kSwitchingProtocols;
  const std::string_view text = head->Finish();
  if (text.empty()) return RefuseLongHead(connection, kStatus);
  SendHead(connection, kStatus, text, text.size());
  StateFor(connection).next_protocol = std::move(next);
}

void HttpHandler::AnswerError(Connection& connection, HttpStatus status,
                              ExtraFields fields) {
  char room[1024];
  ResponseHead head = BeginHead(connection, status, room);
  for (const auto& [name, value] : fields) head.Add(name, value);
  head.Add("Content-Type", "text/plain; charset=utf-8");
  error_page_.clear();
  absl::StrAppend(&error_page_, static_cast<int>(status), " ",
                  ReasonPhrase(status), "\n");
  Answer(connection, status, &head, error_page_);
}

void HttpHandler::RefuseConnection(Connection& connection, HttpStatus status,
                                   ExtraFields fields) {
  exchange_ = Exchange();
  BeginLog(connection, nullptr);
  AnswerError(connection, status, fields);
  if (exchange_.log != nullptr) exchange_.log->complete = true;
  connection.CloseLingering();
}

void HttpHandler::SendHead(Connection& connection, HttpStatus status,
                           std::string_view bytes, size_t head_bytes) {
  Exchange& exchange = ExchangeOf(connection);
  if (std::exchange(exchange.answered, true)) {
    // The peer would take it for the answer to its next request.
    KLOG_EVERY_SECOND(ERROR) << "a request was answered twice";
    return connection.CloseLingering();
  }
  if (exchange.log != nullptr) {
    exchange.log->status = status;
    CountQueued(connection, head_bytes);
    exchange.log->body_begin = exchange.log->end;
    CountQueued(connection, bytes.size() - head_bytes);
  }
  connection.Write(bytes);
}

bool HttpHandler::SendBody(Connection& connection, std::string_view data) {
  CountQueued(connection, data.size());
  return connection.Write(data);
}

bool HttpHandler::SendBodyFile(Connection& connection,
                               std::shared_ptr<const UniqueFd> file,
                               off_t offset, uint64_t size) {
  ++files_this_turn_;
  CountQueued(connection, size);
  return connection.SendFile(std::move(file), offset, size);
}

// --- Access log --------------------------------------------------------------

void HttpHandler::BeginLog(Connection& connection, const Request* request,
                           std::string_view refused) {
  if (!log_.has_value()) return;
  exchange_.log = log_->Begin(&StateFor(connection).log,
                              connection.id().name().index, request, refused,
                              unix_seconds(), connection.pending_output());
}

void HttpHandler::CountQueued(Connection& connection, uint64_t bytes) {
  if (!log_.has_value() || !connection.takes_output()) return;
  AnswerLog::Entry* entry = ExchangeOf(connection).log;
  if (entry != nullptr) StateFor(connection).log.Count(entry, bytes);
}

void HttpHandler::LogSent(Connection& connection, State& state, bool closing) {
  if (state.log.empty()) return;
  log_->WriteSent(&state.log, connection.pending_output(), closing);
}

}  // namespace kingpin::http
