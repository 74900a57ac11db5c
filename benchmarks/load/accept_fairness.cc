// Which thread gets a new connection, and how long the connection waits for it.
//
// The server answers the byte 'i' with its thread's index (one byte), and the
// byte 'b' likewise after burning 150 ms of CPU.
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "benchmarks/load/json_line.h"
#include "benchmarks/load/phases.h"
#include "benchmarks/load/short_connections.h"

ABSL_FLAG(std::string, mode, "open",
          "open: one at a time, kept open. close: one at a time, each closed. "
          "burst: --burst at once, kept open. slow: two in flight, one request "
          "in 40 burns 150 ms, latency of the others.");
ABSL_FLAG(int, burst, 32, "Connections at once in mode burst.");
ABSL_FLAG(int, server_threads, 0, "Threads of the server, to show idle ones.");

ABSL_DECLARE_FLAG(int64_t, count);

namespace load {
namespace {

using End = ShortConnections::End;

constexpr uint64_t kSlowEvery = 40;

struct Mode {
  int64_t connections;  // Unless --count says otherwise.
  int in_flight;
  End end;
  bool bursts;
  bool slow;
};

const Mode* ModeOf(const std::string& name) {
  static const std::map<std::string, Mode> kModes = {
      {"open", {1500, 1, End::kKeep, false, false}},
      {"close", {1500, 1, End::kReset, false, false}},
      {"burst", {4000, 0, End::kKeep, true, false}},
      {"slow", {4000, 2, End::kReset, false, true}},
  };
  const auto it = kModes.find(name);
  return it == kModes.end() ? nullptr : &it->second;
}

bool IsSlow(uint64_t i) { return i % kSlowEvery == kSlowEvery - 1; }

ShortConnections::Options OptionsOf(const Mode& mode,
                                    std::vector<int64_t>& shares) {
  ShortConnections::Options options;
  options.port = absl::GetFlag(FLAGS_port);
  options.in_flight = mode.bursts ? absl::GetFlag(FLAGS_burst) : mode.in_flight;
  options.end = mode.end;
  options.bursts = mode.bursts;
  options.request = [slow = mode.slow](uint64_t i) {
    return slow && IsSlow(i) ? "b" : "i";
  };
  options.check = [&shares](uint64_t, std::string_view answer) {
    const auto index = static_cast<unsigned char>(answer[0]);
    if (index >= shares.size()) shares.resize(index + 1);
    ++shares[index];
    return true;
  };
  options.counts_latency = [slow = mode.slow](uint64_t i) {
    return !slow || !IsSlow(i);
  };
  return options;
}

int Main() {
  const std::string name = absl::GetFlag(FLAGS_mode);
  const Mode* mode = ModeOf(name);
  if (mode == nullptr) {
    std::fputs("--mode is open, close, burst or slow\n", stderr);
    return 2;
  }
  if (absl::GetFlag(FLAGS_count) == 0) {
    absl::SetFlag(&FLAGS_count, mode->connections);
  }
  absl::SetFlag(&FLAGS_threads, 1);
  std::vector<int64_t> shares(absl::GetFlag(FLAGS_server_threads));
  Workers workers = MakeWorkers([&](int) {
    return std::make_unique<ShortConnections>(OptionsOf(*mode, shares));
  });
  JsonLine line;
  line.Add("load", "accept_fairness").Add("mode", name);
  return RunPhases(workers, line,
                   [&shares](JsonLine& last) { last.Add("shares", shares); });
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  load::Init(argc, argv, "Which thread accepts, and after how long.", [] {
    return 4000 + static_cast<int>(absl::GetFlag(FLAGS_count));
  });
  return load::Main();
}
