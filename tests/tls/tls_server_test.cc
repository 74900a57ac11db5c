// The server's end of TLS, against OpenSSL on a plain socket.
#include "kingpin/tls/tls_server.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/logger/logger.h"
#include "kingpin/net/connection.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"
#include "tests/tls/raw_peer.h"
#include "tests/tls/test_certificates.h"
#include "tests/tls/tls_test_server.h"

namespace kingpin {
namespace {

using testing::CertificateFiles;
using testing::CertificateSpec;
using testing::ConnectTo;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RawPeer;
using ::testing::StartsWith;
using testing::TestCa;
using testing::TestClient;
using testing::TlsTestServer;

// Different at every place, so that bytes out of order are seen.
std::string Text(size_t size) {
  std::string text;
  text.reserve(size + 16);
  for (int i = 0; text.size() < size; ++i) absl::StrAppend(&text, i, ",");
  text.resize(size);
  return text;
}

std::shared_ptr<const UniqueFd> FileOf(const std::string& text) {
  std::string path = absl::StrCat(::testing::TempDir(), "/kingpin_XXXXXX");
  auto fd = std::make_shared<UniqueFd>(mkstemp(path.data()));
  unlink(path.c_str());
  EXPECT_EQ(write(fd->get(), text.data(), text.size()),
            static_cast<ssize_t>(text.size()));
  return fd;
}

// Where it does, these tests are of its TLS, too (kernel_tls.sh).
bool KernelHasTls() { return access("/proc/net/tls_stat", F_OK) == 0; }

TEST(TlsServer, EchoesInBothVersions) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    TlsTestServer t;
    RawPeer peer = t.Connect();
    SSL_set_max_proto_version(peer.ssl(), version);
    SSL_set_tlsext_host_name(peer.ssl(), "asked.example");
    ASSERT_TRUE(t.Handshake(peer)) << peer.error();
    peer.TryWrite("hello");
    ASSERT_TRUE(
        t.server->RunUntil([&] { return peer.Step().received() == "hello"; }));
    EXPECT_EQ(t.only_transport().version(), SSL_get_version(peer.ssl()));
    EXPECT_EQ(t.only_transport().cipher(), SSL_get_cipher_name(peer.ssl()));
    EXPECT_EQ(t.only_transport().server_name(), "asked.example");
    EXPECT_EQ(t.only_transport().alpn(), "");
    EXPECT_FALSE(t.only_transport().resumed());
    EXPECT_EQ(t.only_transport().output_in_kernel(), KernelHasTls());
    EXPECT_GT(t.server->Rest(), 0);
  }
}

TEST(TlsServer, HandshakeMayComeByteByByte) {
  TlsTestServer t;
  ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
    if (call == sys::Call::kRecv || call == sys::Call::kSend) {
      return {.max_bytes = 1};
    }
    return {};
  });
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  peer.TryWrite("hello");
  ASSERT_TRUE(
      t.server->RunUntil([&] { return peer.Step().received() == "hello"; }));
}

TEST(TlsServer, LargeMessagesInBothDirections) {
  const std::string text = Text(3'000'000);
  std::string got;
  TlsTestServer t({.on_message = [&](Connection& c) {
    got += std::string(c.input().view());
    c.Write(c.input().TakeAll());
  }});
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  absl::string_view left = text;
  ASSERT_TRUE(t.server->RunUntil([&] {
    if (!left.empty()) left.remove_prefix(peer.TryWrite(left));
    return peer.Step().received().size() == text.size();
  }));
  EXPECT_TRUE(got == text);
  EXPECT_TRUE(peer.received() == text);
  EXPECT_EQ(peer.error(), "");
}

