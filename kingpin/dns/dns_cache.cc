#include "kingpin/dns/dns_cache.h"

#include <utility>

namespace kingpin {

void DnsCache::Store(absl::string_view name, DnsType type, DnsAnswerPtr answer,
                     MonotonicTime now) {
  const bool keep = max_names_ > 0 && answer->ttl > absl::ZeroDuration();
  auto found = by_name_.find(name);
  if (found == by_name_.end()) {
    if (!keep) return;
    if (entries_.size() == max_names_) {
      by_name_.erase(entries_.back().name);
      entries_.pop_back();
    }
    entries_.push_front({std::string(name), {}});
    found = by_name_.emplace(entries_.front().name, entries_.begin()).first;
  }
  auto& family = found->second->families[type == DnsType::kAaaa];
  family.end = now + answer->ttl;
  family.answer = keep ? std::move(answer) : nullptr;
}

DnsAnswerPtr DnsCache::Find(absl::string_view name, DnsType type,
                            MonotonicTime now) {
  auto found = by_name_.find(name);
  if (found == by_name_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  auto& family = found->second->families[type == DnsType::kAaaa];
  if (family.answer != nullptr && family.end <= now) family.answer = nullptr;
  return family.answer;
}

}  // namespace kingpin
