// OutputQueue: what a connection has still to send, bytes and files in order.
//
// A queue that has been sent owns no memory: its segments come from a pool that
// the connections of a loop share and go back to it.
//
// Threads: loop thread only.
// Lifetime: the pool outlives the queues.
//
//   queue.Append(pool, "HTTP/1.1 200 OK\r\n...");
//   queue.AppendFile(pool, std::move(file), 0, size);
//   int error = queue.Flush(fd, pool, budget).error;  // 0, EAGAIN, or final.
#ifndef KINGPIN_NET_OUTPUT_QUEUE_H_
#define KINGPIN_NET_OUTPUT_QUEUE_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "kingpin/net/transport.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {

// Bytes, then a part of a file, either of which may be empty.
struct OutputSegment {
  std::string bytes;
  size_t bytes_sent = 0;
  std::shared_ptr<const UniqueFd> file;
  off_t file_offset = 0;
  uint64_t file_left = 0;
  OutputSegment* next = nullptr;
};

// Spare segments of one loop, with the memory their strings grew to.
class OutputSegmentPool {
 public:
  OutputSegmentPool() = default;
  OutputSegmentPool(const OutputSegmentPool&) = delete;
  OutputSegmentPool& operator=(const OutputSegmentPool&) = delete;
  ~OutputSegmentPool();

  // The caller's until GiveBack.
  OutputSegment* Take() {
    OutputSegment* segment = spare_;
    if (segment == nullptr) return new OutputSegment;
    spare_ = segment->next;
    segment->next = nullptr;
    --spares_;
    return segment;
  }
  void GiveBack(OutputSegment* segment) {
    if (spares_ >= kMaxSpares || segment->bytes.capacity() > kMaxSpareBytes) {
      delete segment;
      return;
    }
    segment->bytes.clear();
    segment->bytes_sent = 0;
    if (segment->file != nullptr) segment->file.reset();
    segment->file_left = 0;
    segment->next = spare_;
    spare_ = segment;
    ++spares_;
  }

 private:
  // Keeps at most 64 * 128 KiB.
  static constexpr size_t kMaxSpares = 64;
  static constexpr size_t kMaxSpareBytes = 128 << 10;

  OutputSegment* spare_ = nullptr;
  size_t spares_ = 0;
};

class OutputQueue {
 public:
  OutputQueue() = default;
  OutputQueue(const OutputQueue&) = delete;
  OutputQueue& operator=(const OutputQueue&) = delete;
  ~OutputQueue();

  bool empty() const { return head_ == nullptr; }
  // Bytes in memory that wait.
  size_t bytes() const { return bytes_; }
  // Bytes of files that wait.
  uint64_t file_bytes() const { return file_bytes_; }
  // Files that wait, the same one counted as often as it was appended.
  size_t files() const { return files_; }

  void Append(OutputSegmentPool& pool, absl::string_view data);
  void AppendFile(OutputSegmentPool& pool, std::shared_ptr<const UniqueFd> file,
                  off_t offset, uint64_t size);
  void Clear(OutputSegmentPool& pool);

  struct FlushResult {
    uint64_t sent = 0;
    // 0: all is sent, or the budget is used up. EAGAIN: the socket is full.
    // ENODATA: a file ended before what was announced of it. Else final.
    int error = 0;
  };
  // Sends until it is empty, the socket is full or about `budget` bytes went:
  // by `transport` if there is one.
  FlushResult Flush(int fd, OutputSegmentPool& pool, uint64_t budget,
                    Transport* transport = nullptr);

 private:
  // One system call for the front segment.
  SysResult<size_t> SendFront(int fd, uint64_t budget, Transport* transport);
  SysResult<size_t> SendBytes(int fd, Transport* transport);
  SysResult<size_t> SendParts(int fd, Transport* transport);
  void Advance(size_t sent);
  void Link(OutputSegment* segment);
  void PopFront(OutputSegmentPool& pool);

  OutputSegment* head_ = nullptr;
  OutputSegment* tail_ = nullptr;
  size_t bytes_ = 0;
  uint64_t file_bytes_ = 0;
  size_t files_ = 0;
};

}  // namespace kingpin

#endif  // KINGPIN_NET_OUTPUT_QUEUE_H_
