#include "apps/chinese_chess/bot/move_picker.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "apps/chinese_chess/bot/exchange.h"
#include "apps/chinese_chess/rules/fen.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess::bot {
namespace {

std::vector<int> Sorted(const Move* begin, const Move* end) {
  std::vector<int> codes;
  for (const Move* move = begin; move != end; ++move) {
    codes.push_back(move->from * 256 + move->to);
  }
  std::sort(codes.begin(), codes.end());
  return codes;
}

std::vector<Move> All(MovePicker picker) {
  std::vector<Move> moves;
  for (Move move = picker.Next(); move != kNoMove; move = picker.Next()) {
    moves.push_back(move);
  }
  return moves;
}

TEST(MovePickerTest, EveryLegalMoveOnceWhateverTheHints) {
  std::mt19937 random(1);
  const MoveHistory history;
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    VisitRandomGame(
        seed, 150, [&](const Position& position, const MoveList& legal) {
          const auto any = [&random] {
            return MakeMove(static_cast<Square>(random() % kSquares),
                            static_cast<Square>(random() % kSquares));
          };
          MovePicker::Hints hints{any(), {any(), any()}, any()};
          if (!legal.empty() && random() % 2 == 0) {
            hints.table_move = legal[random() % legal.size()];
          }
          const std::vector<Move> picked =
              All(MovePicker(position, history, hints));
          ASSERT_EQ(Sorted(picked.data(), picked.data() + picked.size()),
                    Sorted(legal.begin(), legal.end()))
              << FormatFen(position);
          if (IsLegal(position, hints.table_move)) {
            ASSERT_EQ(picked.front(), hints.table_move);
          }
        });
  }
}

TEST(MovePickerTest, GoodCapturesLoseNothing) {
  const MoveHistory history;
  int captures = 0;
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    VisitRandomGame(seed, 150, [&](const Position& position, const MoveList&) {
      for (const Move move : All(MovePicker(position, history, {},
                                            MovePicker::Kind::kGoodCaptures))) {
        ++captures;
        ASSERT_NE(position.at(move.to), Piece::kNone);
        // Without pins, whose pieces the exchange still counts on.
        ASSERT_GE(ExchangeGain(position, move), 0) << FormatFen(position);
      }
    });
  }
  EXPECT_GT(captures, 100);
}

TEST(MovePickerTest, InTheOrderThatItPromises) {
  // A soldier takes a chariot, a chariot a protected soldier.
  const Position position = *ParseFen("3k4r/9/9/1r6p/1P7/9/9/9/9/4K3R w");
  const Move killer = *ParseIccs("e0e1");
  const Move counter = *ParseIccs("i0g0");
  const Move good_quiet = *ParseIccs("i0h0");
  MoveHistory history;
  history.Reward(position.at(good_quiet.from), good_quiet, 500);
  const std::vector<Move> picked = All(MovePicker(
      position, history, {.killers = {killer, kNoMove}, .counter = counter}));
  EXPECT_EQ(picked[0], *ParseIccs("b5b6"));
  EXPECT_EQ(picked[1], killer);
  EXPECT_EQ(picked[2], counter);
  EXPECT_EQ(picked[3], good_quiet);
  EXPECT_EQ(picked.back(), *ParseIccs("i0i6"));
}

TEST(MoveHistoryTest, StaysWithinItsBounds) {
  MoveHistory history;
  const Piece horse = MakePiece(Color::kBlack, PieceType::kHorse);
  const Move move = MakeMove(3, 20);
  for (int i = 0; i < 1000; ++i) history.Reward(horse, move, HistoryBonus(30));
  EXPECT_GT(history.Of(horse, move), kMostHistory * 9 / 10);
  EXPECT_LE(history.Of(horse, move), kMostHistory);
  for (int i = 0; i < 1000; ++i) history.Reward(horse, move, -HistoryBonus(30));
  EXPECT_GE(history.Of(horse, move), -kMostHistory);
  history.Fade();
  EXPECT_GE(history.Of(horse, move), -kMostHistory / 2);
}

}  // namespace
}  // namespace chinese_chess::bot
