// Short connections: connect, send a message, receive its echo, close.
#include <memory>
#include <string>
#include <string_view>

#include "absl/flags/flag.h"
#include "benchmarks/load/json_line.h"
#include "benchmarks/load/phases.h"
#include "benchmarks/load/short_connections.h"

ABSL_FLAG(int, in_flight, 16, "Connections at once, of all the threads.");
ABSL_FLAG(int, size, 64, "Bytes of a message.");
ABSL_FLAG(std::string, end, "reset",
          "How the client closes: `reset` (SO_LINGER 0, leaves nothing) or "
          "`finish` (FIN first; fills the kernel's TIME_WAIT table).");

namespace load {
namespace {

int Main() {
  const std::string message(absl::GetFlag(FLAGS_size), 'k');
  const std::string end = absl::GetFlag(FLAGS_end);
  Workers workers = MakeWorkers([&message, &end](int) {
    return std::make_unique<ShortConnections>(ShortConnections::Options{
        .port = absl::GetFlag(FLAGS_port),
        .in_flight =
            absl::GetFlag(FLAGS_in_flight) / absl::GetFlag(FLAGS_threads),
        .end = end == "finish" ? ShortConnections::End::kFinish
                               : ShortConnections::End::kReset,
        .answer_bytes = message.size(),
        .request = [&message](uint64_t) { return std::string_view(message); },
        .check = [&message](
                     uint64_t,
                     std::string_view answer) { return answer == message; }});
  });
  JsonLine line;
  line.Add("load", "churn")
      .Add("in_flight", int64_t{absl::GetFlag(FLAGS_in_flight)})
      .Add("end", end);
  return RunPhases(workers, line);
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  load::Init(argc, argv, "Short connections, each one echo long.",
             [] { return absl::GetFlag(FLAGS_in_flight); });
  return load::Main();
}
