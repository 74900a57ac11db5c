// User memory of the server for each idle connection.
#include <sys/socket.h>

#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/load/json_line.h"
#include "benchmarks/load/phases.h"
#include "benchmarks/load/server_process.h"
#include "benchmarks/load/sockets.h"

ABSL_FLAG(int, connections, 10'000, "Idle connections.");
ABSL_FLAG(std::string, first, "none",
          "What each connection does before it idles: none, echo or http.");
ABSL_FLAG(std::string, path, "/", "With --first=http: what to get.");
ABSL_FLAG(int, warm_connections, 64,
          "Connections that come and go before the first reading, so that what "
          "the server sets up once is not counted.");

namespace load {
namespace {

// What the answer is long is not known here; the server comes to rest before
// memory is read, and one read of a small answer takes it all.
void Exercise(const Socket& socket, const std::string& request) {
  if (request.empty()) return;
  char answer[8192];
  const auto size = static_cast<ssize_t>(request.size());
  if (send(socket.fd(), request.data(), size, MSG_NOSIGNAL) != size ||
      recv(socket.fd(), answer, sizeof(answer), 0) <= 0) {
    Die("the first request");
  }
}

std::vector<Socket> Open(int connections, const std::string& request) {
  std::vector<Socket> sockets;
  for (int i = 0; i < connections; ++i) {
    sockets.push_back(Connect(absl::GetFlag(FLAGS_port)));
    Exercise(sockets.back(), request);
  }
  return sockets;
}

Memory MemoryAtRest(const ServerProcess& server) {
  server.WaitUntilIdle();
  return server.ReadMemory();
}

void Report(const Memory& before, const Memory& open, const Memory& closed) {
  const double n = absl::GetFlag(FLAGS_connections);
  JsonLine()
      .Add("load", "idle_memory")
      .Add("first", absl::GetFlag(FLAGS_first))
      .Add("operations", int64_t{absl::GetFlag(FLAGS_connections)})
      .Add("bytes_per_connection", (open.anonymous - before.anonymous) / n)
      .Add("pss_per_connection", (open.pss - before.pss) / n)
      .Add("kept_per_connection", (closed.anonymous - before.anonymous) / n)
      .Add("server_kib_before", before.anonymous >> 10)
      .Print();
}

int Main() {
  const std::map<std::string, std::string> requests = {
      {"none", ""},
      {"echo", std::string(64, 'k')},
      {"http", absl::StrCat("GET ", absl::GetFlag(FLAGS_path),
                            " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")},
  };
  const auto request = requests.find(absl::GetFlag(FLAGS_first));
  const ServerProcess server = ServerUnderLoad();
  if (request == requests.end() || !server.known()) {
    std::fputs("--first=none|echo|http and --server_pids, please\n", stderr);
    return 2;
  }
  Open(absl::GetFlag(FLAGS_warm_connections), request->second);
  const Memory before = MemoryAtRest(server);
  std::vector<Socket> sockets =
      Open(absl::GetFlag(FLAGS_connections), request->second);
  const Memory open = MemoryAtRest(server);
  sockets.clear();
  Report(before, open, MemoryAtRest(server));
  return 0;
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  load::Init(argc, argv, "User memory for each idle connection.",
             [] { return absl::GetFlag(FLAGS_connections); });
  return load::Main();
}
