// TextBuffer: text that is put together from small pieces. Appending is inline
// and, unlike std::string's, pays neither a call nor a terminating zero a piece.
//
// Threads: one at a time, like any value.
//
//   InlineTextBuffer<256> text;  // Goes to the heap only beyond 256 bytes.
//   text.Append("port ");
//   text.Append(std::string_view("7000"));
//   Use(text.view());
#ifndef KINGPIN_LOGGER_TEXT_BUFFER_H_
#define KINGPIN_LOGGER_TEXT_BUFFER_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/base/optimization.h"

namespace kingpin::log_internal {

class TextBuffer {
 public:
  TextBuffer() = default;
  TextBuffer(const TextBuffer&) = delete;
  TextBuffer& operator=(const TextBuffer&) = delete;

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  const char* data() const { return data_; }
  char* data() { return data_; }
  std::string_view view() const { return {data_, size_}; }

  void Clear() { size_ = 0; }
  // Keeps the first `size` bytes of at least as many.
  void Truncate(size_t size) { size_ = size; }

  // Room for `size` bytes behind the text; those that Advance() names become
  // part of it. Valid until the next call.
  char* Room(size_t size) {
    if (ABSL_PREDICT_FALSE(capacity_ - size_ < size)) Grow(size);
    return data_ + size_;
  }
  void Advance(size_t size) { size_ += size; }
  // The same, told by the end of what was written.
  void AdvanceTo(const char* end) { size_ = end - data_; }

  void Append(std::string_view text) {
    if (text.empty()) return;
    std::memcpy(Room(text.size()), text.data(), text.size());
    size_ += text.size();
  }
  void Append(char c) {
    *Room(1) = c;
    ++size_;
  }
  void Append(size_t count, char c) {
    std::memset(Room(count), c, count);
    size_ += count;
  }

 protected:
  TextBuffer(char* storage, size_t capacity)
      : data_(storage), capacity_(capacity) {}

 private:
  void Grow(size_t size) {
    const size_t capacity = std::max(2 * capacity_, size_ + size);
    auto bigger = std::make_unique_for_overwrite<char[]>(capacity);
    if (size_ > 0) std::memcpy(bigger.get(), data_, size_);
    heap_ = std::move(bigger);
    data_ = heap_.get();
    capacity_ = capacity;
  }

  char* data_ = nullptr;
  size_t size_ = 0;
  size_t capacity_ = 0;
  std::unique_ptr<char[]> heap_;
};

template <size_t kBytes>
class InlineTextBuffer : public TextBuffer {
 public:
  InlineTextBuffer() : TextBuffer(storage_, kBytes) {}

 private:
  char storage_[kBytes];
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_TEXT_BUFFER_H_
