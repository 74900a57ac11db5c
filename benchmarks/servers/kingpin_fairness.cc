// Answers each command byte with one byte, the index of the thread that has the
// connection: 'i' at once, 'b' after 150 ms of CPU time.
#include "benchmarks/peers/burn.h"
#include "benchmarks/servers/server_flags.h"
#include "kingpin/net/io_handler_for_server.h"

namespace {

class FairnessHandler : public kingpin::IOHandlerForServer {
 public:
  using IOHandlerForServer::IOHandlerForServer;
  void OnMessage(kingpin::Connection& connection) override {
    for (char command : connection.input().TakeAll()) {
      if (command == 'b') peers::Burn();
      char index = static_cast<char>(thread());
      connection.Write(absl::string_view(&index, 1));
    }
  }
};

}  // namespace

int main(int argc, char** argv) {
  return kingpin::benchmarks::RunServer<FairnessHandler>(argc, argv);
}
