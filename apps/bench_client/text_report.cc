#include "apps/bench_client/text_report.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "apps/bench_client/units.h"

namespace bench_client {
namespace {

constexpr double kShares[] = {0.5, 0.75, 0.9, 0.99, 0.999, 0.9999};
constexpr int kBarWidth = 40;
constexpr int kColumns = 64;

// From empty to full.
constexpr std::string_view kUtf8Levels[] = {" ", "▁", "▂", "▃", "▄",
                                            "▅", "▆", "▇", "█"};
constexpr std::string_view kAsciiLevels[] = {" ", ".", ".", ":", ":",
                                             "|", "|", "#", "#"};

std::string Repeat(std::string_view mark, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) absl::StrAppend(&text, mark);
  return text;
}

double PerSecond(double value, double seconds) {
  return seconds > 0 ? value / seconds : 0;
}

std::string Row(std::string_view name, std::string_view value,
                std::string_view more) {
  const std::string row =
      absl::StrFormat("  %-10s %10s  %s", name, value, more);
  return absl::StrCat(absl::StripTrailingAsciiWhitespace(row), "\n");
}

std::string Statuses(const Counts& counts) {
  std::vector<std::string> parts;
  for (size_t i = 1; i < counts.by_class.size(); ++i) {
    if (counts.by_class[i] == 0) continue;
    parts.push_back(absl::StrCat(i, "xx: ", counts.by_class[i]));
  }
  return absl::StrJoin(parts, ", ");
}

std::string WaitingRow(std::string_view name, const Waiting& waiting) {
  if (waiting.count == 0) return "";
  return Row(name, CountText(static_cast<double>(waiting.count)),
             absl::StrCat("at the end, for ",
                          DurationText(static_cast<double>(waiting.longest_ns)),
                          " at most"));
}

std::string_view WhyUnsent(const Result& result) {
  if (result.counts.connects == 0) return "were due; there was no connection";
  return "were due; more connections or a faster server would take them";
}

std::string Numbers(const Result& result) {
  const Counts& counts = result.counts;
  const auto rate = [&](double value) {
    return absl::StrCat(CountText(PerSecond(value, result.seconds)), "/s");
  };
  const auto bytes_rate = [&](double value) {
    return absl::StrCat(BytesText(PerSecond(value, result.seconds)), "/s");
  };
  std::string text = Row("requests", CountText(counts.requests), "");
  text += Row(
      "responses", CountText(counts.responses),
      absl::StrFormat("%-12s %s", rate(counts.responses), Statuses(counts)));
  text += Row("failed", CountText(counts.failed()), "");
  for (const auto& [reason, n] : counts.failures) {
    text += Row("", CountText(n), reason);
  }
  if (result.unsent > 0) {
    text += Row("unsent", CountText(result.unsent), WhyUnsent(result));
  }
  text += WaitingRow("under way", result.unanswered);
  text += Row("connects", CountText(counts.connects),
              absl::StrFormat("%-12s p50 %s, p99 %s", rate(counts.connects),
                              DurationText(counts.connect.PercentileNs(0.5)),
                              DurationText(counts.connect.PercentileNs(0.99))));
  text += WaitingRow("connecting", result.connecting);
  if (!counts.broken.empty()) {
    text += Row("broken", CountText(counts.broken_connections()),
                "connections without a request");
  }
  for (const auto& [reason, n] : counts.broken) {
    text += Row("", CountText(n), reason);
  }
  text +=
      Row("read", BytesText(counts.bytes_read), bytes_rate(counts.bytes_read));
  text += Row("written", BytesText(counts.bytes_written),
              bytes_rate(counts.bytes_written));
  text += Row(
      "CPU", absl::StrFormat("%.2f s", result.cpu_seconds),
      absl::StrCat("of this program; ",
                   CountText(PerSecond(counts.responses, result.cpu_seconds)),
                   " responses a CPU second"));
  return text;
}

// A bar for each percentile, from zero to the longest latency.
std::string Percentiles(const Result& result, bool utf8) {
  const LatencyHistogram& latency = result.counts.latency;
  const auto row = [&](std::string_view name, int64_t ns) {
    const double part = static_cast<double>(ns) / latency.max_ns();
    const int width = static_cast<int>(std::lround(kBarWidth * part));
    return absl::StrFormat("  %-10s %10s  %s\n", name,
                           DurationText(static_cast<double>(ns)),
                           Repeat(utf8 ? "█" : "#", std::max(width, 1)));
  };
  std::string text;
  for (double share : kShares) {
    text +=
        row(absl::StrFormat("%g %%", 100 * share), latency.PercentileNs(share));
  }
  return text + row("longest", latency.max_ns());
}

// How many latencies fall between the edges of each column, which are the same factor
// apart.
std::vector<uint64_t> Columns(const LatencyHistogram& latency, double low,
                              double high) {
  const double factor = std::pow(high / low, 1.0 / kColumns);
  std::vector<uint64_t> columns;
  uint64_t before = 0;
  double edge = low;
  for (int i = 0; i < kColumns; ++i) {
    edge *= factor;
    const uint64_t now = i + 1 == kColumns
                             ? latency.count()
                             : latency.CountUpTo(static_cast<int64_t>(edge));
    columns.push_back(now - before);
    before = now;
  }
  return columns;
}

// How often each latency occurred: time runs to the right, on a logarithmic scale.
std::string Distribution(const Result& result, bool utf8) {
  constexpr int kRows = 4;
  constexpr int kSteps = 8;
  const LatencyHistogram& latency = result.counts.latency;
  const double low = std::max<int64_t>(latency.PercentileNs(0), 1) * 0.9;
  const double high = std::max<double>(latency.max_ns(), low * 1.01);
  const std::vector<uint64_t> columns = Columns(latency, low, high);
  const double most = *std::max_element(columns.begin(), columns.end());
  const auto& levels = utf8 ? kUtf8Levels : kAsciiLevels;
  std::string text;
  for (int row = kRows - 1; row >= 0; --row) {
    text += "  ";
    for (uint64_t count : columns) {
      // Whatever occurred is to be seen.
      const int height = static_cast<int>(
          std::ceil(static_cast<double>(count) / most * kRows * kSteps));
      text += levels[std::clamp(height - row * kSteps, 0, kSteps)];
    }
    text += "\n";
  }
  const std::string left = DurationText(low);
  const std::string middle = DurationText(std::sqrt(low * high));
  const std::string right = DurationText(high);
  return text + absl::StrFormat("  %-28s%-8s%28s\n", left, middle, right);
}

std::string Title(const Result& result) {
  return absl::StrFormat(
      "%s\n%s, %d thread%s, %d connection%s, %s\n\n", result.url,
      DurationText(result.seconds * 1e9), result.threads,
      result.threads == 1 ? "" : "s", result.connections,
      result.connections == 1 ? "" : "s",
      result.rate > 0
          ? absl::StrCat(CountText(result.rate), " requests a second asked for")
          : "each sends as soon as it is answered");
}

}  // namespace

std::string TextReport(const Result& result, const TextReportOptions& options) {
  std::string text = Title(result) + Numbers(result);
  if (result.counts.latency.count() == 0) {
    return text + "\nNo response, so no latencies.\n";
  }
  absl::StrAppend(&text, "\nLatency, ",
                  result.rate > 0 ? "from when a request was due, sent or not"
                                  : "from sending a request",
                  "\n", Percentiles(result, options.utf8));
  if (result.lag.count() > 0) {
    absl::StrAppend(&text,
                    Row("lag", DurationText(result.lag.PercentileNs(0.99)),
                        "p99 of how late this program itself sent"));
  }
  absl::StrAppend(&text, "\nHow often, by latency\n",
                  Distribution(result, options.utf8));
  return text;
}

}  // namespace bench_client
