#include "apps/bench_client/html_report.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apps/bench_client/svg_chart.h"
#include "apps/bench_client/units.h"

namespace bench_client {
namespace {

using Points = SvgChart::Points;

constexpr std::string_view kStyle = R"(
:root { --page: #fff; --text: #1b1f24; --soft: #667; --grid: #e3e6ea;
  --s0: #2563eb; --s1: #d97706; --s2: #b91c1c; color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171b; --text: #e6e8eb; --soft: #9aa3ad; --grid: #2b3138;
    --s0: #6ea0ff; --s1: #f0a94a; --s2: #ff7b72; } }
body { background: var(--page); color: var(--text); margin: 2rem auto;
  max-width: 60rem; padding: 0 1rem; font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0; overflow-wrap: anywhere; }
p { color: var(--soft); margin: .3rem 0; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
  gap: 1rem; margin: 1.5rem 0; }
dl div { border: 1px solid var(--grid); border-radius: .5rem; padding: .6rem .8rem; }
dt { color: var(--soft); font-size: .85rem; }
dd { font-size: 1.35rem; font-variant-numeric: tabular-nums; margin: 0; }
dd.bad { color: var(--s2); }
figure { margin: 2rem 0; }
figcaption { font-weight: 600; margin-bottom: .4rem; }
figcaption span { color: var(--soft); font-weight: 400; margin-left: 1.2rem; }
figcaption i { display: inline-block; width: .8em; height: .8em;
  border-radius: .2em; margin-right: .4em; }
svg { width: 100%; height: auto; }
.grid { stroke: var(--grid); } .label { fill: var(--soft); font-size: 12px; }
polyline { fill: none; stroke-width: 2; stroke-linejoin: round; }
polyline.s0 { stroke: var(--s0); } rect.s0 { fill: var(--s0); }
polyline.s1 { stroke: var(--s1); } rect.s1 { fill: var(--s1); }
polyline.s2 { stroke: var(--s2); } rect.s2 { fill: var(--s2); }
i.s0 { background: var(--s0); } i.s1 { background: var(--s1); }
i.s2 { background: var(--s2); }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
td { border-bottom: 1px solid var(--grid); padding: .25rem 1.5rem .25rem 0; }
)";

std::string SecondsText(double seconds) {
  return absl::StrFormat("%g s", seconds);
}

double PerSecond(double value, double seconds) {
  return seconds > 0 ? value / seconds : 0;
}

std::string Tile(std::string_view name, std::string_view value,
                 bool bad = false) {
  return absl::StrCat("<div><dt>", name, "</dt><dd",
                      bad ? " class=\"bad\"" : "", ">", EscapeHtml(value),
                      "</dd></div>\n");
}

std::string Tiles(const Result& result) {
  const Counts& counts = result.counts;
  const LatencyHistogram& latency = counts.latency;
  return absl::StrCat(
      "<dl>\n", Tile("responses", CountText(counts.responses)),
      Tile("a second", CountText(PerSecond(counts.responses, result.seconds))),
      Tile("failed", CountText(counts.failed()), counts.failed() > 0),
      Tile("p50", DurationText(latency.PercentileNs(0.5))),
      Tile("p99", DurationText(latency.PercentileNs(0.99))),
      Tile("p99.9", DurationText(latency.PercentileNs(0.999))),
      Tile("longest", DurationText(latency.max_ns())),
      Tile("read a second",
           BytesText(PerSecond(counts.bytes_read, result.seconds))),
      "</dl>\n");
}

// What has no picture.
std::string Details(const Result& result) {
  const Counts& counts = result.counts;
  std::string rows;
  const auto add = [&rows](std::string_view name, std::string_view value) {
    absl::StrAppend(&rows, "<tr><td>", EscapeHtml(name), "</td><td>",
                    EscapeHtml(value), "</td></tr>\n");
  };
  for (size_t i = 1; i < counts.by_class.size(); ++i) {
    if (counts.by_class[i] > 0) {
      add(absl::StrCat("answered ", i, "xx"), absl::StrCat(counts.by_class[i]));
    }
  }
  for (const auto& [reason, n] : counts.failures) {
    add(absl::StrCat("failed: ", reason), absl::StrCat(n));
  }
  for (const auto& [reason, n] : counts.broken) {
    add(absl::StrCat("broken connections: ", reason), absl::StrCat(n));
  }
  if (result.unsent > 0) add("due and not sent", absl::StrCat(result.unsent));
  const auto add_waiting = [&](std::string_view name, const Waiting& waiting) {
    if (waiting.count == 0) return;
    add(name, absl::StrCat(waiting.count, ", for ",
                           DurationText(waiting.longest_ns), " at most"));
  };
  add_waiting("under way at the end", result.unanswered);
  add_waiting("connecting at the end", result.connecting);
  add("connects", absl::StrCat(counts.connects));
  add("connect, p50 and p99",
      absl::StrCat(DurationText(counts.connect.PercentileNs(0.5)), ", ",
                   DurationText(counts.connect.PercentileNs(0.99))));
  if (result.lag.count() > 0) {
    add("late by its own fault, p99",
        DurationText(result.lag.PercentileNs(0.99)));
  }
  add("CPU of the load generator",
      absl::StrFormat(
          "%.2f s, %s responses a CPU second", result.cpu_seconds,
          CountText(PerSecond(counts.responses, result.cpu_seconds))));
  add("machine", result.machine);
  add("command", result.command);
  return absl::StrCat("<table>\n", rows, "</table>\n");
}

Axis TimeAxis(const Result& result) {
  return {0, std::max(result.seconds, 0.001), false, SecondsText};
}

// From a round number below all values to one above.
Axis LatencyAxis(double low, double high) {
  low = std::pow(10, std::floor(std::log10(std::max(low, 1.0))));
  high = std::pow(10, std::ceil(std::log10(std::max(high, low * 2))));
  return {low, high, true, DurationText};
}

std::string ThroughputChart(const Result& result) {
  Points responses;
  Points failed;
  double most = 1;
  for (const Interval& interval : result.intervals) {
    // What little the run has of its last interval is no rate.
    if (interval.seconds < result.intervals.front().seconds / 2) continue;
    const double middle = interval.begin_seconds + interval.seconds / 2;
    responses.emplace_back(middle,
                           PerSecond(interval.responses, interval.seconds));
    failed.emplace_back(middle, PerSecond(interval.failed, interval.seconds));
    most = std::max({most, responses.back().second, failed.back().second});
  }
  SvgChart chart({.title = "Responses a second",
                  .x = TimeAxis(result),
                  .y = {0, most * 1.1, false, CountText}});
  chart.AddLine("answered", responses);
  if (result.counts.failed() > 0) chart.AddLine("failed", failed);
  return chart.ToString();
}

std::string LatencyOverTimeChart(const Result& result) {
  Points p50;
  Points p99;
  Points longest;
  for (const Interval& interval : result.intervals) {
    if (interval.responses == 0) continue;
    const double middle = interval.begin_seconds + interval.seconds / 2;
    p50.emplace_back(middle, interval.p50_ns);
    p99.emplace_back(middle, interval.p99_ns);
    longest.emplace_back(middle, interval.max_ns);
  }
  const LatencyHistogram& latency = result.counts.latency;
  SvgChart chart(
      {.title = "Latency over time",
       .x = TimeAxis(result),
       .y = LatencyAxis(latency.PercentileNs(0.25), latency.max_ns())});
  chart.AddLine("p50", p50);
  chart.AddLine("p99", p99);
  chart.AddLine("longest", longest);
  return chart.ToString();
}

// The x axis is how many are slower, from all to one in `count`, so that each further
// nine takes the same room.
std::string PercentileChart(const Result& result) {
  const LatencyHistogram& latency = result.counts.latency;
  const double nines = std::max(1.0, std::log10(latency.count()));
  Axis x{0, nines, false};
  for (int i = 0; i <= nines; ++i) {
    x.marks.emplace_back(
        i, i == 0 ? "0 %"
                  : absl::StrFormat("%.10g %%", 100 - std::pow(10, 2 - i)));
  }
  Points points;
  constexpr int kSteps = 200;
  for (int i = 0; i <= kSteps; ++i) {
    const double at = nines * i / kSteps;
    points.emplace_back(at, latency.PercentileNs(1 - std::pow(10, -at)));
  }
  SvgChart chart({.title = "Latency by percentile",
                  .x = std::move(x),
                  .y = LatencyAxis(latency.PercentileNs(0), latency.max_ns())});
  chart.AddLine("latency", points);
  return chart.ToString();
}

std::string DistributionChart(const Result& result) {
  constexpr int kColumns = 120;
  const LatencyHistogram& latency = result.counts.latency;
  const Axis x = LatencyAxis(latency.PercentileNs(0), latency.max_ns());
  const double factor = std::pow(x.high / x.low, 1.0 / kColumns);
  Points points;
  uint64_t before = 0;
  double most = 1;
  double edge = x.low;
  for (int i = 0; i < kColumns; ++i, edge *= factor) {
    const uint64_t now = latency.CountUpTo(static_cast<int64_t>(edge * factor));
    points.emplace_back(edge * std::sqrt(factor), now - before);
    most = std::max(most, points.back().second);
    before = now;
  }
  SvgChart chart({.title = "How often, by latency",
                  .x = x,
                  .y = {0, most * 1.1, false, CountText}});
  chart.AddBars("responses", points);
  return chart.ToString();
}

std::string Summary(const Result& result) {
  return absl::StrCat(
      DurationText(result.seconds * 1e9), ", threads: ", result.threads,
      ", connections: ", result.connections, ", ",
      result.rate > 0
          ? absl::StrCat(CountText(result.rate),
                         " requests a second asked for; latency is counted "
                         "from when a request was due")
          : "each connection sends as soon as it is answered");
}

}  // namespace

std::string HtmlReport(const Result& result) {
  const std::string url = EscapeHtml(result.url);
  std::string page = absl::StrCat(
      "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n"
      "<title>",
      url, "</title>\n<style>", kStyle, "</style>\n<h1>", url, "</h1>\n<p>",
      EscapeHtml(Summary(result)), "</p>\n", Tiles(result));
  page += ThroughputChart(result);
  if (result.counts.latency.count() > 0) {
    page += LatencyOverTimeChart(result);
    page += PercentileChart(result);
    page += DistributionChart(result);
  }
  return absl::StrCat(page, Details(result), "</html>\n");
}

}  // namespace bench_client
