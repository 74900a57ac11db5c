// A thread that gets its ring while another one waits for the pages of its own. This
// program has a madvise() of its own, which the rings call.
#include "kingpin/logger/ring_set.h"

#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "gtest/gtest.h"
#include "kingpin/logger/ring.h"

namespace {

std::atomic<void (*)()> g_while_pages_come = nullptr;

}  // namespace

extern "C" int madvise(void* at, size_t bytes, int advice) noexcept {
  if (advice == MADV_POPULATE_WRITE) {
    if (auto* const then = g_while_pages_come.exchange(nullptr)) then();
  }
  return static_cast<int>(syscall(SYS_madvise, at, bytes, advice));
}

namespace kingpin::log_internal {
namespace {

RingSet* rings = nullptr;
// Threads, by whom they are known.
constexpr int kFirst = 0, kSecond = 0;
Ring* of_second = nullptr;

TEST(RingSet, ThreadThatWaitsForItsPagesHoldsUpNobody) {
  RingSet set(1 << 12, /*box=*/nullptr);
  rings = &set;
  // Hangs if the first has the mutex meanwhile.
  g_while_pages_come = [] {
    std::thread([] {
      of_second = rings->Attach(&kSecond);
      EXPECT_EQ(rings->accepted(), 0);
      rings->Detach(&kSecond);
    }).join();
  };
  Ring* const of_first = set.Attach(&kFirst);
  EXPECT_EQ(g_while_pages_come.load(), nullptr) << "no pages were asked for";
  EXPECT_NE(of_first, nullptr);
  EXPECT_NE(of_second, nullptr);
  EXPECT_NE(of_second, of_first);
  EXPECT_EQ(set.Attach(&kFirst), of_first);
}

}  // namespace
}  // namespace kingpin::log_internal
