// HttpClientHandler: the loop of an HTTP/1.1 client thread. It sends requests that any
// thread has asked for, over connections of the shared pool, follows redirects, undoes
// codings, and tells what comes back.
//
//   class Printer : public http::HttpClientHandler {
//    public:
//     using HttpClientHandler::HttpClientHandler;
//     void OnBody(http::HttpExchange&, std::string_view data) override {
//       std::cout << data;
//     }
//     void OnEnd(http::HttpExchange& e, const absl::Status& status) override {
//       std::cout << e.url().ToString() << ": " << status << '\n';
//     }
//     absl::StatusOr<std::unique_ptr<Resolver>> MakeResolver() override {
//       return DnsResolver::Create(this);
//     }
//   };
//   http::HttpClientData shared({}, {.pool = {.end_when_done = true}});
//   auto added = shared.Fetch({.url = *http::Url::Parse("http://example.com/")});
//   if (!added.ok()) return ExitCode(added);
//   EpollTPClient<Printer> client(&shared, {.threads = 2});
//   return ExitCode(client.Run());
//
// Names are looked up by what MakeResolver() returns: //kingpin/dns:dns_resolver asks
// name servers; without it, hosts are addresses and localhost.
//
// An exchange, which is one request and its answer, redirects included:
//
//   Fetch -> (redirected ...) -> OnResponse -> OnBody ... -> OnEnd
//
// - OnEnd comes exactly once for each that Fetch() has taken, on a loop thread, whatever
//   happens; what is not OK says why, and where. If no loop can start, it is
//   HttpClientData::OnEnd that comes, on the thread that called Start() or Run().
// - An answer that says where to go on (redirect.h) is followed, its body read and
//   dropped, until HttpRequest::max_redirects; what comes after that is the answer.
// - A method that may be repeated (RFC 9110 section 9.2.2) is sent once more when a
//   connection that was used before turns out to be closed.
// - HttpRequest::timeout bounds all of it, from Fetch() to OnEnd.
//
// Bounds: those of ResponseReaderOptions for what comes, of ConnectionPoolOptions for
// connections and what waits for one. A coded body is decoded in turns, 256 KiB an
// iteration of the loop; meanwhile nothing is read from its connection.
//
// Threads: HttpClientData from any; handlers, exchanges and callbacks as IOHandler.
// Lifetime: as ThreadSharedDataForClient. An exchange dies after OnEnd; between hops it
// belongs to no thread. Overriding NewTransport, OnConnect, OnTransportReady, OnMessage,
// OnInputEnd, OnWriteComplete, OnClose or OnConnectFailed, call the one here too, for a
// socket of your own as well. Of Connection, EmplaceState, SetMidMessage and SetBusy are
// taken where an exchange has it.
#ifndef KINGPIN_HTTP_HTTP_CLIENT_H_
#define KINGPIN_HTTP_HTTP_CLIENT_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kingpin/http/request_head.h"
#include "kingpin/http/response_parser.h"
#include "kingpin/http/response_reader.h"
#include "kingpin/http/url.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/connection_id.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_shared_data_for_client.h"
#include "kingpin/sys/clock.h"
#include "kingpin/tls/tls_client.h"

namespace kingpin::http {

struct HttpRequest {
  std::string method = "GET";
  Url url;
  // See RequestHeadParts::fields. User-Agent, Accept and Accept-Encoding are added
  // where they are missing.
  std::vector<std::pair<std::string, std::string>> fields = {};
  // Of any size: it is written as the socket takes it, from where it lies here.
  std::string body = {};
  // The body waits for the server's 100 (Continue), or
  // HttpClientOptions::continue_timeout (RFC 9110 section 10.1.1).
  bool expect_continue = false;
  // From Fetch() to OnEnd.
  absl::Duration timeout = absl::Seconds(30);
  int max_redirects =
      10;  // 0: a redirect is an answer like any other. Not below.
  TargetPriority priority = TargetPriority::kNormal;
  // Always a connection of its own.
  bool fresh_connection = false;
  // What the caller wants to find again: HttpExchange::context().
  std::unique_ptr<TargetContext> context = nullptr;
};

struct HttpClientOptions {
  ResponseReaderOptions response = {};
  // Of https.
  TlsClientOptions tls = {.alpn = {"http/1.1"}};
  // Requests go by this proxy: http://HOST:PORT, no https. Those of https through a
  // tunnel (CONNECT, RFC 9110 section 9.3.6), of which it sees the host's name only.
  // What fails on the way to it, or before its tunnel stands, begins with
  // "proxy HOST:PORT: "; of what lies behind, it is the server that is told of.
  std::optional<Url> proxy = {};
  // For the proxy alone: Proxy-Authorization, say.
  std::vector<std::pair<std::string, std::string>> proxy_fields = {};
  std::string user_agent = "kingpin";
  absl::Duration continue_timeout = absl::Seconds(1);
};

class HttpExchange final : public TargetContext {
 public:
  // What is asked, of this hop.
  const RequestHeadParts& request() const { return request_; }
  const Url& url() const { return request_.url; }
  // How often it was redirected.
  int redirects() const { return redirects_; }
  // Null if there was none, or it was moved away.
  std::unique_ptr<TargetContext>& context() { return context_; }
  // Default if it has none.
  ConnectionId connection() const { return connection_; }

