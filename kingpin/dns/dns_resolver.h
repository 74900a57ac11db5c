// DnsResolver: the resolver that asks name servers, with c-ares, in the loop.
//
// A host is looked for, in this order, as
// 1. a literal address, or "localhost" and names below it, which are loopback
//    whatever files and servers say (RFC 6761);
// 2. a name that cannot be (host_name.h), or is nobody's by definition: those
//    below "invalid" (RFC 6761) and "onion" (RFC 7686); no query leaves;
// 3. a name of the hosts file, as it is written;
// 4. the names that resolv.conf makes of it (search, ndots), one after the
//    other until one exists: each from the cache, or by two questions, for A and
//    AAAA, that all who wait for the name share. A server that fails ends the
//    search: the next name could be another's host.
//
// Answers come as RFC 8305 (section 3) wants them: IPv6 addresses as soon as
// they are there, IPv4 addresses too but for `resolution_delay`, in which IPv6
// may still come; what arrives later is a further answer of the query. Their
// order is that of address_order.h; addresses of equal worth take turns.
//
// Cache: dns_cache.h, an hour at most by default, negative answers half a minute,
// failures a second (RFC 9520). TTL 0 is for those who wait, and nobody else.
//
// The files are read once, in Create(), before the loop runs. After that only
// the hosts file is looked at again, in slices (hosts_file.h); a new resolv.conf
// needs a new resolver.
// Not done: international names (IDNA; pass the encoded form), DNSSEC, mDNS,
// /etc/nsswitch.conf, search by the environment (LOCALDOMAIN).
//
// Threads, lifetime, errors: resolver.h. Each loop makes its own. The destructor
// may run in a callback.
//
//   class Client : public IOHandlerForClient {
//     using IOHandlerForClient::IOHandlerForClient;
//     absl::StatusOr<std::unique_ptr<Resolver>> MakeResolver() override {
//       return DnsResolver::Create(this, {.servers = {"10.0.0.2:53"}});
//     }
//   };
#ifndef KINGPIN_DNS_DNS_RESOLVER_H_
#define KINGPIN_DNS_DNS_RESOLVER_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "kingpin/dns/dns_answer.h"
#include "kingpin/dns/dns_cache.h"
#include "kingpin/dns/dns_channel.h"
#include "kingpin/dns/dns_reply.h"
#include "kingpin/dns/hosts_file.h"
#include "kingpin/dns/resolv_conf.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/resolver.h"
#include "kingpin/sys/clock.h"

namespace kingpin {

struct DnsResolverOptions {
  // "10.0.0.2:53", "[fd00::1]:53". Empty: those of resolv.conf.
  std::vector<std::string> servers = {};
  // Empty: no file, so no search domains, and `servers` must say who to ask.
  std::string resolv_conf = "/etc/resolv.conf";
  // Empty: no file.
  std::string hosts_file = "/etc/hosts";
  size_t max_hosts_bytes = 1 << 20;
  // A change of the hosts file is seen after this time.
  absl::Duration hosts_interval = absl::Seconds(1);

  // Of the first try at each server; it doubles with each round over them. Zero:
  // as resolv.conf says, or 2 s.
  absl::Duration attempt_timeout = absl::ZeroDuration();
  // Of each server. 0: as resolv.conf says, or 2.
  int tries = 0;
  // From Start() to the complete answer, search domains included. Less than
  // ClientOptions::connect_timeout, which does not know what kept it.
  absl::Duration total_timeout = absl::Seconds(9);
  // How long IPv4 addresses wait for IPv6 ones (RFC 8305, section 8).
  absl::Duration resolution_delay = absl::Milliseconds(50);

  // Names in the cache. 0: no cache.
  size_t cache_names = 4096;
  absl::Duration max_ttl = absl::Hours(1);
  absl::Duration max_negative_ttl = absl::Seconds(30);
  absl::Duration failure_ttl = absl::Seconds(1);
  // Of a family and name; further ones are passed over.
  size_t max_addresses = 64;
  // Questions that are with the servers at a time; further ones wait, until
  // nobody waits for them any more. A query whose questions were not asked in
  // total_timeout ends with kNoResources.
  size_t max_questions = 256;
  // Queries from Start() on, and names being asked for; beyond it a query ends
  // with kNoResources.
  size_t max_queries = 1 << 14;
};

class DnsResolver : public Resolver {
 public:
  // Reads the files. Errors: options or files that leave nobody to ask.
  static absl::StatusOr<std::unique_ptr<DnsResolver>> Create(
      IOHandler* loop, DnsResolverOptions options = {});
  ~DnsResolver() override;

