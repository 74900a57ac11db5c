// Dates, ranges and conditions out of any bytes: a range lies within the
// representation, a date that was read is written and read the same, and an
// answer fits its method. The input is taken as a date, as a range, and as the
// fields of a request.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "kingpin/http/byte_range.h"
#include "kingpin/http/conditional.h"
#include "kingpin/http/http_date.h"
#include "kingpin/http/request_parser.h"

namespace kingpin::http {
namespace {

constexpr int64_t kNow = 1'700'000'000;

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckDate(std::string_view text) {
  const std::optional<int64_t> seconds = ParseHttpDate(text, kNow);
  if (!seconds.has_value()) return;
  char written[kHttpDateSize];
  WriteHttpDate(*seconds, written);
  const std::string_view fixdate(written, sizeof(written));
  // A leap second at the end of the year 9999 is written as the one before it.
  Require(ParseHttpDate(fixdate, kNow) == seconds ||
          fixdate == "Fri, 31 Dec 9999 23:59:59 GMT");
}

void CheckRange(std::string_view text) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{1000},
                              uint64_t{1} << 33, UINT64_MAX}) {
    const ByteRange range = ResolveByteRange(text, size);
    Require(range.offset <= size && range.length <= size - range.offset);
    switch (range.kind) {
      case ByteRange::Kind::kWhole:
        Require(range.offset == 0 && range.length == size);
        continue;
      case ByteRange::Kind::kPartial:
        Require(range.length > 0);
        break;
      case ByteRange::Kind::kUnsatisfiable:
        Require(range.length == 0);
        break;
    }
    char written[kContentRangeSize];
    Require(WriteContentRange(range, size, written).starts_with("bytes "));
  }
}

void CheckConditions(std::string_view method, std::string_view fields) {
  const std::string head = std::string(method) + " / HTTP/1.1\r\nHost: a\r\n" +
                           std::string(fields) + "\r\n\r\n";
  RequestParser parser;
  Request request;
  if (parser.Parse(head, &request) != RequestParser::Result::kDone) return;
  const Validators current{.etag = "\"a\"", .last_modified = 784'111'777};
  const Conditional result = EvaluateConditions(request, current, kNow);
  const bool is_get = request.method == Method::kGet;
  Require(is_get || result.outcome != Conditional::Outcome::kNotModified);
  if (!result.range.has_value()) return;
  Require(is_get && result.outcome == Conditional::Outcome::kProceed);
  CheckRange(*result.range);
}

}  // namespace
}  // namespace kingpin::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  kingpin::http::CheckDate(text);
  kingpin::http::CheckRange(text);
  kingpin::http::CheckConditions("GET", text);
  kingpin::http::CheckConditions("PUT", text);
  return 0;
}
