#include "apps/chinese_chess/bot/bot_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/movegen.h"

namespace chinese_chess::bot {
namespace {

constexpr BotPoolOptions kSmall{
    .threads = 2, .queue_limit = 64, .table_bytes = 1 << 16};

// Past the opening, so that level 8 thinks for as long as it may.
Game MiddleGame() {
  return Game(*ParseFen(
      "r1ba1a3/4kn3/2n1b4/pNp1p1p1p/4c4/6P2/P1P2R2P/1CcC5/9/2BAKAB2 w"));
}

// Occupies a thread of the pool until Release().
class Plug {
 public:
  BotRequest Request() {
    return {.level = 1, .done = [this](const BotMove&) {
              reached_.Notify();
              release_.WaitForNotification();
            }};
  }
  void WaitUntilReached() { reached_.WaitForNotification(); }
  void Release() { release_.Notify(); }

 private:
  absl::Notification reached_;
  absl::Notification release_;
};

TEST(BotPoolTest, AnswersOnAThreadOfItsOwn) {
  BotPool pool(kSmall);
  constexpr int kRequests = 40;
  absl::BlockingCounter left(kRequests);
  std::atomic<int> legal = 0;
  const std::thread::id here = std::this_thread::get_id();
  for (int i = 0; i < kRequests; ++i) {
    const auto ticket =
        pool.Submit({.game = MiddleGame(),
                     .level = 1 + i % 4,
                     .seed = static_cast<uint64_t>(i),
                     .nodes = 300,
                     .done = [&, here](const BotMove& move) {
                       legal += IsLegal(MiddleGame().position(), move.move) &&
                                std::this_thread::get_id() != here;
                       left.DecrementCount();
                     }});
    ASSERT_TRUE(ticket.ok()) << ticket.status();
  }
  left.Wait();
  EXPECT_EQ(legal, kRequests);
  EXPECT_EQ(pool.stats().answered, static_cast<uint64_t>(kRequests));
}

TEST(BotPoolTest, TheSameAnswerOnAnyThread) {
  BotPool pool({.threads = 3, .table_bytes = 1 << 18});
  constexpr int kRequests = 24;
  absl::BlockingCounter left(kRequests);
  absl::Mutex mu;
  std::vector<std::vector<BotMove>> answers(3);
  for (int i = 0; i < kRequests; ++i) {
    ASSERT_TRUE(pool.Submit({.game = MiddleGame(),
                             .level = 4 + i % 3,
                             .seed = 5,
                             .nodes = 3'000,
                             .done =
                                 [&, i](const BotMove& move) {
                                   absl::MutexLock lock(&mu);
                                   answers[i % 3].push_back(move);
                                   left.DecrementCount();
                                 }})
                    .ok());
  }
  left.Wait();
  absl::MutexLock lock(&mu);
  for (const std::vector<BotMove>& of_level : answers) {
    for (const BotMove& move : of_level) {
      EXPECT_EQ(move.move, of_level.front().move);
      EXPECT_EQ(move.score, of_level.front().score);
      EXPECT_EQ(move.nodes, of_level.front().nodes);
    }
  }
}

TEST(BotPoolTest, SaysWhenTheQueueIsFull) {
  Plug plug;
  BotPool pool({.threads = 1, .queue_limit = 2, .table_bytes = 64});
  ASSERT_TRUE(pool.Submit(plug.Request()).ok());
  plug.WaitUntilReached();
  absl::BlockingCounter left(2);
  const auto request = [&left]() -> BotRequest {
    return {.done = [&left](const BotMove&) { left.DecrementCount(); }};
  };
  EXPECT_TRUE(pool.Submit(request()).ok());
  EXPECT_TRUE(pool.Submit(request()).ok());
  const auto refused = pool.Submit(request());
  EXPECT_TRUE(absl::IsResourceExhausted(refused.status()));
  EXPECT_EQ(pool.stats().waiting, 2u);
  EXPECT_EQ(pool.stats().refused, 1u);
  plug.Release();
  left.Wait();  // The others are answered all the same.
}

TEST(BotPoolTest, TheNearestDeadlineIsTheNext) {
  Plug plug;
  BotPool pool({.threads = 1, .table_bytes = 64});
  ASSERT_TRUE(pool.Submit(plug.Request()).ok());
  plug.WaitUntilReached();
  const kingpin::MonotonicTime now = kingpin::Clock::Real().Now();
  absl::BlockingCounter left(4);
  std::vector<int> order;  // The one thread's.
  int number = 0;
  for (const kingpin::MonotonicTime deadline :
       {kNoDeadline, now + absl::Minutes(9), now + absl::Minutes(3),
        now + absl::Minutes(3)}) {
    ASSERT_TRUE(pool.Submit({.game = MiddleGame(),
                             .level = 1,
                             .deadline = deadline,
                             .done =
                                 [&, n = ++number](const BotMove&) {
                                   order.push_back(n);
                                   left.DecrementCount();
                                 }})
                    .ok());
  }
  plug.Release();
  left.Wait();
  EXPECT_EQ(order, (std::vector<int>{3, 4, 2, 1}));
}

TEST(BotPoolTest, CancelsWhatWaits) {
  Plug plug;
  BotPool pool({.threads = 1, .queue_limit = 1, .table_bytes = 64});
  ASSERT_TRUE(pool.Submit(plug.Request()).ok());
  plug.WaitUntilReached();
  bool called = false;
  auto held = std::make_shared<int>(1);
  const auto ticket =
      pool.Submit({.done = [&called, held](const BotMove&) { called = true; }});
  ASSERT_TRUE(ticket.ok());
  EXPECT_TRUE(pool.Cancel(*ticket));
  EXPECT_EQ(held.use_count(), 1);  // It is gone, with what it held.
  EXPECT_FALSE(pool.Cancel(*ticket));
  // Its place is free.
  absl::Notification done;
  ASSERT_TRUE(
      pool.Submit({.done = [&done](const BotMove&) { done.Notify(); }}).ok());
  plug.Release();
  done.WaitForNotification();
  EXPECT_FALSE(called);
  EXPECT_EQ(pool.stats().cancelled, 1u);
}

TEST(BotPoolTest, CancelsWhatIsThoughtAbout) {
  BotPool pool({.threads = 1, .table_bytes = 1 << 16});
  std::atomic<bool> called = false;
  const auto ticket = pool.Submit(
      {.game = Game(), .level = kLevels, .done = [&called](const BotMove&) {
         called = true;
       }});
  ASSERT_TRUE(ticket.ok());
  while (pool.stats().running == 0) std::this_thread::yield();
  EXPECT_TRUE(pool.Cancel(*ticket));
  EXPECT_FALSE(pool.Cancel(*ticket));
  // The thread goes on with the next one, long before the first was finished.
  absl::Notification done;
  ASSERT_TRUE(pool.Submit({.level = 1,
                           .done = [&done](const BotMove&) { done.Notify(); }})
                  .ok());
  done.WaitForNotification();
  EXPECT_FALSE(called);
  EXPECT_LT(pool.stats().nodes, LevelOf(kLevels).nodes);
}

TEST(BotPoolTest, TooLateToCancelIsTold) {
  BotPool pool(kSmall);
  absl::Notification done;
  const auto ticket = pool.Submit(
      {.level = 1, .done = [&done](const BotMove&) { done.Notify(); }});
  ASSERT_TRUE(ticket.ok());
  done.WaitForNotification();
  EXPECT_FALSE(pool.Cancel(*ticket));
  EXPECT_FALSE(pool.Cancel(12345));
}

TEST(BotPoolTest, ADeadlineThatHasPassedStillMoves) {
  kingpin::Clock clock = kingpin::Clock::Manual();
  BotPool pool({.threads = 1, .table_bytes = 1 << 16}, clock);
  absl::Notification done;
  BotMove answer;
  ASSERT_TRUE(pool.Submit({.game = MiddleGame(),
                           .level = kLevels,
                           .deadline = clock.Now(),
                           .done =
                               [&](const BotMove& move) {
                                 answer = move;
                                 done.Notify();
                               }})
                  .ok());
  done.WaitForNotification();
  EXPECT_TRUE(IsLegal(MiddleGame().position(), answer.move));
  EXPECT_LT(answer.nodes, 20'000u);
}

TEST(BotPoolTest, EndsInTheMiddleOfItsWork) {
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> called = 0;
    auto held = std::make_shared<int>(1);
    {
      BotPool pool({.threads = 2, .table_bytes = 1 << 16});
      for (int i = 0; i < 10; ++i) {
        ASSERT_TRUE(
            pool.Submit({.game = MiddleGame(),
                         .level = kLevels,
                         .done = [&called, held](const BotMove&) { ++called; }})
                .ok());
      }
      // Sometimes before a thread has begun, sometimes after.
      if (round % 2 == 0) {
        while (pool.stats().running < 2) std::this_thread::yield();
      }
    }
    EXPECT_LT(called, 10);
    EXPECT_EQ(held.use_count(), 1);
  }
}

TEST(BotPoolTest, MayBeAskedFromItsOwnThread) {
  // Two bots play each other; each answer asks for the next.
  struct Match {
    BotPool* pool;
    Game game;
    absl::Notification over;

    void Next() {
      ASSERT_TRUE(pool->Submit({.game = game,
                                .level = 1,
                                .seed = 3,
                                .done =
                                    [this](const BotMove& move) {
                                      ASSERT_TRUE(game.Play(move.move).ok());
                                      if (game.outcome().over() ||
                                          game.size() == 60) {
                                        return over.Notify();
                                      }
                                      Next();
                                    }})
                      .ok());
    }
  };
  BotPool pool(kSmall);
  Match match{.pool = &pool};
  match.Next();
  match.over.WaitForNotification();
  EXPECT_GT(match.game.size(), 4u);
}

TEST(BotPoolTest, ManyThreadsSubmitAndCancel) {
  std::atomic<int> called = 0;
  std::atomic<int> cancelled = 0;
  std::atomic<int> accepted = 0;
  {
    BotPool pool(kSmall);
    std::vector<std::thread> players;
    for (int player = 0; player < 4; ++player) {
      players.emplace_back([&, player] {
        for (int i = 0; i < 50; ++i) {
          const auto ticket =
              pool.Submit({.level = 1 + player % 2,
                           .nodes = 200,
                           .done = [&](const BotMove&) { ++called; }});
          if (!ticket.ok()) continue;
          ++accepted;
          if (i % 3 == 0) cancelled += pool.Cancel(*ticket);
        }
      });
    }
    for (std::thread& player : players) player.join();
    while (pool.stats().answered + pool.stats().cancelled <
           static_cast<uint64_t>(accepted)) {
      std::this_thread::yield();
    }
  }
  EXPECT_EQ(called + cancelled, accepted);
}

}  // namespace
}  // namespace chinese_chess::bot