 private:
  friend class HttpClientData;
  friend class HttpClientHandler;

  RequestHeadParts request_;
  std::string head_;  // As it is sent.
  std::string body_;
  TargetPriority priority_;
  bool fresh_connection_;
  MonotonicTime deadline_;
  int redirects_ = 0;
  int redirects_left_;
  std::unique_ptr<TargetContext> context_;

  // Of the connection that it has.
  ConnectionId connection_;
  std::optional<RequestHeadParts> next_;
};

class HttpClientData : public ThreadSharedDataForClient {
 public:
  explicit HttpClientData(HttpClientOptions http = {},
                          ClientOptions client = {});

  // Reads the roots that https trusts, too; without any, https is refused later.
  // InvalidArgument for a proxy that is none.
  absl::Status Open(int threads) override;

  // From any thread, at any time. An error, and no exchange: InvalidArgument for what
  // cannot be sent, or for a proxy that is none, else those of ConnectionPool::Add(),
  // of which ResourceExhausted means: later.
  absl::Status Fetch(HttpRequest request);

  // Instead of the handlers', none of which has come into being: the run could not
  // start, for the reason that Start() or Run() returns.
  virtual void OnEnd(HttpExchange&, const absl::Status&) {}

  const HttpClientOptions& http_options() const { return options_; }

 protected:
  void OnTargetDropped(Target& target, const ConnectFailure& failure) override;

 private:
  friend class HttpClientHandler;

  // The next hop. Takes the exchange unless it fails.
  absl::Status Send(std::unique_ptr<HttpExchange>& exchange);
  void AddDefaultFields(RequestHeadParts* request) const;
  // kInvalidArgument, or what is sent before the body.
  absl::StatusOr<std::string> HeadOf(const HttpExchange& exchange) const;
  // By CONNECT.
  bool Tunnels(const Url& url) const {
    return url.is_https && options_.proxy.has_value();
  }
  // Of connections that are shared.
  std::string GroupOf(const Url& url) const;
  // What went wrong, and on the way to or by which proxy.
  absl::Status Named(const absl::Status& status) const;

  const HttpClientOptions options_;
  const absl::Status proxy_status_;  // Whether it can be one.
  absl::StatusOr<std::unique_ptr<TlsClient>> tls_ =
      absl::FailedPreconditionError("https is not ready before Open()");
};

class HttpClientHandler : public IOHandlerForClient {
 public:
  HttpClientHandler(HttpClientData* shared, int thread)
      : IOHandlerForClient(shared, thread), data_(*shared) {}

  // The head of the answer. `response` and its views die when this returns.
  virtual void OnResponse(HttpExchange&, const Response&) {}
  // The next piece of its body, not empty.
  virtual void OnBody(HttpExchange&, std::string_view /*data*/) {}
  // The last callback. OK: all of the answer has come, and nothing behind it that
  // nobody asked for (with ResponseSyntax::kLenient, that is dropped).
  // DeadlineExceeded; Unavailable: no connection, or it ended before an answer;
  // DataLoss: it ended, or broke, within the answer; Cancelled: by Cancel(), or by
  // the end of the run; else see ResponseReader::status().
  virtual void OnEnd(HttpExchange&, const absl::Status&) {}

  // Within OnResponse or OnBody, or later on the same thread: nothing more is wanted.
  // OnEnd comes with Cancelled.
  void Cancel(HttpExchange& exchange);

  std::unique_ptr<Transport> NewTransport(const Target& target) override;
  void OnConnect(Connection& connection) override;
  void OnTransportReady(Connection& connection) override;
  void OnMessage(Connection& connection) override;
  void OnInputEnd(Connection& connection) override;
  void OnWriteComplete(Connection& connection) override;
  void OnClose(Connection& connection, CloseReason reason) override;
  void OnConnectFailed(Target& target, const ConnectFailure& failure) override;

 private:
  // Hangs on a connection while an exchange has it.
  struct State {
    explicit State(HttpExchange* e) : exchange(e) {}
    HttpExchange* exchange;  // Null: ended, or gone on.
    std::optional<ResponseReader> reader;
    bool opens_tunnel = false;
    // Of the body, what was not written yet.
    std::string_view body_left = {};
    bool body_waits = false;  // For 100 (Continue).
  };

  // Told what the bytes of `connection` are.
  class Sink;
  class TunnelSink;

  static HttpExchange& ExchangeOf(const Target& target) {
    return static_cast<HttpExchange&>(*target.context);
  }
  void OpenTunnel(Connection& connection);
  void ReadTunnelAnswer(Connection& connection);
  void SendRequest(Connection& connection);
  void ReadAnswer(Connection& connection);
  void AwaitContinue(Connection& connection);
  // The body need not wait any more.
  void SendBody(Connection& connection);
  // The next slice of it.
  void SendMore(Connection& connection);
  // Sets where the exchange goes on to, if it does.
  absl::Status ConsiderRedirect(HttpExchange& exchange,
                                const Response& response);
  // The answer is complete.
  void Complete(Connection& connection);
  void GoOn(Connection& connection);
  void End(Connection& connection, const absl::Status& status);

  HttpClientData& data_;
  Response scratch_;
};

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_HTTP_CLIENT_H_
