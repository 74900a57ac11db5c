#include "benchmarks/load/json_line.h"

#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace load {

JsonLine& JsonLine::Add(std::string_view key, std::string_view text) {
  return AddRaw(key, absl::StrCat("\"", text, "\""));
}

JsonLine& JsonLine::Add(std::string_view key, int64_t value) {
  return AddRaw(key, absl::StrCat(value));
}

JsonLine& JsonLine::Add(std::string_view key, double value) {
  return AddRaw(key, absl::StrFormat("%.3f", value));
}

JsonLine& JsonLine::Add(std::string_view key,
                        const std::vector<int64_t>& values) {
  return AddRaw(key, absl::StrCat("[", absl::StrJoin(values, ", "), "]"));
}

JsonLine& JsonLine::AddLatency(const bench_client::LatencyHistogram& latency) {
  return Add("p50_us", latency.PercentileNs(0.5) / 1e3)
      .Add("p99_us", latency.PercentileNs(0.99) / 1e3)
      .Add("p999_us", latency.PercentileNs(0.999) / 1e3)
      .Add("max_us", latency.max_ns() / 1e3);
}

void JsonLine::Print() const {
  std::printf("{%s}\n", body_.c_str());
  std::fflush(stdout);
}

JsonLine& JsonLine::AddRaw(std::string_view key, std::string_view json) {
  absl::StrAppend(&body_, body_.empty() ? "" : ", ", "\"", key, "\": ", json);
  return *this;
}

}  // namespace load
