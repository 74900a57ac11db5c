#include "kingpin/http/http_client.h"

#include <algorithm>
#include <array>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kingpin/http/content_decoder.h"
#include "kingpin/http/method.h"
#include "kingpin/http/redirect.h"
#include "kingpin/pool/connection_options.h"

namespace kingpin::http {
namespace {

// RFC 9110 section 9.2.2.
bool MayRepeat(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kIdempotent = {
      "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return absl::c_linear_search(kIdempotent, method);
}

// What is written at once of a body. The output stays below its high edge, above which
// the answer would not be read: it may come before the body's end, and instead of it.
size_t SliceBytes(const ConnectionOptions& options) {
  return std::clamp<size_t>(options.output_high_bytes / 2, 1, 128 << 10);
}

absl::Status CheckProxy(const HttpClientOptions& options) {
  if (!options.proxy.has_value()) return absl::OkStatus();
  Url url = *options.proxy;
  url.target = "/";
  if (url.is_https) {
    return absl::InvalidArgumentError(
        absl::StrCat("proxy ", url.ToString(),
                     ": TLS to a proxy is not supported, it is http://"));
  }
  // Refuses what cannot be in a request to it.
  return WriteRequestHead({.url = url, .fields = options.proxy_fields})
      .status();
}

absl::Status StatusOf(const Target& target, const ConnectFailure& failure) {
  const std::string text = absl::StrCat("connecting to ", target.host, " port ",
                                        target.port, ": ", failure.ToString());
  switch (failure.reason) {
    case ConnectError::kDeadline:
    case ConnectError::kPoolDeadline:
      return absl::DeadlineExceededError(text);
    case ConnectError::kShutdown:
      return absl::CancelledError(text);
    default:
      return absl::UnavailableError(text);
  }
}

// `begun`: a byte of the answer has come.
absl::Status StatusOf(const Connection& connection, CloseReason reason,
                      bool begun) {
  switch (reason) {
    case CloseReason::kDeadline:
      return absl::DeadlineExceededError(
          "the answer was not complete when the request's time was over");
    case CloseReason::kReadTimeout:
    case CloseReason::kIdleTimeout:
      return absl::DeadlineExceededError("the server has stopped answering");
    case CloseReason::kWriteTimeout:
      return absl::DeadlineExceededError(
          "the server takes no more of the request");
    case CloseReason::kException:
      return absl::InternalError("a callback threw an exception");
    case CloseReason::kLocal:
    case CloseReason::kShutdown:
      return absl::CancelledError(absl::StrCat("closed: ", ToString(reason)));
    case CloseReason::kInputOverflow:
    case CloseReason::kOutputOverflow:
      return absl::ResourceExhaustedError(
          absl::StrCat("the connection was closed: ", ToString(reason)));
    default:
      break;
  }
  const std::string text =
      reason == CloseReason::kError
          ? absl::StrCat("the connection broke: ", connection.error_text())
          : absl::StrCat("the connection was closed: ", ToString(reason));
  return begun ? absl::DataLossError(absl::StrCat("within the answer, ", text))
               : absl::UnavailableError(text);
}

// Bytes behind the end of an answer. They must not be taken for another one; whether
// they are dropped or tell of a wrong length is for the client to say (RFC 9112
// section 6.3).
absl::Status Surplus(size_t size) {
  return absl::InvalidArgumentError(
      absl::StrCat("the peer sent more than the answer (", size,
                   " bytes so far): its length is wrong, or nobody asked"));
}

}  // namespace

// --- HttpClientData ----------------------------------------------------------

HttpClientData::HttpClientData(HttpClientOptions http, ClientOptions client)
    : ThreadSharedDataForClient(std::move(client)),
      options_(std::move(http)),
      proxy_status_(CheckProxy(options_)) {}

absl::Status HttpClientData::Fetch(HttpRequest request) {
  if (!proxy_status_.ok()) return proxy_status_;
  if (request.max_redirects < 0) {
    return absl::InvalidArgumentError("max_redirects is below 0");
  }
  auto exchange = std::make_unique<HttpExchange>();
  exchange->request_ = {
      .method = std::move(request.method),
      .url = std::move(request.url),
      .fields = std::move(request.fields),
      .expect_continue = request.expect_continue && !request.body.empty()};
  // A method that is expected to have a body says that it has none (RFC 9110
  // section 8.6).
  if (!request.body.empty() || exchange->request_.method == "POST" ||
      exchange->request_.method == "PUT") {
    exchange->request_.content_length = request.body.size();
  }
  AddDefaultFields(&exchange->request_);
  exchange->body_ = std::move(request.body);
  exchange->priority_ = request.priority;
  exchange->fresh_connection_ = request.fresh_connection;
  exchange->deadline_ = options().clock->Now() + request.timeout;
  exchange->redirects_left_ = request.max_redirects;
  exchange->context_ = std::move(request.context);
  return Send(exchange);
}

void HttpClientData::AddDefaultFields(RequestHeadParts* request) const {
  const auto add = [request](std::string_view name, std::string_view value) {
    const auto is_it = [name](const auto& field) {
      return absl::EqualsIgnoreCase(field.first, name);
    };
    if (value.empty() || absl::c_any_of(request->fields, is_it)) return;
    request->fields.emplace_back(name, value);
  };
  add("User-Agent", options_.user_agent);
  add("Accept", "*/*");
  add("Accept-Encoding",
      options_.response.decode ? kAcceptedCodings : "identity");
}

absl::Status HttpClientData::Open(int threads) {
  if (!proxy_status_.ok()) return proxy_status_;
  tls_ = TlsClient::Create(options_.tls);
  return ThreadSharedDataForClient::Open(threads);
}

absl::StatusOr<std::string> HttpClientData::HeadOf(
    const HttpExchange& exchange) const {
  RequestHeadParts parts = exchange.request_;
  if (options_.proxy.has_value() && !parts.url.is_https) {
    parts.form = TargetForm::kAbsolute;
    parts.fields.insert(parts.fields.end(), options_.proxy_fields.begin(),
                        options_.proxy_fields.end());
  }
  return WriteRequestHead(parts);
}

absl::Status HttpClientData::Named(const absl::Status& status) const {
  if (status.ok() || !options_.proxy.has_value()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("proxy ", options_.proxy->host, ":", options_.proxy->port,
                   ": ", status.message()));
}

std::string HttpClientData::GroupOf(const Url& url) const {
  if (!url.is_https) return "http";
  // A tunnel ends at one host.
  return options_.proxy.has_value()
             ? absl::StrCat("https to ", url.host, ":", url.port)
             : "https";
}

absl::Status HttpClientData::Send(std::unique_ptr<HttpExchange>& exchange) {
  const Url& url = exchange->request_.url;
  auto head = HeadOf(*exchange);
  if (!head.ok()) return head.status();
  exchange->head_ = *std::move(head);
  const Url& peer = options_.proxy.has_value() ? *options_.proxy : url;
  Target target{.host = peer.host,
                .port = peer.port,
                .group = GroupOf(url),
                .timeout = exchange->deadline_ - options().clock->Now(),
                .priority = exchange->priority_,
                .may_reuse = !exchange->fresh_connection_,
                .may_retry = MayRepeat(exchange->request_.method)};
  if (target.timeout <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("the request's time was over");
  }
  const bool is_hop = exchange->redirects_ > 0;
  target.context = std::move(exchange);
  // One that was admitted is not refused half-way.
  absl::Status added =
      is_hop ? pool().AddFurther(std::move(target)) : Add(std::move(target));
  if (!added.ok()) {
    exchange.reset(static_cast<HttpExchange*>(target.context.release()));
  }
  return added;
}

void HttpClientData::OnTargetDropped(Target& target,
                                     const ConnectFailure& failure) {
  OnEnd(static_cast<HttpExchange&>(*target.context),
        Named(StatusOf(target, failure)));
}

// --- HttpClientHandler -------------------------------------------------------

class HttpClientHandler::Sink final : public ResponseReader::Sink {
 public:
  Sink(HttpClientHandler& handler, Connection& connection)
      : handler_(handler), connection_(connection) {}

