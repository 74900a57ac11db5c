// The fault seam: the system calls named in Call ask here first, so that a
// test can make the Nth accept fail with EMFILE or every write stop after one
// byte, in the binary that ships. With no hook installed the price is one
// load and an untaken branch a call.
//
// Threads: Install before the loops start, or be ready for the hook to run on
// any thread at once; the hook must be thread-safe. ScopedFaultHook's
// destructor waits for calls of it that are under way.
//
//   std::atomic<int> left = 3;
//   ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
//     if (call != sys::Call::kAccept || left-- <= 0) return {};
//     return {.error = EMFILE};
//   });
#ifndef KINGPIN_SYS_FAULT_H_
#define KINGPIN_SYS_FAULT_H_

#include <sched.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>

namespace kingpin {
namespace sys {

enum class Call : uint8_t {
  kAccept,
  kBind,
  kConnect,
  kEpollCreate,
  kEpollCtl,
  kEpollWait,
  kEventFd,
  kFstat,
  kListen,
  kOpen,
  kRead,
  kRecv,
  kRename,
  kSend,
  kSendfile,
  kSetOption,
  kSocket,
  kWrite,
};

// What the hook wants of this call.
struct Fault {
  // Not zero: the call is not made and fails with this errno. EINTR is retried
  // by the wrapper exactly as the kernel's own would be, so the hook is asked
  // again.
  int error = 0;
  // Calls that move bytes move at most this many.
  size_t max_bytes = SIZE_MAX;
};

using FaultHook = std::function<Fault(Call call, int fd)>;

namespace internal {
inline std::atomic<const FaultHook*> g_fault_hook = nullptr;
// Threads between loading the hook and its return.
inline std::atomic<int> g_fault_hook_users = 0;
}  // namespace internal

}  // namespace sys

// Installs a hook for its own lifetime; one at a time.
class ScopedFaultHook {
 public:
  explicit ScopedFaultHook(sys::FaultHook hook) : hook_(std::move(hook)) {
    sys::internal::g_fault_hook.store(&hook_, std::memory_order_release);
  }
  ~ScopedFaultHook() {
    sys::internal::g_fault_hook.store(nullptr);
    while (sys::internal::g_fault_hook_users.load() > 0) sched_yield();
  }
  ScopedFaultHook(const ScopedFaultHook&) = delete;
  ScopedFaultHook& operator=(const ScopedFaultHook&) = delete;

 private:
  const sys::FaultHook hook_;
};

}  // namespace kingpin

#endif  // KINGPIN_SYS_FAULT_H_
