// Buffer: the input of one connection, a queue of contiguous bytes.
//
//   data_        begin_            end_        capacity_
//     |  consumed  |  view(): unread |   room()   |
//
// An idle connection owns no memory: what is read lands in the loop's scratch
// block, which the buffer borrows while OnMessage looks at it in place; only
// what the handler leaves is copied to memory of its own, and given back when
// the handler has used it up.
//
// Threads: loop thread only.
// Lifetime: views stay valid until the next read into the buffer, that is, until
// the callback returns.
//
//   absl::string_view line = connection.input().view();
//   size_t end = line.find('\n');
//   if (end == line.npos) return;  // Kept; more will come.
//   Handle(line.substr(0, end));
//   connection.input().Consume(end + 1);
#ifndef KINGPIN_NET_BUFFER_H_
#define KINGPIN_NET_BUFFER_H_

#include <cstddef>
#include <cstdint>

#include "absl/log/check.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace kingpin {

class Buffer {
 public:
  // A buffer never holds more: sizes are 32 bits to keep connections small.
  static constexpr size_t kMaxSize = size_t{1} << 31;

  Buffer() = default;
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { Release(); }

  absl::string_view view() const {
    return absl::string_view(data_ + begin_, end_ - begin_);
  }
  // The same bytes, for who decodes them in place.
  absl::Span<char> mutable_view() {
    return absl::MakeSpan(data_ + begin_, size());
  }
  size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Drops the first `n` bytes; n <= size().
  void Consume(size_t n) {
    CHECK_LE(n, size()) << "a handler consumed more than there is";
    begin_ += n;
    consumed_ += n;
  }
  // All of it, consumed. The view stays valid as said above.
  absl::string_view TakeAll() {
    absl::string_view all = view();
    Consume(all.size());
    return all;
  }

  // --- For the loop ----------------------------------------------------------

  // Where to read to: the scratch block if nothing is held, else at least
  // `min_room` bytes behind what is held.
  absl::Span<char> PrepareRead(absl::Span<char> scratch, size_t min_room) {
    if (!empty()) return PrepareMore(min_room);
    Release();
    data_ = scratch.data();
    return scratch;
  }
  // `n` bytes were read to the front of what PrepareRead gave.
  void CommitRead(size_t n) { end_ += n; }
  // After the callback: owns what is left, or nothing.
  void Keep() {
    if (empty()) {
      Release();
    } else if (capacity_ == 0) {
      Reallocate(size());
    }
  }
  // Bytes ever consumed, modulo 2^32: tells whether a handler made progress.
  uint32_t consumed() const { return consumed_; }

 private:
  void Release() {
    if (capacity_ > 0) delete[] data_;
    data_ = nullptr;
    begin_ = end_ = capacity_ = 0;
  }
  absl::Span<char> PrepareMore(size_t min_room);
  // Own memory for `capacity` bytes, with what is unread at its front.
  void Reallocate(size_t capacity);

  char* data_ = nullptr;
  uint32_t begin_ = 0;
  uint32_t end_ = 0;
  uint32_t capacity_ = 0;  // 0: data_ is borrowed or null.
  uint32_t consumed_ = 0;
};

}  // namespace kingpin

#endif  // KINGPIN_NET_BUFFER_H_
