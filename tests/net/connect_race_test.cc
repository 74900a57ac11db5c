// Which of a host's addresses gets the connection (RFC 8305).
#include "kingpin/net/connect_race.h"

#include <errno.h>
#include <sys/socket.h>

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/resolver.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/socket_address.h"
#include "tests/testing/process.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::DeafListener;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ManualClient;
using ::testing::Not;
using testing::ScriptedClientHandler;
using testing::TestClient;
using testing::TestListener;

// Answers when the test says so.
class HandResolver : public Resolver {
 public:
  std::optional<ResolveAnswer> Lookup(absl::string_view host) override {
    return host == "known" ? known : LookupLiteral(host);
  }
  ResolveId Start(absl::string_view, Callback callback) override {
    queries.emplace(++last, std::move(callback));
    return last;
  }
  void Cancel(ResolveId id) override { queries.erase(id); }

  void Answer(ResolveAnswer answer) {
    ASSERT_EQ(queries.size(), 1u);
    if (!answer.complete) {
      return queries.begin()->second(std::move(answer));
    }
    Callback callback = std::move(queries.begin()->second);
    queries.clear();
    callback(std::move(answer));
  }

  std::optional<ResolveAnswer> known;
  std::map<ResolveId, Callback> queries;
  ResolveId last = 0;
};

std::vector<SocketAddress> Addresses(const std::vector<std::string>& hosts) {
  std::vector<SocketAddress> addresses;
  for (const std::string& host : hosts) {
    addresses.push_back(*ParseLiteralHost(host));
  }
  return addresses;
}

// A client, its resolver, and which addresses it has tried so far. Connects to
// the addresses in `deaf` hang; the others are the kernel's.
class ConnectRaceTest : public ::testing::Test {
 protected:
  void Open(ClientOptions options = {}) {
    client_ = std::make_unique<ManualClient>(
        testing::ClientScript{
            .on_connect = [this](ScriptedClientHandler&,
                                 Connection& c) { peer_ = c.peer().host(); },
            .make_resolver =
                [this](ScriptedClientHandler&) {
                  auto resolver = std::make_unique<HandResolver>();
                  resolver_ = resolver.get();
                  return resolver;
                }},
        options);
  }
  void Go(absl::string_view host = "name") {
    client_->Add({.host = std::string(host),
                  .port = port_,
                  .timeout = absl::InfiniteDuration()});
    client_->Turn();
  }
  // The peers of the sockets that are connecting or connected.
  int sockets() { return client_->pool().open(); }
  bool Connected() {
    return client_->RunUntil([&] { return !peer_.empty(); });
  }
  const ConnectFailure& Failure() {
    EXPECT_TRUE(client_->RunUntilEnded(1));
    failure_ = client_->failures().at(0);
    return failure_;
  }

  // All at one port: 127.0.0.1 answers, 127.0.0.2 and [::1] refuse, 127.0.0.3
  // and 127.0.0.4 are deaf.
  TestListener server_{"127.0.0.1:0"};
  const uint16_t port_ = server_.port();
  DeafListener deaf3_{absl::StrCat("127.0.0.3:", port_)};
  DeafListener deaf4_{absl::StrCat("127.0.0.4:", port_)};
  HandResolver* resolver_ = nullptr;
  std::unique_ptr<ManualClient> client_;
  std::string peer_;
  ConnectFailure failure_;
};

TEST_F(ConnectRaceTest, NextAddressIsTriedAsSoonAsOneFails) {
  Open();
  Go();
  resolver_->Answer({.addresses = Addresses({"127.0.0.2", "127.0.0.1"})});
  EXPECT_TRUE(Connected());
  EXPECT_EQ(peer_, "127.0.0.1");
}

TEST_F(ConnectRaceTest, WhatIsKnownNeedsNoQuestion) {
  Open();
  resolver_->known = ResolveAnswer{.addresses = Addresses({"127.0.0.1"})};
  Go("known");
  EXPECT_THAT(resolver_->queries, IsEmpty());
  EXPECT_TRUE(Connected());
}

TEST_F(ConnectRaceTest, OneThatHangsIsRacedAfterAMoment) {
  Open();
  Go();
  resolver_->Answer({.addresses = Addresses({"127.0.0.3", "127.0.0.1"})});
  client_->Advance(absl::Milliseconds(249));
  EXPECT_EQ(sockets(), 1);
  client_->Advance(absl::Milliseconds(2));
  EXPECT_TRUE(Connected());
  EXPECT_EQ(peer_, "127.0.0.1");
  client_->Turn(2);
  EXPECT_EQ(sockets(), 1) << "the loser is closed";
}

