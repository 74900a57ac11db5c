// Whatever a client sends is a message or is refused in few words, and what is a message
// is within the bounds that the server counts on.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "absl/status/status.h"
#include "apps/chinese_chess/server/client_message.h"
#include "apps/chinese_chess/server/time_control.h"

namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace chinese_chess;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  ClientMessage message;
  const absl::Status status = ParseClientMessage(text, &message);
  Require(message.id.size() <= 32);
  if (!status.ok()) {
    Require(status.message().size() < 500);
    return 0;
  }
  Require(size <= kMaxMessageBytes);
  Require(message.game.size() <= 32 && message.token.size() <= 128);
  Require(message.ply >= 0 && message.v.value_or(0) >= 0);
  if (message.type == ClientMessage::kPool) {
    Require(*ParseTimeControl(FormatTimeControl(message.control)) ==
            message.control);
  }
  return 0;
}
