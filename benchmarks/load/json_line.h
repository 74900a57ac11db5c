// One line of JSON on stdout: how the load programs report.
#ifndef BENCHMARKS_LOAD_JSON_LINE_H_
#define BENCHMARKS_LOAD_JSON_LINE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apps/bench_client/latency_histogram.h"

namespace load {

// Keys and text come from the programs themselves and are not escaped.
class JsonLine {
 public:
  JsonLine& Add(std::string_view key, std::string_view text);
  JsonLine& Add(std::string_view key, int64_t value);
  JsonLine& Add(std::string_view key, double value);
  JsonLine& Add(std::string_view key, const std::vector<int64_t>& values);

  // p50_us, p99_us, p999_us and max_us.
  JsonLine& AddLatency(const bench_client::LatencyHistogram& latency);

  // Prints the line and flushes.
  void Print() const;

 private:
  JsonLine& AddRaw(std::string_view key, std::string_view json);

  std::string body_;
};

}  // namespace load

#endif  // BENCHMARKS_LOAD_JSON_LINE_H_
