#include "apps/bench_client/json_report.h"

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace bench_client {
namespace {

std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (unsigned char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += static_cast<char>(c);
    } else if (c < 0x20) {
      absl::StrAppendFormat(&out, "\\u%04x", c);
    } else {
      out += static_cast<char>(c);
    }
  }
  return out + "\"";
}

std::string Reasons(const ReasonCounts& by_reason) {
  return absl::StrCat("{",
                      absl::StrJoin(by_reason, ",",
                                    [](std::string* out, const auto& reason) {
                                      absl::StrAppend(out, Quoted(reason.first),
                                                      ":", reason.second);
                                    }),
                      "}");
}

std::string Latencies(const LatencyHistogram& latency) {
  return absl::StrCat("{\"p50\":", latency.PercentileNs(0.5),
                      ",\"p75\":", latency.PercentileNs(0.75),
                      ",\"p90\":", latency.PercentileNs(0.9),
                      ",\"p99\":", latency.PercentileNs(0.99),
                      ",\"p99_9\":", latency.PercentileNs(0.999),
                      ",\"p99_99\":", latency.PercentileNs(0.9999),
                      ",\"max\":", latency.max_ns(), "}");
}

}  // namespace

std::string JsonReport(const Result& result) {
  const Counts& counts = result.counts;
  return absl::StrCat(
      "{\"url\":", Quoted(result.url), ",\"threads\":", result.threads,
      ",\"connections\":", result.connections, ",\"rate\":", result.rate,
      ",\"seconds\":", result.seconds, ",\"cpu_seconds\":", result.cpu_seconds,
      ",\"requests\":", counts.requests, ",\"responses\":", counts.responses,
      ",\"failed\":", counts.failed(),
      ",\"failures\":", Reasons(counts.failures),
      ",\"broken\":", Reasons(counts.broken), ",\"by_class\":[",
      absl::StrJoin(counts.by_class, ","), "],\"unsent\":", result.unsent,
      ",\"unanswered\":", result.unanswered.count,
      ",\"unanswered_longest_ns\":", result.unanswered.longest_ns,
      ",\"connecting\":", result.connecting.count,
      ",\"connecting_longest_ns\":", result.connecting.longest_ns,
      ",\"connects\":", counts.connects, ",\"bytes_read\":", counts.bytes_read,
      ",\"bytes_written\":", counts.bytes_written,
      ",\"latency\":", Latencies(counts.latency),
      ",\"connect\":", Latencies(counts.connect), "}");
}

}  // namespace bench_client
