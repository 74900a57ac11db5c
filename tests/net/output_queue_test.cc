#include "kingpin/net/output_queue.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <random>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "kingpin/sys/fault.h"
#include "kingpin/sys/syscalls.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin {
namespace {

constexpr uint64_t kNoBudget = UINT64_MAX;

class OutputQueueTest : public ::testing::Test {
 protected:
  void SetUp() override {
    sys::BlockSigpipe();
    int pair[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
                         pair),
              0);
    near_.Reset(pair[0]);
    far_.Reset(pair[1]);
  }

  std::shared_ptr<const UniqueFd> File(const std::string& text) {
    std::string path = absl::StrCat(::testing::TempDir(), "/kingpin_XXXXXX");
    auto fd = std::make_shared<UniqueFd>(mkstemp(path.data()));
    unlink(path.c_str());
    EXPECT_EQ(write(fd->get(), text.data(), text.size()),
              static_cast<ssize_t>(text.size()));
    return fd;
  }
  // What has arrived at the far end.
  std::string& Arrived() {
    char block[4096];
    ssize_t got;
    while ((got = recv(far_.get(), block, sizeof(block), 0)) > 0) {
      arrived_.append(block, got);
    }
    return arrived_;
  }
  // Flushes and reads until all is sent; the last error.
  int FlushAll(uint64_t budget = kNoBudget) {
    while (!queue_.empty()) {
      OutputQueue::FlushResult result =
          queue_.Flush(near_.get(), pool_, budget);
      sent_ += result.sent;
      if (result.error != 0 && result.error != EAGAIN) return result.error;
      Arrived();
    }
    return 0;
  }

  UniqueFd near_, far_;
  OutputSegmentPool pool_;
  OutputQueue queue_;
  uint64_t sent_ = 0;

 private:
  std::string arrived_;
};

TEST_F(OutputQueueTest, EmptyQueueSendsNothing) {
  queue_.Append(pool_, "");
  queue_.AppendFile(pool_, File("x"), 0, 0);
  EXPECT_TRUE(queue_.empty());
  OutputQueue::FlushResult result = queue_.Flush(near_.get(), pool_, kNoBudget);
  EXPECT_EQ(result.sent, 0u);
  EXPECT_EQ(result.error, 0);
}

TEST_F(OutputQueueTest, BytesAndFilesInOrderByteByByte) {
  ScopedFaultHook hook(
      [](sys::Call, int) -> sys::Fault { return {.max_bytes = 1}; });
  queue_.Append(pool_, "head ");
  queue_.AppendFile(pool_, File("0123456789"), 2, 5);
  queue_.AppendFile(pool_, File("second"), 0, 6);
  queue_.Append(pool_, " mid ");
  queue_.Append(pool_, "dle ");
  queue_.AppendFile(pool_, File("third"), 0, 5);
  queue_.Append(pool_, " tail");
  EXPECT_EQ(queue_.bytes(), 19u);
  EXPECT_EQ(queue_.file_bytes(), 16u);
  EXPECT_EQ(FlushAll(), 0);
  EXPECT_EQ(Arrived(), "head 23456second mid dle third tail");
  EXPECT_EQ(sent_, 35u);
  EXPECT_EQ(queue_.bytes(), 0u);
  EXPECT_EQ(queue_.file_bytes(), 0u);
}

TEST_F(OutputQueueTest, GathersManySegmentsWhateverTheKernelTakes) {
  std::string all;
  for (int i = 0; i < 40; ++i) {
    std::string part(50'000 + i, static_cast<char>('a' + i % 26));
    queue_.Append(pool_, part);
    all += part;
  }
  EXPECT_EQ(FlushAll(), 0);
  EXPECT_EQ(Arrived(), all);
}

TEST_F(OutputQueueTest, FullSocketIsEagainAndLosesNothing) {
  std::string big(4 << 20, 'x');
  queue_.Append(pool_, big);
  OutputQueue::FlushResult result = queue_.Flush(near_.get(), pool_, kNoBudget);
  EXPECT_EQ(result.error, EAGAIN);
  EXPECT_EQ(queue_.bytes(), big.size() - result.sent);
  EXPECT_EQ(FlushAll(), 0);
  EXPECT_EQ(Arrived(), big);
}

TEST_F(OutputQueueTest, BudgetEndsAFlushOfAFile) {
  queue_.AppendFile(pool_, File(std::string(100'000, 'f')), 0, 100'000);
  OutputQueue::FlushResult result = queue_.Flush(near_.get(), pool_, 10'000);
  EXPECT_EQ(result.error, 0);
  EXPECT_EQ(result.sent, 10'000u);
  EXPECT_EQ(FlushAll(7'000), 0);
  EXPECT_EQ(Arrived().size(), 100'000u);
}

TEST_F(OutputQueueTest, FileThatEndsEarlyIsEnodata) {
  queue_.AppendFile(pool_, File("short"), 0, 10);
  queue_.Append(pool_, "must not follow");
  EXPECT_EQ(FlushAll(), ENODATA);
  EXPECT_EQ(Arrived(), "short");
}

TEST_F(OutputQueueTest, FileTruncatedWhileItIsSentIsEnodata) {
  auto file = File(std::string(100'000, 'f'));
  queue_.AppendFile(pool_, file, 0, 100'000);
  EXPECT_EQ(queue_.Flush(near_.get(), pool_, 10'000).sent, 10'000u);
  ASSERT_EQ(ftruncate(file->get(), 12'000), 0);
  EXPECT_EQ(FlushAll(), ENODATA);
  EXPECT_EQ(Arrived().size(), 12'000u);
}

TEST_F(OutputQueueTest, FileIsLetGoWhenItIsSent) {
  auto file = File("text");
  queue_.AppendFile(pool_, file, 0, 4);
  EXPECT_EQ(file.use_count(), 2);
  EXPECT_EQ(FlushAll(), 0);
  EXPECT_EQ(file.use_count(), 1);
  queue_.AppendFile(pool_, file, 0, 4);
  queue_.Clear(pool_);
  EXPECT_EQ(file.use_count(), 1);
  EXPECT_TRUE(queue_.empty());
}

TEST_F(OutputQueueTest, PeerThatIsGoneIsFinal) {
  far_.Reset();
  queue_.Append(pool_, "x");
  EXPECT_EQ(FlushAll(), EPIPE);
}

TEST_F(OutputQueueTest, AgreesWithAStringWhateverIsAppended) {
  std::mt19937 random(5);
  ScopedFaultHook hook([&](sys::Call, int) -> sys::Fault {
    if (random() % 4 == 0) return {.error = EAGAIN};
    return {.max_bytes = 1 + random() % 5000};
  });
  std::string text;
  for (int i = 0; text.size() < 200'000; ++i) absl::StrAppend(&text, i, ",");
  auto file = File(text);
  std::string model;
  for (int i = 0; i < 3000; ++i) {
    size_t offset = random() % 100'000, size = random() % 3000;
    if (random() % 3 == 0) {
      queue_.AppendFile(pool_, file, offset, size);
    } else {
      queue_.Append(pool_, absl::string_view(text).substr(offset, size));
    }
    model += text.substr(offset, size);
    queue_.Flush(near_.get(), pool_, random() % 10'000);
    Arrived();
  }
  EXPECT_EQ(FlushAll(), 0);
  EXPECT_TRUE(Arrived() == model);
}

}  // namespace
}  // namespace kingpin
