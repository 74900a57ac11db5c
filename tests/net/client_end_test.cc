// The end at any instant (failure mode 55): while it connects, resolves, shakes
// hands, retries, waits, and from every callback. Nothing is called after the
// end, nothing is left open, every target ends once.
#include <errno.h>
#include <sys/socket.h>

#include <atomic>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler_for_client.h"
#include "kingpin/net/resolver.h"
#include "kingpin/net/transport.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/loop_stats.h"
#include "kingpin/pool/target.h"
#include "kingpin/sys/fault.h"
#include "tests/net/fake_transport.h"
#include "tests/testing/any_instant.h"
#include "tests/testing/random.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using testing::ClientScript;
using testing::DeafListener;
using testing::End;
using testing::FakeTransport;
using testing::kFarewell;
using testing::kHello;
using testing::ManualClient;
using testing::Random;
using testing::ScriptedClientHandler;
using testing::TestClient;
using testing::TestListener;

// Answers after a random number of asking "now?", in one or two parts, or never.
class SlowResolver : public Resolver {
 public:
  SlowResolver(IOHandler& loop, Random& random,
               std::vector<SocketAddress> addresses)
      : loop_(loop), random_(random), addresses_(std::move(addresses)) {}
  ~SlowResolver() override {
    for (auto& [id, query] : queries_) loop_.CancelTimer(query.timer);
  }
  std::optional<ResolveAnswer> Lookup(absl::string_view host) override {
    return LookupLiteral(host);
  }
  ResolveId Start(absl::string_view, Callback callback) override {
    const ResolveId id = ++last_;
    queries_[id].callback = std::move(callback);
    Schedule(id);
    return id;
  }
  void Cancel(ResolveId id) override {
    auto it = queries_.find(id);
    if (it == queries_.end()) return;
    loop_.CancelTimer(it->second.timer);
    queries_.erase(it);
  }

 private:
  struct Query {
    Callback callback;
    TimerId timer;
  };
  void Schedule(ResolveId id) {
    if (random_.OneIn(5)) return;  // Never.
    queries_[id].timer = loop_.RunAfter(absl::Milliseconds(random_.Below(100)),
                                        [this, id] { Answer(id); });
  }
  void Answer(ResolveId id) {
    ResolveAnswer answer = {.complete = random_.OneIn(2)};
    if (random_.OneIn(4)) {
      answer.complete = true;
      answer.error = ResolveError::kNotFound;
    } else {
      answer.addresses = addresses_;
    }
    Callback callback = std::move(queries_[id].callback);
    if (answer.complete) {
      queries_.erase(id);
      return callback(std::move(answer));
    }
    callback(std::move(answer));
    auto it = queries_.find(id);
    if (it == queries_.end()) return;  // The callback has cancelled it.
    it->second.callback = std::move(callback);
    Schedule(id);
  }

  IOHandler& loop_;
  Random& random_;
  const std::vector<SocketAddress> addresses_;
  ResolveId last_ = 0;
  std::map<ResolveId, Query> queries_;
};

// Counts what is alive of what the targets carry.
struct Counted : TargetContext {
  explicit Counted(int* c) : count(c) { ++*count; }
  ~Counted() override { --*count; }
  int* count;
};

// Targets of this group go through a transport.
constexpr char kCoded[] = "coded";

// A client among servers that answer, refuse, hang, close and reset, before,
// during and after handshakes, for a random number of steps, and then an end of a
// random kind.
class Scenario {
 public:
  explicit Scenario(uint64_t seed)
      : random_(seed), client_(Script(), Options()) {}

  void Run() {
    const int steps = random_.Below(60);
    for (int i = 0; i < steps; ++i) Step();
    Finish(static_cast<End>(random_.Below(3)));
    EXPECT_EQ(contexts_, 0) << "a target was lost";
  }
  std::set<std::string> seen() {
    std::vector<std::string> events = client_.events();
    return {events.begin(), events.end()};
  }

