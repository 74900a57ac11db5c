// What holds for any bytes that are taken for a URL: they are refused, or what is sent
// of them fits in a request line and a Host field, and their text is theirs.
//
// The first line is the URL, what follows a reference that is found there.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "absl/status/statusor.h"
#include "kingpin/http/url.h"

namespace kingpin::http {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(const Url& url) {
  Require(!url.host.empty() && url.port != 0);
  Require(!url.target.empty() && url.target.front() == '/');
  for (const char c : url.target) Require(c > ' ' && c < 0x7f && c != '#');
  for (const char c : url.HostField()) {
    Require(c > ' ' && c < 0x7f && c != '@' && c != '/');
  }
  const absl::StatusOr<Url> again = Url::Parse(url.ToString());
  Require(again.ok() && *again == url);
}

}  // namespace
}  // namespace kingpin::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using kingpin::http::Url;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t line = input.find('\n');
  const absl::StatusOr<Url> url = Url::Parse(input.substr(0, line));
  if (!url.ok()) return 0;
  kingpin::http::Check(*url);
  if (line == std::string_view::npos) return 0;
  const absl::StatusOr<Url> next = url->Resolve(input.substr(line + 1));
  if (next.ok()) kingpin::http::Check(*next);
  return 0;
}
