#include "kingpin/http/websocket_accept_key.h"

#include <openssl/evp.h>

#include "absl/log/check.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace kingpin::http {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

}  // namespace

std::string WebSocketAcceptKey(std::string_view key) {
  const std::string text = absl::StrCat(key, kGuid);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  // Fails only where a policy of the machine forbids SHA-1, and WebSocket with
  // it.
  CHECK_EQ(
      EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr),
      1);
  return absl::Base64Escape(
      std::string_view(reinterpret_cast<const char*>(digest), size));
}

}  // namespace kingpin::http
