// Why a WebSocket is closed: the codes of RFC 6455 section 7.4, and the payload
// of a Close frame (section 5.5.1).
//
// Pure; safe from any thread.
//
//   char payload[kMaxControlPayload];
//   size_t size = WriteClosePayload(WebSocketClose::kGoingAway, "bye", payload);
#ifndef KINGPIN_HTTP_WEBSOCKET_CLOSE_H_
#define KINGPIN_HTTP_WEBSOCKET_CLOSE_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace kingpin::http {

// Of a control frame (RFC 6455 section 5.5).
inline constexpr size_t kMaxControlPayload = 125;
// Bytes of a reason: the code takes two.
inline constexpr size_t kMaxCloseReason = kMaxControlPayload - 2;

// Others are fine: 3000 to 3999 are registered, 4000 to 4999 your own.
enum class WebSocketClose : uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,        // The server ends, or the page is left.
  kProtocolError = 1002,    // Not RFC 6455.
  kUnsupportedData = 1003,  // A kind of message that is of no use.
  kNoCode = 1005,           // Never sent: the Close frame had none.
  kAbnormal = 1006,         // Never sent: there was no Close frame.
  kInvalidPayload = 1007,   // Text that is not UTF-8; damaged compression.
  kPolicyViolation = 1008,  // Anything else that is not wanted.
  kMessageTooBig = 1009,
  kMissingExtension = 1010,  // What a client has to have and did not get.
  kInternalError = 1011,
  kServiceRestart = 1012,
  kTryAgainLater = 1013,  // Overloaded, say.
  kBadGateway = 1014,
};

// May stand in a Close frame, whoever sends it.
bool IsSendable(WebSocketClose code);

struct ClosePayload {
  WebSocketClose code = WebSocketClose::kNoCode;
  std::string_view reason;  // Of what was parsed; UTF-8.
  // kNormal: it is well-formed. Else the code to fail with: kProtocolError for a
  // single byte or a code that must not be sent, kInvalidPayload for a reason
  // that is not UTF-8.
  WebSocketClose verdict = WebSocketClose::kNormal;
};
ClosePayload ParseClosePayload(std::string_view payload);

// The number of bytes written; a reason that is too long, or not UTF-8 from
// some byte on, is cut before the character. kNoCode: nothing. A code that must
// not be sent is kInternalError.
size_t WriteClosePayload(WebSocketClose code, std::string_view reason,
                         std::span<char, kMaxControlPayload> out);

}  // namespace kingpin::http

#endif  // KINGPIN_HTTP_WEBSOCKET_CLOSE_H_
