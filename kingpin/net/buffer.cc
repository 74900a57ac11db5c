#include "kingpin/net/buffer.h"

#include <algorithm>
#include <cstring>

#include "absl/log/check.h"

namespace kingpin {

void Buffer::Consume(size_t n) {
  CHECK_LE(n, size()) << "a handler consumed more than there is";
  begin_ += n;
  consumed_ += n;
}

absl::string_view Buffer::TakeAll() {
  absl::string_view all = view();
  Consume(all.size());
  return all;
}

absl::Span<char> Buffer::PrepareRead(absl::Span<char> scratch,
                                     size_t min_room) {
  if (empty()) {
    Release();
    data_ = scratch.data();
    return scratch;
  }
  if (capacity_ - end_ < min_room) {
    // Doubling keeps the copying linear in what a message grows to.
    Reallocate(std::max(size() + min_room, 2 * size()));
  }
  return absl::MakeSpan(data_ + end_, capacity_ - end_);
}

void Buffer::CommitRead(size_t n) { end_ += n; }

void Buffer::Keep() {
  if (empty()) {
    Release();
  } else if (capacity_ == 0) {
    Reallocate(size());
  }
}

void Buffer::Release() {
  if (capacity_ > 0) delete[] data_;
  data_ = nullptr;
  begin_ = end_ = capacity_ = 0;
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
