#include "kingpin/http/websocket_reader.h"

#include <algorithm>
#include <string>
#include <utility>

#include "kingpin/http/bounded_append.h"
#include "kingpin/http/utf8_validator.h"
#include "kingpin/http/websocket_mask.h"

namespace kingpin::http {
namespace {

using Result = WebSocketReader::Result;

// Room that a frame gets on its word alone.
constexpr size_t kTrustedBytes = 16 << 10;

std::string_view View(absl::Span<char> bytes) {
  return {bytes.data(), bytes.size()};
}

absl::Span<char> TakeFront(absl::Span<char>* bytes, size_t size) {
  const absl::Span<char> front = bytes->subspan(0, size);
  bytes->remove_prefix(size);
  return front;
}

Result Fail(WebSocketClose code, std::string_view text, WebSocketInput* input) {
  input->code = code;
  input->payload = text;
  return Result::kError;
}

constexpr std::string_view kNotUtf8 = "the text is not UTF-8";
constexpr std::string_view kTooLarge = "the message is too large";

}  // namespace

// One that is not all there, or was not in one piece.
struct WebSocketReader::Message {
  WebSocketOpcode opcode;
  bool compressed;
  bool fin = false;  // Of the frame under way.
  bool in_frame = false;
  bool complete = false;
  uint32_t mask_key = 0;
  uint64_t frame_left = 0;
  Utf8Validator utf8;
  std::string payload;
  std::unique_ptr<WebSocketInflater> inflater;  // While one is on loan.
};

WebSocketReader::WebSocketReader() = default;
WebSocketReader::~WebSocketReader() = default;

bool WebSocketReader::in_frame() const {
  return message_ != nullptr && message_->in_frame;
}

Result WebSocketReader::Next(absl::Span<char>* bytes,
                             const WebSocketReadRules& rules,
                             WebSocketInput* input) {
  if (message_ != nullptr && message_->complete) message_.reset();
  while (true) {
    const bool in_payload = in_frame();
    // A frame that has no payload ends with its head.
    if (!in_payload && bytes->empty()) return Result::kNeedMore;
    const Result result = in_payload ? TakePayload(bytes, rules, input)
                                     : ReadHead(bytes, rules, input);
    if (result != Result::kNeedMore) return result;
    if (!in_frame() && in_payload) continue;  // A fragment has ended.
    if (in_frame() && !in_payload) continue;  // One has begun.
    return Result::kNeedMore;
  }
}

Result WebSocketReader::ReadHead(absl::Span<char>* bytes,
                                 const WebSocketReadRules& rules,
                                 WebSocketInput* input) {
  WebSocketFrameHead head;
  const FrameRules frame_rules = {
      .masked = rules.masked,
      .may_compress = rules.deflate,
      .in_message = message_ != nullptr,
      .max_payload_bytes = rules.limits.max_frame_bytes};
  switch (ReadFrameHead(View(*bytes), frame_rules, &head)) {
    case FrameHeadResult::kNeedMore:
      return Result::kNeedMore;
    case FrameHeadResult::kError:
      return Fail(head.error, head.error_text, input);
    case FrameHeadResult::kDone:
      break;
  }
  const bool whole = bytes->size() - head.head_bytes >= head.payload_bytes;
  const bool control = IsControl(head.opcode);
  // Stays where it is until it is whole: it is short.
  if (control && !whole) return Result::kNeedMore;
  const bool in_place =
      control || (whole && head.fin && !head.compressed && message_ == nullptr);
  bytes->remove_prefix(head.head_bytes);
  if (!in_place) return BeginData(head, rules, input);
  if (!control && head.payload_bytes > rules.limits.max_message_bytes) {
    return Fail(WebSocketClose::kMessageTooBig, kTooLarge, input);
  }
  const absl::Span<char> payload = TakeFront(bytes, head.payload_bytes);
  MaskWebSocket(payload, head.mask_key);
  input->opcode = head.opcode;
  input->payload = View(payload);
  if (head.opcode == WebSocketOpcode::kText && !IsUtf8(input->payload)) {
    return Fail(WebSocketClose::kInvalidPayload, kNotUtf8, input);
  }
  return Result::kInput;
}

Result WebSocketReader::BeginData(const WebSocketFrameHead& head,
                                  const WebSocketReadRules& rules,
                                  WebSocketInput* input) {
  if (message_ == nullptr) {
    message_ = std::make_unique<Message>();
    message_->opcode = head.opcode;
    message_->compressed = head.compressed;
  }
  Message& message = *message_;
  const size_t max_bytes = rules.limits.max_message_bytes;
  if (!message.compressed &&
      head.payload_bytes > max_bytes - message.payload.size()) {
    return Fail(WebSocketClose::kMessageTooBig, kTooLarge, input);
  }
  message.fin = head.fin;
  message.in_frame = true;
  message.mask_key = head.mask_key;
  message.frame_left = head.payload_bytes;
  if (!message.compressed) {
    message.payload.reserve(
        message.payload.size() +
        std::min<uint64_t>(head.payload_bytes, kTrustedBytes));
  }
  return Result::kNeedMore;
}

Result WebSocketReader::TakePayload(absl::Span<char>* bytes,
                                    const WebSocketReadRules& rules,
                                    WebSocketInput* input) {
  Message& message = *message_;
  const absl::Span<char> piece =
      TakeFront(bytes, std::min<uint64_t>(bytes->size(), message.frame_left));
  message.frame_left -= piece.size();
  message.mask_key = MaskWebSocket(piece, message.mask_key);
  const Result result = Append(View(piece), rules, input);
  if (result == Result::kError || message.frame_left > 0) return result;
  message.in_frame = false;
  return message.fin ? EndMessage(rules, input) : Result::kNeedMore;
}

Result WebSocketReader::Append(std::string_view piece,
                               const WebSocketReadRules& rules,
                               WebSocketInput* input) {
  Message& message = *message_;
  const size_t before = message.payload.size();
  auto inflated = WebSocketInflater::Result::kOk;
  if (message.compressed) {
    std::unique_ptr<WebSocketInflater>& inflater =
        rules.context_takeover ? kept_inflater_ : message.inflater;
    if (inflater == nullptr) {
      inflater = rules.context_takeover
                     ? std::make_unique<WebSocketInflater>(rules.window_bits)
                     : rules.inflaters->Take();
    }
    const size_t max_bytes = rules.limits.max_message_bytes;
    const bool last = message.fin && message.frame_left == 0;
    inflated = inflater->Inflate(piece, max_bytes, &message.payload);
    if (inflated == WebSocketInflater::Result::kOk && last) {
      inflated = inflater->EndMessage(max_bytes, &message.payload);
    }
  } else {
    AppendBounded(piece, rules.limits.max_message_bytes, &message.payload);
  }
  if (message.opcode == WebSocketOpcode::kText &&
      !message.utf8.Feed(std::string_view(message.payload).substr(before))) {
    return Fail(WebSocketClose::kInvalidPayload, kNotUtf8, input);
  }
  switch (inflated) {
    case WebSocketInflater::Result::kTooLarge:
      return Fail(WebSocketClose::kMessageTooBig, kTooLarge, input);
    case WebSocketInflater::Result::kDamaged:
      return Fail(WebSocketClose::kInvalidPayload, "damaged compression",
                  input);
    case WebSocketInflater::Result::kOk:
      break;
  }
  return Result::kNeedMore;
}

Result WebSocketReader::EndMessage(const WebSocketReadRules& rules,
                                   WebSocketInput* input) {
  Message& message = *message_;
  if (message.inflater != nullptr) {
    rules.inflaters->GiveBack(std::move(message.inflater));
  }
  message.complete = true;
  if (!message.utf8.complete()) {
    return Fail(WebSocketClose::kInvalidPayload, kNotUtf8, input);
  }
  input->opcode = message.opcode;
  input->payload = message.payload;
  return Result::kInput;
}

}  // namespace kingpin::http
