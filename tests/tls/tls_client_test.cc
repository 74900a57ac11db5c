// The client's end of TLS, against OpenSSL on a plain socket and against our own
// server.
#include "kingpin/tls/tls_client.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/connection.h"
#include "kingpin/sys/unique_fd.h"
#include "kingpin/tls/tls_transport.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"
#include "tests/tls/raw_peer.h"
#include "tests/tls/test_certificates.h"
#include "tests/tls/tls_test_server.h"

namespace kingpin {
namespace {

using ::testing::AllOf;
using testing::CertificateSpec;
using testing::ConnectTo;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ManualServer;
using testing::RawPeer;
using testing::Script;
using testing::TestCa;
using testing::TlsTestServer;

// A loop that has one end of a socket pair, as a client; the test has the other.
class ClientLoop {
 public:
  explicit ClientLoop(const TlsClientOptions& options, Script script = {}) {
    auto created = TlsClient::Create(options);
    CHECK_OK(created.status());
    client = *std::move(created);
    script.on_handshake_failed = [this](Connection& c, CloseReason) {
      failures.push_back(c.error_text());
      errors.push_back(c.error());
    };
    loop = std::make_unique<ManualServer>(std::move(script));
  }

  // The far end of a new connection to `host`.
  UniqueFd Connect(const std::string& host) {
    int fds[2];
    CHECK_EQ(
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
        0);
    CHECK_EQ(loop->handler().Adopt(UniqueFd(fds[0]),
                                   client->NewTransport(host, 443)),
             0);
    return UniqueFd(fds[1]);
  }
  // Connects to a server with such a certificate; what the client said of it.
  std::string RefusalOf(TestCa& ca, const CertificateSpec& spec,
                        const std::string& host) {
    failures.clear();
    RawPeer server(Connect(host), ca.Issue(spec));
    EXPECT_TRUE(loop->RunUntil([&] {
      server.Step();
      return !failures.empty() || loop->shared().connects > 0;
    }));
    return failures.empty() ? "" : failures[0];
  }
  const TlsTransport& only_transport() {
    return *TlsTransport::From(loop->only().transport());
  }

