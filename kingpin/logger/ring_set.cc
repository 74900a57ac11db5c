#include "kingpin/logger/ring_set.h"

#include <pthread.h>

#include <new>
#include <utility>

namespace kingpin::log_internal {
namespace {

constinit std::atomic<size_t> budget = size_t{64} << 20;
constinit std::atomic<size_t> used = 0;

bool TakeFromBudget(size_t bytes) {
  const size_t before = used.fetch_add(bytes, std::memory_order_relaxed);
  if (before + bytes <= budget.load(std::memory_order_relaxed)) return true;
  used.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void SetThreadName(std::array<char, 16>* name) {
  *name = {};
  pthread_getname_np(pthread_self(), name->data(), name->size());
  for (char& c : *name) {
    if (c != '\0' && (c <= ' ' || c > '~')) c = '_';
  }
}

}  // namespace

size_t RingSet::ring_budget() { return budget.load(std::memory_order_relaxed); }
void RingSet::set_ring_budget(size_t bytes) {
  budget.store(bytes, std::memory_order_relaxed);
}

void RingSet::ForgetParentsRings() { used.store(0, std::memory_order_relaxed); }

RingSet::RingSet(size_t ring_bytes, BlackBox* box)
    : ring_bytes_(ring_bytes),
      box_(box),
      shared_(std::make_unique<RingSource>(
          ring_bytes, box == nullptr ? nullptr : box->TakeRing())) {
  if (!shared_->ring.valid()) throw std::bad_alloc();
  used.fetch_add(Ring::MappedBytes(ring_bytes_), std::memory_order_relaxed);
}

RingSet::~RingSet() {
  used.fetch_sub((count_ + 1) * Ring::MappedBytes(ring_bytes_),
                 std::memory_order_relaxed);
}

Ring* RingSet::Attach(const void* owner) {
  RingSource* source;
  {
    PlainMutexLock lock(&mu_);
    source = FindRing(owner);
    if (source != nullptr) return &source->ring;
    source = MakeRing();
    if (source == nullptr) return nullptr;
    source->owner = owner;
    SetThreadName(&source->thread_name);
    count_.store(own_.size(), std::memory_order_release);
  }
  source->ring.Touch();
  return &source->ring;
}

RingSource* RingSet::FindRing(const void* owner) {
  for (const auto& source : own_) {
    if (source->owner == owner) return source.get();
  }
  for (const auto& source : own_) {
    if (!source->free) continue;
    source->free = false;
    source->owner = owner;
    SetThreadName(&source->thread_name);
    return source.get();
  }
  return nullptr;
}

RingSource* RingSet::MakeRing() {
  const size_t bytes = Ring::MappedBytes(ring_bytes_);
  if (!TakeFromBudget(bytes)) return nullptr;
  void* const memory = box_ == nullptr ? nullptr : box_->TakeRing();
  if (box_ == nullptr || memory != nullptr) {
    try {
      auto source = std::make_unique<RingSource>(ring_bytes_, memory);
      if (source->ring.valid()) {
        own_.push_back(std::move(source));
        return own_.back().get();
      }
    } catch (const std::bad_alloc&) {
      // As if the kernel had none.
    }
    if (box_ != nullptr) box_->ReturnRing();
  }
  used.fetch_sub(bytes, std::memory_order_relaxed);
  return nullptr;
}

void RingSet::Detach(const void* owner) {
  PlainMutexLock lock(&mu_);
  for (const auto& source : own_) {
    if (source->owner != owner) continue;
    source->owner = nullptr;
    detached_.store(true, std::memory_order_release);
  }
}

void RingSet::List(std::vector<RingSource*>* sources) {
  if (sources->size() == size()) return;
  PlainMutexLock lock(&mu_);
  sources->reserve(own_.size() + 1);
  sources->assign(1, shared_.get());
  for (const auto& source : own_) sources->push_back(source.get());
}

void RingSet::Recycle() {
  if (!detached_.load(std::memory_order_acquire)) return;
  PlainMutexLock lock(&mu_);
  bool all_free = true;
  for (const auto& source : own_) {
    if (source->owner != nullptr || source->free) continue;
    // The next owner's drops would be told as the last one's.
    source->free = source->next == source->ring.tail() &&
                   source->declared == source->ring.dropped();
    all_free = all_free && source->free;
  }
  if (all_free) detached_.store(false, std::memory_order_relaxed);
}

void RingSet::StopWaiting() {
  PlainMutexLock lock(&mu_);
  shared_->ring.StopWaiting();
  for (const auto& source : own_) source->ring.StopWaiting();
}

uint64_t RingSet::accepted() const {
  PlainMutexLock lock(&mu_);
  uint64_t lines = shared_->ring.accepted();
  for (const auto& source : own_) lines += source->ring.accepted();
  return lines;
}

uint64_t RingSet::depth() const {
  PlainMutexLock lock(&mu_);
  uint64_t bytes = shared_->ring.depth();
  for (const auto& source : own_) bytes += source->ring.depth();
  return bytes;
}

std::array<uint64_t, kLogLevels> RingSet::dropped() const {
  PlainMutexLock lock(&mu_);
  std::array<uint64_t, kLogLevels> lines = shared_->ring.dropped();
  for (const auto& source : own_) {
    const auto more = source->ring.dropped();
    for (size_t i = 0; i < kLogLevels; ++i) lines[i] += more[i];
  }
  return lines;
}

}  // namespace kingpin::log_internal
