#include "kingpin/logger/ring.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <new>

#include "kingpin/sys/futex.h"

namespace kingpin::log_internal {
namespace {

// The only size that there is on x86, and the only one that this works with elsewhere.
constexpr size_t kPageBytes = 4096;
static_assert(kRingControlBytes % kPageBytes == 0);

constexpr size_t kMinBytes = 1024;
constexpr size_t kMaxBytes = size_t{1} << 30;

size_t DataBytes(size_t bytes) {
  return std::max(std::bit_ceil(std::clamp(bytes, kMinBytes, kMaxBytes)),
                  kPageBytes);
}

// Maps `bytes` of the shared mapping at `from` once more, at `to`: an old size of 0
// does that (mremap(2)).
bool MapAgain(char* from, size_t bytes, char* to) {
  return ::mremap(from, 0, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, to) !=
         MAP_FAILED;
}

// [control][data][data again], in one piece; nullptr if the kernel has no memory.
char* MapTwice(size_t data_bytes, void* memory) {
  const size_t once = kRingControlBytes + data_bytes;
  const size_t total = once + data_bytes;
  void* base =
      ::mmap(nullptr, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  char* at = static_cast<char*>(base);
  const bool mapped_once =
      memory != nullptr
          ? MapAgain(static_cast<char*>(memory), once, at)
          : ::mmap(at, once, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED;
  if (!mapped_once ||
      !MapAgain(at + kRingControlBytes, data_bytes, at + once)) {
    ::munmap(base, total);
    return nullptr;
  }
  return at;
}

}  // namespace

size_t Ring::MappedBytes(size_t bytes) {
  return kRingControlBytes + DataBytes(bytes);
}

Ring::Ring(size_t bytes, void* memory) {
  const size_t data_bytes = DataBytes(bytes);
  char* base = MapTwice(data_bytes, memory);
  if (base == nullptr) return;
  control_ = new (base) RingControl{};
  data_ = base + kRingControlBytes;
  mask_ = data_bytes - 1;
  limit_ = std::clamp(bytes, kMinBytes, data_bytes) & ~(kRecordAlignment - 1);
  half_ = limit_ / 2;
  mapped_ = kRingControlBytes + 2 * data_bytes;
}

Ring::~Ring() {
  if (valid()) ::munmap(control_, mapped_);
}

void Ring::Touch() {
  // At once, where the kernel can (Linux 5.14).
  ::madvise(control_, mapped_, MADV_POPULATE_WRITE);
  // In a virtual machine the first write to each of these pages may go to the host all the
  // same, for 4 to 8 us. Once more where the data begins anew, for lines across the end.
  for (size_t at = 0; at <= mask_ + 1; at += kPageBytes) {
    static_cast<volatile char&>(data_[at]) = 0;
  }
}

bool Ring::Fits(size_t size, LogLevel level) const {
  if (HasGap()) size += kGapRecordSize;
  const size_t limit = level <= LogLevel::kInfo ? limit_ / 8 * 7 : limit_;
  return tail_ + size - known_head_ <= limit;
}

char* Ring::Reserve(size_t size, LogLevel level) {
  known_head_ = control_->head.load(std::memory_order_acquire);
  if (ABSL_PREDICT_FALSE(!Fits(size, level))) return nullptr;
  if (ABSL_PREDICT_FALSE(HasGap())) WriteGap();
  return data_ + (tail_ & mask_);
}

void Ring::Drop(LogLevel level, uint64_t ticks) {
  if (!HasGap()) control_->first_drop.store(ticks, std::memory_order_relaxed);
  control_->last_drop.store(ticks, std::memory_order_relaxed);
  ++drops_;
  // Release: who sees the count sees the lines in front of the gap; see dropped().
  std::atomic<uint64_t>& count = control_->dropped[static_cast<size_t>(level)];
  count.store(count.load(std::memory_order_relaxed) + 1,
              std::memory_order_release);
  // Sends the next line to Reserve(), which writes the gap in front of it.
  known_head_ = tail_ - limit_;
}

void Ring::WriteGap() {
  GapPayload gap;
  for (size_t i = 0; i < kLogLevels; ++i) {
    gap.dropped[i] = control_->dropped[i].load(std::memory_order_relaxed);
  }
  gap.first_ticks = first_drop();
  gap.last_ticks = last_drop();
  const RecordHeader header = {.payload_bytes = sizeof(gap),
                               .site = kGapSite,
                               .ticks = gap.last_ticks,
                               .thread = 0,
                               .context_bytes = 0};
  char* const at = data_ + (tail_ & mask_);
  std::memcpy(header.WriteTo(at), &gap, sizeof(gap));
  Publish(control_, at, kGapRecordSize);
  told_drops_ = drops_;
}

void Ring::MarkDeclared(const std::array<uint64_t, kLogLevels>& dropped,
                        uint64_t thread) {
  // Behind what was stored of what the sink did not take.
  for (size_t i = 0; i < kLogLevels; ++i) {
    control_->declared[i].store(dropped[i], std::memory_order_release);
  }
  control_->thread.store(thread, std::memory_order_release);
}

// The waiter stores waiters_ and then loads head; Release() stores head and then
// loads waiters_. All four are sequentially consistent, so one sees the other. If
// both do, wakes_ has changed since the waiter looked, or it is asleep.
void Ring::WaitForRoom(size_t size, LogLevel level, TurnMutex* held) {
  waiters_.fetch_add(1, std::memory_order_seq_cst);
  const uint32_t wakes = wakes_.load(std::memory_order_seq_cst);
  known_head_ = control_->head.load(std::memory_order_seq_cst);
  // Who stops the waiting says so before it changes wakes_.
  if (!Fits(size, level) && !nobody_waits_.load(std::memory_order_seq_cst)) {
    if (held != nullptr) held->Unlock();
    sys::FutexWait(wakes_, wakes, /*timeout_nanos=*/-1);
    if (held != nullptr) held->Lock();
  }
  waiters_.fetch_sub(1, std::memory_order_relaxed);
}

void Ring::StopWaiting() {
  nobody_waits_.store(true, std::memory_order_seq_cst);
  wakes_.fetch_add(1, std::memory_order_seq_cst);
  sys::FutexWake(wakes_);
}

void Ring::Release(uint64_t position) {
  control_->head.store(position, std::memory_order_seq_cst);
  if (ABSL_PREDICT_TRUE(waiters_.load(std::memory_order_seq_cst) == 0)) return;
  // Not for a few bytes: each time costs two switches of threads. It will come to
  // this: while somebody waits nobody publishes, but for those who wait as well.
  if (tail() - position > half_) return;
  wakes_.fetch_add(1, std::memory_order_seq_cst);
  sys::FutexWake(wakes_);
}

std::array<uint64_t, kLogLevels> Ring::dropped() const {
  std::array<uint64_t, kLogLevels> counts;
  for (size_t i = 0; i < kLogLevels; ++i) {
    counts[i] = control_->dropped[i].load(std::memory_order_acquire);
  }
  return counts;
}

uint64_t Ring::accepted() const {
  uint64_t lines = control_->accepted.load(std::memory_order_relaxed);
  for (uint64_t count : dropped()) lines += count;
  return lines;
}

}  // namespace kingpin::log_internal
