// What a WebSocket message costs besides its system calls: unmasking, reading
// frames, checking text, compression with various memory, the handshake's hash.

#include <benchmark/benchmark.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "kingpin/http/utf8_validator.h"
#include "kingpin/http/websocket_accept_key.h"
#include "kingpin/http/websocket_deflate.h"
#include "kingpin/http/websocket_frame.h"
#include "kingpin/http/websocket_mask.h"
#include "kingpin/http/websocket_reader.h"

namespace kingpin::http {
namespace {

constexpr uint32_t kKey = 0x9f3c2a17;

void BM_Mask(benchmark::State& state) {
  std::string data(state.range(0), 'm');
  for (auto _ : state) {
    benchmark::DoNotOptimize(MaskWebSocket(absl::MakeSpan(data), kKey));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(state.iterations() * data.size());
}
BENCHMARK(BM_Mask)->Arg(16)->Arg(128)->Arg(1024)->Arg(65536);

void BM_Utf8(benchmark::State& state) {
  const std::string unit = state.range(0) == 0
                               ? "plain ASCII text, "
                               : "\xe4\xb8\xad\xe5\x9b\xbd\xe8\xb1\xa1";
  std::string text;
  while (text.size() < 16384) text += unit;
  for (auto _ : state) benchmark::DoNotOptimize(IsUtf8(text));
  state.SetBytesProcessed(state.iterations() * text.size());
}
BENCHMARK(BM_Utf8)->Arg(0)->Arg(1);

// Masked frames of a client, as many as one read gives. Reading unmasks them in
// place, so every second time they are the plain ones: binary, all is the same.
void BM_ReadFrames(benchmark::State& state) {
  const size_t size = state.range(0);
  std::string bytes;
  char room[kMaxFrameHead];
  const size_t head = WriteFrameHead(
      {.opcode = WebSocketOpcode::kBinary, .fin = true, .payload_bytes = size},
      kKey, room);
  int frames = 0;
  while (bytes.size() + head + size <= 65536) {
    bytes.append(room, head);
    bytes.append(size, 'p');
    ++frames;
  }
  WebSocketReader reader;
  const WebSocketReadRules rules = {.masked = true};
  for (auto _ : state) {
    absl::Span<char> span = absl::MakeSpan(bytes);
    WebSocketInput input;
    while (reader.Next(&span, rules, &input) ==
           WebSocketReader::Result::kInput) {
      benchmark::DoNotOptimize(input.payload.data());
    }
  }
  state.SetItemsProcessed(state.iterations() * frames);
  state.SetBytesProcessed(state.iterations() * bytes.size());
}
BENCHMARK(BM_ReadFrames)->Arg(16)->Arg(128)->Arg(1024)->Arg(32768);

std::string Json(size_t size) {
  std::string text =
      "{\"type\":\"state\",\"fen\":\"rnbakabnr/9/1c5c1/p1p1p1p1p";
  for (int i = 0; text.size() < size; ++i) {
    text +=
        "\",\"move\":\"h2e2\",\"clock\":" + std::to_string(i * 7919 % 60000);
  }
  return text.substr(0, size);
}

// Without context, as a server does it by default: {size, window_bits,
// memory_level, level}. The counter has what is left of 100 bytes.
void BM_Deflate(benchmark::State& state) {
  const std::string message = Json(state.range(0));
  WebSocketDeflater deflater(state.range(1), state.range(3), state.range(2));
  std::string out;
  for (auto _ : state) {
    out.clear();
    deflater.Deflate(message, &out);
    deflater.Reset();
  }
  state.counters["percent"] = 100.0 * out.size() / message.size();
}
BENCHMARK(BM_Deflate)
    ->Args({300, 15, 8, 6})
    ->Args({300, 15, 8, 1})
    ->Args({300, 15, 5, 6})
    ->Args({300, 12, 5, 6})
    ->Args({4000, 15, 8, 6})
    ->Args({4000, 15, 8, 1})
    ->Args({4000, 15, 5, 6})
    ->Args({4000, 12, 5, 6});

void BM_Inflate(benchmark::State& state) {
  WebSocketDeflater deflater(15, 6, 8);
  std::string payload;
  deflater.Deflate(Json(state.range(0)), &payload);
  WebSocketInflater inflater;
  std::string out;
  for (auto _ : state) {
    out.clear();
    inflater.Inflate(payload, 1 << 20, &out);
    inflater.EndMessage(1 << 20, &out);
    inflater.Reset();
  }
}
BENCHMARK(BM_Inflate)->Arg(50)->Arg(300)->Arg(4000);

void BM_AcceptKey(benchmark::State& state) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(WebSocketAcceptKey("dGhlIHNhbXBsZSBub25jZQ=="));
  }
}
BENCHMARK(BM_AcceptKey);

}  // namespace
}  // namespace kingpin::http

BENCHMARK_MAIN();
