// Many handshakes at once, and half-done ones, while others are answered.
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/pool/loop_stats.h"
#include "kingpin/tls/openssl_ptr.h"
#include "kingpin/tls/tls_server.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"
#include "tests/tls/raw_peer.h"
#include "tests/tls/test_certificates.h"

namespace kingpin {
namespace {

using testing::CertificateFiles;
using testing::ConnectMany;
using testing::ConnectTo;
using testing::RawPeer;
using testing::TestCa;
using testing::TestClient;
using testing::ThreadedServer;

// What a client says first: asks for a signature of the server.
std::string Hello() {
  tls::SslCtxPtr ctx(SSL_CTX_new(TLS_client_method()));
  tls::SslPtr ssl(SSL_new(ctx.get()));
  BIO* out = BIO_new(BIO_s_mem());
  SSL_set_bio(ssl.get(), BIO_new(BIO_s_mem()), out);
  SSL_set_connect_state(ssl.get());
  SSL_do_handshake(ssl.get());
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  return std::string(data, static_cast<size_t>(size));
}

class Storm : public ::testing::Test {
 protected:
  // The dearest signature that is common.
  Storm() : files_(ca_.Issue({.rsa = true})) {
    auto created = TlsServer::Create({files_.certificate, files_.key});
    CHECK_OK(created.status());
    tls_ = *std::move(created);
    server_ = std::make_unique<ThreadedServer>(
        testing::Script{
            .new_transport = [this] { return tls_->NewTransport(); }},
        ServerOptions{
            .connection = {.timeouts = {.handshake = absl::Minutes(10)}}},
        /*threads=*/1);
  }

  std::unique_ptr<RawPeer> Connect() {
    auto peer = std::make_unique<RawPeer>(ConnectTo(server_->port()));
    EXPECT_TRUE(testing::Eventually([&] { return peer->Step().connected(); }));
    return peer;
  }
  // How long the answer to one byte takes; infinite if it does not come.
  absl::Duration Ping(RawPeer& peer) {
    const size_t before = peer.received().size();
    const absl::Time begin = absl::Now();
    peer.TryWrite("x");
    while (peer.Step().received().size() == before) {
      pollfd poll_fd = {.fd = peer.fd(), .events = POLLIN, .revents = 0};
      if (peer.ended() || poll(&poll_fd, 1, 60'000) != 1) {
        return absl::InfiniteDuration();
      }
    }
    return absl::Now() - begin;
  }

  TestCa ca_;
  CertificateFiles files_;
  std::unique_ptr<TlsServer> tls_;
  std::unique_ptr<ThreadedServer> server_;
};

TEST_F(Storm, HandshakesAtOnceDoNotHoldUpWhoIsServed) {
  constexpr int kStorm = 200;
  std::unique_ptr<RawPeer> served = Connect();
  std::vector<TestClient> storm = ConnectMany(server_->port(), kStorm);
  ASSERT_TRUE(server_->WaitForConnections(kStorm + 1));
  const std::string hello = Hello();
  for (TestClient& client : storm) ASSERT_TRUE(client.Send(hello));
  // All of them are signed for, and none goes on from there.
  std::vector<absl::Duration> times;
  auto answered = [&] {
    return std::all_of(storm.begin(), storm.end(),
                       [](TestClient& c) { return !c.received().empty(); });
  };
  while (!answered()) {
    times.push_back(Ping(*served));
    ASSERT_NE(times.back(), absl::InfiniteDuration());
  }
  // In one go, 200 signatures would let two or three pings through.
  EXPECT_GE(times.size(), 20u);
  std::sort(times.begin(), times.end());
  RecordProperty("pings", static_cast<int>(times.size()));
  RecordProperty("p99_us", static_cast<int>(absl::ToInt64Microseconds(
                               times[times.size() * 99 / 100])));
  EXPECT_EQ(server_->shared().Sum(&LoopStats::handshakes), 1u);
}

TEST_F(Storm, HalfHellosHoldUpNobody) {
  constexpr int kStorm = 300;
  std::vector<TestClient> storm = ConnectMany(server_->port(), kStorm);
  const std::string hello = Hello();
  for (int i = 0; i < kStorm; ++i) {
    ASSERT_TRUE(storm[i].Send(
        absl::string_view(hello).substr(0, 1 + i % (hello.size() - 1))));
  }
  ASSERT_TRUE(server_->WaitForConnections(kStorm));
  for (int i = 0; i < 20; ++i) {
    std::unique_ptr<RawPeer> peer = Connect();
    EXPECT_NE(Ping(*peer), absl::InfiniteDuration());
  }
  // And nothing spins meanwhile.
  EXPECT_TRUE(server_->Idle());
  // The slow ones are served too, when they go on.
  const size_t sent = 1 + 7 % (hello.size() - 1);
  ASSERT_TRUE(storm[7].Send(hello.substr(sent)));
  EXPECT_FALSE(storm[7].Read(5).empty());
}

TEST_F(Storm, EveryHandshakeOfAStormIsDone) {
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (int i = 0; i < 60; ++i) {
    peers.push_back(std::make_unique<RawPeer>(ConnectTo(server_->port())));
  }
  ASSERT_TRUE(testing::Eventually([&] {
    return std::all_of(peers.begin(), peers.end(),
                       [](auto& peer) { return peer->Step().connected(); });
  }));
  for (auto& peer : peers) {
    EXPECT_NE(Ping(*peer), absl::InfiniteDuration()) << peer->error();
  }
  peers.clear();
  EXPECT_TRUE(server_->WaitForConnections(0));
  EXPECT_TRUE(server_->Idle());
}

}  // namespace
}  // namespace kingpin
