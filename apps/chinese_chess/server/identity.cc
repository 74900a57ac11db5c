#include "apps/chinese_chess/server/identity.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <cstdint>
#include <cstring>

#include "absl/log/check.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/invisible.h"
#include "apps/chinese_chess/rules/utf8.h"
#include "apps/chinese_chess/server/random_id.h"

namespace chinese_chess {
namespace {

constexpr size_t kRandomBytes = 16;
constexpr size_t kMacBytes = 16;
constexpr size_t kIdBytes = 8;
constexpr size_t kTokenCharacters = 2 * (kRandomBytes + kMacBytes);

bool IsHex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == text.npos;
}

}  // namespace

std::string Identity::NewKey() { return RandomBytes(kKeyBytes); }

Identity::Identity(std::string_view key) : key_(key) {
  CHECK_EQ(key.size(), kKeyBytes);
}

std::string Identity::Mac(std::string_view purpose,
                          std::string_view data) const {
  // Purposes are constants of one length each, none the beginning of another.
  const std::string message = absl::StrCat(purpose, data);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  CHECK(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
             reinterpret_cast<const unsigned char*>(message.data()),
             message.size(), digest, &size) != nullptr);
  return std::string(reinterpret_cast<char*>(digest), size);
}

Guest Identity::Make(const std::string& random) const {
  const std::string public_id = Mac("id:", random);
  uint32_t number;
  std::memcpy(&number, public_id.data(), sizeof number);
  return {
      .id = absl::BytesToHexString(public_id.substr(0, kIdBytes)),
      .token = absl::BytesToHexString(
          absl::StrCat(random, Mac("token:", random).substr(0, kMacBytes))),
      .name = absl::StrCat("Guest ", 1000 + number % 9000),
  };
}

Guest Identity::NewGuest() const { return Make(RandomBytes(kRandomBytes)); }

std::optional<Guest> Identity::Recognize(std::string_view token) const {
  if (token.size() != kTokenCharacters || !IsHex(token)) return std::nullopt;
  std::string random;
  CHECK(absl::HexStringToBytes(token.substr(0, 2 * kRandomBytes), &random));
  const Guest guest = Make(random);
  // In constant time: how long it takes must not tell how much of it is right.
  if (CRYPTO_memcmp(guest.token.data(), token.data(), token.size()) != 0) {
    return std::nullopt;
  }
  return guest;
}

bool IsGoodName(std::string_view name) {
  if (name.empty() || name.front() == ' ' || name.back() == ' ') return false;
  size_t characters = 0;
  bool seen = false;
  while (!name.empty()) {
    const std::optional<char32_t> c = TakeUtf8(&name);
    if (!c.has_value() || IsInvisible(*c)) return false;
    if (++characters > kMaxNameCharacters) return false;
    seen = seen || !NeedsOthers(*c);
  }
  return seen;
}

}  // namespace chinese_chess
