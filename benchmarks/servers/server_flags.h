// What the measured Kingpin servers have in common: flags and the line that the
// runner waits for.
#ifndef BENCHMARKS_SERVERS_SERVER_FLAGS_H_
#define BENCHMARKS_SERVERS_SERVER_FLAGS_H_

#include <cstdint>
#include <cstdio>
#include <string>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "kingpin/pool/epoll_tp_server.h"

ABSL_FLAG(uint16_t, port, 0, "TCP port; 0 picks a free one");
ABSL_FLAG(int, threads, 1, "loop threads");
ABSL_FLAG(std::string, strategy, "mutex",
          "mutex, gated, exclusive or reuseport");
ABSL_FLAG(int, margin, 8, "load margin of mutex and gated");

namespace kingpin::benchmarks {

template <typename Handler>
int RunServer(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  absl::StatusOr<AcceptStrategy> strategy =
      ParseAcceptStrategy(absl::GetFlag(FLAGS_strategy));
  if (!strategy.ok()) return ExitCode(strategy.status());
  ThreadSharedDataForServer shared({
      .port = absl::GetFlag(FLAGS_port),
      .strategy = *strategy,
      .load_margin = absl::GetFlag(FLAGS_margin),
  });
  EpollTPServer<Handler> server(&shared,
                                {.threads = absl::GetFlag(FLAGS_threads)});
  absl::Status status = server.Start();
  if (!status.ok()) return ExitCode(status);
  std::printf("listening %d\n", shared.port());
  std::fflush(stdout);
  status = server.Wait();
  std::fprintf(stderr, "%s", shared.DebugString().c_str());
  return ExitCode(status);
}

}  // namespace kingpin::benchmarks

#endif  // BENCHMARKS_SERVERS_SERVER_FLAGS_H_