TEST(TlsServer, FilesAndBytesInOrderToASlowReader) {
  const std::string text = Text(1'500'000);
  for (size_t most : {size_t{777}, SIZE_MAX}) {
    std::shared_ptr<const UniqueFd> file = FileOf(text);
    TlsTestServer t({.on_connect = [&](Connection& c) {
      c.Write("head");
      c.SendFile(file, 0, text.size());
      c.Write(text.substr(0, 100'000));
      c.SendFile(file, 17, 40'000);
      c.Close();
    }});
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call == sys::Call::kSend) return {.max_bytes = most};
      return {};
    });
    RawPeer peer = t.Connect(4096);
    ASSERT_TRUE(t.WaitForEnd(peer));
    EXPECT_TRUE(peer.said_farewell()) << peer.error();
    EXPECT_TRUE(peer.received() == absl::StrCat("head", text,
                                                text.substr(0, 100'000),
                                                text.substr(17, 40'000)));
    EXPECT_EQ(t.server->stats().bytes_written.value(),
              4 + text.size() + 140'000);
  }
}

TEST(TlsServer, FileThatEndsEarlyIsSeenAsCutOff) {
  TlsTestServer t({.on_connect = [](Connection& c) {
    c.SendFile(FileOf("0123456789"), 0, 20);
    c.Close();
  }});
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.WaitForEnd(peer));
  EXPECT_EQ(peer.received(), "0123456789");
  EXPECT_FALSE(peer.said_farewell());
}

TEST(TlsServer, MessageInManyRecordsNeedsNoMoreEvents) {
  std::vector<size_t> sizes;
  TlsTestServer t({.on_message = [&](Connection& c) {
    sizes.push_back(c.input().size());
    // Held: the room for more is small, and records stay in OpenSSL.
    if (c.input().size() < 60'000) return;
    c.Write(c.input().TakeAll());
  }});
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  const std::string text = Text(60'000);
  absl::string_view left = text;
  while (!left.empty()) left.remove_prefix(peer.TryWrite(left));
  ASSERT_TRUE(t.server->RunUntil(
      [&] { return peer.Step().received().size() == text.size(); }));
  EXPECT_TRUE(peer.received() == text);
  EXPECT_GT(t.server->Rest(), 0);
}

TEST(TlsServer, FarewellIsSaidAndAnswered) {
  TlsTestServer t({.on_message = [](Connection& c) {
    c.Write(c.input().TakeAll());
    c.CloseLingering();
  }});
  RawPeer closed = t.Connect();
  ASSERT_TRUE(t.Handshake(closed)) << closed.error();
  closed.TryWrite("bye");
  ASSERT_TRUE(t.WaitForEnd(closed));
  EXPECT_EQ(closed.received(), "bye");
  EXPECT_TRUE(closed.said_farewell()) << closed.error();
  closed.Close();
  ASSERT_TRUE(
      t.server->RunUntil([&] { return t.server->shared().closes == 1; }));

  RawPeer closing = t.Connect();
  ASSERT_TRUE(t.Handshake(closing)) << closing.error();
  closing.SayFarewell();
  ASSERT_TRUE(t.WaitForEnd(closing));
  EXPECT_TRUE(closing.said_farewell()) << closing.error();
  EXPECT_THAT(t.server->reasons(),
              ElementsAre(CloseReason::kLocal, CloseReason::kPeer));
}

TEST(TlsServer, EndWithoutFarewellIsAnError) {
  std::string text;
  int error = 0;
  TlsTestServer t({.on_close = [&](Connection& c, CloseReason) {
    text = c.error_text();
    error = c.error();
  }});
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  shutdown(peer.fd(), SHUT_WR);
  ASSERT_TRUE(t.server->RunUntil([&] { return !t.server->reasons().empty(); }));
  EXPECT_THAT(t.server->reasons(), ElementsAre(CloseReason::kError));
  EXPECT_EQ(error, ECONNRESET);
  EXPECT_THAT(text, HasSubstr("without close_notify"));
}

TEST(TlsServer, AlpnIsTheServersChoice) {
  TlsTestServer t({}, {.alpn = {"http/1.1", "http/1.0"}});
  RawPeer peer = t.Connect();
  const std::string offered = "\x02h2\x08http/1.0\x08http/1.1";
  SSL_set_alpn_protos(peer.ssl(),
                      reinterpret_cast<const unsigned char*>(offered.data()),
                      static_cast<unsigned>(offered.size()));
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  EXPECT_EQ(t.only_transport().alpn(), "http/1.1");
  RawPeer silent = t.Connect();
  ASSERT_TRUE(t.Handshake(silent)) << silent.error();
}

TEST(TlsServer, SessionsAreResumed) {
  for (int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    bool resumed = false;
    TlsTestServer t({.on_connect = [&](Connection& c) {
      resumed = TlsTransport::From(c.transport())->resumed();
    }});
    RawPeer first = t.Connect();
    SSL_set_max_proto_version(first.ssl(), version);
    ASSERT_TRUE(t.Handshake(first)) << first.error();
    first.TryWrite("x");  // 1.3: its ticket comes before the answer.
    ASSERT_TRUE(
        t.server->RunUntil([&] { return first.Step().received() == "x"; }));
    EXPECT_FALSE(resumed);
    tls::SslSessionPtr session(SSL_get1_session(first.ssl()));

    RawPeer second = t.Connect();
    SSL_set_max_proto_version(second.ssl(), version);
    SSL_set_session(second.ssl(), session.get());
    ASSERT_TRUE(t.server->RunUntil([&] {
      return second.Step().connected() && t.server->shared().connects == 2;
    })) << second.error();
    EXPECT_EQ(SSL_session_reused(second.ssl()), 1) << version;
    EXPECT_TRUE(resumed);

    // The ticket's key goes with the certificate.
    ASSERT_TRUE(t.tls->Reload().ok());
    RawPeer third = t.Connect();
    SSL_set_max_proto_version(third.ssl(), version);
    SSL_set_session(third.ssl(), session.get());
    ASSERT_TRUE(t.server->RunUntil([&] { return third.Step().connected(); }))
        << third.error();
    EXPECT_EQ(SSL_session_reused(third.ssl()), 0);
  }
}

std::string NameSeenBy(RawPeer& peer) {
  X509* certificate = SSL_get0_peer_certificate(peer.ssl());
  char name[64] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName,
                            name, sizeof(name));
  return name;
}

TEST(TlsServer, ReloadIsForNewConnections) {
  TlsTestServer t({}, {}, {}, {.names = {"old.example"}});
  EXPECT_THAT(t.tls->Describe(), HasSubstr("for old.example, valid until "));
  RawPeer before = t.Connect();
  ASSERT_TRUE(t.Handshake(before)) << before.error();
  RawPeer between = t.Connect();  // Its handshake has not begun.
  ASSERT_TRUE(t.server->RunUntil(
      [&] { return t.server->handler().connections() == 2; }));

  t.ca.IssueTo(t.files, {.names = {"new.example"}});
  ASSERT_TRUE(t.tls->Reload().ok());
  EXPECT_THAT(t.tls->Describe(), HasSubstr("for new.example"));
  RawPeer after = t.Connect();
  ASSERT_TRUE(t.Handshake(after)) << after.error();
  ASSERT_TRUE(t.Handshake(between)) << between.error();
  EXPECT_EQ(NameSeenBy(before), "old.example");
  EXPECT_EQ(NameSeenBy(between), "old.example");
  EXPECT_EQ(NameSeenBy(after), "new.example");
  before.TryWrite("still here");
  ASSERT_TRUE(t.server->RunUntil(
      [&] { return before.Step().received() == "still here"; }));
}

TEST(TlsServer, ReloadThatFailsChangesNothing) {
  TlsTestServer t({}, {}, {}, {.names = {"old.example"}});
  unlink(t.files.certificate.c_str());
  absl::Status status = t.tls->Reload();
  EXPECT_THAT(std::string(status.message()), HasSubstr(t.files.certificate));
  EXPECT_THAT(std::string(status.message()), HasSubstr("No such file"));
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  EXPECT_EQ(NameSeenBy(peer), "old.example");
}

// What is logged while it lives.
class LogOfThis {
 public:
  LogOfThis()
      : file_(open(::testing::TempDir().c_str(), O_TMPFILE | O_RDWR, 0600)),
        log_({.fd = file_.get()}) {
    Logger::SetDefault(&log_);
  }
  ~LogOfThis() { Logger::SetDefault(nullptr); }
  std::string text() {
    log_.Flush();
    std::string text(1 << 16, '\0');
    text.resize(pread(file_.get(), text.data(), text.size(), 0));
    return text;
  }

 private:
  UniqueFd file_;
  Logger log_;
};

TEST(TlsServer, ACertificateOfAnotherTimeIsWarnedOf) {
  TestCa ca;
  LogOfThis log;
  const auto create = [&](const CertificateSpec& spec) {
    const CertificateFiles files = ca.Issue(spec);
    EXPECT_TRUE(TlsServer::Create({files.certificate, files.key}).ok());
  };
  create({});
  EXPECT_EQ(log.text(), "");
  create({.ends = -absl::Minutes(1)});
  EXPECT_THAT(log.text(), HasSubstr("the certificate has expired: it was valid "
                                    "until "));
  EXPECT_THAT(log.text(), HasSubstr(": clients will refuse it"));
  create({.begins = absl::Hours(1)});
  EXPECT_THAT(log.text(), HasSubstr("the certificate is not valid before "));
}

TEST(TlsServer, KernelWithoutTlsIsToldOfOnce) {
  LogOfThis log;
  for (int i = 0; i < 2; ++i) {  // As after a reload.
    TlsTestServer t;
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      return {.error = call == sys::Call::kSetOption ? ENOENT : 0};
    });
    RawPeer peer = t.Connect();
    ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  }
  const std::string text = log.text();
  const size_t first = text.find("this kernel has no TLS");
  if (first != text.npos) {  // Another test may have been told.
    EXPECT_EQ(text.find("this kernel has no TLS", first + 1), text.npos);
  }
}

// A key that a passphrase protects.
std::string EncryptedKey() {
  std::string path = absl::StrCat(::testing::TempDir(), "/key_XXXXXX");
  FILE* const file = fdopen(mkstemp(path.data()), "w");
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  EXPECT_EQ(PEM_write_PKCS8PrivateKey(file, key, EVP_aes_128_cbc(), "secret", 6,
                                      nullptr, nullptr),
            1);
  EVP_PKEY_free(key);
  fclose(file);
  return path;
}

TEST(TlsServer, BadOptionsAreErrorsThatNameTheirFile) {
  TestCa ca;
  CertificateFiles good = ca.Issue();
  CertificateFiles other = ca.Issue();
  auto error = [](TlsServerOptions options) {
    return std::string(
        TlsServer::Create(std::move(options)).status().message());
  };
  EXPECT_THAT(error({"/no/such.pem", good.key}), HasSubstr("/no/such.pem: "));
  EXPECT_THAT(error({good.certificate, "/no/key.pem"}),
              HasSubstr("/no/key.pem: "));
  EXPECT_THAT(error({good.key, good.key}), HasSubstr(good.key));
  EXPECT_EQ(
      error({good.certificate, other.key}),
      absl::StrCat(other.key, ": it is not the key of the certificate in ",
                   good.certificate,
                   ", of which the first must be the server's own"));
  EXPECT_THAT(error({good.key, good.key}),
              HasSubstr("no certificate in PEM (-----BEGIN CERTIFICATE-----)"));
  EXPECT_THAT(error({good.certificate, good.certificate}),
              HasSubstr("no private key in PEM (-----BEGIN PRIVATE KEY-----)"));
  EXPECT_THAT(error({good.certificate, EncryptedKey()}),
              HasSubstr("it has a passphrase"));
  EXPECT_THAT(error({good.certificate, good.key, {""}}), HasSubstr("ALPN"));
  EXPECT_THAT(error({good.certificate, good.key, {std::string(256, 'x')}}),
              HasSubstr("256 bytes"));
}

// --- Refusals --------------------------------------------------------------------

TEST(TlsServer, PlainHttpIsRefusedInSoManyWords) {
  TlsTestServer t;
  TestClient client = TestClient::Connect(t.server->port());
  client.TrySend("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
  ASSERT_TRUE(t.server->RunUntil([&] { return client.ended(); }));
  EXPECT_THAT(t.failures, ElementsAre(HasSubstr("plain HTTP")));
  EXPECT_THAT(client.received(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
  EXPECT_THAT(client.received(), EndsWith("\r\n\r\nThis port speaks TLS: the "
                                          "address begins with https://\n"));
  EXPECT_EQ(t.server->stats().handshakes_failed.value(), 1u);
  EXPECT_EQ(t.server->shared().connects, 0);
}

TEST(TlsServer, WhatIsNotTlsIsRefused) {
  TlsTestServer t;
  TestClient client = TestClient::Connect(t.server->port());
  client.TrySend("SSH-2.0-OpenSSH_9.2\r\n");
  ASSERT_TRUE(t.server->RunUntil([&] { return client.ended(); }));
  EXPECT_THAT(t.failures, ElementsAre(HasSubstr("not TLS")));
}

TEST(TlsServer, OldVersionsAreRefused) {
  TlsTestServer t;
  RawPeer peer = t.Connect();
  SSL_set_min_proto_version(peer.ssl(), TLS1_VERSION);
  SSL_set_max_proto_version(peer.ssl(), TLS1_1_VERSION);
  SSL_set_cipher_list(peer.ssl(), "ALL:@SECLEVEL=0");
  ASSERT_TRUE(t.WaitForEnd(peer));
  EXPECT_THAT(peer.error(), HasSubstr("alert protocol version"));
  EXPECT_THAT(t.failures,
              ElementsAre(HasSubstr("no version of TLS in common")));
}

TEST(TlsServer, OldCiphersAreRefused) {
  TlsTestServer t;
  RawPeer peer = t.Connect();
  SSL_set_max_proto_version(peer.ssl(), TLS1_2_VERSION);
  SSL_set_cipher_list(peer.ssl(), "AES128-SHA:ECDHE-ECDSA-AES128-SHA");
  ASSERT_TRUE(t.WaitForEnd(peer));
  EXPECT_THAT(peer.error(), HasSubstr("handshake failure"));
  EXPECT_THAT(t.failures, ElementsAre("no cipher in common"));
}

TEST(TlsServer, UnknownApplicationProtocolIsRefused) {
  TlsTestServer t({}, {.alpn = {"http/1.1"}});
  RawPeer peer = t.Connect();
  SSL_set_alpn_protos(peer.ssl(),
                      reinterpret_cast<const unsigned char*>("\x02h2"), 3);
  ASSERT_TRUE(t.WaitForEnd(peer));
  EXPECT_THAT(peer.error(), HasSubstr("no application protocol"));
  EXPECT_THAT(t.failures, ElementsAre(HasSubstr("ALPN")));
}

TEST(TlsServer, ClientThatRefusesIsQuoted) {
  TlsTestServer t;
  RawPeer peer = t.Connect();
  SSL_set_verify(peer.ssl(), SSL_VERIFY_PEER, nullptr);  // Trusts nobody.
  ASSERT_TRUE(t.WaitForEnd(peer));
  ASSERT_TRUE(t.server->RunUntil([&] { return !t.failures.empty(); }));
  EXPECT_THAT(t.failures, ElementsAre("the peer refused: unknown CA"));
}

TEST(TlsServer, RenegotiationIsRefused) {
  TlsTestServer t;
  RawPeer peer = t.Connect();
  SSL_set_max_proto_version(peer.ssl(), TLS1_2_VERSION);
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  ASSERT_EQ(SSL_renegotiate(peer.ssl()), 1);
  SSL_do_handshake(peer.ssl());  // Sends the ClientHello.
  ASSERT_TRUE(t.WaitForEnd(peer));
  EXPECT_THAT(peer.error(), HasSubstr("no renegotiation"));
}

TEST(TlsServer, ForgedRecordIsAnError) {
  std::string text;
  TlsTestServer t(
      {.on_close = [&](Connection& c, CloseReason) { text = c.error_text(); }});
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  const std::string forged = absl::StrCat("\x17\x03\x03", std::string(1, '\0'),
                                          "\x20", std::string(32, 'f'));
  ASSERT_EQ(send(peer.fd(), forged.data(), forged.size(), 0), 37);
  ASSERT_TRUE(t.WaitForEnd(peer));
  EXPECT_THAT(text, HasSubstr("damaged or forged"));
  EXPECT_THAT(peer.error(), HasSubstr("bad record mac"));
}

TEST(TlsServer, PeerThatOnlyAsksForKeyUpdatesIsDropped) {
  std::string text;
  bool full = false;
  TlsTestServer t(
      {.on_close = [&](Connection& c, CloseReason) { text = c.error_text(); }});
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call == sys::Call::kSend && full) return {.error = EAGAIN};
    return {};
  });
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  peer.TryWrite("x");
  ASSERT_TRUE(
      t.server->RunUntil([&] { return peer.Step().received() == "x"; }));
  full = true;  // As if it did not read.
  ASSERT_TRUE(t.server->RunUntil([&] {
    if (SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED) == 1) {
      SSL_do_handshake(peer.ssl());
    }
    return !t.server->reasons().empty();
  }));
  EXPECT_THAT(text,
              HasSubstr(KernelHasTls() ? "asks for new keys"
                                       : "answers that it does not read"));
}

TEST(TlsServer, KeyUpdateIsAnswered) {
  if (KernelHasTls()) GTEST_SKIP() << "it cannot: see the test above";
  TlsTestServer t;
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  for (int i = 1; i <= 5; ++i) {
    ASSERT_EQ(SSL_key_update(peer.ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    ASSERT_EQ(SSL_do_handshake(peer.ssl()), 1);
    peer.TryWrite("x");
    ASSERT_TRUE(t.server->RunUntil([&] {
      return peer.Step().received().size() == static_cast<size_t>(i);
    })) << peer.error();
  }
}

// --- Faults ----------------------------------------------------------------------

TEST(TlsServer, KernelWithoutTlsIsAskedOnce) {
  int asked = 0;
  TlsTestServer t;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kSetOption) return {};
    ++asked;
    return {.error = ENOENT};
  });
  for (int i = 0; i < 3; ++i) {
    RawPeer peer = t.Connect();
    ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  }
  EXPECT_EQ(asked, 1);
}

TEST(TlsServer, SocketWithoutKernelTlsDoesWithout) {
  int asked = 0;
  TlsTestServer t;
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kSetOption) return {};
    ++asked;
    return {.error = EOPNOTSUPP};
  });
  for (int i = 0; i < 3; ++i) {
    RawPeer peer = t.Connect();
    ASSERT_TRUE(t.Handshake(peer)) << peer.error();
    EXPECT_FALSE(peer.ended());
  }
  EXPECT_EQ(asked, 3);
}