TEST_F(ConnectRaceTest, SeveralThatHangAreRacedTogether) {
  Open();
  Go();
  resolver_->Answer(
      {.addresses = Addresses({"127.0.0.3", "127.0.0.4", "127.0.0.1"})});
  client_->Advance(absl::Milliseconds(251));
  EXPECT_EQ(sockets(), 2);
  client_->Advance(absl::Milliseconds(251));
  EXPECT_TRUE(Connected());
  client_->Turn(2);
  EXPECT_EQ(sockets(), 1);
}

TEST_F(ConnectRaceTest, WithoutRoomForASecondSocketItIsAWalk) {
  Open({.pool = {.max_connections_per_host = 1},
        .connect_timeout = absl::Seconds(9)});
  Go();
  resolver_->Answer(
      {.addresses = Addresses({"127.0.0.3", "127.0.0.4", "127.0.0.1"})});
  for (int i = 0; i < 11; ++i) {
    client_->Advance(absl::Milliseconds(251));
    EXPECT_EQ(sockets(), 1);
  }
  EXPECT_EQ(peer_, "");
  for (int i = 0; i < 24; ++i) {  // Each has its third of the nine seconds.
    client_->Advance(absl::Milliseconds(251));
    EXPECT_EQ(sockets(), 1);
  }
  EXPECT_TRUE(Connected());
  EXPECT_EQ(peer_, "127.0.0.1");
}

TEST_F(ConnectRaceTest, FamiliesTakeTurns) {
  std::vector<std::string> tried;
  Open();
  Go();
  sys::FaultHook hook = [&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kConnect) return {};
    tried.push_back("connect");
    return {.error = ECONNREFUSED};
  };
  ScopedFaultHook scoped(hook);
  resolver_->Answer(
      {.addresses = Addresses({"::1", "::2", "::3", "10.0.0.1", "10.0.0.2"})});
  EXPECT_THAT(Failure().detail, HasSubstr(absl::StrCat("[::1]:", port_,
                                                       ": Connection refused; "
                                                       "10.0.0.1:",
                                                       port_)));
  EXPECT_THAT(failure_.detail, HasSubstr(absl::StrCat("[::2]:", port_,
                                                      ": Connection refused; "
                                                      "10.0.0.2:",
                                                      port_)));
  EXPECT_THAT(failure_.detail, HasSubstr("and 1 more"));
  EXPECT_EQ(tried.size(), 5u);
}

TEST_F(ConnectRaceTest, TheResolversFirstFamilyIsFirst) {
  Open();
  Go();
  ScopedFaultHook hook([](sys::Call call, int) -> sys::Fault {
    return {.error = call == sys::Call::kConnect ? ECONNREFUSED : 0};
  });
  resolver_->Answer({.addresses = Addresses({"10.0.0.1", "::1"})});
  EXPECT_THAT(Failure().detail,
              ::testing::StartsWith(absl::StrCat("10.0.0.1:", port_)));
}

TEST_F(ConnectRaceTest, WhatComesFirstIsTriedAtOnce) {
  Open();
  Go();
  resolver_->Answer({.addresses = Addresses({"127.0.0.1"}), .complete = false});
  EXPECT_TRUE(Connected());
  EXPECT_THAT(resolver_->queries, IsEmpty()) << "cancelled";
}

TEST_F(ConnectRaceTest, WhenAllHaveFailedTheRestIsWaitedFor) {
  Open();
  Go();
  resolver_->Answer({.addresses = Addresses({"::1"}), .complete = false});
  client_->Turn(2);
  EXPECT_THAT(client_->events(), IsEmpty()) << "the other half may still come";
  resolver_->Answer({.addresses = Addresses({"127.0.0.1"})});
  EXPECT_TRUE(Connected());
}

TEST_F(ConnectRaceTest, SecondAnswerJoinsTheRace) {
  Open();
  Go();
  resolver_->Answer({.addresses = Addresses({"127.0.0.3"}), .complete = false});
  client_->Turn(2);
  EXPECT_EQ(sockets(), 1);
  resolver_->Answer({.addresses = Addresses({"127.0.0.1"})});
  client_->Advance(absl::Milliseconds(251));
  EXPECT_TRUE(Connected());
}

