#include "apps/chinese_chess/bot/transposition_table.h"

#include <gtest/gtest.h>

#include <cstdint>

#include "apps/chinese_chess/rules/move.h"

namespace chinese_chess::bot {
namespace {

// Keys of one line, as all of a table of one line are; the upper half is checked.
uint64_t Key(int i) { return static_cast<uint64_t>(i) << 32; }

TableEntry Entry(int depth, Score score = 7, Bound bound = Bound::kExact) {
  return {
      .move = MakeMove(1, 2), .score = score, .depth = depth, .bound = bound};
}

bool Has(const TranspositionTable& table, uint64_t key) {
  TableEntry entry;
  return table.Find(key, 0, &entry);
}

TEST(TranspositionTableTest, FindsWhatWasStored) {
  TranspositionTable table(1 << 16);
  table.Store(Key(1), {MakeMove(3, 4), -35, 12, 5, Bound::kLower}, 0);
  TableEntry found;
  ASSERT_TRUE(table.Find(Key(1), 0, &found));
  EXPECT_EQ(found.move, MakeMove(3, 4));
  EXPECT_EQ(found.score, -35);
  EXPECT_EQ(found.evaluation, 12);
  EXPECT_EQ(found.depth, 5);
  EXPECT_EQ(found.bound, Bound::kLower);
  EXPECT_FALSE(Has(table, Key(2)));
}

TEST(TranspositionTableTest, NeverLargerThanItMayBe) {
  EXPECT_EQ(TranspositionTable(1).bytes(), 64u);
  EXPECT_EQ(TranspositionTable(1 << 20).bytes(), size_t{1} << 20);
  EXPECT_EQ(TranspositionTable((1 << 20) - 1).bytes(), size_t{1} << 19);
}

TEST(TranspositionTableTest, WhenFullTheShallowestGoes) {
  TranspositionTable table(64);
  for (int i = 1; i <= 4; ++i) table.Store(Key(i), Entry(10 - i), 0);
  table.Store(Key(5), Entry(20), 0);
  EXPECT_TRUE(Has(table, Key(5)));
  EXPECT_FALSE(Has(table, Key(4)));
  EXPECT_TRUE(Has(table, Key(3)));
  EXPECT_EQ(table.Permille(), 1000);
}

TEST(TranspositionTableTest, OldEntriesGoFirst) {
  TranspositionTable table(64);
  table.Store(Key(1), Entry(6), 0);
  for (int search = 0; search < 3; ++search) table.NewSearch();
  for (int i = 2; i <= 5; ++i) table.Store(Key(i), Entry(1), 0);
  EXPECT_FALSE(Has(table, Key(1)));
  EXPECT_TRUE(Has(table, Key(2)));
}

TEST(TranspositionTableTest, ClearForgetsHoweverOften) {
  TranspositionTable table(64);
  for (int i = 0; i < 600; ++i) {
    table.Store(Key(1), Entry(3), 0);
    ASSERT_TRUE(Has(table, Key(1)));
    table.Clear();
    ASSERT_FALSE(Has(table, Key(1))) << i;
  }
}

TEST(TranspositionTableTest, MatesAreCountedFromThePosition) {
  TranspositionTable table(64);
  table.Store(Key(1), Entry(3, kMate - 7), 4);  // Three plies below.
  table.Store(Key(2), Entry(3, LostIn(6)), 4);
  TableEntry found;
  ASSERT_TRUE(table.Find(Key(1), 10, &found));
  EXPECT_EQ(found.score, kMate - 13);
  ASSERT_TRUE(table.Find(Key(2), 10, &found));
  EXPECT_EQ(found.score, LostIn(12));
}

TEST(TranspositionTableTest, WinsByRepetitionAreNotCarriedAlong) {
  TranspositionTable table(64);
  table.Store(Key(1), Entry(9, kRuleWin - 4), 0);
  TableEntry found;
  ASSERT_TRUE(table.Find(Key(1), 0, &found));
  EXPECT_EQ(found.bound, Bound::kNone);
  EXPECT_EQ(found.move, MakeMove(1, 2));
}

TEST(TranspositionTableTest, AMoveIsKeptOverNone) {
  TranspositionTable table(64);
  table.Store(Key(1), Entry(3), 0);
  table.Store(Key(1), {.score = 5, .depth = 4, .bound = Bound::kUpper}, 0);
  TableEntry found;
  ASSERT_TRUE(table.Find(Key(1), 0, &found));
  EXPECT_EQ(found.move, MakeMove(1, 2));
  EXPECT_EQ(found.score, 5);
}

}  // namespace
}  // namespace chinese_chess::bot
