// SessionCache: sessions that a client may resume, which spares it and the
// server the expensive half of a handshake.
//
// Bounded: at most `max_sessions` in all, of which a name has at most four, the
// newest; the oldest go first. A session of TLS 1.3 is given out once, as RFC
// 8446 C.4 asks, so that two connections cannot be recognised as one client's.
//
// Threads: thread-safe. The mutex is held for a look-up, next to a handshake.
// Lifetime: outlives the connections that use it.
//
//   SslSessionPtr session = cache.Take("example.org:443");
//   if (session != nullptr) SSL_set_session(ssl, session.get());
#ifndef KINGPIN_TLS_SESSION_CACHE_H_
#define KINGPIN_TLS_SESSION_CACHE_H_

#include <cstddef>
#include <list>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "kingpin/tls/openssl_ptr.h"

namespace kingpin {
namespace tls {

class SessionCache {
 public:
  static constexpr size_t kMaxPerName = 4;

  explicit SessionCache(size_t max_sessions) : max_sessions_(max_sessions) {}
  SessionCache(const SessionCache&) = delete;
  SessionCache& operator=(const SessionCache&) = delete;

  void Put(const std::string& name, SslSessionPtr session)
      ABSL_LOCKS_EXCLUDED(mu_);
  // The newest of `name`; null if there is none.
  SslSessionPtr Take(const std::string& name) ABSL_LOCKS_EXCLUDED(mu_);
  size_t size() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Entry {
    std::string name;
    SslSessionPtr session;
  };
  using Entries = std::list<Entry>;

  void Erase(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t max_sessions_;
  mutable absl::Mutex mu_;
  Entries entries_ ABSL_GUARDED_BY(mu_);  // The oldest first.
  absl::flat_hash_map<std::string, std::vector<Entries::iterator>> by_name_
      ABSL_GUARDED_BY(mu_);  // The oldest first.
};

}  // namespace tls
}  // namespace kingpin

#endif  // KINGPIN_TLS_SESSION_CACHE_H_
