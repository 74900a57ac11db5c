#include "kingpin/net/buffer.h"

#include <algorithm>
#include <cstring>

namespace kingpin {

absl::Span<char> Buffer::PrepareMore(size_t min_room) {
  if (capacity_ - end_ < min_room) {
    // Doubling keeps the copying linear in what a message grows to.
    Reallocate(std::min(std::max(size() + min_room, 2 * size()), kMaxSize));
  }
  return absl::MakeSpan(data_ + end_, capacity_ - end_);
}

void Buffer::Reallocate(size_t capacity) {
  CHECK_LE(capacity, kMaxSize);
  char* data = new char[capacity];
  size_t held = size();
  std::memcpy(data, data_ + begin_, held);
  Release();
  data_ = data;
  end_ = held;
  capacity_ = capacity;
}

}  // namespace kingpin
