// Resolver: turns host names into addresses, on a loop's thread and without
// ever blocking it.
//
// It is an interface because the choice has a price: LiteralResolver below
// knows addresses and "localhost" only, and needs nothing but libc; one that
// asks name servers brings a library along and lives in a package of its own.
//
// Threads: loop thread only; each loop has its own. What several share (a cache,
// say) they lock themselves.
// Lifetime: the handler of the loop owns it, and destroys it on the loop's
// thread while its timers and watches (IOHandler::RunAfter, Watch) still work.
// The destructor calls no callback: it drops them.
// Errors: in the answer, typed, with the detail that a person needs.
// Sources: RFC 8305 (section 3, asynchronous queries), RFC 6761 (section 6.3,
// localhost), RFC 6724 (the order of addresses).
//
//   std::optional<ResolveAnswer> now = resolver.Lookup("::1");
//   if (now.has_value()) return Connect(now->addresses);
//   query_ = resolver.Start("example.org", [this](ResolveAnswer answer) {
//     Connect(answer.addresses);
//   });
#ifndef KINGPIN_NET_RESOLVER_H_
#define KINGPIN_NET_RESOLVER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "kingpin/sys/socket_address.h"

namespace kingpin {

enum class ResolveError : uint8_t {
  kNone,
  kBadName,        // Not a host name: empty, too long, characters.
  kNotFound,       // There is no such name (NXDOMAIN).
  kNoAddress,      // The name exists and has no address.
  kTimeout,        // No name server answered in time.
  kServerFailure,  // One answered that it cannot, or nonsense.
  kNoResources,    // Out of memory, descriptors, or at a bound of its own.
};
// "no such name", "the name has no address", ...
absl::string_view ToString(ResolveError error);

struct ResolveAnswer {
  // In the order in which they should be tried (RFC 6724), of either family,
  // with port 0. Of a query with several answers: those that are new. They may be
  // used at once: the resolver has held IPv4 back for the moment in which IPv6 may
  // still come.
  std::vector<SocketAddress> addresses = {};
  // No further answer of this query comes. The two families are asked for
  // side by side, and the first to come need not wait for the other.
  bool complete = true;
  // Only in a complete answer, and only if no answer of the query had an
  // address.
  ResolveError error = ResolveError::kNone;
  // What ToString(error) does not say: "no answer from 10.0.0.1 in 5 s".
  std::string detail = {};
};

// Names a query that is under way; 0 names none. Never used again.
using ResolveId = uint64_t;

class Resolver {
 public:
  using Callback = absl::AnyInvocable<void(ResolveAnswer answer)>;

  Resolver() = default;
  virtual ~Resolver() = default;
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  // What is known without asking anybody: literal addresses, names that are
  // wrong, what a cache has (failures too). Complete; nothing when it has to be
  // asked for.
  virtual std::optional<ResolveAnswer> Lookup(absl::string_view host) = 0;

  // Asks. Calls `callback` from the loop, never from inside Start(), once or
  // more until the answer is complete, then destroys it; it may start and
  // cancel queries, its own too. The resolver has time-outs and bounds of its
  // own, so that a complete answer always comes; who has less time cancels.
  virtual ResolveId Start(absl::string_view host, Callback callback) = 0;

  // `callback` is not called any more, and destroyed. Nothing happens if the
  // query has ended.
  virtual void Cancel(ResolveId id) = 0;
};

// The address that `host` is written as, with port 0: "127.0.0.1", "::1",
// "[::1]", "fe80::1%eth0". Nothing for a name.
std::optional<SocketAddress> ParseLiteralHost(absl::string_view host);

// What every resolver answers by itself: literal addresses, and for "localhost"
// and names below it the loopback addresses. Nothing for other names.
std::optional<ResolveAnswer> LookupLiteral(absl::string_view host);

// Knows those, and of every other name that it is not found.
class LiteralResolver : public Resolver {
 public:
  std::optional<ResolveAnswer> Lookup(absl::string_view host) override;
  // Never needed: Lookup() knows all there is. A broken contract.
  ResolveId Start(absl::string_view host, Callback callback) override;
  void Cancel(ResolveId) override {}
};

}  // namespace kingpin

#endif  // KINGPIN_NET_RESOLVER_H_
