// The HTTP client and whoever is on the other side: peers that break the rules, send
// too much, are slow or not there; proxies.

#include <sys/socket.h>
#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/http/content_decoder.h"
#include "kingpin/http/http_client.h"
#include "kingpin/pool/loop_stats.h"
#include "tests/http/http_client_testing.h"
#include "tests/http/http_test_server.h"
#include "tests/testing/scripted_server.h"

namespace kingpin::http {
namespace {

using ::testing::AnyOf;
using testing::At;
using ::testing::HasSubstr;
using testing::HttpTestHandler;
using testing::HttpTestServer;
using testing::Local;
using ::testing::Not;
using testing::Outcome;
using testing::Saying;
using ::testing::StartsWith;
using testing::TestHttpClient;
using testing::ThreadedServer;

TEST(HttpClientPeers, PeersThatBreakTheRules) {
  const auto end = [](std::string answer) {
    ThreadedServer server = Saying(std::move(answer), /*close=*/true);
    TestHttpClient client;
    return client.Get(At(server.port(), "/")).end;
  };
  EXPECT_EQ(end("SSH-2.0-x\r\n").code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(end("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(end("HTTP/1.1 200 OK\r\nContent-Len").code(),
            absl::StatusCode::kDataLoss);
  EXPECT_EQ(end("HTTP/1.1 200 OK\r\nContent-Encoding: x\r\n\r\nz").code(),
            absl::StatusCode::kUnimplemented);
  EXPECT_EQ(end("HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\nxyz").code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(end("").code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(end("HTTP/1.1 200 OK\r\n\r\nuntil the end").ok());
}

TEST(HttpClientPeers, WhatFollowsAnAnswerIsAnError) {
  ThreadedServer server = Saying(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Mine\r\n",
      /*close=*/false);
  TestHttpClient client;
  for (int i = 1; i <= 2; ++i) {
    const Outcome o = client.Get(At(server.port(), "/"));
    EXPECT_EQ(o.end.code(), absl::StatusCode::kInvalidArgument) << o.end;
    EXPECT_THAT(std::string(o.end.message()), HasSubstr("19 bytes"));
    EXPECT_EQ(o.body, "ok");
    EXPECT_EQ(server.shared().connects, i) << "and costs the connection";
  }
}

TEST(HttpClientPeers, WhatFollowsAnAnswerIsDroppedByALenientClient) {
  ThreadedServer server = Saying(
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 Mine\r\n",
      /*close=*/false);
  TestHttpClient client({.response = {.syntax = ResponseSyntax::kLenient}});
  for (int i = 1; i <= 2; ++i) {
    const Outcome o = client.Get(At(server.port(), "/"));
    EXPECT_TRUE(o.end.ok()) << o.end;
    EXPECT_EQ(o.body, "ok");
    EXPECT_EQ(server.shared().connects, i) << "and costs the connection";
  }
}

TEST(HttpClientPeers, AConnectionThatBreaksWithinTheAnswerIsALoss) {
  // The answer's begin, and when it has been seen a reset.
  absl::Notification seen;
  ThreadedServer server(
      {.on_message =
           [](Connection& c) {
             c.input().TakeAll();
             c.Write("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsh");
           },
       .on_loop =
           [&seen](IOHandler& handler) {
             handler.RunAfter(absl::Milliseconds(1), [] {});  // Looks again.
             if (!seen.HasBeenNotified()) return;
             handler.ForEachConnection([](Connection& c) {
               const linger reset = {.l_onoff = 1, .l_linger = 0};
               setsockopt(c.fd(), SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
               c.Abort();
             });
           }},
      Local(), 1);
  TestHttpClient client;
  client.data().on_response = [&seen](HttpClientHandler&, HttpExchange&) {
    seen.Notify();
  };
  const Outcome o = client.Get(At(server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kDataLoss) << o.end;
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("within the answer"));
}

TEST(HttpClientPeers, AnAnswerBeyondTheBoundIsCut) {
  HttpTestServer server({.on_request = [](HttpTestHandler& handler,
                                          Connection& c, const Request&) {
    testing::AnswerText(handler, c, std::string(10'000, 'x'));
  }});
  TestHttpClient client({.response = {.max_body = 9'999}});
  EXPECT_EQ(client.Get(At(server.port(), "/")).end.code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(HttpClientPeers, FailureMode49ABombIsCutAtTheBound) {
  const std::string zeros(64 << 20, '\0');
  uLongf size = compressBound(zeros.size());
  std::string bomb(size, '\0');
  ASSERT_EQ(
      compress(reinterpret_cast<Bytef*>(bomb.data()), &size,
               reinterpret_cast<const Bytef*>(zeros.data()), zeros.size()),
      Z_OK);
  bomb.resize(size);
  ThreadedServer server =
      Saying(absl::StrCat("HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n"
                          "Content-Length: ",
                          size, "\r\n\r\n", bomb),
             /*close=*/false);
  TestHttpClient client({.response = {.max_body = 1 << 20}});
  const Outcome o = client.Get(At(server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kResourceExhausted) << o.end;
  EXPECT_LE(o.body.size(), size_t{1} << 20);
}

// 256 MiB of zeros, in 256 KiB.
constexpr int kBombMib = 256;
std::string GzipBomb() {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 9, 0), Z_OK);
  std::string zeros(1 << 20, '\0');
  std::string bomb(1 << 20, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(bomb.data());
  stream.avail_out = static_cast<uInt>(bomb.size());
  for (int i = 1; i <= kBombMib; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = static_cast<uInt>(zeros.size());
    deflate(&stream, i == kBombMib ? Z_FINISH : Z_NO_FLUSH);
  }
  bomb.resize(stream.total_out);
  deflateEnd(&stream);
  return absl::StrCat(
      "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
      "Content-Length: ",
      bomb.size(), "\r\n\r\n", bomb);
}

const std::string& Bomb() {
  static const std::string* const bomb = new std::string(GzipBomb());
  return *bomb;
}

// No clocks: the loop of the client has to come round between the pieces.
TEST(HttpClientPeers, FailureMode49ABombDoesNotHoldUpTheLoop) {
  ThreadedServer server = Saying(Bomb(), /*close=*/false);
  TestHttpClient client;
  const Counter& rounds = client.data().thread(0).stats().iterations;
  uint64_t round = 0;
  size_t in_round = 0;
  size_t most = 0;
  size_t all = 0;
  client.data().on_body = [&](HttpClientHandler& handler,
                              HttpExchange& exchange, std::string_view data) {
    if (rounds.value() != round) in_round = 0;
    round = rounds.value();
    most = std::max(most, in_round += data.size());
    // A timer of the same loop has its turn, too.
    if (all == 0) {
      handler.RunAfter(absl::ZeroDuration(),
                       [&handler, &exchange] { handler.Cancel(exchange); });
    }
    all += data.size();
  };
  const Outcome o = client.Get(At(server.port(), "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kCancelled) << o.end;
  EXPECT_LE(most, ContentDecoder::kTurnBytes + (16 << 10));
  EXPECT_LT(all, size_t{kBombMib} << 20);
}

TEST(HttpClientPeers, FailureMode49TheDeadlineEndsABomb) {
  ThreadedServer server = Saying(Bomb(), /*close=*/false);
  TestHttpClient client;
  std::atomic<size_t> all = 0;
  client.data().on_body = [&](HttpClientHandler&, HttpExchange&,
                              std::string_view data) { all += data.size(); };
  const Outcome o = client.Fetch({.url = *Url::Parse(At(server.port(), "/")),
                                  .timeout = absl::Milliseconds(100)});
  // A machine that does all of it in this time has no need of a deadline.
  EXPECT_TRUE(o.end.code() == absl::StatusCode::kDeadlineExceeded ||
              (o.end.ok() && all == size_t{kBombMib} << 20))
      << o.end << " after " << all;
}

TEST(HttpClientPeers, NobodyThere) {
  uint16_t port;
  {
    HttpTestServer server;
    port = server.port();
  }
  TestHttpClient client;
  const Outcome o = client.Get(At(port, "/"));
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(
      std::string(o.end.message()),
      HasSubstr(absl::StrCat("127.0.0.1 port ", port, ": connection refused")));
}

TEST(HttpClientPeers, TheTimeOfARequestIsBounded) {
  ThreadedServer server(
      {.on_message = [](Connection& c) { c.input().TakeAll(); }}, Local(), 1);
  TestHttpClient client;
  const Outcome o = client.Fetch({.url = *Url::Parse(At(server.port(), "/")),
                                  .timeout = absl::Milliseconds(50)});
  EXPECT_EQ(o.end.code(), absl::StatusCode::kDeadlineExceeded) << o.end;
}

TEST(HttpClientProxy, ThroughAProxy) {
  HttpTestServer proxy(
      {.on_request = [](HttpTestHandler& handler, Connection& c,
                        const Request& request) {
        testing::AnswerText(handler, c,
                            absl::StrCat(request.target, " for ",
                                         request.Find("Host").value_or("?")));
      }});
  TestHttpClient client({.proxy = *Url::Parse(At(proxy.port(), "/"))});
  EXPECT_THAT(client.Get("http://nowhere.invalid/a?b").body,
              AnyOf(HasSubstr("http://nowhere.invalid/a?b for nowhere.invalid"),
                    HasSubstr("/a?b for nowhere.invalid")));
}

TEST(HttpClientProxy, WhatIsNoProxyIsRefusedAtOnce) {
  HttpClientOptions encrypted;
  encrypted.proxy = *Url::Parse("https://proxy:3128");
  HttpClientOptions bad_field;
  bad_field.proxy = *Url::Parse("http://proxy:3128");
  bad_field.proxy_fields = {{"X", "a\r\nb"}};
  HttpClientOptions no_port;
  no_port.proxy = {.host = "proxy"};
  for (const HttpClientOptions& options : {encrypted, bad_field, no_port}) {
    HttpClientData data(options);
    EXPECT_EQ(data.Fetch({.url = *Url::Parse("http://h/")}).code(),
              absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(data.Open(1).code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(HttpClientProxy, FailuresThroughAProxyNameIt) {
  uint16_t port;
  {
    HttpTestServer server;
    port = server.port();
  }
  TestHttpClient nobody({.proxy = *Url::Parse(At(port, "/"))});
  for (std::string_view scheme : {"http", "https"}) {
    const Outcome o = nobody.Get(absl::StrCat(scheme, "://nowhere.invalid/"));
    EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
    EXPECT_THAT(std::string(o.end.message()),
                StartsWith(absl::StrCat("proxy 127.0.0.1:", port, ": conn")));
  }
  ThreadedServer closes({.on_message = [](Connection& c) { c.Close(); }},
                        Local(), 1);
  TestHttpClient client({.proxy = *Url::Parse(At(closes.port(), "/"))});
  const Outcome o = client.Get("https://nowhere.invalid/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(
      std::string(o.end.message()),
      StartsWith(absl::StrCat("proxy 127.0.0.1:", closes.port(), ": ")));
}

TEST(HttpClientProxy, FailuresOfWhatLiesBehindAProxyAreNotItsOwn) {
  ThreadedServer proxy =
      Saying("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsh",
             /*close=*/true);
  TestHttpClient client({.proxy = *Url::Parse(At(proxy.port(), "/"))});
  const Outcome o = client.Get("http://nowhere.invalid/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(o.end.message()), Not(HasSubstr("proxy")));
}

TEST(HttpClientProxy, AProxyOpensATunnelWithOkAndNothingElse) {
  ThreadedServer switches = Saying("HTTP/1.1 101 Yes\r\nUpgrade: x\r\n\r\n",
                                   /*close=*/false);
  TestHttpClient client({.proxy = *Url::Parse(At(switches.port(), "/"))});
  const Outcome o = client.Get("https://nowhere.invalid/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable) << o.end;
  EXPECT_THAT(std::string(o.end.message()), HasSubstr("CONNECT with 101"));
}

TEST(HttpClientProxy, WhatAProxySendsBehindItsAnswerIsNotThePeers) {
  ThreadedServer talks =
      Saying("HTTP/1.1 200 OK\r\n\r\nhello", /*close=*/false);
  TestHttpClient client({.proxy = *Url::Parse(At(talks.port(), "/"))});
  const Outcome o = client.Get("https://nowhere.invalid/");
  EXPECT_EQ(o.end.code(), absl::StatusCode::kUnavailable) << o.end;
  EXPECT_THAT(std::string(o.end.message()),
              HasSubstr("5 bytes behind its answer to CONNECT"));
}

}  // namespace
}  // namespace kingpin::http
