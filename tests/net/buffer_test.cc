#include "kingpin/net/buffer.h"

#include <algorithm>
#include <array>
#include <random>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gtest/gtest.h"

namespace kingpin {
namespace {

class BufferTest : public ::testing::Test {
 protected:
  // What a loop does when `data` arrives; the views are then looked at.
  void Arrive(absl::string_view data) {
    while (!data.empty()) {
      absl::Span<char> room = buffer_.PrepareRead(absl::MakeSpan(scratch_), 16);
      size_t n = std::min(room.size(), data.size());
      std::copy_n(data.begin(), n, room.begin());
      buffer_.CommitRead(n);
      data.remove_prefix(n);
      if (!data.empty()) buffer_.Keep();
    }
  }
  bool InScratch() const {
    const char* at = buffer_.view().data();
    return at >= scratch_.data() && at < scratch_.data() + scratch_.size();
  }

  std::array<char, 64> scratch_;
  Buffer buffer_;
};

TEST_F(BufferTest, StartsEmpty) {
  EXPECT_TRUE(buffer_.empty());
  EXPECT_EQ(buffer_.view(), "");
  EXPECT_EQ(buffer_.TakeAll(), "");
  buffer_.Keep();
}

TEST_F(BufferTest, WhatArrivesIsSeenInPlace) {
  Arrive("hello");
  EXPECT_EQ(buffer_.view(), "hello");
  EXPECT_TRUE(InScratch());
  EXPECT_EQ(buffer_.TakeAll(), "hello");
  buffer_.Keep();
  EXPECT_TRUE(buffer_.empty());
}

TEST_F(BufferTest, ItMayBeDecodedWhereItLies) {
  Arrive("_hello");
  buffer_.Consume(1);
  for (char& c : buffer_.mutable_view()) c ^= 0x20;
  EXPECT_EQ(buffer_.view(), "HELLO");
}

TEST_F(BufferTest, WhatIsLeftMovesToItsOwnMemory) {
  Arrive("hello");
  buffer_.Consume(2);
  buffer_.Keep();
  scratch_.fill('!');  // Another connection reads.
  EXPECT_EQ(buffer_.view(), "llo");
  EXPECT_FALSE(InScratch());
  Arrive(" world");
  EXPECT_EQ(buffer_.view(), "llo world");
}

TEST_F(BufferTest, MemoryIsGivenBackWhenAllIsUsed) {
  Arrive("hello");
  buffer_.Keep();
  buffer_.TakeAll();
  buffer_.Keep();
  Arrive("again");
  EXPECT_TRUE(InScratch()) << "an empty buffer still owns memory";
}

TEST_F(BufferTest, CountsWhatWasConsumed) {
  Arrive("hello");
  buffer_.Consume(2);
  buffer_.Consume(0);
  buffer_.TakeAll();
  EXPECT_EQ(buffer_.consumed(), 5u);
}

TEST_F(BufferTest, ConsumingMoreThanThereIsIsABrokenContract) {
  Arrive("hello");
  EXPECT_DEATH(buffer_.Consume(6), "consumed more than there is");
}

TEST_F(BufferTest, AgreesWithAStringWhateverComes) {
  std::mt19937 random(1);
  std::string model;
  for (int i = 0; i < 20'000; ++i) {
    std::string data(random() % 200, static_cast<char>('a' + i % 26));
    Arrive(data);
    model += data;
    ASSERT_EQ(buffer_.view(), model);
    size_t use =
        random() % 3 == 0 ? model.size() : random() % (model.size() + 1);
    buffer_.Consume(use);
    model.erase(0, use);
    buffer_.Keep();
    ASSERT_EQ(buffer_.view(), model);
  }
}

}  // namespace
}  // namespace kingpin
