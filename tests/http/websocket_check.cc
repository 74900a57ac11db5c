// websocket_check URL [deflate]: sends messages of many sizes and kinds to an echo
// server, checks what comes back, closes, and checks that the close is clean.
// 0: all is as it should be.

#include <cstddef>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/http/websocket_client.h"
#include "kingpin/http/websocket_handshake.h"
#include "kingpin/pool/epoll_tp_client.h"

namespace {

using kingpin::http::WebSocket;
using kingpin::http::WebSocketKind;

constexpr size_t kSizes[] = {0,   1,    125,   126,   300,     1000,
                             300, 4096, 65535, 65536, 100'000, 900'000};
constexpr int kMessages = 2 * std::size(kSizes);

struct Shared : kingpin::http::WebSocketClientData {
  using WebSocketClientData::WebSocketClientData;
  bool good = false;
};

class Checker : public kingpin::http::WebSocketClientHandler {
 public:
  Checker(Shared* shared, int thread)
      : WebSocketClientHandler(shared, thread), shared_(*shared) {}

  void OnWebSocketOpen(WebSocket& ws, std::string_view) override {
    ws.Ping();
    SendNext(ws);
  }
  void OnWebSocketRtt(WebSocket&, absl::Duration rtt) override {
    got_rtt_ = true;
    std::printf("a ping took %.3f ms\n", absl::ToDoubleMilliseconds(rtt));
  }
  void OnWebSocketMessage(WebSocket& ws, WebSocketKind kind,
                          std::string_view payload) override {
    if (kind != KindOf(sent_ - 1) || payload != MessageOf(sent_ - 1)) {
      std::printf("message %d came back as another\n", sent_ - 1);
      return ws.Abort();
    }
    if (sent_ < kMessages) return SendNext(ws);
    ws.Close(kingpin::http::WebSocketClose::kNormal, "done");
  }
  void OnWebSocketClose(WebSocket&,
                        const kingpin::http::WebSocketEnd& end) override {
    std::printf("%d messages, closed with %d%s\n", sent_,
                static_cast<int>(end.code), end.clean ? ", clean" : "");
    shared_.good = sent_ == kMessages && end.clean && got_rtt_ &&
                   end.code == kingpin::http::WebSocketClose::kNormal;
  }
  void OnWebSocketConnectFailed(std::unique_ptr<kingpin::TargetContext>,
                                const absl::Status& status) override {
    std::printf("%s\n", status.ToString().c_str());
  }

 private:
  static WebSocketKind KindOf(int i) {
    return i % 2 == 0 ? WebSocketKind::kText : WebSocketKind::kBinary;
  }
  static std::string MessageOf(int i) {
    std::string text;
    while (text.size() < kSizes[i / 2]) {
      absl::StrAppend(&text, text.size() * 7919 % 1009, ",");
    }
    return text.substr(0, kSizes[i / 2]);
  }
  void SendNext(WebSocket& ws) {
    ws.Send(KindOf(sent_), MessageOf(sent_));
    ++sent_;
  }

  Shared& shared_;
  int sent_ = 0;
  bool got_rtt_ = false;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  auto url = kingpin::http::ParseWebSocketUrl(argv[1]);
  if (!url.ok()) return kingpin::ExitCode(url.status());
  const kingpin::http::DeflateOptions deflate = {
      .enabled = argc > 2,
      .server_context_takeover = true,
      .client_context_takeover = true,
      .min_bytes = 1};
  Shared shared({.websocket = {.deflate = deflate}},
                {.pool = {.end_when_done = true}});
  const absl::Status status = shared.Connect({.url = *url});
  if (!status.ok()) return kingpin::ExitCode(status);
  kingpin::EpollTPClient<Checker> client(&shared, {.threads = 1});
  const absl::Status run = client.Run();
  if (!run.ok()) return kingpin::ExitCode(run);
  return shared.good ? 0 : 1;
}
