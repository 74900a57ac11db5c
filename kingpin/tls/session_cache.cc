#include "kingpin/tls/session_cache.h"

#include <string>
#include <utility>
#include <vector>

namespace kingpin {
namespace tls {

void SessionCache::Put(const std::string& name, SslSessionPtr session) {
  if (max_sessions_ == 0) return;
  absl::MutexLock lock(&mu_);
  if (auto it = by_name_.find(name);
      it != by_name_.end() && it->second.size() >= kMaxPerName) {
    Erase(it->second.front());
  }
  if (entries_.size() >= max_sessions_) Erase(entries_.begin());
  entries_.push_back({name, std::move(session)});
  by_name_[name].push_back(std::prev(entries_.end()));
}

SslSessionPtr SessionCache::Take(const std::string& name) {
  absl::MutexLock lock(&mu_);
  auto it = by_name_.find(name);
  if (it == by_name_.end()) return nullptr;
  Entries::iterator entry = it->second.back();
  if (SSL_SESSION_get_protocol_version(entry->session.get()) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(entry->session.get());
    return SslSessionPtr(entry->session.get());
  }
  SslSessionPtr session = std::move(entry->session);
  Erase(entry);
  return session;
}

size_t SessionCache::size() const {
  absl::MutexLock lock(&mu_);
  return entries_.size();
}

void SessionCache::Erase(Entries::iterator entry) {
  auto it = by_name_.find(entry->name);
  std::erase(it->second, entry);
  if (it->second.empty()) by_name_.erase(it);
  entries_.erase(entry);
}

}  // namespace tls
}  // namespace kingpin
