// PoolTest: a ConnectionPool and what its threads have drawn, without sockets and loops.
#ifndef KINGPIN_TESTS_POOL_CONNECTION_POOL_TESTING_H_
#define KINGPIN_TESTS_POOL_CONNECTION_POOL_TESTING_H_

#include <fcntl.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "kingpin/pool/connect_failure.h"
#include "kingpin/pool/connection_pool.h"
#include "kingpin/pool/idle_socket.h"
#include "kingpin/pool/target.h"
#include "kingpin/pool/thread_slot.h"
#include "kingpin/sys/clock.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::testing {

inline Target To(std::string host, std::string message = "") {
  return {
      .host = std::move(host), .port = 80, .first_message = std::move(message)};
}

inline Target Own(std::string host, std::string message = "") {
  Target target = To(std::move(host), std::move(message));
  target.may_reuse = false;
  return target;
}

inline UniqueFd AnyDescriptor() {
  return UniqueFd(open("/dev/null", O_RDONLY | O_CLOEXEC));
}

class PoolTest : public ::testing::Test {
 protected:
  using Event = ConnectionPool::Event;
  using Turn = ConnectionPool::Turn;
  using Draw = ConnectionPool::Draw;

  void Open(ConnectionPoolOptions options, int threads = 1) {
    for (int i = 0; i < threads; ++i) {
      slots_.push_back(std::make_unique<ThreadSlot>(clock_));
      ASSERT_TRUE(slots_.back()->Open().ok());
    }
    pool_ = std::make_unique<ConnectionPool>(options, clock_);
    ASSERT_TRUE(pool_->Open(slots_).ok());
    turns_.resize(threads);
  }
  void Add(Target target) { ASSERT_TRUE(pool_->Add(std::move(target)).ok()); }
  // What `thread` draws now; what it is told to close is closed and reported in
  // the turn after this.
  std::vector<Draw> Update(int thread = 0) {
    Turn& turn = turns_[thread];
    pool_->Update(thread, turn);
    for (ConnectionPool::Surplus& surplus : turn.to_close) {
      closed_.insert(surplus.socket.fd.get());
      if (surplus.host == nullptr) continue;
      turn.reports.push_back({surplus.host, Event::kExtraClosed});
    }
    turn.to_close.clear();
    for (ConnectionPool::Failed& failed : turn.failed) {
      failures_.push_back(
          {failed.pending.target.first_message, failed.failure});
    }
    turn.failed.clear();
    return std::move(turn.draws);
  }
  std::vector<std::string> Messages(const std::vector<Draw>& draws) {
    std::vector<std::string> messages;
    for (const Draw& draw : draws) {
      messages.push_back(draw.pending.target.first_message);
    }
    return messages;
  }
  void Report(const Draw& draw, Event event, int thread = 0) {
    turns_[thread].reports.push_back(
        {draw.host, event, ConnectError::kRefused});
  }
  void Fail(const Draw& draw, int thread = 0) {
    Report(draw, Event::kConnectFailed, thread);
    Report(draw, Event::kClosed, thread);
  }
  void Finish(const Draw& draw, int thread = 0) {
    if (!draw.idle.valid()) Report(draw, Event::kConnected, thread);
    Report(draw, Event::kClosed, thread);
  }
  int GiveBack(const Draw& draw, int thread = 0) {
    if (!draw.idle.valid()) Report(draw, Event::kConnected, thread);
    UniqueFd fd = AnyDescriptor();
    int number = fd.get();
    turns_[thread].given_back.push_back({draw.host, {.fd = std::move(fd)}});
    return number;
  }

  Clock clock_ = Clock::Manual();
  std::vector<std::unique_ptr<ThreadSlot>> slots_;
  std::unique_ptr<ConnectionPool> pool_;
  std::vector<Turn> turns_;
  std::set<int> closed_;
  std::vector<std::pair<std::string, ConnectFailure>> failures_;
};

}  // namespace kingpin::testing

#endif  // KINGPIN_TESTS_POOL_CONNECTION_POOL_TESTING_H_
