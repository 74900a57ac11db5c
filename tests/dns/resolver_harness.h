// A loop with a resolver in it, driven iteration by iteration on the test's own
// thread: on a manual clock, where TTLs count, or on the real one, where c-ares'
// own time-outs do.
#ifndef KINGPIN_TESTS_DNS_RESOLVER_HARNESS_H_
#define KINGPIN_TESTS_DNS_RESOLVER_HARNESS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/dns/dns_resolver.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/net/resolver.h"
#include "kingpin/pool/thread_shared_data.h"
#include "kingpin/sys/clock.h"
#include "tests/testing/process.h"

namespace kingpin {
namespace testing {

// "10.0.0.1 ::1": the addresses in their order.
inline std::string Text(const std::vector<SocketAddress>& addresses) {
  return absl::StrJoin(addresses, " ",
                       [](std::string* out, const SocketAddress& address) {
                         out->append(address.host());
                       });
}

// What the callback of one query was given.
struct Got {
  std::vector<std::string> answers;  // The addresses of each.
  bool complete = false;
  ResolveError error = ResolveError::kNone;
  std::string detail;
  std::string all() const { return absl::StrJoin(answers, "|"); }
};

class ResolverHarness {
 public:
  enum ClockKind { kManual, kReal };

  explicit ResolverHarness(DnsResolverOptions options, ClockKind kind = kManual)
      : shared_({.clock = kind == kManual ? &clock_ : &Clock::Real()}) {
    EXPECT_TRUE(shared_.Open(1).ok());
    handler_ = std::make_unique<IOHandler>(&shared_, 0);
    EXPECT_TRUE(handler_->Init().ok());
    // Only what the test says, not what this machine has.
    if (options.resolv_conf == DnsResolverOptions().resolv_conf) {
      options.resolv_conf = "";
    }
    if (options.hosts_file == DnsResolverOptions().hosts_file) {
      options.hosts_file = "";
    }
    auto resolver = DnsResolver::Create(handler_.get(), std::move(options));
    EXPECT_TRUE(resolver.ok()) << resolver.status();
    resolver_ = *std::move(resolver);
  }

  IOHandler& handler() { return *handler_; }
  DnsResolver& resolver() { return *resolver_; }
  std::unique_ptr<DnsResolver>& owner() { return resolver_; }

  void Turn(int count = 1) {
    for (int i = 0; i < count; ++i) handler_->RunOnce(absl::ZeroDuration());
  }
  bool RunUntil(absl::FunctionRef<bool()> condition) {
    const absl::Time end = absl::Now() + kPatience;
    while (!condition()) {
      if (absl::Now() > end) return false;
      handler_->RunOnce(absl::Milliseconds(1));
    }
    return true;
  }
  void Advance(absl::Duration d) {
    clock_.Advance(d);
    Turn();
  }

  // Starts a query; what comes is put into the result.
  std::shared_ptr<Got> Start(absl::string_view host) {
    auto got = std::make_shared<Got>();
    got_id_ = resolver_->Start(host, [got](ResolveAnswer answer) {
      EXPECT_FALSE(got->complete) << "an answer after the last one";
      if (!answer.addresses.empty()) {
        got->answers.push_back(Text(answer.addresses));
      }
      got->complete = answer.complete;
      got->error = answer.error;
      got->detail = answer.detail;
    });
    return got;
  }
  ResolveId last_id() const { return got_id_; }

  // Until the answer is complete.
  Got Resolve(absl::string_view host) {
    std::shared_ptr<Got> got = Start(host);
    EXPECT_TRUE(RunUntil([&] { return got->complete; })) << host;
    return *got;
  }

 private:
  Clock clock_ = Clock::Manual();
  ThreadSharedData shared_;
  std::unique_ptr<IOHandler> handler_;
  std::unique_ptr<DnsResolver> resolver_;
  ResolveId got_id_ = 0;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_DNS_RESOLVER_HARNESS_H_
