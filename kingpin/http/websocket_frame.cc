#include "kingpin/http/websocket_frame.h"

#include <cstring>

namespace kingpin::http {
namespace {

constexpr uint8_t kFin = 0x80;
constexpr uint8_t kRsv1 = 0x40;
constexpr uint8_t kRsv2And3 = 0x30;
constexpr uint8_t kOpcodeBits = 0x0f;
constexpr uint8_t kMask = 0x80;
constexpr uint8_t kLengthBits = 0x7f;
constexpr uint8_t kLength16 = 126;
constexpr uint8_t kLength64 = 127;

uint64_t ReadBigEndian(std::string_view bytes) {
  uint64_t number = 0;
  for (const char c : bytes) number = number << 8 | static_cast<uint8_t>(c);
  return number;
}

bool IsKnown(uint8_t opcode) {
  return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

// What is wrong with the first byte; empty: nothing.
std::string_view JudgeFirst(uint8_t first, const FrameRules& rules) {
  const uint8_t opcode = first & kOpcodeBits;
  const bool begins_message = opcode == 1 || opcode == 2;
  if ((first & kRsv2And3) != 0) return "a reserved bit is set";
  if ((first & kRsv1) != 0 && !(rules.may_compress && begins_message)) {
    return "RSV1 is set where nothing can be compressed";
  }
  if (!IsKnown(opcode)) return "a reserved opcode";
  if (opcode >= 8) {
    return (first & kFin) != 0 ? "" : "a fragmented control frame";
  }
  if (opcode == 0 && !rules.in_message) return "a continuation of nothing";
  if (opcode != 0 && rules.in_message) return "a message inside of a message";
  return "";
}

std::string_view JudgeSecond(uint8_t first, uint8_t second,
                             const FrameRules& rules) {
  if (((second & kMask) != 0) != rules.masked) {
    return rules.masked ? "a client's frame without a mask"
                        : "a server's frame with a mask";
  }
  const bool control = (first & kOpcodeBits) >= 8;
  if (control && (second & kLengthBits) > kMaxControlPayload) {
    return "a control frame of more than 125 bytes";
  }
  return "";
}

FrameHeadResult Fail(WebSocketClose error, std::string_view text,
                     WebSocketFrameHead* head) {
  head->error = error;
  head->error_text = text;
  return FrameHeadResult::kError;
}

// Bytes of the length behind the first two.
size_t LengthBytes(uint8_t second) {
  const uint8_t length = second & kLengthBits;
  return length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
}

bool IsShortest(uint64_t length, size_t bytes) {
  return bytes == 0 || length > (bytes == 2 ? kMaxControlPayload : UINT16_MAX);
}

}  // namespace

FrameHeadResult ReadFrameHead(std::string_view bytes, const FrameRules& rules,
                              WebSocketFrameHead* head) {
  if (bytes.empty()) return FrameHeadResult::kNeedMore;
  const uint8_t first = static_cast<uint8_t>(bytes[0]);
  std::string_view wrong = JudgeFirst(first, rules);
  const uint8_t second = bytes.size() < 2 ? 0 : static_cast<uint8_t>(bytes[1]);
  if (wrong.empty() && bytes.size() > 1) {
    wrong = JudgeSecond(first, second, rules);
  }
  if (!wrong.empty()) return Fail(WebSocketClose::kProtocolError, wrong, head);
  if (bytes.size() < 2) return FrameHeadResult::kNeedMore;
  const size_t length_bytes = LengthBytes(second);
  if (bytes.size() < 2 + length_bytes) return FrameHeadResult::kNeedMore;
  const uint64_t length = length_bytes == 0
                              ? second & kLengthBits
                              : ReadBigEndian(bytes.substr(2, length_bytes));
  if (!IsShortest(length, length_bytes) || length >> 63 != 0) {
    return Fail(WebSocketClose::kProtocolError, "a malformed length", head);
  }
  if (length > rules.max_payload_bytes) {
    return Fail(WebSocketClose::kMessageTooBig, "the frame is too large", head);
  }
  const size_t key_bytes = rules.masked ? sizeof(head->mask_key) : 0;
  const size_t head_bytes = 2 + length_bytes + key_bytes;
  if (bytes.size() < head_bytes) return FrameHeadResult::kNeedMore;
  head->opcode = static_cast<WebSocketOpcode>(first & kOpcodeBits);
  head->fin = (first & kFin) != 0;
  head->compressed = (first & kRsv1) != 0;
  head->head_bytes = static_cast<uint8_t>(head_bytes);
  head->payload_bytes = length;
  head->mask_key = 0;
  std::memcpy(&head->mask_key, bytes.data() + 2 + length_bytes, key_bytes);
  return FrameHeadResult::kDone;
}

size_t WriteFrameHead(const WebSocketFrameHead& head,
                      std::optional<uint32_t> mask_key,
                      std::span<char, kMaxFrameHead> out) {
  out[0] =
      static_cast<char>((head.fin ? kFin : 0) | (head.compressed ? kRsv1 : 0) |
                        static_cast<uint8_t>(head.opcode));
  const uint64_t length = head.payload_bytes;
  const size_t length_bytes = length <= kMaxControlPayload ? 0
                              : length <= UINT16_MAX       ? 2
                                                           : 8;
  const uint8_t code = length_bytes == 0   ? static_cast<uint8_t>(length)
                       : length_bytes == 2 ? kLength16
                                           : kLength64;
  out[1] = static_cast<char>((mask_key.has_value() ? kMask : 0) | code);
  for (size_t i = 0; i < length_bytes; ++i) {
    out[2 + i] = static_cast<char>(length >> 8 * (length_bytes - 1 - i) & 0xff);
  }
  size_t size = 2 + length_bytes;
  if (mask_key.has_value()) {
    std::memcpy(&out[size], &*mask_key, sizeof(*mask_key));
    size += sizeof(*mask_key);
  }
  return size;
}

}  // namespace kingpin::http
