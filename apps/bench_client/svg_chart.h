// SvgChart: curves over two axes, as an SVG element for an HTML page. Its colours come
// from the page's style sheet: classes axis, grid, label, and for series n: s0, s1 ...
//
//   SvgChart chart({.title = "Latency", .x = {0, 10}, .y = {1, 1e9, true}});
//   chart.AddLine("p99", points);
//   page += chart.ToString();
#ifndef APPS_BENCH_CLIENT_SVG_CHART_H_
#define APPS_BENCH_CLIENT_SVG_CHART_H_

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bench_client {

struct Axis {
  double low = 0;
  double high = 1;
  bool logarithmic = false;  // Then low is above zero.
  std::string (*text)(double value) = nullptr;
  // Where the marks are and what they say, instead of those computed.
  std::vector<std::pair<double, std::string>> marks = {};
};

struct ChartOptions {
  std::string title;
  Axis x;
  Axis y;
};

class SvgChart {
 public:
  using Points = std::vector<std::pair<double, double>>;

  explicit SvgChart(ChartOptions options);

  void AddLine(std::string_view name, const Points& points);
  // From the bottom up to each point, half-way to its neighbours.
  void AddBars(std::string_view name, const Points& points);

  std::string ToString() const;

 private:
  double X(double value) const;
  double Y(double value) const;
  void AddLegend(std::string_view name);
  std::string Grid() const;

  ChartOptions options_;
  std::string series_;
  std::string legend_;
  int count_ = 0;
};

// Round numbers, four to nine of them, that divide the axis: 1, 2 or 5 times a power of
// ten, or powers of ten.
std::vector<double> Marks(const Axis& axis);

// With &, <, >, " and ' as entities.
std::string EscapeHtml(std::string_view text);

}  // namespace bench_client

#endif  // APPS_BENCH_CLIENT_SVG_CHART_H_
