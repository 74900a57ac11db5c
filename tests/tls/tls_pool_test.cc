// TLS through the pool of a client's connections, to our own server.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/loop_stats.h"
#include "kingpin/pool/target.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "kingpin/tls/tls_client.h"
#include "kingpin/tls/tls_server.h"
#include "kingpin/tls/tls_transport.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/scripted_server.h"
#include "tests/tls/raw_peer.h"
#include "tests/tls/test_certificates.h"

namespace kingpin {
namespace {

using testing::CertificateFiles;
using testing::ClientScript;
using ::testing::HasSubstr;
using testing::ManualClient;
using testing::RawPeer;
using testing::ScriptedClientHandler;
using testing::TestCa;
using testing::TestListener;
using testing::ThreadedClient;
using testing::ThreadedServer;

class TlsPool : public ::testing::Test {
 protected:
  TlsPool() : files_(ca_.Issue({.names = {"localhost"}})) {
    auto server = TlsServer::Create({files_.certificate, files_.key});
    CHECK_OK(server.status());
    tls_server_ = *std::move(server);
    auto client = TlsClient::Create({.ca_file = ca_.file()});
    CHECK_OK(client.status());
    tls_client_ = *std::move(client);
    server_ = std::make_unique<ThreadedServer>(testing::Script{
        .new_transport = [this] { return tls_server_->NewTransport(); }});
  }

  // Trusts the server if it is called `name`.
  ClientScript Calling(const std::string& name, ClientScript script = {}) {
    script.new_transport = [this, name](const Target& target) {
      return tls_client_->NewTransport(name, target.port);
    };
    return script;
  }
  Target ServerTarget(const std::string& message) {
    Target target;
    target.host = "127.0.0.1";
    target.port = server_->port();
    target.group = "tls";
    target.first_message = message;
    return target;
  }

  TestCa ca_;
  CertificateFiles files_;
  std::unique_ptr<TlsServer> tls_server_;
  std::unique_ptr<TlsClient> tls_client_;
  std::unique_ptr<ThreadedServer> server_;
};

TEST_F(TlsPool, ConnectionsAreUsedAgainByAllThreads) {
  constexpr int kTargets = 400;
  std::atomic<int> right = 0;
  {
    ThreadedClient client(Calling(
        "localhost",
        {.on_message = [&](ScriptedClientHandler& handler, Connection& c) {
          const std::string& message = handler.target(c)->first_message;
          if (c.input().size() < message.size()) return;
          right += c.input().TakeAll() == message;
          handler.GiveBack(c);
        }}));
    for (int i = 0; i < kTargets; ++i) {
      ASSERT_TRUE(client.pool()
                      .Add(ServerTarget(std::string(1 + i * 97, 'a' + i % 26)))
                      .ok());
    }
    ASSERT_TRUE(client.WaitUntilEnded(kTargets));
    EXPECT_TRUE(client.Idle());
  }
  EXPECT_EQ(right, kTargets);
  EXPECT_LT(server_->shared().connects, kTargets / 2);
  EXPECT_EQ(server_->shared().Sum(&LoopStats::handshakes_failed), 0u);
  EXPECT_TRUE(server_->WaitForConnections(0));
}

TEST_F(TlsPool, RefusedServerIsAConnectFailureWithTheReason) {
  ThreadedClient client(Calling("other.example"));
  ASSERT_TRUE(client.pool().Add(ServerTarget("x")).ok());
  ASSERT_TRUE(client.WaitUntilEnded(1));
  ASSERT_EQ(client.shared().failures().size(), 1u);
  const ConnectFailure failure = client.shared().failures()[0];
  EXPECT_EQ(failure.reason, ConnectError::kHandshake);
  EXPECT_THAT(failure.ToString(),
              HasSubstr("the certificate is for localhost and not for "
                        "other.example"));
}

// As FailureMode08 of failure_client_test.cc; a record comes in many pieces.
TEST_F(TlsPool, TheAnswerBeforeAResetIsReadThoughAWriteFails) {
  std::string got;
  TestListener listener;
  ManualClient client(Calling(
      "localhost", {.on_message = [&](ScriptedClientHandler&, Connection& c) {
        got += c.input().TakeAll();
      }}));
  client.Add(listener.target("head"));
  {
    RawPeer peer(UniqueFd(dup(listener.Accept(client).fd())), files_);
    const int on =
        1;  // Else the answer may wait for an ACK of what came before.
    setsockopt(peer.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    ASSERT_TRUE(
        client.RunUntil([&] { return peer.Step().received() == "head"; }));
    client.only().Write("body");
    client.Turn(2);
    ASSERT_EQ(peer.TryWrite("413 is why"), 10u);
  }
  ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
    return {.max_bytes = call == sys::Call::kRecv ? 3 : SIZE_MAX};
  });
  client.only().Write("more");
  ASSERT_TRUE(client.RunUntilEnded(1));
  EXPECT_EQ(got, "413 is why");
  EXPECT_EQ(client.events().back(), "close: error");
}

// Gives the connection back after an answer, behind which a part of another
// record may have come.
class SurplusTest : public TlsPool {
 protected:
  // Of six bytes by TLS 1.3: header, text, type, tag.
  static constexpr size_t kRecordBytes = 5 + 6 + 1 + 16;

  void Exchange(size_t surplus) {
    const int before = client_.shared().ended;
    client_.Add(listener_.target("x"));
    RawPeer peer(UniqueFd(dup(listener_.Accept(client_).fd())), files_);
    ASSERT_TRUE(
        client_.RunUntil([&] { return peer.Step().received() == "x"; }));
    BIO* records = BIO_new(BIO_s_mem());
    SSL_set0_wbio(peer.ssl(), records);
    ASSERT_EQ(peer.TryWrite("answer"), 6u);
    ASSERT_EQ(peer.TryWrite("surely"), 6u);
    char* data = nullptr;
    ASSERT_EQ(static_cast<size_t>(BIO_get_mem_data(records, &data)),
              2 * kRecordBytes);
    // In one piece, so that one recv takes both.
    const size_t size = kRecordBytes + surplus;
    ASSERT_EQ(send(peer.fd(), data, size, 0), static_cast<ssize_t>(size));
    ASSERT_TRUE(client_.RunUntilEnded(before + 1));
    ASSERT_GT(client_.Rest(), 0);
  }

  TestListener listener_;
  ManualClient client_{
      Calling("localhost",
              {.on_message = [](ScriptedClientHandler& handler, Connection& c) {
                c.input().TakeAll();
                handler.GiveBack(c);
              }})};
};

TEST_F(SurplusTest, NotGivenBackWithAPartOfARecord) {
  for (size_t surplus = 1; surplus < kRecordBytes; ++surplus) {
    Exchange(surplus);
    EXPECT_EQ(client_.pool().idle(), 0u) << surplus << " bytes";
  }
  Exchange(0);
  EXPECT_EQ(client_.pool().idle(), 1u);
}

}  // namespace
}  // namespace kingpin