  std::optional<ResolveAnswer> Lookup(absl::string_view host) override;
  ResolveId Start(absl::string_view host, Callback callback) override;
  void Cancel(ResolveId id) override;

  // For assertions and status pages.
  size_t queries() const { return queries_.size(); }
  size_t cached_names() const { return cache_.size(); }
  size_t open_questions() const { return channel_->open_questions(); }

 private:
  // By family: IPv4, IPv6. Null: not known.
  using Answers = std::array<DnsAnswerPtr, 2>;

  // A name that is being asked for, until both answers are there. If nobody waits
  // any more, only those that are with the servers already.
  struct Name {
    Answers answers;
    // Of what is not answered.
    std::array<DnsChannel::Question*, 2> questions = {};
    absl::btree_set<ResolveId> waiting;  // In the order of their Start().
    TimerId delay;
    bool delay_begun = false;
    bool delay_over = false;
  };

  struct Query {
    std::string host;
    Callback callback;
    std::vector<std::string> candidates;
    size_t candidate = 0;  // Which of them is being asked for.
    Name* name = nullptr;  // In whose `waiting` it is.
    bool exists = false;   // A candidate is a name without addresses.
    bool has_addresses = false;
    std::array<bool, 2> given = {};  // Whose addresses the callback has had.
    bool ended = false;              // Its last answer is in the outbox.
    TimerId timeout;
  };

  struct Letter {
    ResolveId to;
    ResolveAnswer answer;
  };

  DnsResolver(IOHandler* loop, DnsResolverOptions options, ResolvConf conf);
  absl::Status Open();

  // What is known without the cache; else the names to ask for.
  std::optional<ResolveAnswer> LookupLocally(absl::string_view host,
                                             std::vector<std::string>* names);
  std::optional<ResolveAnswer> LookupHosts(absl::string_view name);
  void ReadHosts();
  Answers LookupCache(absl::string_view name);

  // Goes on with its candidates until one has to be waited for, or it ends.
  void Advance(ResolveId id, Query& query);
  // Joins those who wait for the name; has it asked for if nobody does.
  void Join(const std::string& text, ResolveId id, Query& query,
            Answers answers);
  // What both answers about a candidate say; nothing: try the next one.
  std::optional<ResolveAnswer> Conclude(const Answers& answers, Query& query);
  static ResolveAnswer NothingFound(const Query& query);
  void End(ResolveId id, Query& query, ResolveAnswer answer);
  void Leave(ResolveId id, Query& query);
  // Its questions, or what is left of them, are still to be asked.
  bool InLine(const Name& name) const;
  // Nobody waits for it any more.
  void Abandon(const std::string& text);

  void OnAnswers(std::vector<DnsChannel::Answer> answers);
  void OnDelayOver(const std::string& text);
  void OnTimeout(ResolveId id);
  // Tells those who wait what they may know by now.
  void Tell(const std::string& text);
  // The family whose addresses may be told before the other's are there.
  std::optional<size_t> ReadyFamily(const Name& name) const;
  void BeginDelay(const std::string& text, Name& name);
  void Give(ResolveId id, Query& query, const Name& name, size_t family);
  void TellAll(std::unique_ptr<Name> name);

  // The addresses that the query has not had yet.
  std::vector<SocketAddress> Take(const Answers& answers, Query& query);
  DnsAnswerPtr Kept(DnsReply reply) const;
  MonotonicTime Now() const { return loop_.shared().clock().Now(); }

  // Has `method` called from the loop, if this is still there.
  void Post(void (DnsResolver::*method)());
  void PostFlush();
  // Calls the callbacks: the last thing a function does, because one of them
  // may destroy this.
  void Flush();
  void Call(Letter letter);

  IOHandler& loop_;
  const DnsResolverOptions options_;
  const ResolvConf conf_;
  HostsFile hosts_;
  MonotonicTime hosts_checked_;
  bool reading_hosts_ = false;
  DnsCache cache_;
  std::unique_ptr<DnsChannel> channel_;

  absl::flat_hash_map<std::string, std::unique_ptr<Name>> names_;
  absl::flat_hash_map<ResolveId, std::unique_ptr<Query>> queries_;
  ResolveId last_id_ = 0;
  std::deque<Letter> outbox_;
  bool flush_posted_ = false;

  // Expires with the resolver.
  std::shared_ptr<DnsResolver*> self_ = std::make_shared<DnsResolver*>(this);
};

}  // namespace kingpin

#endif  // KINGPIN_DNS_DNS_RESOLVER_H_
