// What holds for any bytes and any cut of them: the same result as in one
// piece, views inside the buffer, every limit kept.

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "kingpin/http/request_parser.h"

namespace kingpin::http {
namespace {

using Result = RequestParser::Result;

// Small, so that short inputs reach every limit.
constexpr RequestLimits kLimits = {
    .max_target = 60, .max_head = 300, .max_field = 80, .max_fields = 5};

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

// A literal "/" or "*" stands for a path that an absolute target left out.
void RequireInside(std::string_view view, std::string_view head) {
  if (view.empty()) return;
  Require(view.data() >= head.data() &&
              view.data() + view.size() <= head.data() + head.size(),
          "views point into the head");
}

void CheckDone(const Request& request, std::string_view input,
               const RequestLimits& limits) {
  Require(request.head_bytes <= input.size(), "head_bytes within the input");
  Require(request.head_bytes <= limits.max_head, "max_head");
  Require(request.target.size() <= limits.max_target, "max_target");
  Require(request.fields.size() <= limits.max_fields, "max_fields");
  const std::string_view head = input.substr(0, request.head_bytes);
  Require(head.ends_with("\r\n\r\n"), "the head ends in an empty line");
  for (const std::string_view view :
       {request.method_name, request.target, request.query, request.host}) {
    RequireInside(view, head);
  }
  if (request.target.find(request.path) != std::string_view::npos) {
    Require(
        request.path.empty() || request.path[0] == '/' || request.path == "*",
        "a path begins with a slash");
  } else {
    Require(request.path == "/" || request.path == "*", "a path left out");
  }
  for (const Field& field : request.fields) {
    RequireInside(field.name, head);
    RequireInside(field.value, head);
    Require(!field.name.empty(), "a field has a name");
    Require(field.name.size() + field.value.size() < limits.max_field,
            "max_field");
    Require(field.value.find_first_of(std::string_view("\r\n\0", 3)) ==
                std::string_view::npos,
            "no line ends in a value");
  }
  Require(!(request.chunked && request.content_length.has_value()),
          "one framing only");
}

std::string Describe(Result result, const RequestParser& parser,
                     const Request& request) {
  std::string text = std::to_string(static_cast<int>(result));
  const auto add = [&text](std::string_view part) {
    text.append("|").append(part);
  };
  const auto add_number = [&add](uint64_t number) {
    add(std::to_string(number));
  };
  if (result == Result::kError) add_number(static_cast<int>(parser.error()));
  if (result != Result::kDone) return text;
  for (const std::string_view view :
       {request.method_name, request.target, request.path, request.query,
        request.host}) {
    add(view);
  }
  add_number(static_cast<int>(request.method));
  add_number(request.minor_version);
  add_number(request.content_length.value_or(~uint64_t{0}));
  add_number(request.chunked + 2 * request.keep_alive +
             4 * request.expect_continue);
  add_number(request.head_bytes);
  for (const Field& field : request.fields) {
    add(field.name);
    add(field.value);
    add_number(static_cast<int>(field.id));
  }
  return text;
}

class Run {
 public:
  explicit Run(const RequestLimits& limits)
      : limits_(limits), parser_(limits) {}

  // Shows the first `size` bytes, at an address of their own.
  Result Feed(std::string_view input, size_t size) {
    buffer_ = std::make_unique<char[]>(size);
    input.copy(buffer_.get(), size);
    result_ = parser_.Parse({buffer_.get(), size}, &request_);
    if (result_ == Result::kDone) {
      CheckDone(request_, {buffer_.get(), size}, limits_);
    }
    return result_;
  }

  std::string Describe() const {
    return http::Describe(result_, parser_, request_);
  }

 private:
  const RequestLimits limits_;
  RequestParser parser_;
  Request request_;
  std::unique_ptr<char[]> buffer_;
  Result result_ = Result::kNeedMore;
};

void Check(std::string_view input, const RequestLimits& limits) {
  Run whole(limits);
  whole.Feed(input, input.size());
  const std::string expected = whole.Describe();

  Run bytes(limits);
  for (size_t size = 0; size <= input.size(); ++size) {
    if (bytes.Feed(input, size) != Result::kNeedMore) break;
  }
  Require(bytes.Describe() == expected, "byte by byte as in one piece");

  for (size_t at = 0; at < input.size(); at += 1 + input.size() / 64) {
    Run split(limits);
    if (split.Feed(input, at) == Result::kNeedMore) {
      split.Feed(input, input.size());
    }
    Require(split.Describe() == expected, "in two pieces as in one");
  }
}

}  // namespace
}  // namespace kingpin::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Byte by byte copies the input once a byte.
  if (size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  kingpin::http::Check(input, {});
  kingpin::http::Check(input, kingpin::http::kLimits);
  return 0;
}
