#include "kingpin/http/websocket_close.h"

#include <algorithm>
#include <cstring>

#include "kingpin/http/utf8_validator.h"

namespace kingpin::http {
namespace {

// As much of the front as is whole characters.
std::string_view WholeCharacters(std::string_view text) {
  Utf8Validator validator;
  size_t whole = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (!validator.Feed(text.substr(i, 1))) break;
    if (validator.complete()) whole = i + 1;
  }
  return text.substr(0, whole);
}

}  // namespace

bool IsSendable(WebSocketClose code) {
  const int number = static_cast<int>(code);
  if (number >= 3000 && number <= 4999) return true;
  // 1004 has no meaning yet, 1005, 1006 and 1015 are for those who report.
  return (number >= 1000 && number <= 1003) ||
         (number >= 1007 && number <= 1014);
}

ClosePayload ParseClosePayload(std::string_view payload) {
  ClosePayload close;
  if (payload.empty()) return close;
  if (payload.size() == 1) {
    close.verdict = WebSocketClose::kProtocolError;
    return close;
  }
  const uint16_t number =
      static_cast<uint8_t>(payload[0]) << 8 | static_cast<uint8_t>(payload[1]);
  close.code = static_cast<WebSocketClose>(number);
  close.reason = payload.substr(2);
  if (!IsSendable(close.code)) {
    close.verdict = WebSocketClose::kProtocolError;
  } else if (!IsUtf8(close.reason)) {
    close.verdict = WebSocketClose::kInvalidPayload;
  }
  return close;
}

size_t WriteClosePayload(WebSocketClose code, std::string_view reason,
                         std::span<char, kMaxControlPayload> out) {
  if (code == WebSocketClose::kNoCode) return 0;
  if (!IsSendable(code)) code = WebSocketClose::kInternalError;
  const uint16_t number = static_cast<uint16_t>(code);
  out[0] = static_cast<char>(number >> 8);
  out[1] = static_cast<char>(number & 0xff);
  reason = WholeCharacters(reason.substr(0, kMaxCloseReason));
  std::copy(reason.begin(), reason.end(), out.begin() + 2);
  return 2 + reason.size();
}

}  // namespace kingpin::http