TEST_F(ConnectRaceTest, EmptySecondAnswerEndsIt) {
  Open();
  Go();
  resolver_->Answer({.addresses = Addresses({"127.0.0.2"}), .complete = false});
  client_->Turn(2);
  EXPECT_THAT(client_->events(), IsEmpty());
  resolver_->Answer({});
  EXPECT_EQ(Failure().reason, ConnectError::kRefused);
}

TEST_F(ConnectRaceTest, TimesOutOverAll) {
  Open({.connect_timeout = absl::Seconds(2)});
  Go();
  client_->Advance(absl::Milliseconds(1500));
  resolver_->Answer({.addresses = Addresses({"127.0.0.3", "127.0.0.4"})});
  client_->Advance(absl::Milliseconds(490));
  EXPECT_THAT(client_->events(), IsEmpty());
  client_->Advance(absl::Milliseconds(12));
  EXPECT_EQ(Failure().reason, ConnectError::kTimedOut);
  EXPECT_EQ(failure_.error, ETIMEDOUT);
  EXPECT_THAT(failure_.detail, HasSubstr("127.0.0.3"));
  EXPECT_THAT(failure_.detail, HasSubstr("127.0.0.4"));
  client_->Turn(2);
  EXPECT_EQ(sockets(), 0);
}

TEST_F(ConnectRaceTest, AnAddressThatWasGivenUpIsTheHostsFault) {
  Open({.pool = {.max_connections_per_host = 1,
                 .first_back_off = absl::Seconds(10)},
        .connect_timeout = absl::Seconds(2)});
  client_->Add(
      {.host = "name", .port = port_, .timeout = absl::Milliseconds(1100)});
  client_->Turn();
  resolver_->Answer({.addresses = Addresses({"127.0.0.3", "127.0.0.4"})});
  client_->Advance(absl::Milliseconds(1050));
  EXPECT_EQ(sockets(), 1) << "it is the second one's turn";
  client_->Advance(absl::Milliseconds(60));
  EXPECT_EQ(Failure().reason, ConnectError::kDeadline);
  Go();
  EXPECT_EQ(sockets(), 0) << "it does not back off";
}

TEST_F(ConnectRaceTest, TimeOutAfterAllHaveFailedKeepsTheReason) {
  Open({.connect_timeout = absl::Seconds(2)});
  Go();
  resolver_->Answer({.addresses = Addresses({"127.0.0.2"}), .complete = false});
  client_->Turn(2);
  EXPECT_THAT(client_->events(), IsEmpty()) << "the other half may still come";
  client_->Advance(absl::Milliseconds(2002));
  EXPECT_EQ(Failure().reason, ConnectError::kRefused);
  EXPECT_EQ(failure_.error, ECONNREFUSED);
  EXPECT_EQ(failure_.ToString(), absl::StrCat("connection refused (127.0.0.2:",
                                              port_, ": Connection refused)"));
}

// --- Failures of the resolver ----------------------------------------------------

TEST_F(ConnectRaceTest, EveryResolveErrorHasItsReason) {
  const std::pair<ResolveError, ConnectError> pairs[] = {
      {ResolveError::kBadName, ConnectError::kBadName},
      {ResolveError::kNotFound, ConnectError::kNameNotFound},
      {ResolveError::kNoAddress, ConnectError::kNameHasNoAddress},
      {ResolveError::kTimeout, ConnectError::kResolverTimedOut},
      {ResolveError::kServerFailure, ConnectError::kResolverFailed},
      {ResolveError::kNoResources, ConnectError::kNoResources},
      {ResolveError::kNone, ConnectError::kNameHasNoAddress},
  };
  for (auto [from, to] : pairs) {
    Open();
    Go();
    resolver_->Answer({.error = from, .detail = "why"});
    EXPECT_EQ(Failure().reason, to) << ToString(from);
    EXPECT_EQ(failure_.detail, "why");
  }
}

TEST_F(ConnectRaceTest, AnswerThatNeverComesIsCancelled) {
  Open({.connect_timeout = absl::Seconds(3)});
  Go();
  client_->Advance(absl::Milliseconds(2990));
  EXPECT_EQ(resolver_->queries.size(), 1u);
  client_->Advance(absl::Milliseconds(12));
  EXPECT_EQ(Failure().reason, ConnectError::kResolverTimedOut);
  EXPECT_THAT(failure_.detail, HasSubstr("\"name\""));
  EXPECT_THAT(resolver_->queries, IsEmpty());
}

