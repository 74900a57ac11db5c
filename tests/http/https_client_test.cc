// https by the HTTP client: to our own server, and through a tunnel of a proxy.
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/http/http_client.h"
#include "kingpin/http/http_handler.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/socket_address.h"
#include "kingpin/sys/unique_fd.h"
#include "kingpin/tls/tls_client.h"
#include "kingpin/tls/tls_server.h"
#include "tests/http/http_client_testing.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"
#include "tests/tls/test_certificates.h"

namespace kingpin::http {
namespace {

using ::testing::AllOf;
using testing::CertificateFiles;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::Local;
using ::testing::Not;
using testing::Outcome;
using testing::TestCa;
using testing::TestHttpClient;
using testing::ThreadedServer;

struct TlsShared : ThreadSharedDataForServer {
  TlsShared(std::unique_ptr<TlsServer> server)
      : ThreadSharedDataForServer({.listen = {"127.0.0.1:0"}}),
        tls(std::move(server)) {}
  const std::unique_ptr<TlsServer> tls;
};

// Answers with the path.
class TlsHandler : public HttpHandler {
 public:
  TlsHandler(TlsShared* shared, int thread)
      : HttpHandler(shared, thread), tls_(*shared->tls) {}
  std::unique_ptr<Transport> NewTransport(size_t) override {
    return tls_.NewTransport();
  }
  void OnRequest(Connection& c, const Request& request) override {
    char room[1024];
    ResponseHead head = BeginHead(c, HttpStatus::kOk, room);
    Answer(c, HttpStatus::kOk, &head, request.path);
  }

 private:
  TlsServer& tls_;
};

class HttpsServer {
 public:
  explicit HttpsServer(const CertificateFiles& files)
      : shared_(*TlsServer::Create({.certificate_file = files.certificate,
                                    .key_file = files.key,
                                    .alpn = {"http/1.1"}})),
        pool_(&shared_, {.threads = 1, .handle_signals = false}) {
    EXPECT_TRUE(pool_.Start().ok());
  }
  ~HttpsServer() {
    pool_.Shutdown(RunPhase::kStopping);
    EXPECT_TRUE(pool_.Wait().ok());
  }
  uint64_t accepts() { return shared_.thread(0).stats().accepts.value(); }
  uint16_t port() { return shared_.port(); }
  std::string Url(std::string_view path) {
    return absl::StrCat("https://localhost:", shared_.port(), path);
  }

