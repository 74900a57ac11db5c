// WebSockets of a client: against our own server, plain and over TLS, and against
// servers that answer wrongly, late or not at all.

#include "kingpin/http/websocket_client.h"

#include <atomic>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/http/websocket_accept_key.h"
#include "kingpin/http/websocket_handler.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/clock.h"
#include "kingpin/tls/tls_server.h"
#include "tests/http/websocket_echo_ends.h"
#include "tests/http/websocket_peer.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"
#include "tests/testing/with_own_socket.h"
#include "tests/tls/test_certificates.h"

namespace kingpin {
namespace testing {
namespace {

using http::WebSocket;
using http::WebSocketKind;
using Events = std::vector<std::string>;

struct Named : TargetContext {
  explicit Named(std::string n) : name(std::move(n)) {}
  const std::string name;
};

// Notes everything, and sends "hello" when it is open.
struct NotingShared : http::WebSocketClientData {
  using WebSocketClientData::WebSocketClientData;
  void Note(std::string event) {
    absl::MutexLock lock(&mu);
    events_.push_back(std::move(event));
  }
  Events events() const {
    absl::MutexLock lock(&mu);
    return events_;
  }
  absl::Status failure() const {
    absl::MutexLock lock(&mu);
    return failure_;
  }
  void SetFailure(const absl::Status& status) {
    absl::MutexLock lock(&mu);
    failure_ = status;
  }
  std::atomic<uint64_t> id = 0;

 private:
  mutable absl::Mutex mu;
  Events events_ ABSL_GUARDED_BY(mu);
  absl::Status failure_ ABSL_GUARDED_BY(mu);
};

class NotingHandler : public http::WebSocketClientHandler {
 public:
  NotingHandler(NotingShared* shared, int thread)
      : WebSocketClientHandler(shared, thread), shared_(*shared) {}
  void OnWebSocketOpen(WebSocket& ws, std::string_view protocol) override {
    shared_.id = ws.id().bits();
    shared_.Note(absl::StrCat("open ", NameOf(ws), " ", protocol));
    ws.SendText("hello");
  }
  void OnWebSocketMessage(WebSocket& ws, WebSocketKind,
                          std::string_view payload) override {
    shared_.Note(absl::StrCat("message ", payload));
    if (payload == "close") ws.Close();
  }
  void OnWebSocketClose(WebSocket& ws, const http::WebSocketEnd& end) override {
    shared_.Note(absl::StrCat("close ", NameOf(ws), " ",
                              static_cast<int>(end.code),
                              end.clean ? " clean" : ""));
  }
  void OnWebSocketConnectFailed(std::unique_ptr<TargetContext> context,
                                const absl::Status& status) override {
    shared_.SetFailure(status);
    shared_.Note(absl::StrCat("failed ", static_cast<Named&>(*context).name));
  }

 private:
  std::string NameOf(WebSocket& ws) {
    return static_cast<Named&>(*context(ws)).name;
  }
  NotingShared& shared_;
};

class Client {
 public:
  explicit Client(http::WebSocketClientOptions options = {},
                  ClientOptions client = {})
      : shared_(std::move(options), std::move(client)),
        pool_(&shared_, {.threads = 1, .handle_signals = false}) {
    EXPECT_TRUE(pool_.Start().ok());
  }
  ~Client() { Stop(RunPhase::kStopping); }
  void Stop(RunPhase phase) {
    if (std::exchange(stopped_, true)) return;
    pool_.Shutdown(phase);
    EXPECT_TRUE(pool_.Wait().ok());
  }
  void BeginDrain() { pool_.Shutdown(RunPhase::kDraining); }

  void Connect(std::string_view url, absl::Duration timeout = kPatience,
               std::vector<std::string> protocols = {}) {
    const absl::Status status =
        shared_.Connect({.url = *http::ParseWebSocketUrl(url),
                         .protocols = std::move(protocols),
                         .timeout = timeout,
                         .context = std::make_unique<Named>("a")});
    EXPECT_TRUE(status.ok()) << status;
  }
  // Waits for as many events as `expected` has.
  void Expect(const Events& expected) {
    EXPECT_TRUE(
        Eventually([&] { return shared_.events().size() >= expected.size(); }));
    EXPECT_EQ(shared_.events(), expected);
  }
  NotingShared& shared() { return shared_; }