TEST_F(ConnectRaceTest, DeadlineWhileItIsLookedUpIsNotTheHostsFault) {
  Open();
  for (int i = 1; i <= 2; ++i) {
    client_->Add({.host = "name", .port = 80, .timeout = absl::Seconds(1)});
    client_->Turn(2);
    ASSERT_EQ(resolver_->queries.size(), 1u) << "it backs off";
    client_->Advance(absl::Milliseconds(1005));
    ASSERT_EQ(client_->shared().ended, i);
  }
}

TEST_F(ConnectRaceTest, DeadlineAfterAllThatIsKnownHasFailedIsTheHostsFault) {
  Open();
  auto add = [&] {
    client_->Add({.host = "name", .port = port_, .timeout = absl::Seconds(1)});
    client_->Turn(2);
  };
  add();
  resolver_->Answer({.addresses = Addresses({"127.0.0.2"}), .complete = false});
  client_->Turn(2);
  client_->Advance(absl::Milliseconds(1005));
  ASSERT_EQ(client_->shared().ended, 1);
  add();
  EXPECT_THAT(resolver_->queries, IsEmpty()) << "it does not back off";
}

TEST_F(ConnectRaceTest, AHundredAddressesAreTriedUpToABound) {
  int connects = 0;
  Open();
  Go();
  ScopedFaultHook hook([&](sys::Call call, int) -> sys::Fault {
    if (call != sys::Call::kConnect) return {};
    ++connects;
    return {.error = ECONNREFUSED};
  });
  std::vector<std::string> hosts;
  for (int i = 0; i < 100; ++i) hosts.push_back(absl::StrCat("10.0.0.", i));
  resolver_->Answer({.addresses = Addresses(hosts)});
  EXPECT_EQ(Failure().reason, ConnectError::kRefused);
  EXPECT_EQ(connects, 64);
  EXPECT_LT(failure_.detail.size(), 300u);
}

// --- Ends --------------------------------------------------------------------------

TEST_F(ConnectRaceTest, DestroyedWhileItResolves) {
  Open();
  Go();
  HandResolver* resolver = resolver_;
  ASSERT_EQ(resolver->queries.size(), 1u);
  client_.reset();
}

TEST_F(ConnectRaceTest, DestroyedWhileItRaces) {
  const std::set<int> before = testing::OpenDescriptors();
  Open();
  Go();
  resolver_->Answer(
      {.addresses = Addresses({"127.0.0.3", "127.0.0.4", "127.0.0.1"})});
  client_->Advance(absl::Milliseconds(251));
  EXPECT_EQ(sockets(), 2);
  client_.reset();
  EXPECT_EQ(testing::OpenDescriptors(), before);
}

TEST_F(ConnectRaceTest, ShutdownWhileItRacesIsToldOnce) {
  Open();
  Go();
  resolver_->Answer({.addresses = Addresses({"127.0.0.3", "127.0.0.4"})});
  client_->Advance(absl::Milliseconds(251));
  client_->shared().Shutdown();
  client_->handler().Run();
  EXPECT_THAT(client_->events(), ElementsAre("failed: the run ended"));
  EXPECT_EQ(sockets(), 0);
}

TEST_F(ConnectRaceTest, UnixDomainSocketConnectsAtOnce) {
  TestListener server(testing::UniqueUnixAddress());
  Open();
  client_->Add(server.target("hello"));
  client_->Turn();
  EXPECT_THAT(client_->events(), ElementsAre("connect"));
  EXPECT_EQ(server.Accept(*client_).Read(5), "hello");
}

TEST_F(ConnectRaceTest, UnixDomainPathWithoutAServer) {
  Open();
  client_->Add({.host = testing::UniqueUnixAddress()});
  EXPECT_EQ(Failure().reason, ConnectError::kRefused);
}

TEST_F(ConnectRaceTest, UnixDomainPathThatIsNone) {
  Open();
  client_->Add({.host = "unix:"});
  EXPECT_EQ(Failure().reason, ConnectError::kBadName);
}

}  // namespace
}  // namespace kingpin