  void OnInterim(const Response& response) override {
    if (response.status == 100) handler_.SendBody(connection_);
  }

  void OnHead(const Response& response) override {
    HttpExchange* exchange = this->exchange();
    if (response.status == 101) {
      error_ = absl::InvalidArgumentError(
          "it switched protocols (101), which nobody had asked for");
      return;
    }
    error_ = handler_.ConsiderRedirect(*exchange, response);
    if (error_.ok() && !exchange->next_.has_value()) {
      handler_.OnResponse(*exchange, response);
    }
  }

  void OnBody(std::string_view data) override {
    // Cancelled, on the way to somewhere else, or to nowhere.
    HttpExchange* exchange = this->exchange();
    if (exchange == nullptr || exchange->next_.has_value() || !error_.ok()) {
      return;
    }
    handler_.OnBody(*exchange, data);
  }

  const absl::Status& error() const { return error_; }

 private:
  HttpExchange* exchange() { return connection_.state<State>().exchange; }

  HttpClientHandler& handler_;
  Connection& connection_;
  absl::Status error_;
};

// Of an answer to CONNECT.
class HttpClientHandler::TunnelSink final : public ResponseReader::Sink {
 public:
  void OnHead(const Response& response) override {
    // RFC 9110 section 9.3.6: not 101.
    is_open_ = response.status / 100 == 2;
    text_ = absl::StrCat("it answered CONNECT with ", response.status, " ",
                         response.reason);
  }
  void OnBody(std::string_view) override {}
  const std::string& text() const { return text_; }
  bool is_open() const { return is_open_; }

