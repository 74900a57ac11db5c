#include "kingpin/http/websocket_mask.h"

#include <bit>
#include <cstddef>
#include <cstring>

namespace kingpin::http {
namespace {

constexpr size_t kBlock = 4 * sizeof(uint64_t);

// The key that begins `n` bytes later.
uint32_t Turn(uint32_t key, size_t n) {
  const int bits = static_cast<int>(n % 4 * 8);
  return std::endian::native == std::endian::little ? std::rotr(key, bits)
                                                    : std::rotl(key, bits);
}

}  // namespace

uint32_t MaskWebSocket(absl::Span<char> data, uint32_t key) {
  char* p = data.data();
  size_t left = data.size();
  const uint64_t wide = static_cast<uint64_t>(key) << 32 | key;
  for (; left >= kBlock; p += kBlock, left -= kBlock) {
    uint64_t words[4];  // Loads and stores of any alignment.
    std::memcpy(words, p, kBlock);
    for (uint64_t& word : words) word ^= wide;
    std::memcpy(p, words, kBlock);
  }
  for (; left >= sizeof(wide); p += sizeof(wide), left -= sizeof(wide)) {
    uint64_t word;
    std::memcpy(&word, p, sizeof(word));
    word ^= wide;
    std::memcpy(p, &word, sizeof(word));
  }
  char bytes[sizeof(wide)];
  std::memcpy(bytes, &wide, sizeof(wide));
  for (size_t i = 0; i < left; ++i) p[i] ^= bytes[i];
  return Turn(key, data.size());
}

}  // namespace kingpin::http
