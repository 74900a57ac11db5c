// What holds for any path: the result never leaves the root, and encoding it
// gives a path that decodes to it again.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "kingpin/http/escape.h"
#include "kingpin/http/target.h"

namespace kingpin::http {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void CheckInside(std::string_view decoded) {
  Require(!decoded.empty() && decoded.front() != '/');
  Require(decoded.find('\0') == std::string_view::npos);
  if (decoded == ".") return;
  while (!decoded.empty()) {
    const size_t slash = decoded.find('/');
    const std::string_view component = decoded.substr(0, slash);
    Require(!component.empty() && component != "." && component != "..");
    decoded.remove_prefix(slash == std::string_view::npos ? decoded.size()
                                                          : slash + 1);
  }
}

void Check(std::string_view path) {
  std::string decoded;
  if (!DecodePath(path, &decoded)) {
    Require(decoded.empty());
    return;
  }
  Require(decoded.size() <= path.size());
  CheckInside(decoded);
  std::string encoded = "/";
  AppendPercentEncoded(decoded, &encoded);
  std::string again;
  Require(DecodePath(encoded, &again) && again == decoded);
  std::string html;
  AppendHtmlEscaped(decoded, &html);
  Require(html.find_first_of("<>\"'") == std::string::npos);
}

}  // namespace
}  // namespace kingpin::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view path(reinterpret_cast<const char*>(data), size);
  kingpin::http::Check(path);
  kingpin::http::Check("/" + std::string(path));
  return 0;
}
