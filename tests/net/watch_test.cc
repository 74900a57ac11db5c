// Descriptors of others in the loop, and timers.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/scripted_server.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::ManualServer;
using testing::TestClient;

UniqueFd Event(int count) {
  return UniqueFd(eventfd(count, EFD_NONBLOCK | EFD_CLOEXEC));
}

class WatchTest : public ::testing::Test {
 protected:
  WatchId Watch(int fd, uint32_t events, WatchCallback callback) {
    auto id = server_.handler().Watch(fd, events, std::move(callback));
    EXPECT_TRUE(id.ok()) << id.status();
    return *id;
  }
  void End(WatchId id) { server_.handler().EndWatch(id); }

  ManualServer server_;
};

TEST_F(WatchTest, TellsWhatIsReadyWhileItIs) {
  UniqueFd event = Event(0);
  std::vector<uint32_t> seen;
  WatchId id = Watch(event.get(), EPOLLIN,
                     [&](uint32_t events) { seen.push_back(events); });
  server_.Turn(2);
  EXPECT_TRUE(seen.empty());
  eventfd_write(event.get(), 1);
  server_.Turn(2);
  EXPECT_THAT(seen, ElementsAre(EPOLLIN, EPOLLIN)) << "level-triggered";
  ASSERT_TRUE(server_.handler().ChangeWatch(id, EPOLLIN | EPOLLOUT).ok());
  server_.Turn();
  EXPECT_EQ(seen.back(), uint32_t{EPOLLIN | EPOLLOUT});
  ASSERT_TRUE(server_.handler().ChangeWatch(id, 0).ok());
  server_.Turn(2);
  EXPECT_EQ(seen.size(), 3u);
  End(id);
}