 private:
  bool is_open_ = false;
  std::string text_;
};

std::unique_ptr<Transport> HttpClientHandler::NewTransport(
    const Target& target) {
  const Url& url = ExchangeOf(target).url();
  if (!url.is_https || data_.Tunnels(url) || !data_.tls_.ok()) return nullptr;
  return (*data_.tls_)->NewTransport(url.host, url.port);
}

void HttpClientHandler::OnConnect(Connection& connection) {
  Target* const drawn = target(connection);
  if (drawn == nullptr) return;  // The socket is the application's own.
  HttpExchange& exchange = ExchangeOf(*drawn);
  exchange.connection_ = connection.id();
  connection.EmplaceState<State>(&exchange);
  connection.SetMidMessage(true);
  if (exchange.url().is_https && !data_.tls_.ok()) {
    End(connection, data_.tls_.status());
    connection.Abort();
  } else if (data_.Tunnels(exchange.url()) &&
             connection.transport() == nullptr) {
    OpenTunnel(connection);
  } else {
    SendRequest(connection);
  }
}

void HttpClientHandler::OpenTunnel(Connection& connection) {
  State& state = connection.state<State>();
  auto head = WriteRequestHead({.method = "CONNECT",
                                .url = state.exchange->url(),
                                .form = TargetForm::kAuthority,
                                .fields = data_.http_options().proxy_fields});
  if (!head.ok()) {
    End(connection, head.status());
    return connection.Abort();
  }
  state.opens_tunnel = true;
  state.reader.emplace(Method::kConnect, data_.http_options().response);
  connection.Write(*head);
}

void HttpClientHandler::ReadTunnelAnswer(Connection& connection) {
  State& state = connection.state<State>();
  std::string_view left = connection.input().view();
  TunnelSink sink;
  const ResponseReader::Result result =
      state.reader->Read(&left, &scratch_, &sink);
  connection.input().Consume(connection.input().size() - left.size());
  if (result == ResponseReader::Result::kDone && sink.is_open()) {
    if (!left.empty()) {
      // Of whom? Taken for the peer's it would be a hole in TLS.
      End(connection, absl::UnavailableError(absl::StrCat(
                          "it sent ", left.size(),
                          " bytes behind its answer to CONNECT, before TLS")));
      return connection.Abort();
    }
    const Url& url = state.exchange->url();
    state.opens_tunnel = false;
    state.reader.reset();  // Of what follows, nothing has come yet.
    connection.StartTransport((*data_.tls_)->NewTransport(url.host, url.port));
  } else if (!sink.text().empty()) {
    End(connection, absl::UnavailableError(sink.text()));
    connection.Abort();
  } else if (result == ResponseReader::Result::kError) {
    End(connection, state.reader->status());
    connection.Abort();
  }
}

void HttpClientHandler::OnTransportReady(Connection& connection) {
  if (connection.closing() || !connection.has_state<State>()) return;
  SendRequest(connection);
}

void HttpClientHandler::SendRequest(Connection& connection) {
  State& state = connection.state<State>();
  if (state.exchange == nullptr) return;
  state.reader.emplace(IdentifyMethod(state.exchange->request_.method),
                       data_.http_options().response);
  connection.Write(state.exchange->head_);
  state.body_left = state.exchange->body_;
  state.body_waits = state.exchange->request_.expect_continue;
  if (state.body_waits) return AwaitContinue(connection);
  SendMore(connection);
}

void HttpClientHandler::AwaitContinue(Connection& connection) {
  RunAfter(data_.http_options().continue_timeout, [this, id = connection.id()] {
    if (Find(id) == nullptr) return;
    RunWith(id, [this](Connection& c) { SendBody(c); });
  });
}

void HttpClientHandler::SendBody(Connection& connection) {
  State& state = connection.state<State>();
  if (!state.body_waits) return;  // Another 100, or nobody had waited for it.
  state.body_waits = false;
  SendMore(connection);
}

void HttpClientHandler::SendMore(Connection& connection) {
  State& state = connection.state<State>();
  if (state.exchange == nullptr || state.body_waits) return;
  const std::string_view slice =
      state.body_left.substr(0, SliceBytes(data_.options().connection));
  state.body_left.remove_prefix(slice.size());
  connection.Write(slice);
}

void HttpClientHandler::OnWriteComplete(Connection& connection) {
  if (connection.has_state<State>()) SendMore(connection);
}

void HttpClientHandler::OnMessage(Connection& connection) {
  if (!connection.has_state<State>()) return;
  const State& state = connection.state<State>();
  if (state.exchange == nullptr) {
    connection.Abort();
  } else if (state.opens_tunnel) {
    ReadTunnelAnswer(connection);
  } else {
    ReadAnswer(connection);
  }
}

void HttpClientHandler::ReadAnswer(Connection& connection) {
  State& state = connection.state<State>();
  std::string_view left = connection.input().view();
  Sink sink(*this, connection);
  const ResponseReader::Result result =
      state.reader->Read(&left, &scratch_, &sink);
  connection.input().Consume(connection.input().size() - left.size());
  // It is not for the server, then, that anybody waits.
  const bool paused = result == ResponseReader::Result::kPaused;
  if (paused != connection.busy()) connection.SetBusy(paused);
  if (state.exchange == nullptr) {
    connection.Abort();  // Cancelled in a callback.
  } else if (!sink.error().ok()) {
    End(connection, sink.error());
    connection.Abort();
  } else if (result == ResponseReader::Result::kError) {
    End(connection, state.reader->status());
    connection.Abort();
  } else if (result == ResponseReader::Result::kDone) {
    if (!left.empty() &&
        data_.http_options().response.syntax == ResponseSyntax::kStrict) {
      End(connection, Surplus(left.size()));
      return connection.Abort();
    }
    Complete(connection);
  } else if (paused) {
    connection.RequestMessage();  // And nothing is read before.
  }
}

void HttpClientHandler::OnInputEnd(Connection& connection) {
  if (!connection.has_state<State>()) return connection.Close();
  State& state = connection.state<State>();
  if (state.exchange == nullptr) return connection.Close();
  if (state.opens_tunnel) {
    End(connection, absl::UnavailableError("it did not answer CONNECT"));
  } else if (state.reader->EndOfInput() == ResponseReader::Result::kDone) {
    Complete(connection);
  } else {
    End(connection, state.reader->status());
  }
  connection.Close();
}

absl::Status HttpClientHandler::ConsiderRedirect(HttpExchange& exchange,
                                                 const Response& response) {
  if (exchange.redirects_left_ == 0) return absl::OkStatus();
  auto next = FollowRedirect(exchange.request_, response.status,
                             response.Find("Location").value_or(""));
  if (!next.ok()) return next.status();
  exchange.next_ = *std::move(next);
  return absl::OkStatus();
}

void HttpClientHandler::Complete(Connection& connection) {
  State& state = connection.state<State>();
  // A body that the server did not wait for is still to come, for all it knows.
  const bool sent = state.body_left.empty();
  const bool reusable =
      state.reader->keep_alive() && sent && connection.input().empty();
  if (state.exchange->next_.has_value()) {
    GoOn(connection);
  } else {
    End(connection, absl::OkStatus());
  }
  if (!sent) return connection.Abort();
  connection.SetMidMessage(false);
  if (!reusable || connection.closing() || !GiveBack(connection)) {
    connection.Close();
  }
}

void HttpClientHandler::GoOn(Connection& connection) {
  std::unique_ptr<HttpExchange> exchange(
      static_cast<HttpExchange*>(target(connection)->context.release()));
  connection.state<State>().exchange = nullptr;
  exchange->request_ = *std::exchange(exchange->next_, std::nullopt);
  if (!exchange->request_.content_length.has_value()) exchange->body_.clear();
  exchange->connection_ = {};
  ++exchange->redirects_;
  --exchange->redirects_left_;
  // From here on it may be another thread's.
  absl::Status sent = data_.Send(exchange);
  if (!sent.ok()) OnEnd(*exchange, sent);
}

void HttpClientHandler::End(Connection& connection,
                            const absl::Status& status) {
  State& state = connection.state<State>();
  HttpExchange* exchange = std::exchange(state.exchange, nullptr);
  if (exchange == nullptr) return;
  OnEnd(*exchange, state.opens_tunnel ? data_.Named(status) : status);
}

void HttpClientHandler::Cancel(HttpExchange& exchange) {
  Connection* connection = Find(exchange.connection_);
  if (connection == nullptr) return;
  End(*connection, absl::CancelledError("by the caller"));
  connection->Abort();
}

void HttpClientHandler::OnClose(Connection& connection, CloseReason reason) {
  if (reason == CloseReason::kRetry) return;
  if (!connection.has_state<State>()) {
    // OnConnect has thrown; or the socket is the application's own.
    Target* const unused = target(connection);
    if (unused == nullptr) return;
    return OnEnd(ExchangeOf(*unused),
                 StatusOf(connection, reason, /*begun=*/false));
  }
  const State& state = connection.state<State>();
  const bool begun =
      !state.opens_tunnel && state.reader.has_value() && state.reader->begun();
  End(connection, StatusOf(connection, reason, begun));
}

void HttpClientHandler::OnConnectFailed(Target& target,
                                        const ConnectFailure& failure) {
  OnEnd(ExchangeOf(target), data_.Named(StatusOf(target, failure)));
}

}  // namespace kingpin::http
