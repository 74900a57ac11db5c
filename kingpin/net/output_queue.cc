#include "kingpin/net/output_queue.h"

#include <errno.h>

#include <algorithm>
#include <array>
#include <utility>

namespace kingpin {
namespace {

// One sendfile call. While a slice is copied the loop does nothing else, and on
// a cold page cache it waits for the disk, so slices are small; 256 KiB is where
// the cost of the call itself stopped mattering (benchmarks/README.md).
constexpr size_t kFileSlice = 256 << 10;
// Appending to a segment of this size starts a new one, so that a growing queue
// is never copied as a whole.
constexpr size_t kSegmentBytes = 64 << 10;
constexpr size_t kMaxParts = 16;

}  // namespace

OutputSegmentPool::~OutputSegmentPool() {
  while (spare_ != nullptr) delete std::exchange(spare_, spare_->next);
}

OutputQueue::~OutputQueue() {
  while (head_ != nullptr) delete std::exchange(head_, head_->next);
}

void OutputQueue::Link(OutputSegment* segment) {
  (head_ == nullptr ? head_ : tail_->next) = segment;
  tail_ = segment;
}

void OutputQueue::PopFront(OutputSegmentPool& pool) {
  pool.GiveBack(std::exchange(head_, head_->next));
}

void OutputQueue::Clear(OutputSegmentPool& pool) {
  while (head_ != nullptr) PopFront(pool);
  bytes_ = 0;
  file_bytes_ = 0;
  files_ = 0;
}

void OutputQueue::Append(OutputSegmentPool& pool, absl::string_view data) {
  if (data.empty()) return;
  bool full = head_ == nullptr || tail_->file_left > 0 ||
              tail_->bytes.size() >= kSegmentBytes;
  // Linked only when it has something to send, whatever append throws.
  std::unique_ptr<OutputSegment> fresh(full ? pool.Take() : nullptr);
  (full ? fresh.get() : tail_)->bytes.append(data.data(), data.size());
  bytes_ += data.size();
  if (full) Link(fresh.release());
}

void OutputQueue::AppendFile(OutputSegmentPool& pool,
                             std::shared_ptr<const UniqueFd> file, off_t offset,
                             uint64_t size) {
  if (size == 0) return;
  bool taken = head_ == nullptr || tail_->file_left > 0;
  OutputSegment* segment = taken ? pool.Take() : tail_;
  segment->file = std::move(file);
  segment->file_offset = offset;
  segment->file_left = size;
  if (taken) Link(segment);
  file_bytes_ += size;
  ++files_;
}

OutputQueue::FlushResult OutputQueue::Flush(int fd, OutputSegmentPool& pool,
                                            uint64_t budget,
                                            Transport* transport) {
  FlushResult result;
  while (head_ != nullptr && result.sent < budget) {
    SysResult<size_t> sent = SendFront(fd, budget - result.sent, transport);
    if (!sent.ok()) {
      result.error = sent.error;
      return result;
    }
    result.sent += sent.value;
    // Nothing but the front segment's bytes, and all of them: the ordinary case.
    if (sent.value == bytes_ && head_ == tail_ && file_bytes_ == 0) {
      bytes_ = 0;
      PopFront(pool);
      return result;
    }
    Advance(sent.value);
    while (head_ != nullptr && head_->bytes_sent == head_->bytes.size() &&
           head_->file_left == 0) {
      PopFront(pool);
    }
  }
  return result;
}

SysResult<size_t> OutputQueue::SendFront(int fd, uint64_t budget,
                                         Transport* transport) {
  if (head_->bytes_sent < head_->bytes.size()) return SendBytes(fd, transport);
  size_t size = std::min<uint64_t>({head_->file_left, kFileSlice, budget});
  const int file = head_->file->get();
  SysResult<size_t> sent =
      transport == nullptr
          ? sys::SendFile(fd, file, head_->file_offset, size)
          : transport->SendFile(file, head_->file_offset, size);
  if (sent.ok() && sent.value == 0) return {0, ENODATA};
  return sent;
}

SysResult<size_t> OutputQueue::SendBytes(int fd, Transport* transport) {
  if (head_->next != nullptr || head_->file_left > 0 || transport != nullptr) {
    return SendParts(fd, transport);
  }
  return sys::Send(fd, head_->bytes.data() + head_->bytes_sent,
                   head_->bytes.size() - head_->bytes_sent);
}

SysResult<size_t> OutputQueue::SendParts(int fd, Transport* transport) {
  std::array<iovec, kMaxParts> parts;
  size_t count = 0;
  OutputSegment* segment = head_;
  bool file_follows = false;
  while (segment != nullptr && count < kMaxParts && !file_follows) {
    parts[count++] = {segment->bytes.data() + segment->bytes_sent,
                      segment->bytes.size() - segment->bytes_sent};
    file_follows = segment->file_left > 0;
    segment = segment->next;
  }
  // With a file behind it the head of a reply shares the file's first packet.
  absl::Span<const iovec> all = absl::MakeConstSpan(parts.data(), count);
  if (transport != nullptr) return transport->SendV(all, file_follows);
  return sys::SendV(fd, all, file_follows);
}

void OutputQueue::Advance(size_t sent) {
  // The segments' bytes first, in order, up to the first file; a call never
  // sends bytes and file together.
  OutputSegment* segment = head_;
  if (segment->bytes_sent == segment->bytes.size()) {
    segment->file_offset += sent;
    segment->file_left -= sent;
    file_bytes_ -= sent;
    if (segment->file_left == 0) --files_;
    return;
  }
  bytes_ -= sent;
  while (sent > 0) {
    size_t part = std::min(sent, segment->bytes.size() - segment->bytes_sent);
    segment->bytes_sent += part;
    sent -= part;
    segment = segment->next;
  }
}

}  // namespace kingpin
