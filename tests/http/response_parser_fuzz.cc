// What holds for any bytes and any cut of them: the same result as in one
// piece, views where they belong, every limit kept, and whatever the strict
// syntax accepts read by the lenient one in the same way.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "kingpin/http/response_parser.h"

namespace kingpin::http {
namespace {

using Result = ResponseParser::Result;

// Small, so that short inputs reach every limit.
constexpr ResponseLimits kLimits = {.max_status_line = 30,
                                    .max_head = 300,
                                    .max_field = 80,
                                    .max_fields = 5,
                                    .max_interim = 1};

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

bool IsInside(std::string_view view, std::string_view bytes) {
  return view.empty() ||
         (view.data() >= bytes.data() &&
          view.data() + view.size() <= bytes.data() + bytes.size());
}

bool IsKnown(std::string_view value, const Response& response,
             std::string_view head) {
  if (IsInside(value, head)) return true;
  for (const std::string& unfolded : response.unfolded) {
    if (IsInside(value, unfolded)) return true;
  }
  return false;
}

void CheckDone(const Response& response, std::string_view input,
               const ResponseLimits& limits) {
  Require(response.head_bytes <= input.size(), "head_bytes within the input");
  Require(response.head_bytes <= limits.max_head, "max_head");
  Require(response.fields.size() <= limits.max_fields, "max_fields");
  Require(response.status >= 100 && response.status <= 999, "status");
  const std::string_view head = input.substr(0, response.head_bytes);
  Require(head.ends_with('\n'), "the head ends in an empty line");
  Require(IsInside(response.reason, head), "the reason lies in the head");
  for (const Field& field : response.fields) {
    Require(IsInside(field.name, head), "a name lies in the head");
    Require(IsKnown(field.value, response, head), "a value lies in the head");
    Require(!field.name.empty(), "a field has a name");
    Require(field.name.size() + field.value.size() < limits.max_field,
            "max_field");
    Require(field.value.find_first_of(std::string_view("\r\n\0", 3)) ==
                std::string_view::npos,
            "no line ends in a value");
  }
  if (response.body == Response::Body::kLength) {
    Require(response.content_length.value_or(0) > 0, "a length of its own");
  }
  Require(
      !response.keep_alive || (response.body != Response::Body::kUntilClose &&
                               response.body != Response::Body::kTunnel),
      "kept only if the body has an end");
}

std::string Summarize(Result result, const ResponseParser& parser,
                      const Response& response) {
  std::string text = std::to_string(static_cast<int>(result));
  const auto add = [&text](std::string_view part) {
    text.append("|").append(part);
  };
  if (result == Result::kError) add(Describe(parser.error()));
  if (result != Result::kDone) return text;
  for (const uint64_t number : {static_cast<uint64_t>(response.status),
                                static_cast<uint64_t>(response.minor_version),
                                static_cast<uint64_t>(response.body),
                                response.content_length.value_or(~uint64_t{0}),
                                static_cast<uint64_t>(response.keep_alive),
                                static_cast<uint64_t>(response.head_bytes)}) {
    add(std::to_string(number));
  }
  add(response.reason);
  for (const Field& field : response.fields) {
    add(field.name);
    add(field.value);
    add(std::to_string(static_cast<int>(field.id)));
  }
  return text;
}

class Run {
 public:
  Run(ResponseSyntax syntax, Method method, const ResponseLimits& limits)
      : limits_(limits), method_(method), parser_(syntax, limits) {}

  // Shows the first `size` bytes, at an address of their own.
  Result Feed(std::string_view input, size_t size) {
    buffer_ = std::make_unique<char[]>(size);
    input.copy(buffer_.get(), size);
    result_ = parser_.Parse({buffer_.get(), size}, method_, &response_);
    if (result_ == Result::kDone) {
      CheckDone(response_, {buffer_.get(), size}, limits_);
    }
    return result_;
  }

  Result result() const { return result_; }
  std::string Summarize() const {
    return http::Summarize(result_, parser_, response_);
  }

 private:
  const ResponseLimits limits_;
  const Method method_;
  ResponseParser parser_;
  Response response_;
  std::unique_ptr<char[]> buffer_;
  Result result_ = Result::kNeedMore;
};

std::string Check(std::string_view input, ResponseSyntax syntax, Method method,
                  const ResponseLimits& limits) {
  Run whole(syntax, method, limits);
  whole.Feed(input, input.size());
  const std::string expected = whole.Summarize();

  Run bytes(syntax, method, limits);
  for (size_t size = 0; size <= input.size(); ++size) {
    if (bytes.Feed(input, size) != Result::kNeedMore) break;
  }
  Require(bytes.Summarize() == expected, "byte by byte as in one piece");

  for (size_t at = 0; at < input.size(); at += 1 + input.size() / 64) {
    Run split(syntax, method, limits);
    if (split.Feed(input, at) == Result::kNeedMore) {
      split.Feed(input, input.size());
    }
    Require(split.Summarize() == expected, "in two pieces as in one");
  }
  return whole.result() == Result::kDone ? expected : "";
}

void CheckBoth(std::string_view input, Method method,
               const ResponseLimits& limits) {
  const std::string strict =
      Check(input, ResponseSyntax::kStrict, method, limits);
  const std::string lenient =
      Check(input, ResponseSyntax::kLenient, method, limits);
  Require(strict.empty() || strict == lenient,
          "lenient reads as strict what is strict");
}

}  // namespace
}  // namespace kingpin::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using kingpin::http::Method;
  // Byte by byte copies the input once a byte.
  if (size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  kingpin::http::CheckBoth(input, Method::kGet, {});
  kingpin::http::CheckBoth(input, Method::kHead, kingpin::http::kLimits);
  kingpin::http::CheckBoth(input, Method::kConnect, {});
  return 0;
}
