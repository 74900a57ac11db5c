#include "kingpin/logger/site.h"

#include <utility>

#include "kingpin/logger/plain_mutex.h"
#include "kingpin/logger/record.h"

namespace kingpin::log_internal {
namespace {

constinit PlainMutex table_mu;
// Grows by whole pages as it is touched; lies in .bss until then.
constinit std::array<std::atomic<const Site*>, SiteTable::kMaxSites> table{};
constinit uint32_t next_number = kGapSite + 1;     // Guarded by table_mu,
constinit SiteObserver* first_observer = nullptr;  // and so is this,
constinit bool closed = false;  // and whether an observer has no room.

}  // namespace

uint32_t SiteTable::Register(const Site& site) {
  uint32_t number = site.number.load(std::memory_order_acquire);
  if (number != kNoSite) return number;
  PlainMutexLock lock(&table_mu);
  number = site.number.load(std::memory_order_relaxed);
  if (number != kNoSite || closed || next_number == kMaxSites) return number;
  // Never given to another: an observer may know it.
  number = next_number++;
  for (SiteObserver* observer = first_observer; observer != nullptr;
       observer = observer->next_) {
    closed = !observer->OnSite(number, site) || closed;
  }
  if (closed) return kNoSite;
  table[number].store(&site, std::memory_order_release);
  site.number.store(number, std::memory_order_release);
  return number;
}

const Site* SiteTable::Find(uint32_t number) {
  if (number >= kMaxSites) return nullptr;
  return table[number].load(std::memory_order_acquire);
}

bool SiteTable::AddObserver(SiteObserver* observer) {
  PlainMutexLock lock(&table_mu);
  for (uint32_t number = kGapSite + 1; number < next_number; ++number) {
    const Site* const site = Find(number);
    if (site != nullptr && !observer->OnSite(number, *site)) return false;
  }
  observer->next_ = std::exchange(first_observer, observer);
  return true;
}

void SiteTable::RemoveObserver(SiteObserver* observer) {
  PlainMutexLock lock(&table_mu);
  SiteObserver** link = &first_observer;
  while (*link != observer) link = &(*link)->next_;
  *link = observer->next_;
  closed = false;  // Others without room will say so again.
}

void SiteTable::LockForFork() { table_mu.LockForFork(); }
void SiteTable::UnlockInParent() { table_mu.UnlockAfterFork(); }
void SiteTable::UnlockInChild() {
  first_observer = nullptr;
  closed = false;
  table_mu.UnlockAfterFork();
}

}  // namespace kingpin::log_internal