 private:
  ClientOptions Options() {
    return {.pool = {.max_connections_per_host = 1 + random_.Below(3),
                     .max_connections = 2 + random_.Below(6),
                     .idle_timeout = absl::Milliseconds(300)},
            .connect_timeout = absl::Milliseconds(100 + random_.Below(900)),
            .connection = {.timeouts = {.handshake = absl::Milliseconds(
                                            50 + random_.Below(950))}},
            .drain_timeout = absl::Milliseconds(200)};
  }
  ClientScript Script() {
    return {
        .on_connect = [this](ScriptedClientHandler& h,
                             Connection& c) { Callback(h, &c); },
        .on_message =
            [this](ScriptedClientHandler& h, Connection& c) {
              if (!random_.OneIn(3)) c.input().TakeAll();
              Callback(h, &c);
            },
        .on_input_end =
            [this](ScriptedClientHandler& h, Connection& c) {
              Callback(h, &c);
              c.Close();
            },
        .on_close =
            [this](ScriptedClientHandler& h, Connection& c, CloseReason r) {
              EXPECT_FALSE(over_);
              const bool drawn = h.target(c) != nullptr;
              if (drawn && r != CloseReason::kRetry) ++told_;
              Callback(h, nullptr);
            },
        .on_connect_failed =
            [this](ScriptedClientHandler& h, Target& target,
                   const ConnectFailure& failure) {
              EXPECT_FALSE(over_);
              if (failure.reason == ConnectError::kHandshake) {
                h.client_shared().Note(failure.detail);
              }
              ++told_;
              if (random_.OneIn(8) && added_ < 200 &&
                  h.client_shared().Add(std::move(target)).ok()) {
                ++added_;
              }
              Callback(h, nullptr);
            },
        .new_transport = [this](const Target& t) { return NewTransport(t); },
        .make_resolver =
            [this](ScriptedClientHandler& h) {
              return std::make_unique<SlowResolver>(
                  h, random_,
                  std::vector<SocketAddress>{deaf_.address().WithPort(0),
                                             server_.address().WithPort(0)});
            }};
  }

  std::unique_ptr<Transport> NewTransport(const Target& target) {
    EXPECT_FALSE(over_);
    if (target.group != kCoded) return nullptr;
    if (random_.OneIn(50)) throw std::bad_alloc();
    ++transports_;
    return std::make_unique<FakeTransport>(FakeTransport::Options{
        .speaks_first = random_.OneIn(2), .steps = 1 + random_.Below(4)});
  }

  // What a handler does in a callback.
  void Callback(ScriptedClientHandler& handler, Connection* connection) {
    EXPECT_FALSE(over_);
    switch (random_.Below(12)) {
      case 0:
        if (connection != nullptr) handler.GiveBack(*connection);
        break;
      case 1:
        if (connection != nullptr) connection->Close();
        break;
      case 2:
        if (connection != nullptr) connection->Abort();
        break;
      case 3:
        if (connection != nullptr) connection->Write("more");
        break;
      case 4:
        AddOne();
        break;
      case 5:
        handler.ForEachConnection([&](Connection& c) {
          if (random_.OneIn(3)) handler.GiveBack(c);
        });
        break;
      case 6:
        if (random_.OneIn(6)) handler.shared().Shutdown();
        break;
      case 7:
        if (random_.OneIn(12)) handler.shared().Shutdown(RunPhase::kStopping);
        break;
      default:
        if (connection != nullptr && connection->received()) {
          handler.GiveBack(*connection);
        }
    }
  }

  void AddOne() {
    if (added_ >= 200) return;
    Target target = {.first_message = "hello"};
    switch (random_.Below(5)) {
      case 0:
        target.host = refused_.host();
        target.port = refused_.port();
        break;
      case 1:
        target.host = deaf_.address().host();
        target.port = deaf_.address().port();
        break;
      case 2:
        target.host = "some.name";
        target.port = server_.port();
        break;
      default:
        target.host = "127.0.0.1";
        target.port = server_.port();
    }
    if (random_.OneIn(3)) target.group = kCoded;
    target.timeout = absl::Milliseconds(random_.Below(2000));
    target.connect_attempts = 1 + random_.Below(2);
    target.may_retry = !random_.OneIn(8);
    target.may_reuse = !random_.OneIn(8);
    target.priority = static_cast<TargetPriority>(random_.Below(3));
    target.context = std::make_unique<Counted>(&contexts_);
    if (client_.shared().Add(std::move(target)).ok()) ++added_;
  }

  void Step() {
    switch (random_.Below(6)) {
      case 0:
      case 1:
        AddOne();
        break;
      case 2:
        client_.clock().Advance(absl::Milliseconds(random_.Below(200)));
        break;
      case 3:
        if (std::optional<TestClient> peer = server_.TryAccept()) {
          peers_.push_back(*std::move(peer));
        }
        break;
      default:
        PeerActs();
    }
    client_.Turn(random_.Below(3));
  }

  void PeerActs() {
    if (peers_.empty()) return;
    const int index = random_.Below(static_cast<int>(peers_.size()));
    TestClient& peer = peers_[index];
    switch (random_.Below(8)) {
      case 0:
        peer.Reset();
        peers_.erase(peers_.begin() + index);
        break;
      case 1:
        peers_.erase(peers_.begin() + index);
        break;
      case 2:
        peer.HalfClose();
        break;
      case 3:
        peer.TrySend(std::string(1, kFarewell));
        break;
      case 4:
        peer.TrySend(random_.OneIn(2) ? "h" : "i");  // Half of a hello.
        break;
      case 5:
        peer.TrySend("answer");
        break;
      default:
        peer.TrySend(absl::StrCat(kHello, random_.OneIn(2) ? "answer" : ""));
    }
  }

