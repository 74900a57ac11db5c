// tls_get HOST PORT [--ca FILE | --no_verify] [--times N]
//
// A client on kingpin/tls for tests against other servers: asks 127.0.0.1:PORT,
// as if it were HOST, for "/", and prints the answer and then, on stderr, a line
// "TLSv1.3 resumed=0 end=peer". A connection that fails is "failed: REASON" and
// exit code 1.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "absl/log/check.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/net/connection.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/pool/thread_shared_data.h"
#include "kingpin/sys/unique_fd.h"
#include "kingpin/tls/tls_client.h"
#include "kingpin/tls/tls_transport.h"
#include "tests/tls/raw_peer.h"

namespace kingpin {
namespace {

class Get : public IOHandler {
 public:
  using IOHandler::Adopt;
  using IOHandler::IOHandler;

  void OnConnect(Connection& connection) override {
    connection.Write("GET / HTTP/1.0\r\n\r\n");
    const TlsTransport* tls = TlsTransport::From(connection.transport());
    about_ = absl::StrCat(tls->version(), " resumed=", tls->resumed() ? 1 : 0);
  }
  void OnMessage(Connection& connection) override {
    absl::string_view text = connection.input().TakeAll();
    std::fwrite(text.data(), 1, text.size(), stdout);
  }
  void OnClose(Connection& connection, CloseReason reason) override {
    std::string error = connection.error_text();
    std::fprintf(stderr, "%s end=%s%s%s\n", about_.c_str(),
                 std::string(ToString(reason)).c_str(),
                 error.empty() ? "" : ": ", error.c_str());
    done = true;
  }
  void OnHandshakeFailed(Connection& connection, CloseReason) override {
    std::fprintf(stderr, "failed: %s\n", connection.error_text().c_str());
    done = failed = true;
  }

  bool done = false;
  bool failed = false;

 private:
  std::string about_;
};

int Main(int argc, char** argv) {
  CHECK_GE(argc, 3) << "tls_get HOST PORT ...";
  TlsClientOptions options;
  int times = 1;
  for (int i = 3; i < argc; ++i) {
    const std::string flag = argv[i];
    if (flag == "--no_verify") options.verify = false;
    if (flag == "--ca") options.ca_file = argv[++i];
    if (flag == "--times") times = std::atoi(argv[++i]);
  }
  auto client = TlsClient::Create(options);
  CHECK_OK(client.status());
  ThreadSharedData shared;
  CHECK_OK(shared.Open(1));
  Get loop(&shared, 0);
  CHECK_OK(loop.Init());
  const auto port = static_cast<uint16_t>(std::atoi(argv[2]));
  for (int i = 0; i < times && !loop.failed; ++i) {
    loop.done = false;
    CHECK_EQ(loop.Adopt(testing::ConnectTo(port),
                        (*client)->NewTransport(argv[1], port)),
             0);
    while (!loop.done) loop.RunOnce(absl::InfiniteDuration());
  }
  return loop.failed ? 1 : 0;
}

}  // namespace
}  // namespace kingpin

int main(int argc, char** argv) { return kingpin::Main(argc, argv); }
