// A complete multi-threaded echo server: it sends back what it receives. Exit codes:
// 0 ended by SIGTERM or SIGINT, 1 error (port in use, unknown flag) or --help.
#include <cstdint>
#include <cstdio>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "absl/flags/usage_config.h"
#include "kingpin/net/io_handler_for_server.h"
#include "kingpin/pool/epoll_tp_server.h"
#include "kingpin/sys/version.h"

ABSL_FLAG(uint16_t, port, 7000, "TCP port to listen on; 0 picks a free one");
ABSL_FLAG(int, threads, 2, "loop threads");

class EchoHandler : public kingpin::IOHandlerForServer {
 public:
  using IOHandlerForServer::IOHandlerForServer;
  void OnMessage(kingpin::Connection& connection) override {
    connection.Write(connection.input().TakeAll());
  }
};

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("echo server; try: echo [--port N]; nc :: N");
  absl::SetFlagsUsageConfig({.version_string = kingpin::VersionLine});
  absl::ParseCommandLine(argc, argv);
  kingpin::ThreadSharedDataForServer shared(
      {.port = absl::GetFlag(FLAGS_port)});
  kingpin::EpollTPServer<EchoHandler> server(
      &shared, {.threads = absl::GetFlag(FLAGS_threads)});
  if (absl::Status status = server.Start(); !status.ok()) {
    return kingpin::ExitCode(status);
  }
  std::printf("listening on %s\n", shared.addresses()[0].c_str());
  std::fflush(stdout);
  return kingpin::ExitCode(server.Wait());
}
