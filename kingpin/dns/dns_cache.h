// DnsCache: answers of name servers until their time is over, of a bounded
// number of names. The name that was not used for longest makes room.
//
// Each loop has its own. Shared by the threads under a lock it would save a
// query a thread and TTL, which the name server on or near the host answers from
// its own cache; in return every connect of every thread would take that lock
// (DESIGN allows a loop two, and this is neither), answers would have to travel
// to waiters of other loops, and destroying one resolver would concern all.
//
// Threads: loop thread only.
//
//   DnsCache cache(4096);
//   cache.Store("example.org", DnsType::kA, answer, clock.Now());
//   if (DnsAnswerPtr a = cache.Find("example.org", DnsType::kA, now)) ...
#ifndef KINGPIN_DNS_DNS_CACHE_H_
#define KINGPIN_DNS_DNS_CACHE_H_

#include <cstddef>
#include <list>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "kingpin/dns/dns_answer.h"
#include "kingpin/dns/dns_reply.h"
#include "kingpin/sys/clock.h"

namespace kingpin {

class DnsCache {
 public:
  // 0 names: nothing is kept.
  explicit DnsCache(size_t max_names) : max_names_(max_names) {}

  // Keeps it for its TTL; if that is zero, forgets what was there.
  void Store(absl::string_view name, DnsType type, DnsAnswerPtr answer,
             MonotonicTime now);
  // Null if there is none that still holds.
  DnsAnswerPtr Find(absl::string_view name, DnsType type, MonotonicTime now);

  size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string name;
    struct {
      DnsAnswerPtr answer;
      MonotonicTime end;
    } families[2];
  };
  using Entries = std::list<Entry>;  // The last used first.

  const size_t max_names_;
  Entries entries_;
  // The keys lie in the entries.
  absl::flat_hash_map<absl::string_view, Entries::iterator> by_name_;
};

}  // namespace kingpin

#endif  // KINGPIN_DNS_DNS_CACHE_H_
