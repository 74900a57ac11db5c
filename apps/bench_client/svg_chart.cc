#include "apps/bench_client/svg_chart.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace bench_client {
namespace {

// In the units of the picture, which is scaled to the page.
constexpr double kWidth = 720;
constexpr double kHeight = 260;
constexpr double kLeft = 76;
constexpr double kRight = 12;
constexpr double kTop = 12;
constexpr double kBottom = 28;

double Fraction(const Axis& axis, double value) {
  value = std::clamp(value, axis.low, axis.high);
  if (axis.logarithmic) {
    return std::log(value / axis.low) / std::log(axis.high / axis.low);
  }
  return (value - axis.low) / (axis.high - axis.low);
}

std::vector<double> LogarithmicMarks(const Axis& axis) {
  std::vector<double> marks;
  for (double power = std::pow(10, std::floor(std::log10(axis.low)));
       power <= axis.high; power *= 10) {
    if (power >= axis.low) marks.push_back(power);
  }
  // Within a decade there may be none.
  if (marks.size() < 2) marks = {axis.low, axis.high};
  return marks;
}

std::string Text(const Axis& axis, double value) {
  return axis.text != nullptr ? axis.text(value) : absl::StrCat(value);
}

std::string TextAt(double x, double y, std::string_view anchor,
                   std::string_view text) {
  return absl::StrFormat(
      "<text class=\"label\" x=\"%.1f\" y=\"%.1f\" "
      "text-anchor=\"%s\">%s</text>",
      x, y, anchor, EscapeHtml(text));
}

std::string LineBetween(double x1, double y1, double x2, double y2) {
  return absl::StrFormat(
      "<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>",
      x1, y1, x2, y2);
}

// With the marks that will be drawn.
Axis Complete(Axis axis) {
  if (!(axis.high > axis.low)) axis.high = axis.low + 1;
  if (!axis.marks.empty()) return axis;
  for (double value : Marks(axis)) {
    axis.marks.emplace_back(value, Text(axis, value));
  }
  return axis;
}

}  // namespace

std::vector<double> Marks(const Axis& axis) {
  if (axis.logarithmic) return LogarithmicMarks(axis);
  const double raw = (axis.high - axis.low) / 5;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double ratio = raw / power;
  const double step = power * (ratio > 5   ? 10
                               : ratio > 2 ? 5
                               : ratio > 1 ? 2
                                           : 1);
  std::vector<double> marks;
  const double first = std::ceil(axis.low / step);
  for (int i = 0; (first + i) * step <= axis.high * (1 + 1e-9); ++i) {
    marks.push_back((first + i) * step);
  }
  return marks;
}

std::string EscapeHtml(std::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"},
                                    {"<", "&lt;"},
                                    {">", "&gt;"},
                                    {"\"", "&quot;"},
                                    {"'", "&#39;"}});
}

SvgChart::SvgChart(ChartOptions options) : options_(std::move(options)) {
  options_.x = Complete(std::move(options_.x));
  options_.y = Complete(std::move(options_.y));
}

double SvgChart::X(double value) const {
  return kLeft + Fraction(options_.x, value) * (kWidth - kLeft - kRight);
}

double SvgChart::Y(double value) const {
  return kHeight - kBottom -
         Fraction(options_.y, value) * (kHeight - kTop - kBottom);
}

void SvgChart::AddLegend(std::string_view name) {
  absl::StrAppend(&legend_, "<span><i class=\"s", count_, "\"></i>",
                  EscapeHtml(name), "</span>");
}

void SvgChart::AddLine(std::string_view name, const Points& points) {
  absl::StrAppend(&series_, "<polyline class=\"s", count_, "\" points=\"");
  for (const auto& [x, y] : points) {
    absl::StrAppendFormat(&series_, "%.1f,%.1f ", X(x), Y(y));
  }
  series_ += "\"/>";
  AddLegend(name);
  ++count_;
}

void SvgChart::AddBars(std::string_view name, const Points& points) {
  for (size_t i = 0; i < points.size(); ++i) {
    const double x = X(points[i].first);
    const double left = i == 0 ? x : (X(points[i - 1].first) + x) / 2;
    const double right =
        i + 1 == points.size() ? x : (X(points[i + 1].first) + x) / 2;
    absl::StrAppendFormat(
        &series_,
        "<rect class=\"s%d\" x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
        "height=\"%.2f\"/>",
        count_, left, Y(points[i].second), std::max(right - left, 0.5),
        kHeight - kBottom - Y(points[i].second));
  }
  AddLegend(name);
  ++count_;
}

std::string SvgChart::Grid() const {
  std::string grid;
  for (const auto& [value, text] : options_.x.marks) {
    grid += LineBetween(X(value), kTop, X(value), kHeight - kBottom);
    grid += TextAt(X(value), kHeight - kBottom + 17, "middle", text);
  }
  for (const auto& [value, text] : options_.y.marks) {
    grid += LineBetween(kLeft, Y(value), kWidth - kRight, Y(value));
    grid += TextAt(kLeft - 7, Y(value) + 4, "end", text);
  }
  return grid;
}

std::string SvgChart::ToString() const {
  return absl::StrCat(
      "<figure><figcaption>", EscapeHtml(options_.title), legend_,
      "</figcaption><svg role=\"img\" aria-label=\"",
      EscapeHtml(options_.title),
      absl::StrFormat("\" viewBox=\"0 0 %g %g\">", kWidth, kHeight), Grid(),
      series_, "</svg></figure>\n");
}

}  // namespace bench_client
