#include "kingpin/logger/klog.h"

#include <new>

#include "kingpin/logger/line_format.h"

namespace kingpin::log_internal {
namespace {

constexpr int64_t kNanosPerSecond = 1'000'000'000;

}  // namespace

bool OncePerSecond::Allow(MonotonicTime now, uint64_t* suppressed) {
  int64_t next = next_nanos_.load(std::memory_order_relaxed);
  if (now.nanos < next ||
      !next_nanos_.compare_exchange_strong(next, now.nanos + kNanosPerSecond,
                                           std::memory_order_relaxed)) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  *suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  return true;
}

StreamedRecord::~StreamedRecord() {
  // An expression streamed into the record has thrown.
  if (std::uncaught_exceptions() > uncaught_exceptions_) return;
  try {
    AppendSuppressedCount(gate_.suppressed(), &stream_.text_);
  } catch (const std::bad_alloc&) {
    // A destructor must not throw: the line goes with as much as there is room for.
  }
  gate_.logger().AppendText(site_, stream_.text_.view());
  errno = errno_;
}

}  // namespace kingpin::log_internal
