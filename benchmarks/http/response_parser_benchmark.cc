// What it costs to read a response head.

#include <benchmark/benchmark.h>

#include <string_view>

#include "kingpin/http/response_parser.h"

namespace kingpin::http {
namespace {

// 84 bytes, three fields: what a small server sends.
constexpr std::string_view kSmall =
    "HTTP/1.1 200 OK\r\n"
    "Server: kingpin\r\n"
    "Content-Type: text/plain\r\n"
    "Content-Length: 1024\r\n\r\n";
static_assert(kSmall.size() == 84);

// 752 bytes, fifteen fields: what a site behind a content delivery network sends.
constexpr std::string_view kSite =
    "HTTP/1.1 200 OK\r\n"
    "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    "Content-Type: text/html; charset=utf-8\r\n"
    "Transfer-Encoding: chunked\r\n"
    "Connection: keep-alive\r\n"
    "Cache-Control: private, max-age=0, must-revalidate\r\n"
    "Content-Encoding: br\r\n"
    "Vary: Accept-Encoding, Cookie, User-Agent\r\n"
    "ETag: W/\"5f3a-60b1c2d3e4f5a\"\r\n"
    "Set-Cookie: session=5d41402abc4b2a76b9719d911017c592; Path=/; Secure; "
    "HttpOnly; SameSite=Lax; Max-Age=31536000\r\n"
    "Strict-Transport-Security: max-age=31536000; includeSubDomains\r\n"
    "Content-Security-Policy: default-src 'self'; img-src * data:; script-src "
    "'self' https://cdn.example.org; style-src 'self' 'unsafe-inline'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "X-Frame-Options: SAMEORIGIN\r\n"
    "Referrer-Policy: strict-origin-when-cross-origin\r\n"
    "Alt-Svc: h3=\":443\"; ma=86400\r\n\r\n";
static_assert(kSite.size() == 752);

void BM_ParseWhole(benchmark::State& state, std::string_view head,
                   ResponseSyntax syntax) {
  ResponseParser parser(syntax);
  Response response;
  for (auto _ : state) {
    if (parser.Parse(head, Method::kGet, &response) !=
        ResponseParser::Result::kDone) {
      state.SkipWithError("not parsed");
    }
    benchmark::DoNotOptimize(response.fields.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * head.size());
}
BENCHMARK_CAPTURE(BM_ParseWhole, Small84, kSmall, ResponseSyntax::kStrict);
BENCHMARK_CAPTURE(BM_ParseWhole, Site752, kSite, ResponseSyntax::kStrict);
BENCHMARK_CAPTURE(BM_ParseWhole, Site752Lenient, kSite,
                  ResponseSyntax::kLenient);

// The worst cut there is: it must cost a few nanoseconds a byte, not a re-scan.
void BM_ParseByteByByte(benchmark::State& state, std::string_view head) {
  ResponseParser parser;
  Response response;
  for (auto _ : state) {
    for (size_t size = 1; size <= head.size(); ++size) {
      benchmark::DoNotOptimize(
          parser.Parse(head.substr(0, size), Method::kGet, &response));
    }
  }
  state.SetBytesProcessed(state.iterations() * head.size());
}
BENCHMARK_CAPTURE(BM_ParseByteByByte, Small84, kSmall);
BENCHMARK_CAPTURE(BM_ParseByteByByte, Site752, kSite);

}  // namespace
}  // namespace kingpin::http

BENCHMARK_MAIN();