  // Transports whose handshake is under way.
  bool AnyHandshake() {
    const LoopStats& stats = client_.stats();
    return transports_ >
           stats.handshakes.value() + stats.handshakes_failed.value();
  }

  void Finish(End end) {
    if (AnyHandshake()) {
      client_.shared().Note(absl::StrCat(ToString(end), " during a handshake"));
    }
    if (end == End::kDrop) {
      over_ = true;
      client_.DropHandler();
      client_.shared().OnRunEnded();
      return;
    }
    client_.shared().Shutdown(end == End::kDrain ? RunPhase::kDraining
                                                 : RunPhase::kStopping);
    for (int i = 0; i < 1000; ++i) {
      client_.Turn();
      if (client_.handler().connections() == 0 &&
          client_.handler().RoleDone()) {
        break;
      }
      client_.clock().Advance(absl::Milliseconds(5));
    }
    EXPECT_TRUE(client_.handler().RoleDone()) << "does not end";
    EXPECT_EQ(client_.handler().connections(), 0u);
    EXPECT_EQ(client_.pool().open(), 0) << client_.pool().DebugString();
    EXPECT_EQ(told_, added_) << "each ends once";
    over_ = true;
    client_.DropHandler();
  }

  Random random_;
  TestListener server_;
  DeafListener deaf_;
  const testing::RefusedAddress refused_;
  std::vector<TestClient> peers_;
  int contexts_ = 0;
  int added_ = 0;
  int told_ = 0;
  uint64_t transports_ = 0;
  bool over_ = false;
  ManualClient client_;
};

// 10,000 instants, of which each shard takes its part.
class FailureMode55 : public ::testing::TestWithParam<int> {};
constexpr int kParts = 10;

TEST_P(FailureMode55, EndsAtAnyInstant) {
  constexpr int kEach = 10'000 / kParts;
  testing::ExpectSeen(
      testing::RunScenarios<Scenario>(uint64_t{kEach} * GetParam(), kEach),
      {"connect",
       "reconnect",
       "message",
       "close: given back",
       "close: retry",
       "close: peer",
       "close: error",
       "close: local",
       "close: shutdown",
       "close: deadline",
       "failed: connection refused",
       "failed: the run ended",
       "failed: no such name",
       "failed: connecting timed out",
       "failed: the deadline passed while connecting",
       "failed: the handshake failed",
       "bad hello",
       "no hello",
       "handshake timeout",
       "failed: out of descriptors or memory",
       "drop during a handshake",
       "drain during a handshake",
       "stop during a handshake",
       "failed: the deadline passed while waiting for a connection"});
}

INSTANTIATE_TEST_SUITE_P(Part, FailureMode55, ::testing::Range(0, kParts));

// The end that each callback in turn asks for.
TEST(FailureMode55FromCallback, EveryOneMayEndTheRun) {
  for (RunPhase phase : {RunPhase::kDraining, RunPhase::kStopping}) {
    for (int callback = 0; callback < 6; ++callback) {
      SCOPED_TRACE(absl::StrCat("callback ", callback));
      TestListener server;
      const testing::RefusedAddress refused;
      bool asked = false;
      auto end_if = [&](int number, ScriptedClientHandler& handler) {
        if (number != callback) return;
        asked = true;
        handler.shared().Shutdown(phase);
      };
      ManualClient client(
          {.on_connect = [&](ScriptedClientHandler& h,
                             Connection&) { end_if(0, h); },
           .on_message =
               [&](ScriptedClientHandler& h, Connection& c) {
                 c.input().TakeAll();
                 end_if(1, h);
               },
           .on_input_end =
               [&](ScriptedClientHandler& h, Connection& c) {
                 end_if(2, h);
                 c.Close();
               },
           .on_close = [&](ScriptedClientHandler& h, Connection&,
                           CloseReason) { end_if(3, h); },
           .on_connect_failed = [&](ScriptedClientHandler& h, Target&,
                                    const ConnectFailure&) { end_if(4, h); },
           .on_shutdown = [&](ScriptedClientHandler& h) { end_if(5, h); }});
      for (int i = 0; i < 3; ++i) client.Add(server.target("x"));
      client.Add({.host = "127.0.0.1", .port = refused.port()});
      std::vector<TestClient> peers;
      ASSERT_TRUE(client.RunUntil([&] {
        while (auto peer = server.TryAccept()) {
          peer->TrySend("y");
          peer->HalfClose();
          peers.push_back(*std::move(peer));
        }
        return asked || client.shared().ended == 4;
      }));
      if (callback == 5) client.shared().Shutdown(phase);
      client.handler().Run();
      EXPECT_TRUE(asked);
      EXPECT_EQ(client.shared().ended, 4);
      EXPECT_EQ(client.pool().open(), 0);
    }
  }
}

}  // namespace
}  // namespace kingpin