 private:
  TlsShared shared_;
  EpollTPServer<TlsHandler> pool_;
};

HttpClientOptions Trusting(const TestCa& ca) {
  HttpClientOptions options;
  options.tls.ca_file = ca.file();
  return options;
}

TEST(HttpsClient, ConnectionsAreKept) {
  TestCa ca;
  HttpsServer server(ca.Issue());
  TestHttpClient client(Trusting(ca));
  for (int i = 0; i < 10; ++i) {
    const Outcome o = client.Get(server.Url(absl::StrCat("/", i)));
    ASSERT_TRUE(o.end.ok()) << o.end;
    ASSERT_EQ(o.body, absl::StrCat("/", i));
  }
  EXPECT_EQ(server.accepts(), 1u);
}

TEST(HttpsClient, ManyThreadsShareThem) {
  TestCa ca;
  HttpsServer server(ca.Issue());
  ClientOptions options;
  options.pool.max_connections_per_host = 5;
  TestHttpClient client(Trusting(ca), options, /*threads=*/2);
  for (int i = 0; i < 200; ++i) {
    client.Start({.url = *Url::Parse(server.Url("/x"))});
  }
  for (int i = 0; i < 200; ++i) {
    ASSERT_EQ(client.data().Await(i).body, "/x");
  }
  EXPECT_LE(server.accepts(), 5u);
}

// On one thread, whose requests to others go through handshakes of their own, too.
TEST(HttpsClient, HandshakesThatStallDelayNobody) {
  constexpr int kStalled = 32;
  constexpr int kHealthy = 64;
  std::atomic<int> hellos = 0;
  absl::Notification all_stall;
  ThreadedServer silent({.on_message =
                             [&](Connection& c) {
                               c.input().TakeAll();
                               if (c.busy()) return;
                               c.SetBusy(true);
                               if (++hellos == kStalled) all_stall.Notify();
                             }},
                        Local(), 1);
  TestCa ca;
  HttpsServer server(ca.Issue());
  ClientOptions options;
  options.connection.timeouts.handshake = absl::Hours(1);
  TestHttpClient client(Trusting(ca), options, /*threads=*/1);
  const std::string stalling =
      absl::StrCat("https://127.0.0.1:", silent.port(), "/");
  for (int i = 0; i < kStalled; ++i) {
    client.Start({.url = *Url::Parse(stalling), .timeout = absl::Hours(1)});
  }
  ASSERT_TRUE(all_stall.WaitForNotificationWithTimeout(testing::kPatience));
  std::vector<int> healthy;
  for (int i = 0; i < kHealthy; ++i) {
    healthy.push_back(client.Start({.url = *Url::Parse(server.Url("/x")),
                                    .fresh_connection = i % 2 == 0}));
  }
  for (int number : healthy) {
    const Outcome o = client.data().Await(number);
    ASSERT_TRUE(o.end.ok()) << o.end;
    EXPECT_EQ(o.body, "/x");
  }
  EXPECT_EQ(client.data().Ends(), kHealthy) << "one that stalls has ended";
  EXPECT_EQ(silent.shared().closes, 0);
}

TEST(HttpsClient, AServerThatIsNotTrustedIsRefusedWithTheReason) {
  TestCa ca;
  HttpsServer server(ca.Issue({.names = {"other.example"}}));
  TestHttpClient client(Trusting(ca));
  Outcome o = client.Get(server.Url("/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("other.example"));
  EXPECT_EQ(o.status, 0);

  TestHttpClient stranger;
  o = stranger.Get(server.Url("/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("certificate"));
}

TEST(HttpsClient, AnEndWithoutAFarewellWithinTheAnswerIsALoss) {
  TestCa ca;
  const CertificateFiles files = ca.Issue();
  const std::unique_ptr<TlsServer> tls = *TlsServer::Create(
      {.certificate_file = files.certificate, .key_file = files.key});
  // No length: the end of the connection is that of the body.
  constexpr std::string_view kBegin = "HTTP/1.1 200 OK\r\n\r\nbegin";
  ThreadedServer server({.on_message =
                             [&](Connection& c) {
                               c.input().TakeAll();
                               c.Write(kBegin);
                             },
                         .on_write_complete = [](Connection& c) { c.Abort(); },
                         .new_transport = [&] { return tls->NewTransport(); }},
                        Local(), 1);
  TestHttpClient client(Trusting(ca));
  const Outcome o =
      client.Get(absl::StrCat("https://localhost:", server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kDataLoss) << o.end;
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("close_notify"));
  EXPECT_EQ(o.body, "begin");
}

struct OwnSocketData : HttpClientData {
  OwnSocketData(HttpClientOptions options, uint16_t p)
      : HttpClientData(options),
        port(p),
        tls(*TlsClient::Create(options.tls)) {}
  const uint16_t port;
  const std::unique_ptr<TlsClient> tls;
  std::string answer;
};

// Has a connection of its own, on which TLS begins in the middle.
class OwnSocketHandler : public HttpClientHandler {
 public:
  OwnSocketHandler(OwnSocketData* data, int thread)
      : HttpClientHandler(data, thread), data_(*data) {}
  absl::Status Init() override {
    if (absl::Status status = HttpClientHandler::Init(); !status.ok()) {
      return status;
    }
    const int error =
        Adopt(UniqueFd(dup(testing::TestClient::Connect(data_.port).fd())));
    return absl::ErrnoToStatus(error, "adopting");
  }
  void OnConnect(Connection& connection) override {
    HttpClientHandler::OnConnect(connection);
    connection.StartTransport(data_.tls->NewTransport("localhost", data_.port));
  }
  void OnTransportReady(Connection& connection) override {
    HttpClientHandler::OnTransportReady(connection);
    connection.Write("GET /own HTTP/1.0\r\n\r\n");
  }
  void OnMessage(Connection& connection) override {
    HttpClientHandler::OnMessage(connection);
    data_.answer += connection.input().TakeAll();
  }
  void OnClose(Connection& connection, CloseReason reason) override {
    HttpClientHandler::OnClose(connection, reason);
    shared().Shutdown(RunPhase::kStopping);
  }

 private:
  OwnSocketData& data_;
};

TEST(HttpsClient, ASocketOfTheApplicationsOwnMayStartTls) {
  TestCa ca;
  HttpsServer server(ca.Issue());
  OwnSocketData data(Trusting(ca), server.port());
  EpollTPClient<OwnSocketHandler> client(
      &data, {.threads = 1, .handle_signals = false});
  EXPECT_TRUE(client.Run().ok());
  EXPECT_THAT(data.answer, HasSubstr("/own"));
}

TEST(HttpsClient, PlainHttpOnThatPort) {
  ThreadedServer server({}, Local(), 1);
  TestHttpClient client;
  const Outcome o =
      client.Get(absl::StrCat("https://127.0.0.1:", server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable) << o.end;
}

TEST(HttpsClient, HttpsThatIsAskedInThePlainSaysSo) {
  TestCa ca;
  HttpsServer server(ca.Issue());
  TestHttpClient client;
  // Our own answers as a server of plain HTTP would.
  Outcome o = client.Get(absl::StrCat("http://127.0.0.1:", server.port(), "/"));
  EXPECT_TRUE(o.end.ok()) << o.end;
  EXPECT_EQ(o.status, 400);
  EXPECT_THAT(o.body, HasSubstr("https://"));
  // Others send an alert.
  ThreadedServer other(
      {.on_message =
           [](Connection& c) {
             c.input().TakeAll();
             c.Write(absl::string_view("\x15\x03\x01\0\x02\x02\x28", 7));
             c.Close();
           }},
      Local(), 1);
  o = client.Get(absl::StrCat("http://127.0.0.1:", other.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("https://"));
}

// A proxy for one client at a time, which ends before it: after CONNECT to any port of
// this machine it passes bytes both ways.
class TunnelProxy {
 public:
  TunnelProxy() : listener_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const SocketAddress any = *SocketAddress::Parse("127.0.0.1:0");
    EXPECT_EQ(bind(listener_.get(), any.get(), any.size()), 0);
    EXPECT_EQ(listen(listener_.get(), 10), 0);
    thread_ = std::thread([this] {
      while (true) {
        const UniqueFd client(accept(listener_.get(), nullptr, nullptr));
        if (!client.valid()) return;
        Serve(client.get());
      }
    });
  }
  ~TunnelProxy() {
    shutdown(listener_.get(), SHUT_RDWR);
    thread_.join();
  }

  uint16_t port() const { return SocketAddress::Local(listener_.get()).port(); }
  std::vector<std::string> heads() {
    absl::MutexLock lock(&mu_);
    return heads_;
  }

 private:
  void Serve(int client) {
    std::string head;
    for (char c;
         !absl::EndsWith(head, "\r\n\r\n") && read(client, &c, 1) == 1;) {
      head += c;
    }
    {
      absl::MutexLock lock(&mu_);
      heads_.push_back(head);
    }
    const std::string target = head.substr(8, head.find(' ', 8) - 8);
    const UniqueFd server(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const SocketAddress to = *SocketAddress::Parse(
        absl::StrCat("127.0.0.1", target.substr(target.rfind(':'))));
    if (connect(server.get(), to.get(), to.size()) != 0) return;
    constexpr std::string_view kOk = "HTTP/1.1 200 Connected\r\n\r\n";
    if (send(client, kOk.data(), kOk.size(), MSG_NOSIGNAL) < 0) return;
    while (Pass(client, server.get())) {
    }
  }

  // False at the end of either.
  static bool Pass(int a, int b) {
    pollfd polled[] = {{a, POLLIN, 0}, {b, POLLIN, 0}};
    if (poll(polled, 2, -1) < 0) return false;
    for (int i : {0, 1}) {
      if (polled[i].revents == 0) continue;
      char bytes[4096];
      const ssize_t got = read(polled[i].fd, bytes, sizeof(bytes));
      if (got <= 0) return false;
      if (send(polled[1 - i].fd, bytes, got, MSG_NOSIGNAL) != got) return false;
    }
    return true;
  }

  const UniqueFd listener_;
  absl::Mutex mu_;
  std::vector<std::string> heads_ ABSL_GUARDED_BY(mu_);
  std::thread thread_;
};

TEST(HttpsClient, ThroughATunnelThatIsKept) {
  TestCa ca;
  HttpsServer server(ca.Issue());
  TunnelProxy proxy;
  HttpClientOptions options = Trusting(ca);
  options.proxy = *Url::Parse(absl::StrCat("http://127.0.0.1:", proxy.port()));
  options.proxy_fields = {{"Proxy-Authorization", "Basic eDp5"}};
  TestHttpClient client(options);
  for (int i = 0; i < 5; ++i) {
    const Outcome o = client.Get(server.Url(absl::StrCat("/", i)));
    ASSERT_TRUE(o.end.ok()) << o.end;
    ASSERT_EQ(o.body, absl::StrCat("/", i));
  }
  EXPECT_THAT(proxy.heads(), ElementsAre(absl::StrCat(
                                 "CONNECT localhost:", server.port(),
                                 " HTTP/1.1\r\nHost: localhost:", server.port(),
                                 "\r\nProxy-Authorization: Basic eDp5"
                                 "\r\n\r\n")));
}

TEST(HttpsClient, TheEndOfATunnelIsChecked) {
  TestCa ca;
  HttpsServer server(ca.Issue({.names = {"other.example"}}));
  TunnelProxy proxy;
  HttpClientOptions options = Trusting(ca);
  options.proxy = *Url::Parse(absl::StrCat("http://127.0.0.1:", proxy.port()));
  TestHttpClient client(options);
  const Outcome o = client.Get(server.Url("/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(o.end.message()),
              AllOf(HasSubstr("other.example"), Not(HasSubstr("proxy"))));
}

TEST(HttpsClient, RefusedByTheProxy) {
  ThreadedServer proxy({.on_message =
                            [](Connection& c) {
                              c.input().TakeAll();
                              c.Write(
                                  "HTTP/1.1 407 Proxy Authentication Required"
                                  "\r\nContent-Length: 2\r\n\r\nno");
                            }},
                       Local(), 1);
  HttpClientOptions options;
  options.proxy = *Url::Parse(absl::StrCat("http://127.0.0.1:", proxy.port()));
  TestHttpClient client(options);
  const Outcome o = client.Get("https://localhost:1/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(o.end.message()),
              HasSubstr(absl::StrCat("proxy 127.0.0.1:", proxy.port(),
                                     ": it answered CONNECT with "
                                     "407 Proxy Authentication Required")));
}

}  // namespace
}  // namespace kingpin::http
