#include "tests/testing/out_of_memory.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace kingpin {
namespace testing {
namespace {

constinit std::atomic<size_t> fails_from = SIZE_MAX;
constinit std::atomic<uint64_t> failed = 0;
constinit thread_local int spared = -1;

// Null: out of memory.
void* TryAllocate(size_t size) {
  if (spared == 0 || size >= fails_from) {
    ++failed;
    return nullptr;
  }
  if (spared > 0) --spared;
  return std::malloc(size);
}

void* Allocate(size_t size) {
  void* const memory = TryAllocate(size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

int& spared_allocations() { return spared; }
uint64_t failed_allocations() { return failed; }

NoMemoryFrom::NoMemoryFrom(size_t bytes) { fails_from = bytes; }
NoMemoryFrom::~NoMemoryFrom() { fails_from = SIZE_MAX; }

}  // namespace testing
}  // namespace kingpin

using kingpin::testing::Allocate;
using kingpin::testing::TryAllocate;

// What a thread_local with a destructor calls when it is made: glibc ends the process if
// there is no memory for that.
extern "C" int __cxa_thread_atexit_impl(void (*destructor)(void*), void* object,
                                        void* library) {
  if (kingpin::testing::spared_allocations() == 0) std::abort();
  using Register = int (*)(void (*)(void*), void*, void*);
  static const auto real =
      reinterpret_cast<Register>(dlsym(RTLD_NEXT, "__cxa_thread_atexit_impl"));
  return real(destructor, object, library);
}

// All forms that the ones of delete below may meet, or a sanitizer's own would.
void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  return TryAllocate(size);
}
void* operator new[](size_t size, const std::nothrow_t&) noexcept {
  return TryAllocate(size);
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
