#include "kingpin/logger/site.h"

#include "kingpin/logger/plain_mutex.h"
#include "kingpin/logger/record.h"

namespace kingpin::log_internal {
namespace {

constinit PlainMutex table_mu;
// Grows by whole pages as it is touched; lies in .bss until then.
constinit std::array<std::atomic<const Site*>, SiteTable::kMaxSites> table{};
constinit uint32_t next_number = kGapSite + 1;  // Guarded by table_mu.

}  // namespace

uint32_t SiteTable::Register(const Site& site) {
  PlainMutexLock lock(&table_mu);
  uint32_t number = site.number.load(std::memory_order_relaxed);
  if (number != kNoSite || next_number == kMaxSites) return number;
  number = next_number++;
  table[number].store(&site, std::memory_order_release);
  site.number.store(number, std::memory_order_release);
  return number;
}

const Site* SiteTable::Find(uint32_t number) {
  if (number >= kMaxSites) return nullptr;
  return table[number].load(std::memory_order_acquire);
}

void SiteTable::LockForFork() { table_mu.LockForFork(); }
void SiteTable::UnlockAfterFork() { table_mu.UnlockAfterFork(); }

}  // namespace kingpin::log_internal
