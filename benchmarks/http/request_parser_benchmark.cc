// What it costs to read a request head and to write a response head.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "kingpin/http/http_date.h"
#include "kingpin/http/request_parser.h"
#include "kingpin/http/response_head.h"

namespace kingpin::http {
namespace {

// 82 bytes, three fields: what load generators send.
constexpr std::string_view kSmall =
    "GET /index.html HTTP/1.1\r\n"
    "Host: localhost:8080\r\n"
    "User-Agent: bench\r\n"
    "Accept: */*\r\n\r\n";
static_assert(kSmall.size() == 82);

// 757 bytes, fifteen fields: what browsers send.
constexpr std::string_view kBrowser =
    "GET /downloads/kingpin-0.1.0/kingpin-0.1.0-x86_64.tar.xz?mirror=2 "
    "HTTP/1.1\r\n"
    "Host: files.example.org\r\n"
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 "
    "Firefox/128.0\r\n"
    "Accept: text/html,application/xhtml+xml,application/xml;q=0.9,"
    "image/avif,image/webp,image/png,image/svg+xml,*/*;q=0.8\r\n"
    "Accept-Language: en-GB,en;q=0.8,de;q=0.5,fr;q=0.3\r\n"
    "Accept-Encoding: gzip, deflate, br, zstd\r\n"
    "Referer: https://files.example.org/downloads/kingpin-0.1.0/\r\n"
    "DNT: 1\r\n"
    "Connection: keep-alive\r\n"
    "Cookie: session=5d41402abc4b2a76b9719d911017c592; theme=dark; lang=en"
    "; consent=1; visit=17000000.169000000\r\n"
    "Upgrade-Insecure-Requests: 1\r\n"
    "Sec-Fetch-Dest: document\r\n"
    "Sec-Fetch-Mode: navigate\r\n"
    "Sec-Fetch-Site: same-origin\r\n"
    "Sec-Fetch-User: ?1\r\n"
    "Cache-Control: max-age=0\r\n\r\n";
static_assert(kBrowser.size() == 757);

void BM_ParseWhole(benchmark::State& state, std::string_view head) {
  RequestParser parser;
  Request request;
  for (auto _ : state) {
    if (parser.Parse(head, &request) != RequestParser::Result::kDone) {
      state.SkipWithError("not parsed");
    }
    benchmark::DoNotOptimize(request.fields.data());
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * head.size());
}
BENCHMARK_CAPTURE(BM_ParseWhole, Small82, kSmall);
BENCHMARK_CAPTURE(BM_ParseWhole, Browser757, kBrowser);

// The worst cut there is: it must cost a few nanoseconds a byte, not a re-scan.
void BM_ParseByteByByte(benchmark::State& state, std::string_view head) {
  RequestParser parser;
  Request request;
  for (auto _ : state) {
    for (size_t size = 1; size <= head.size(); ++size) {
      benchmark::DoNotOptimize(parser.Parse(head.substr(0, size), &request));
    }
  }
  state.SetBytesProcessed(state.iterations() * head.size());
}
BENCHMARK_CAPTURE(BM_ParseByteByByte, Small82, kSmall);
BENCHMARK_CAPTURE(BM_ParseByteByByte, Browser757, kBrowser);

void BM_ResponseHead(benchmark::State& state) {
  HttpDateCache date_cache;
  char buffer[1024];
  int64_t now = 1'700'000'000;
  for (auto _ : state) {
    ResponseHead head(buffer, HttpStatus::kOk);
    head.Add("Server", "kingpin");
    head.Add("Date", date_cache.Get(now));
    head.Add("Content-Type", "text/html; charset=utf-8");
    head.AddContentLength(1024);
    head.Add("Last-Modified", "Sun, 06 Nov 1994 08:49:37 GMT");
    head.Add("ETag", "\"5f3a-60b1c2d3e4f5a\"");
    head.AddConnection(/*keep_alive=*/true, /*minor_version=*/1);
    std::string_view bytes = head.Finish();
    benchmark::DoNotOptimize(bytes);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_ResponseHead);

void BM_WriteHttpDate(benchmark::State& state) {
  char text[kHttpDateSize];
  int64_t now = 1'700'000'000;
  for (auto _ : state) {
    WriteHttpDate(now++, text);
    benchmark::DoNotOptimize(text);
  }
}
BENCHMARK(BM_WriteHttpDate);

}  // namespace
}  // namespace kingpin::http

BENCHMARK_MAIN();
