// A ManualServer that speaks TLS, and clients of it.
#ifndef KINGPIN_TESTS_TLS_TLS_TEST_SERVER_H_
#define KINGPIN_TESTS_TLS_TLS_TEST_SERVER_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "kingpin/net/connection.h"
#include "kingpin/tls/tls_server.h"
#include "kingpin/tls/tls_transport.h"
#include "tests/testing/scripted_server.h"
#include "tests/tls/raw_peer.h"
#include "tests/tls/test_certificates.h"

namespace kingpin {
namespace testing {

struct TlsTestServer {
  explicit TlsTestServer(Script script = {}, TlsServerOptions options = {},
                         ServerOptions server_options = {},
                         const CertificateSpec& spec = {})
      : files(ca.Issue(spec)) {
    options.certificate_file = files.certificate;
    options.key_file = files.key;
    auto created = TlsServer::Create(std::move(options));
    CHECK_OK(created.status());
    tls = *std::move(created);
    script.new_transport = [this] { return tls->NewTransport(); };
    if (!script.on_handshake_failed) {
      script.on_handshake_failed = [this](Connection& c, CloseReason) {
        failures.push_back(c.error_text());
      };
    }
    server = std::make_unique<ManualServer>(std::move(script),
                                            std::move(server_options));
  }

  RawPeer Connect(int receive_buffer_bytes = 0) {
    return RawPeer(ConnectTo(server->port(), receive_buffer_bytes));
  }
  bool Handshake(RawPeer& peer) {
    return server->RunUntil([&] { return peer.Step().connected(); }) &&
           // The server's end comes with the client's last flight.
           server->RunUntil(
               [&] { return server->stats().handshakes.value() > 0; });
  }
  bool WaitForEnd(RawPeer& peer) {
    return server->RunUntil([&] { return peer.Step().ended(); });
  }
  const TlsTransport& only_transport() {
    return *TlsTransport::From(server->only().transport());
  }

  TestCa ca;
  CertificateFiles files;
  std::unique_ptr<TlsServer> tls;
  std::vector<std::string> failures;
  std::unique_ptr<ManualServer> server;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_TLS_TLS_TEST_SERVER_H_