 private:
  NotingShared shared_;
  EpollTPClient<NotingHandler> pool_;
  bool stopped_ = false;
};

std::string UrlOf(uint16_t port, std::string_view scheme = "ws") {
  return absl::StrCat(scheme, "://localhost:", port, "/ws");
}

void SendTo(Client& client, std::string_view text) {
  EXPECT_TRUE(SendMessage(client.shared(),
                          ConnectionId(client.shared().id.load()),
                          http::WebSocketMessage::Text(text)));
}

TEST(WebSocketClientTest, TalksToOurServer) {
  EchoServer server;
  Client client;
  client.Connect(UrlOf(server.port()));
  client.Expect({"open a ", "message hello"});
  const std::string large(300'000, 'l');
  SendTo(client, large);
  client.Expect({"open a ", "message hello", "message " + large});
  SendTo(client, "close");
  client.Expect({"open a ", "message hello", "message " + large,
                 "message close", "close a 1000 clean"});
  ASSERT_TRUE(server.shared().ends.WaitFor(1));
  EXPECT_EQ(server.shared().ends.ends(), (Events{"1000 clean"}));
}

TEST(WebSocketClientTest, CompressesIfBothAgree) {
  const http::WebSocketOptions options = {
      .deflate = {.enabled = true,
                  .server_context_takeover = true,
                  .client_context_takeover = true,
                  .min_bytes = 1}};
  EchoServer server(options);
  Client client({.websocket = options});
  client.Connect(UrlOf(server.port()));
  Events expected = {"open a ", "message hello"};
  client.Expect(expected);
  for (int i = 0; i < 20; ++i) {
    const std::string text = absl::StrCat("{\"move\":\"h2e2\",\"n\":", i, "}");
    SendTo(client, text);
    expected.push_back("message " + text);
  }
  client.Expect(expected);
}

// --- TLS ---------------------------------------------------------------------

struct TlsEchoShared : EchoServerShared {
  explicit TlsEchoShared(const CertificateFiles& files)
      : EchoServerShared({}, {.listen = {"127.0.0.1:0"}}),
        tls(*TlsServer::Create({.certificate_file = files.certificate,
                                .key_file = files.key,
                                .alpn = {"http/1.1"}})) {}
  const std::unique_ptr<TlsServer> tls;
};

class TlsEchoHandler : public EchoServerHandler {
 public:
  TlsEchoHandler(TlsEchoShared* shared, int thread)
      : EchoServerHandler(shared, thread), tls_(*shared->tls) {}
  std::unique_ptr<Transport> NewTransport(size_t) override {
    return tls_.NewTransport();
  }

 private:
  TlsServer& tls_;
};

TEST(WebSocketClientTest, OverTls) {
  TestCa ca;
  TlsEchoShared shared(ca.Issue());
  EpollTPServer<TlsEchoHandler> server(&shared,
                                       {.threads = 1, .handle_signals = false});
  ASSERT_TRUE(server.Start().ok());
  http::WebSocketClientOptions options;
  options.tls.ca_file = ca.file();
  {
    Client client(options);
    client.Connect(UrlOf(shared.port(), "wss"));
    client.Expect({"open a ", "message hello"});
    const std::string large(300'000, 't');
    SendTo(client, large);
    SendTo(client, "close");
    client.Expect({"open a ", "message hello", "message " + large,
                   "message close", "close a 1000 clean"});
    Client stranger;
    stranger.Connect(UrlOf(shared.port(), "wss"));
    stranger.Expect({"failed a"});
    EXPECT_TRUE(absl::IsUnavailable(stranger.shared().failure()));
    EXPECT_TRUE(
        absl::StrContains(stranger.shared().failure().message(), "certificate"))
        << stranger.shared().failure();
  }
  server.Shutdown(RunPhase::kStopping);
  EXPECT_TRUE(server.Wait().ok());
}

// --- Servers that are none ---------------------------------------------------

class Listener {
 public:
  std::string url() const {
    return absl::StrCat("ws://127.0.0.1:", listener_.port(), "/");
  }
  WebSocketPeer Accept() {
    std::optional<TestClient> socket;
    EXPECT_TRUE(Eventually([&] {
      socket = listener_.TryAccept();
      return socket.has_value();
    }));
    WebSocketPeer peer(*std::move(socket), /*is_client=*/false);
    const std::string head = peer.ReadHead();
    key_ = head.substr(head.find("Sec-WebSocket-Key: ") + 19, 24);
    head_ = head;
    return peer;
  }
  std::string Answer(std::string_view fields = "") const {
    return absl::StrCat(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: ",
        http::WebSocketAcceptKey(key_), "\r\n", fields, "\r\n");
  }
  const std::string& head() const { return head_; }

 private:
  TestListener listener_;
  std::string key_;
  std::string head_;
};

TEST(WebSocketClientTest, WhatCannotBeAnAnswer) {
  struct Case {
    std::string answer;
    absl::StatusCode code;
  };
  for (const Case& c :
       {Case{"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
             absl::StatusCode::kFailedPrecondition},
        Case{"HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: AAAA\r\n\r\n",
             absl::StatusCode::kInvalidArgument},
        Case{"SSH-2.0-OpenSSH_9.2\r\n", absl::StatusCode::kInvalidArgument},
        Case{"", absl::StatusCode::kUnavailable}}) {
    Listener listener;
    Client client;
    client.Connect(listener.url());
    WebSocketPeer peer = listener.Accept();
    peer.SendBytes(c.answer);
    if (c.answer.empty()) peer.socket().Close();
    client.Expect({"failed a"});
    EXPECT_EQ(client.shared().failure().code(), c.code)
        << client.shared().failure();
  }
}

TEST(WebSocketClientTest, NobodyListens) {
  RefusedAddress nobody;
  Client client;
  client.Connect(absl::StrCat("ws://127.0.0.1:", nobody.port(), "/"));
  client.Expect({"failed a"});
  EXPECT_TRUE(absl::IsUnavailable(client.shared().failure()));
}

TEST(WebSocketClientTest, ASocketOfTheApplicationsOwnIsLeftAlone) {
  NotingShared shared;
  EpollTPClient<testing::WithOwnSocket<NotingHandler>> client(
      &shared, {.threads = 1, .handle_signals = false});
  EXPECT_TRUE(client.Run().ok());
  EXPECT_EQ(shared.events(), Events());
}

TEST(WebSocketClientTest, TheDeadlineIsOneOfTheHandshake) {
  Clock clock = Clock::Manual();
  Listener listener;
  Client client({.websocket = {.ping_interval = absl::Hours(10)}},
                {.clock = &clock});
  client.Connect(listener.url(), absl::Seconds(20));
  WebSocketPeer silent = listener.Accept();
  clock.Advance(absl::Seconds(21));
  client.shared().thread(0).Wake();
  client.Expect({"failed a"});
  EXPECT_TRUE(absl::IsDeadlineExceeded(client.shared().failure()))
      << client.shared().failure();

  client.Connect(listener.url(), absl::Seconds(20));
  WebSocketPeer peer = listener.Accept();
  peer.SendBytes(listener.Answer());
  EXPECT_EQ(peer.Read(), "text:hello");
  clock.Advance(absl::Hours(1));
  client.shared().thread(0).Wake();
  peer.SendText("still open");
  client.Expect({"failed a", "open a ", "message still open"});
}

TEST(WebSocketClientTest, WhatComesWithTheAnswerIsTaken) {
  Listener listener;
  Client client;
  client.Connect(listener.url(), kPatience, {"v2", "v1"});
  WebSocketPeer peer = listener.Accept();
  EXPECT_TRUE(
      absl::StrContains(listener.head(), "Sec-WebSocket-Protocol: v2, v1\r\n"));
  peer.SendBytes("HTTP/1.1 102 Processing\r\n\r\n" +
                 listener.Answer("Sec-WebSocket-Protocol: v1\r\n") +
                 peer.Encode({0x81, "at once"}));
  client.Expect({"open a v1", "message at once"});
}

TEST(WebSocketClientTest, EveryFrameHasAMaskOfItsOwn) {
  Listener listener;
  Client client;
  client.Connect(listener.url());
  WebSocketPeer peer = listener.Accept();
  peer.SendBytes(listener.Answer());
  std::set<std::string> keys = {peer.ReadFrame().key};
  for (int i = 0; i < 200; ++i) SendTo(client, "same text");
  for (int i = 0; i < 200; ++i) {
    const WebSocketPeer::Got got = peer.ReadFrame();
    ASSERT_EQ(got.payload, "same text");
    keys.insert(got.key);
  }
  EXPECT_GE(keys.size(), 200u);
}

TEST(WebSocketClientTest, ADrainSaysGoingAway) {
  Listener listener;
  Client client;
  client.Connect(listener.url());
  WebSocketPeer peer = listener.Accept();
  peer.SendBytes(listener.Answer());
  EXPECT_EQ(peer.Read(), "text:hello");
  client.BeginDrain();
  EXPECT_EQ(peer.Read(), "close:1001");
  peer.SendClose(1001);
  peer.socket().Close();
  client.Expect({"open a ", "close a 1001 clean"});
}

TEST(WebSocketClientTest, AServerThatDoesNotCloseAfterClosingIsCut) {
  Clock clock = Clock::Manual();
  Listener listener;
  Client client({}, {.clock = &clock});
  client.Connect(listener.url());
  WebSocketPeer peer = listener.Accept();
  peer.SendBytes(listener.Answer());
  EXPECT_EQ(peer.Read(), "text:hello");
  peer.SendClose(1000);
  EXPECT_EQ(peer.Read(), "close:1000");
  clock.Advance(absl::Seconds(6));
  client.shared().thread(0).Wake();
  EXPECT_EQ(peer.Read(), "end");
  client.Expect({"open a ", "close a 1000 clean"});
}

}  // namespace
}  // namespace testing
}  // namespace kingpin