  std::unique_ptr<TlsClient> client;
  std::vector<std::string> failures;
  std::vector<int> errors;
  std::unique_ptr<ManualServer> loop;
};

TEST(TlsClient, VerifiesAndExchanges) {
  TestCa ca;
  for (const char* host :
       {"a.example", "A.Example.", "x.b.example", "192.0.2.1", "2001:db8::1"}) {
    ClientLoop t({.ca_file = ca.file()},
                 {.on_connect = [](Connection& c) { c.Write("hello"); }});
    RawPeer server(t.Connect(host),
                   ca.Issue({.names = {"a.example", "*.b.example", "192.0.2.1",
                                       "2001:db8::1"}}));
    ASSERT_TRUE(t.loop->RunUntil([&] {
      return server.Step().received() == "hello";
    })) << host
        << ": " << server.error() << ::testing::PrintToString(t.failures);
    server.TryWrite("world");
    ASSERT_TRUE(t.loop->RunUntil(
        [&] { return server.Step().received() == "helloworld"; }));
    EXPECT_EQ(t.only_transport().version(), "TLSv1.3");
  }
}

TEST(TlsClient, AsksForTheNameButNotForAnAddress) {
  TestCa ca;
  for (bool address : {false, true}) {
    ClientLoop t({.verify = false});
    RawPeer server(t.Connect(address ? "192.0.2.1" : "a.example."), ca.Issue());
    ASSERT_TRUE(t.loop->RunUntil([&] { return server.Step().connected(); }))
        << server.error();
    const char* name =
        SSL_get_servername(server.ssl(), TLSEXT_NAMETYPE_host_name);
    EXPECT_EQ(name == nullptr ? "" : std::string(name),
              address ? "" : "a.example");
  }
}

TEST(TlsClient, RefusesWithTheReason) {
  TestCa ca;
  TestCa stranger("Some CA");
  ClientLoop t({.ca_file = ca.file()});
  EXPECT_THAT(
      t.RefusalOf(ca, {.names = {"a.example"}, .ends = -absl::Minutes(1)},
                  "a.example"),
      HasSubstr("the certificate has expired: it was valid until "));
  EXPECT_THAT(
      t.RefusalOf(ca, {.names = {"a.example"}, .begins = absl::Hours(1)},
                  "a.example"),
      HasSubstr("the certificate is not valid before "));
  EXPECT_EQ(
      t.RefusalOf(ca, {.names = {"a.example", "b.example"}}, "c.example"),
      "the certificate is for a.example, b.example and not for c.example");
  EXPECT_THAT(t.RefusalOf(ca, {.names = {"a.example"}}, "192.0.2.1"),
              HasSubstr("not for 192.0.2.1"));
  EXPECT_EQ(t.RefusalOf(ca, {.names = {"a.example"}, .self_signed = true},
                        "a.example"),
            "the certificate is self-signed and not trusted");
  EXPECT_THAT(t.RefusalOf(stranger, {.names = {"a.example"}}, "a.example"),
              AllOf(HasSubstr("issuer is not trusted"), HasSubstr("Some CA")));
  EXPECT_EQ(t.loop->shared().connects, 0);
  EXPECT_THAT(t.errors,
              ElementsAre(EPROTO, EPROTO, EPROTO, EPROTO, EPROTO, EPROTO));
  EXPECT_EQ(t.client->sessions(), 0u);
}

TEST(TlsClient, TrustsTheSystemsRootsByDefault) {
  TestCa ca;  // Is not one of them.
  auto created = TlsClient::Create({});
  if (!created.ok()) {
    // A machine without roots is told so.
    EXPECT_THAT(std::string(created.status().message()),
                HasSubstr("no root certificates"));
    GTEST_SKIP() << "this system has no roots";
  }
  ClientLoop t({});
  EXPECT_THAT(t.RefusalOf(ca, {.names = {"a.example"}}, "a.example"),
              HasSubstr("issuer is not trusted"));
}

TEST(TlsClient, NothingIsRefusedIfItIsToldSo) {
  TestCa ca;
  ClientLoop t({.verify = false});
  EXPECT_EQ(t.RefusalOf(ca, {.names = {"a"}, .self_signed = true}, "b.example"),
            "");
  EXPECT_EQ(t.loop->shared().connects, 1);
}

TEST(TlsClient, VerificationNeedsAName) {
  TestCa ca;
  ClientLoop t({.ca_file = ca.file()});
  EXPECT_EQ(t.RefusalOf(ca, {}, ""), "no host name to check");
}

TEST(TlsClient, BadOptionsAreErrors) {
  auto error = [](const TlsClientOptions& options) {
    return std::string(TlsClient::Create(options).status().message());
  };
  EXPECT_THAT(error({.ca_file = "/no/such.pem"}), HasSubstr("/no/such.pem"));
  EXPECT_THAT(error({.alpn = {""}}), HasSubstr("ALPN"));
}

std::string FailureAgainst(const std::string& answer, bool close) {
  ClientLoop t({.verify = false});
  UniqueFd server = t.Connect("a.example");
  EXPECT_EQ(send(server.get(), answer.data(), answer.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(answer.size()));
  if (close) shutdown(server.get(), SHUT_WR);
  EXPECT_TRUE(t.loop->RunUntil([&] { return !t.failures.empty(); }));
  return t.failures[0];
}

TEST(TlsClient, ServersThatSpeakSomethingElseAreRefused) {
  EXPECT_EQ(
      FailureAgainst("HTTP/1.1 400 Bad Request\r\n\r\n", false),
      "what came is not TLS: the port may be one for plain HTTP (http://)");
  EXPECT_THAT(FailureAgainst("220 mail.example ESMTP\r\n", false),
              HasSubstr("what came is not TLS"));
  EXPECT_EQ(FailureAgainst("", true),
            "the peer ended the connection in the handshake");
  EXPECT_THAT(
      FailureAgainst(std::string("\x15\x03\x01\0\x02\x02\x28", 7), false),
      HasSubstr("the peer refused: handshake failure"));
}

TEST(TlsClient, OldServersAreRefused) {
  TestCa ca;
  ClientLoop t({.verify = false});
  RawPeer server(t.Connect("a.example"), ca.Issue());
  SSL_set_min_proto_version(server.ssl(), TLS1_VERSION);
  SSL_set_max_proto_version(server.ssl(), TLS1_1_VERSION);
  ASSERT_TRUE(t.loop->RunUntil([&] {
    server.Step();
    return !t.failures.empty();
  }));
  EXPECT_THAT(t.failures, ElementsAre(HasSubstr("protocol version")));
}

TEST(TlsClient, ServersThatDemandACertificateAreQuoted) {
  TestCa ca;
  std::string text;
  ClientLoop t({.verify = false}, {.on_close = [&](Connection& c, CloseReason) {
                 text = c.error_text();
               }});
  RawPeer server(t.Connect("a.example"), ca.Issue());
  SSL_set_verify(server.ssl(),
                 SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  ASSERT_TRUE(t.loop->RunUntil([&] {
    server.Step();
    return !text.empty();
  }));
  EXPECT_EQ(
      text,
      "the peer refused: it demands a certificate of this side, which has "
      "none");
}

TEST(TlsClient, AnswerThatIsCutOffIsAnError) {
  TestCa ca;
  std::string text;
  std::string got;
  ClientLoop t(
      {.verify = false},
      {.on_message =
           [&](Connection& c) { got += std::string(c.input().TakeAll()); },
       .on_close = [&](Connection& c, CloseReason) { text = c.error_text(); }});
  RawPeer server(t.Connect("a.example"), ca.Issue());
  ASSERT_TRUE(t.loop->RunUntil([&] { return server.Step().connected(); }));
  server.TryWrite("half an ans");
  server.Close();
  ASSERT_TRUE(t.loop->RunUntil([&] { return !t.loop->reasons().empty(); }));
  EXPECT_EQ(got, "half an ans");
  EXPECT_THAT(text, HasSubstr("may be cut short"));
  EXPECT_THAT(t.loop->reasons(), ElementsAre(CloseReason::kError));
}

TEST(TlsClient, OffersApplicationProtocols) {
  TlsTestServer server({}, {.alpn = {"http/1.1"}});
  std::string alpn;
  ClientLoop t({.verify = false, .alpn = {"h2", "http/1.1"}},
               {.on_connect = [&](Connection& c) {
                 alpn = TlsTransport::From(c.transport())->alpn();
               }});
  ASSERT_EQ(t.loop->handler().Adopt(ConnectTo(server.server->port()),
                                    t.client->NewTransport("localhost", 443)),
            0);
  ASSERT_TRUE(t.loop->RunUntil([&] {
    server.server->Turn();
    return t.loop->shared().connects == 1;
  }));
  EXPECT_EQ(alpn, "http/1.1");
}

// Our own two ends.
struct BothEnds {
  BothEnds(TlsClientOptions options, Script script, Script server_script = {})
      : server(std::move(server_script)),
        client(
            [&] {
              options.ca_file = server.ca.file();
              return options;
            }(),
            std::move(script)) {}

  // A connection that sends "x" and has it back, then closes.
  void Exchange() {
    const size_t before = client.loop->reasons().size();
    CHECK_EQ(
        client.loop->handler().Adopt(
            ConnectTo(server.server->port()),
            client.client->NewTransport("localhost", server.server->port())),
        0);
    EXPECT_TRUE(client.loop->RunUntil([&] {
      server.server->Turn();
      return client.loop->reasons().size() > before;
    })) << ::testing::PrintToString(client.failures);
  }

  TlsTestServer server;
  ClientLoop client;
};

TEST(TlsClient, ResumesWithOurServer) {
  std::vector<bool> resumed;
  BothEnds t({}, {.on_connect =
                      [&](Connection& c) {
                        resumed.push_back(
                            TlsTransport::From(c.transport())->resumed());
                        c.Write("x");
                      },
                  .on_message =
                      [](Connection& c) {
                        c.input().TakeAll();
                        c.Close();
                      }});
  for (int i = 0; i < 4; ++i) t.Exchange();
  EXPECT_THAT(resumed, ElementsAre(false, true, true, true));
  EXPECT_GT(t.client.client->sessions(), 0u);
  EXPECT_LE(t.client.client->sessions(), 4u);
  EXPECT_THAT(t.client.failures, IsEmpty());
}

TEST(TlsClient, ResumesNothingIfItMayKeepNothing) {
  std::vector<bool> resumed;
  BothEnds t(
      {.max_sessions = 0},
      {.on_connect =
           [&](Connection& c) {
             resumed.push_back(TlsTransport::From(c.transport())->resumed());
             c.Write("x");
           },
       .on_message =
           [](Connection& c) {
             c.input().TakeAll();
             c.Close();
           }});
  t.Exchange();
  t.Exchange();
  EXPECT_THAT(resumed, ElementsAre(false, false));
}

TEST(TlsClient, StartsInTheMiddleOfAConnection) {
  TestCa ca;
  bool ready = false;
  auto client = TlsClient::Create({.ca_file = ca.file()});
  ASSERT_TRUE(client.ok());
  // As through a proxy: CONNECT and its answer in the plain, then TLS.
  ManualServer loop({.on_connect = [](Connection& c) { c.Write("CONNECT"); },
                     .on_message =
                         [&](Connection& c) {
                           if (c.transport() != nullptr) return;
                           c.input().TakeAll();
                           EXPECT_TRUE(c.StartTransport(
                               (*client)->NewTransport("a.example", 443)));
                           c.Write("secret");
                         },
                     .on_transport_ready = [&](Connection&) { ready = true; }});
  int fds[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
  UniqueFd far(fds[1]);
  ASSERT_EQ(loop.handler().Adopt(UniqueFd(fds[0])), 0);
  ASSERT_EQ(send(far.get(), "200", 3, 0), 3);
  char block[16];
  ASSERT_EQ(recv(far.get(), block, sizeof(block), 0), 7);
  loop.Turn();
  RawPeer server(std::move(far), ca.Issue({.names = {"a.example"}}));
  ASSERT_TRUE(loop.RunUntil([&] {
    return server.Step().received() == "secret";
  })) << server.error();
  EXPECT_TRUE(ready);
}

TEST(TlsClient, GivesUpAtTheDeadline) {
  ClientLoop t({.verify = false});
  UniqueFd silent = t.Connect("a.example");
  t.loop->Turn(3);
  t.loop->Advance(absl::Seconds(11));
  ASSERT_TRUE(t.loop->RunUntil([&] { return !t.failures.empty(); }));
  EXPECT_EQ(t.loop->stats().timeouts.value(), 1u);
}

}  // namespace
}  // namespace kingpin