TEST(TlsServer, KernelTlsMayBeOff) {
  int asked = 0;
  TlsTestServer t({}, {.kernel_tls = false});
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    asked += call == sys::Call::kSetOption;
    return {};
  });
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  EXPECT_EQ(asked, 0);
}

TEST(TlsServer, EveryFailingCallEndsOneConnection) {
  for (sys::Call failing : {sys::Call::kRecv, sys::Call::kSend}) {
    for (int nth = 1; nth <= 5; ++nth) {
      int calls = 0;
      TlsTestServer t;
      {
        ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
          if (call != failing || ++calls != nth) return {};
          return {.error = ECONNRESET};
        });
        RawPeer peer = t.Connect();
        // Not for ever: whoever cannot be written to any more is heard out, which a
        // peer that was really gone could not drag out by talking on.
        int left = 10;
        t.server->RunUntil([&] {
          if (peer.Step().connected() && left-- > 0) peer.TryWrite("x");
          return peer.ended() || peer.received().size() > 5;
        });
        EXPECT_TRUE(peer.ended()) << nth;
      }
      RawPeer next = t.Connect();
      ASSERT_TRUE(t.server->RunUntil([&] { return next.Step().connected(); }));
    }
  }
}

TEST(TlsServer, IdleTimeoutSaysFarewell) {
  TlsTestServer t;
  RawPeer peer = t.Connect();
  ASSERT_TRUE(t.Handshake(peer)) << peer.error();
  t.server->Advance(absl::Seconds(61));
  ASSERT_TRUE(t.WaitForEnd(peer));
  EXPECT_TRUE(peer.said_farewell()) << peer.error();
}

TEST(TlsServer, DiesAmidEverything) {
  for (int bytes : {0, 100, 400, 100'000}) {
    TlsTestServer t({.on_connect = [](Connection& c) {
      c.SendFile(FileOf(Text(500'000)), 0, 500'000);
    }});
    RawPeer peer = t.Connect(4096);
    int left = bytes;
    ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
      if (call != sys::Call::kSend && call != sys::Call::kRecv) return {};
      if (left <= 0) return {.error = EAGAIN};
      left -= 50;
      return {.max_bytes = 50};
    });
    for (int i = 0; i < 200; ++i) {
      peer.Step();
      t.server->Turn();
    }
    t.server.reset();
  }
}

}  // namespace
}  // namespace kingpin
