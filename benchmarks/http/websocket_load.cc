// websocket_load URL CONNECTIONS SECONDS BYTES PID: keeps one message of BYTES under
// way on each of CONNECTIONS WebSockets to an echo server, and prints how many
// came back, in all and for each second of processor time of the process PID.

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "kingpin/http/websocket_client.h"
#include "kingpin/http/websocket_handshake.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/sys/clock.h"

namespace {

using kingpin::Clock;
using kingpin::http::WebSocket;

// User and system time of the process so far (proc(5)).
double CpuSeconds(int pid) {
  std::ifstream file(absl::StrCat("/proc/", pid, "/stat"));
  std::string line;
  std::getline(file, line);
  std::istringstream rest(line.substr(line.rfind(')') + 2));
  std::string word;
  for (int i = 0; i < 11; ++i) rest >> word;
  double user = 0, system = 0;
  rest >> user >> system;
  return (user + system) / sysconf(_SC_CLK_TCK);
}

struct Shared : kingpin::http::WebSocketClientData {
  using WebSocketClientData::WebSocketClientData;
  int connections = 0;
  int seconds = 0;
  int pid = 0;
  std::string message;
};

class Load : public kingpin::http::WebSocketClientHandler {
 public:
  Load(Shared* shared, int thread)
      : WebSocketClientHandler(shared, thread), shared_(*shared) {}

  void OnWebSocketOpen(WebSocket& ws, std::string_view) override {
    ws.SendText(shared_.message);
    if (++open_ == shared_.connections) Begin();
  }
  void OnWebSocketMessage(WebSocket& ws, kingpin::http::WebSocketKind,
                          std::string_view) override {
    ++messages_;
    ws.SendText(shared_.message);
  }
  void OnWebSocketConnectFailed(std::unique_ptr<kingpin::TargetContext>,
                                const absl::Status& status) override {
    std::fprintf(stderr, "%s\n", status.ToString().c_str());
    shared_.Shutdown(kingpin::RunPhase::kStopping);
  }

 private:
  void Begin() {
    messages_ = 0;
    const double cpu = CpuSeconds(shared_.pid);
    const kingpin::MonotonicTime began = Clock::Real().Now();
    RunAfter(absl::Seconds(shared_.seconds), [this, cpu, began] {
      const double wall = absl::ToDoubleSeconds(Clock::Real().Now() - began);
      const double used = CpuSeconds(shared_.pid) - cpu;
      std::printf(
          "{\"connections\":%d,\"bytes\":%zu,\"messages\":%llu,"
          "\"messages_per_second\":%.0f,\"server_cpu_seconds\":%.2f,"
          "\"messages_per_cpu_second\":%.0f}\n",
          open_, shared_.message.size(),
          static_cast<unsigned long long>(messages_), messages_ / wall, used,
          messages_ / used);
      shared_.Shutdown(kingpin::RunPhase::kStopping);
    });
  }

  Shared& shared_;
  int open_ = 0;
  uint64_t messages_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  int bytes = 0;
  kingpin::ClientOptions options;
  options.pool.max_connections_per_host = 1'000'000;
  Shared shared({}, options);
  auto url = argc == 6 ? kingpin::http::ParseWebSocketUrl(argv[1])
                       : absl::InvalidArgumentError("see the source");
  if (!url.ok() || !absl::SimpleAtoi(argv[2], &shared.connections) ||
      !absl::SimpleAtoi(argv[3], &shared.seconds) ||
      !absl::SimpleAtoi(argv[4], &bytes) ||
      !absl::SimpleAtoi(argv[5], &shared.pid)) {
    std::fprintf(stderr,
                 "usage: websocket_load URL CONNECTIONS SECONDS BYTES PID\n");
    return 2;
  }
  shared.message.assign(bytes, 'm');
  for (int i = 0; i < shared.connections; ++i) {
    const absl::Status status = shared.Connect({.url = *url});
    if (!status.ok()) return kingpin::ExitCode(status);
  }
  kingpin::EpollTPClient<Load> client(&shared, {.threads = 1});
  return kingpin::ExitCode(client.Run());
}
