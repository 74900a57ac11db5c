// What holds for any bytes and any cut of them, of the whole inbound path with
// masking, fragments, text and inflating: the same messages as in one piece, no
// limit passed, text that is UTF-8. The first two bytes choose the rules and the
// cut.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "absl/types/span.h"
#include "kingpin/http/utf8_validator.h"
#include "kingpin/http/websocket_reader.h"

namespace kingpin::http {
namespace {

using Result = WebSocketReader::Result;

// Small, so that short inputs reach them.
constexpr WebSocketLimits kLimits = {.max_frame_bytes = 200,
                                     .max_message_bytes = 300};

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

struct Event {
  WebSocketOpcode opcode;
  std::string payload;
  WebSocketClose code;
  friend bool operator==(const Event&, const Event&) = default;
};

void CheckInput(const WebSocketInput& input) {
  if (IsControl(input.opcode)) {
    return Require(input.payload.size() <= kMaxControlPayload, "control size");
  }
  Require(input.opcode == WebSocketOpcode::kText ||
              input.opcode == WebSocketOpcode::kBinary,
          "fragments are joined");
  Require(input.payload.size() <= kLimits.max_message_bytes, "message limit");
  if (input.opcode == WebSocketOpcode::kText) {
    Require(IsUtf8(input.payload), "text is UTF-8");
  }
}

std::vector<Event> ReadAll(std::string_view bytes, size_t piece,
                           WebSocketReadRules rules) {
  WebSocketInflaterPool pool;
  rules.inflaters = &pool;
  WebSocketReader reader;
  std::vector<Event> events;
  std::string held;
  while (!bytes.empty()) {
    held += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    absl::Span<char> span = absl::MakeSpan(held);
    WebSocketInput input;
    Result result;
    while ((result = reader.Next(&span, rules, &input)) == Result::kInput) {
      CheckInput(input);
      events.push_back({input.opcode, std::string(input.payload), {}});
    }
    if (result == Result::kError) {
      Require(IsSendable(input.code), "an error has a code to send");
      events.push_back({{}, "", input.code});
      return events;
    }
    // A control frame or a head, at most.
    Require(span.size() < kMaxFrameHead + kMaxControlPayload, "what is left");
    held = std::string(span.data(), span.size());
  }
  return events;
}

}  // namespace
}  // namespace kingpin::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace kingpin::http;  // NOLINT: the whole file is about it.
  if (size < 2) return 0;
  const WebSocketReadRules rules = {.limits = kLimits,
                                    .masked = (data[0] & 1) != 0,
                                    .deflate = (data[0] & 2) != 0,
                                    .context_takeover = (data[0] & 4) != 0};
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2,
                               size - 2);
  const auto whole = ReadAll(bytes, std::max<size_t>(bytes.size(), 1), rules);
  const auto cut = ReadAll(bytes, data[1] % 64 + 1, rules);
  kingpin::http::Require(whole == cut, "a cut makes no difference");
  return 0;
}
