// The echo server that is measured: apps/echo with the strategy as a flag.
#include "benchmarks/servers/server_flags.h"
#include "kingpin/net/io_handler_for_server.h"

namespace {

class EchoHandler : public kingpin::IOHandlerForServer {
 public:
  using IOHandlerForServer::IOHandlerForServer;
  void OnMessage(kingpin::Connection& connection) override {
    connection.Write(connection.input().TakeAll());
  }
};

}  // namespace

int main(int argc, char** argv) {
  return kingpin::benchmarks::RunServer<EchoHandler>(argc, argv);
}