TEST_F(WatchTest, TellsOfTheEndEvenIfNotAsked) {
  int pair[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  UniqueFd mine(pair[0]), other(pair[1]);
  uint32_t seen = 0;
  WatchId id = Watch(mine.get(), 0, [&](uint32_t events) { seen = events; });
  server_.Turn();
  EXPECT_EQ(seen, 0u);
  other.Reset();
  server_.Turn();
  EXPECT_TRUE(seen & EPOLLHUP);
  End(id);
}

TEST_F(WatchTest, EndedOnesStayQuietAndLetGoOfTheirCallback) {
  auto token = std::make_shared<int>();
  UniqueFd event = Event(1);
  WatchId id = Watch(event.get(), EPOLLIN, [token](uint32_t) { FAIL(); });
  EXPECT_EQ(token.use_count(), 2);
  End(id);
  End(id);
  server_.Turn(2);
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_FALSE(server_.handler().ChangeWatch(id, EPOLLIN).ok());
  End(id);
  // The descriptor can be watched anew, and the old name is not the new one's.
  int calls = 0;
  WatchId next = Watch(event.get(), EPOLLIN, [&](uint32_t) { ++calls; });
  End(id);
  server_.Turn();
  EXPECT_EQ(calls, 1);
  End(next);
}

TEST_F(WatchTest, CallbackMayEndItself) {
  auto token = std::make_shared<int>();
  UniqueFd event = Event(1);
  int calls = 0;
  WatchId id;
  id = Watch(event.get(), EPOLLIN, [&, token](uint32_t) {
    ++calls;
    End(id);
    EXPECT_GE(token.use_count(), 2) << "destroyed while it runs";
  });
  server_.Turn(3);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(token.use_count(), 1);
}

TEST_F(WatchTest, CallbackMayEndAnotherOfTheSameBatch) {
  UniqueFd events[2] = {Event(1), Event(1)};
  WatchId ids[2];
  int calls = 0;
  for (int i = 0; i < 2; ++i) {
    ids[i] = Watch(events[i].get(), EPOLLIN, [&, i](uint32_t) {
      ++calls;
      End(ids[1 - i]);
      events[1 - i].Reset();  // Ended first, then closed.
    });
  }
  server_.Turn(1);
  EXPECT_EQ(calls, 1);
  End(ids[0]);
  End(ids[1]);
  server_.Turn();
}

TEST_F(WatchTest, CallbackMayWatchAnother) {
  UniqueFd first = Event(1), second = Event(1);
  WatchId id, other;
  int calls = 0;
  id = Watch(first.get(), EPOLLIN, [&](uint32_t) {
    End(id);
    other = Watch(second.get(), EPOLLIN, [&](uint32_t) { ++calls; });
  });
  server_.Turn(2);
  EXPECT_EQ(calls, 1);
  End(other);
}

TEST_F(WatchTest, WhatCannotBeWatchedIsAnError) {
  EXPECT_FALSE(server_.handler().Watch(-1, EPOLLIN, [](uint32_t) {}).ok());
  UniqueFd event = Event(0);
  WatchId id = Watch(event.get(), EPOLLIN, [](uint32_t) {});
  EXPECT_FALSE(
      server_.handler().Watch(event.get(), EPOLLIN, [](uint32_t) {}).ok());
  End(id);
  End(WatchId{});
}

class TimerTest : public ::testing::Test {
 protected:
  Task Append(char c) {
    return [this, c] { order_ += c; };
  }
  ManualServer server_;
  IOHandler& handler_ = server_.handler();
  std::string order_;
};

TEST_F(TimerTest, RunInTheOrderOfTheirTimesAndNeverEarly) {
  handler_.RunAfter(absl::Milliseconds(30), Append('c'));
  handler_.RunAfter(absl::Milliseconds(10), Append('a'));
  handler_.RunAfter(absl::Milliseconds(20), Append('b'));
  handler_.RunAfter(absl::Microseconds(1), Append('0'));
  server_.Turn();
  EXPECT_EQ(order_, "");
  server_.Advance(absl::Microseconds(9999));
  EXPECT_EQ(order_, "0");
  server_.Advance(absl::Milliseconds(100));
  EXPECT_EQ(order_, "0abc");
}

TEST_F(TimerTest, CancelledOnesDoNotRunAndLetGoOfTheirTask) {
  auto token = std::make_shared<int>();
  TimerId id = handler_.RunAfter(absl::Seconds(1), [token] { FAIL(); });
  TimerId never = handler_.RunAfter(absl::InfiniteDuration(), [token] {});
  EXPECT_EQ(token.use_count(), 3);
  handler_.CancelTimer(id);
  handler_.CancelTimer(id);
  handler_.CancelTimer(never);
  handler_.CancelTimer(TimerId{});
  EXPECT_EQ(token.use_count(), 1);
  server_.Advance(absl::Hours(1));
}

TEST_F(TimerTest, TaskMayCancelAnotherThatIsDueToo) {
  TimerId ids[2];
  for (int i = 0; i < 2; ++i) {
    ids[i] = handler_.RunAfter(absl::Seconds(1), [&, i] {
      order_ += 'x';
      handler_.CancelTimer(ids[i]);
      handler_.CancelTimer(ids[1 - i]);
    });
  }
  server_.Advance(absl::Seconds(2));
  EXPECT_EQ(order_, "x");
}

TEST_F(TimerTest, TaskThatArmsItselfForNowDoesNotHoldTheLoop) {
  std::function<void()> again = [&] {
    order_ += 'x';
    handler_.RunAfter(absl::ZeroDuration(), again);
  };
  again();
  for (size_t i = 1; i <= 5; ++i) {
    server_.Advance(absl::Milliseconds(2));
    EXPECT_EQ(order_.size(), i + 1);
  }
}

// Ends its watches and cancels its timer when it goes, as an adapter of a C
// library does.
struct Adapter {
  explicit Adapter(IOHandler* h) : handler(*h) {}
  ~Adapter() {
    for (WatchId id : watches) handler.EndWatch(id);
    handler.CancelTimer(timer);
  }
  IOHandler& handler;
  std::vector<WatchId> watches;
  TimerId timer;
};

TEST_F(WatchTest, DestructorOfACallbackMayEndOthers) {
  std::vector<UniqueFd> events;
  for (int i = 0; i < 40; ++i) events.push_back(Event(0));
  auto token = std::make_shared<int>();
  auto adapter = std::make_shared<Adapter>(&server_.handler());
  WatchId first = Watch(events[0].get(), EPOLLIN, [adapter](uint32_t) {});
  WatchId second = Watch(events[1].get(), EPOLLIN, [](uint32_t) {});
  for (size_t i = 2; i < events.size(); ++i) {
    adapter->watches.push_back(
        Watch(events[i].get(), EPOLLIN, [token](uint32_t) {}));
  }
  adapter.reset();
  End(first);
  End(second);
  server_.Turn();
  EXPECT_EQ(token.use_count(), 1);
  EXPECT_THAT(server_.handler().DebugString(), HasSubstr("watches=0"));
}

TEST_F(TimerTest, WhatIsDroppedAtTheEndMayEndWatchesAndTimers) {
  UniqueFd event = Event(0);
  for (int holder = 0; holder < 3; ++holder) {
    ManualServer server;
    auto adapter = std::make_shared<Adapter>(&server.handler());
    adapter->timer = server.handler().RunAfter(absl::Hours(1), [] {});
    auto watch = server.handler().Watch(event.get(), EPOLLIN, [](uint32_t) {});
    ASSERT_TRUE(watch.ok());
    adapter->watches.push_back(*watch);
    if (holder == 0) {
      server.handler().RunAfter(absl::Hours(1), [adapter] {});
    } else if (holder == 1) {
      ASSERT_TRUE(server.shared().thread(0).Post([adapter] {}));
    } else {
      TestClient client = TestClient::Connect(server.port());
      ASSERT_TRUE(
          server.RunUntil([&] { return server.handler().connections() == 1; }));
      server.only().EmplaceState<std::shared_ptr<Adapter>>(adapter);
    }
  }
}

TEST_F(TimerTest, WhatNeverRanIsDestroyedWithTheHandler) {
  auto token = std::make_shared<int>();
  {
    ManualServer server;
    server.handler().RunAfter(absl::Seconds(1), [token] {});
    EXPECT_EQ(token.use_count(), 2);
  }
  EXPECT_EQ(token.use_count(), 1);
}

}  // namespace
}  // namespace kingpin
