#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/game_record.h"
#include "apps/chinese_chess/rules/pgn.h"
#include "apps/chinese_chess/rules/record_json.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/apps/chinese_chess/rules/random_game.h"

namespace chinese_chess {
namespace {

using testing::HasSubstr;

RecordedMove Played(std::string_view iccs) {
  RecordedMove move;
  move.move = *ParseIccs(iccs);
  return move;
}

// Everything a record can hold.
GameRecord FullRecord() {
  GameRecord record;
  record.tags = {{"Event", "Friday \"blitz\" \\ evening"},
                 {"Date", "2024.05.01"},
                 {"Red", "张三"},
                 {"Black", "Li"},
                 {"TimeControl", "600+5"},
                 {"Rules", "axf-lite-1"},
                 {"Opening", ""}};
  record.comment = "before";
  record.moves = {Played("h2e2"), Played("h9g7"), Played("h0g2")};
  record.moves[0].at_ms = 1900;
  record.moves[0].charged_ms = 1250;
  record.moves[1].charged_ms = 7;
  record.moves[1].comment = "quiet; (fine)";
  record.moves[2].comment = "the last";
  record.outcome = LostBy(Color::kBlack, Reason::kResignation);
  return record;
}

constexpr std::string_view kFullPgn =
    R"([Game "Chinese Chess"]
[Event "Friday \"blitz\" \\ evening"]
[Date "2024.05.01"]
[Red "张三"]
[Black "Li"]
[Result "1-0"]
[Termination "resignation"]
[TimeControl "600+5"]
[Rules "axf-lite-1"]
[Opening ""]
[Format "WXF"]
 {before}
  1. C2=5 {[%at 1.900] [%emt 1.250]}
  1. ... H8+7 {[%emt 0.007] quiet; (fine)}
  2. H2+3 {the last}
  1-0
)";

TEST(PgnTest, WritesWhatTheHeaderShows) {
  EXPECT_EQ(FormatPgn(FullRecord(), {.notation = Notation::kWxf}), kFullPgn);
  GameRecord record;
  record.start = *ParseFen("3k5/9/9/9/9/9/4R4/9/9/4K4 b - - 3 40");
  record.moves = {Played("d9d8"), Played("e3e9")};
  EXPECT_EQ(FormatPgn(record), R"([Game "Chinese Chess"]
[Result "*"]
[Format "Chinese"]
[FEN "3k5/9/9/9/9/9/4R4/9/9/4K4 b - - 3 40"]
 40. ... 将４进１
 41. 车五进六
  *
)");
}

TEST(PgnTest, RecordsComeBackInEveryNotation) {
  const GameRecord record = FullRecord();
  for (const Notation notation :
       {Notation::kIccs, Notation::kWxf, Notation::kChinese,
        Notation::kTraditionalChinese}) {
    const absl::StatusOr<GameRecord> again =
        ParsePgn(FormatPgn(record, {.notation = notation}));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(*again, record);
  }
}

TEST(PgnTest, TimesMayBeLeftOut) {
  const std::string text = FormatPgn(FullRecord(), {.times = false});
  EXPECT_EQ(text.find("[%"), text.npos);
  EXPECT_NE(text.find("{quiet; (fine)}"), text.npos);
}

GameRecord RandomRecord(uint32_t seed) {
  Game game;
  std::mt19937 random(seed);
  while (!game.outcome().over() && game.size() < 150) {
    MoveList legal;
    GenerateLegalMoves(game.position(), &legal);
    EXPECT_TRUE(game.Play(legal[random() % legal.size()]).ok());
  }
  return RecordGame(game);
}

TEST(RecordTest, RandomGamesComeBackInEveryForm) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const GameRecord record = RandomRecord(seed);
    for (const Notation notation :
         {Notation::kIccs, Notation::kWxf, Notation::kChinese}) {
      const absl::StatusOr<GameRecord> again =
          ParsePgn(FormatPgn(record, {.notation = notation}));
      ASSERT_TRUE(again.ok()) << again.status();
      ASSERT_EQ(*again, record);
    }
    const absl::StatusOr<GameRecord> again =
        ParseRecordJson(FormatRecordJson(record));
    ASSERT_TRUE(again.ok()) << again.status();
    ASSERT_EQ(*again, record);
    const Game replayed = ReplayGame(record);
    EXPECT_EQ(replayed.size(), record.moves.size());
    EXPECT_EQ(replayed.outcome(), record.outcome);
  }
}

TEST(PgnTest, ReadsWhatOthersWrite) {
  // The manner of xqbase: moves wrapped, numbers that stick, variations, annotations,
  // a second game after the first.
  const absl::StatusOr<GameRecord> record = ParsePgn(
      "\xef\xbb\xbf[Game \"Chinese Chess\"]\r\n[Red \"甲\"]\r\n"
      "[Result \"0-1\"]\r\n[Format \"Chinese\"]\r\n"
      "{A comment\r\nof two lines}\r\n"
      "  1.炮二平五 (1.兵七进一 {not ) this} (1.相三进五)) 马８进７ ; the "
      "horse\r\n"
      "  2. 马二进三 $14 {first} {second}\r\n"
      "  2. ... R9=8\r\n"
      "  3. H2-E2?\r\n");
  ASSERT_FALSE(record.ok());
  EXPECT_EQ(
      record.status().message(),
      "PGN, line 10: \"H2-E2?\" is no move; write h2e2, C2=5 or 炮二平五");
  const absl::StatusOr<GameRecord> good = ParsePgn(
      "[Red \"甲\"]\n[Result \"0-1\"]\n{A comment\nof two lines}\n"
      "  1.炮二平五 (1.兵七进一 {not ) this} (1.相三进五)) 马８进７ ; the "
      "horse\n"
      "  2. 马二进三 $14 {first} {second}\n"
      "  2. ... R9=8\n"
      "  3. I0-H0 0-1\n"
      "[Red \"another game\"]\n1. nonsense");
  ASSERT_TRUE(good.ok()) << good.status();
  EXPECT_EQ(good->Tag("Red"), "甲");
  EXPECT_EQ(good->comment, "A comment of two lines");
  ASSERT_EQ(good->moves.size(), 5u);
  EXPECT_EQ(good->moves[1].comment, "the horse");
  EXPECT_EQ(good->moves[2].comment, "first second");
  EXPECT_EQ(FormatIccs(good->moves[4].move), "i0h0");
  EXPECT_EQ(good->outcome, (Outcome{Result::kBlackWins, Reason::kNone}));
}

TEST(PgnTest, ASoldiersMoveInWxfIsNoMoveNumber) {
  const absl::StatusOr<GameRecord> record = ParsePgn(
      "[FEN \"4k4/9/6P2/2P3P2/2P3P2/9/9/9/9/3K5 w\"]\n1. 33.4 1...K5+1 2.7+.6");
  ASSERT_TRUE(record.ok()) << record.status();
  ASSERT_EQ(record->moves.size(), 3u);
  EXPECT_EQ(FormatIccs(record->moves[0].move), "g6f6");
  EXPECT_EQ(FormatIccs(record->moves[2].move), "c6d6");
}

struct BadText {
  std::string text;
  std::string_view why;
};

TEST(PgnTest, WrongTextsAreRefusedWithTheLine) {
  const BadText cases[] = {
      {"[Red]", "line 1: a tag is [Name \"value\"]"},
      {"[Red ]", "line 1: the value of tag Red is not quoted"},
      {"[Red \"x\n", "line 1: the value of tag Red is not quoted"},
      {"[Red \"x\"", "line 1: tag Red does not end"},
      {"[R-d \"x\"]", "a tag is [Name \"value\"]"},
      {"[Red \"x\"]\n[Red \"y\"]", "line 2: tag Red is there twice"},
      {"[Game \"Chess\"]", "it is a game of \"Chess\""},
      {"[FEN \"9\"]", "FEN: it has a board"},
      {"[FEN \"4k4/9/9/9/9/9/9/9/9/4K4 w\"]", "the generals face"},
      {"[Result \"2-0\"]", "\"2-0\" is no result"},
      {"[Result \"1-0\"]\n1. C2=5 0-1", "the tag says 1-0 and the end 0-1"},
      {"1. C2=5 {open", "line 1: a comment does not end"},
      {"1. C2=5\n(H8+7", "a variation does not end"},
      {"1. C2=5 ({)", "a comment does not end"},
      {"1. C2=5\nC2=5\nC5+9", "line 3: \"C5+9\": Red has no such move"},
      {"1. C2=5 nonsense", "is no move"},
      {"1. h2e3", "h2e3: a cannon goes along lines"},
      {"\xc5\xda", "not UTF-8"},
      {std::string(kMaxRecordBytes + 1, ' '), "more than 1048576 bytes"},
  };
  for (const auto& [text, why] : cases) {
    const absl::StatusOr<GameRecord> record = ParsePgn(text);
    ASSERT_FALSE(record.ok()) << text;
    EXPECT_THAT(record.status().message(), HasSubstr(why));
  }
}

TEST(PgnTest, GamesAndTagListsAreBounded) {
  std::string tags;
  for (size_t i = 0; i <= kMaxRecordTags; ++i) {
    absl::StrAppend(&tags, "[T", i, " \"\"]\n");
  }
  EXPECT_THAT(ParsePgn(tags).status().message(), HasSubstr("256 tags"));
  std::string moves = "[FEN \"4k4/9/9/9/9/9/9/9/9/3K4R w\"]";
  for (size_t i = 0; i <= kMaxRecordedPlies / 4; ++i) {
    absl::StrAppend(&moves, " i0i1 e9e8 i1i0 e8e9");
  }
  EXPECT_THAT(ParsePgn(moves).status().message(), HasSubstr("4096 moves"));
}

TEST(PgnTest, WhatItCannotHoldIsReplaced) {
  GameRecord record;
  record.tags = {{"Red", "two\nlines"}};
  record.moves = {Played("h2e2")};
  record.moves[0].comment = "a } brace";
  const absl::StatusOr<GameRecord> again = ParsePgn(FormatPgn(record));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->Tag("Red"), "two lines");
  EXPECT_EQ(again->moves[0].comment, "a ) brace");
}

TEST(PgnTest, NothingThatATerminalWouldObeyGetsOut) {
  GameRecord record;
  record.tags = {{"Red", "a\x1b[2Jb"}};
  record.comment = "c\u009bd";
  record.moves = {Played("h2e2")};
  record.moves[0].comment = "e\ff";
  const std::string text = FormatPgn(record);
  EXPECT_THAT(text, HasSubstr("\"a [2Jb\""));
  EXPECT_THAT(text, HasSubstr("{c d}"));
  EXPECT_THAT(text, HasSubstr("{e f}"));
}

TEST(RecordJsonTest, WritesWhatTheHeaderShows) {
  EXPECT_EQ(
      FormatRecordJson(FullRecord()),
      R"({"format":"chinese-chess-game-1","tags":{"Event":"Friday \"blitz\" \\ )"
      R"(evening","Date":"2024.05.01","Red":"张三","Black":"Li",)"
      R"("TimeControl":"600+5","Rules":"axf-lite-1","Opening":""},)"
      R"("start":"rnbakabnr/9/1c5c1/p1p1p1p1p/9/9/P1P1P1P1P/1C5C1/9/RNBAKABNR w )"
      R"(- - 0 1","comment":"before","moves":[{"move":"h2e2","at_ms":1900,)"
      R"("charged_ms":1250},{"move":"h9g7","charged_ms":7,)"
      R"json("comment":"quiet; (fine)"},{"move":"h0g2","comment":"the last"}],)json"
      R"("result":"1-0","reason":"resignation"})");
}

TEST(RecordJsonTest, RecordsComeBack) {
  GameRecord record = FullRecord();
  record.moves[0].comment = "} \n \x01 any";
  const absl::StatusOr<GameRecord> again =
      ParseRecordJson(FormatRecordJson(record));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, record);
}

TEST(RecordJsonTest, TheOrderOfKeysDoesNotMatter) {
  const absl::StatusOr<GameRecord> record = ParseRecordJson(
      R"({"result":"*", "moves":[{"charged_ms":5,"move":"e9d9"}],
          "start":"4k4/9/9/9/9/9/9/9/9/5K3 b", "format":"chinese-chess-game-1"})");
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->moves[0].charged_ms, 5);
}

TEST(RecordJsonTest, WrongTextsAreRefused) {
  const auto with = [](std::string_view members) {
    return absl::StrCat(
        R"({"format":"chinese-chess-game-1","result":"*","moves":[])", members,
        "}");
  };
  ASSERT_TRUE(ParseRecordJson(with("")).ok());
  const BadText cases[] = {
      {"", "here should be {"},
      {"{}", "there is no \"format\""},
      {R"({"format":"pgn"})", "the format is not"},
      {R"({"format":"chinese-chess-game-1","moves":[]})",
       "there is no \"result\""},
      {with(R"(,"result":"*")"), "\"result\" is there twice"},
      {with(R"(,"colour":"red")"), "there is no key \"colour\""},
      {with(R"(,"reason":"luck")"), "\"luck\" is no reason"},
      {with(R"(,"start":"9 w")"), "FEN:"},
      {with(R"(,"tags":{"FEN":"x"})"), "there is no key \"FEN\""},
      {with(R"(,"tags":{"a b":"x"})"), "there is no key"},
      {with(R"(,"tags":{"Red":"","Red":""})"), "\"Red\" is there twice"},
      {with(R"(,"tags":{"Red":1})"), "here should be \""},
      {with("} x"), "something follows"},
      {R"({"format":"chinese-chess-game-1","result":"*","moves":[{}]})",
       "a move without \"move\""},
      {R"({"format":"chinese-chess-game-1","result":"*","moves":[{"move":"x"}]})",
       "\"x\" is no move"},
      {R"({"format":"chinese-chess-game-1","result":"*",)"
       R"("moves":[{"move":"h2e2"},{"move":"h2e2"}]})",
       "move 2: h2e2: there is no piece on h2"},
      {R"({"format":"chinese-chess-game-1","result":"*",)"
       R"("moves":[{"move":"h2e2","at_ms":-1}]})",
       "no such time"},
      {R"({"format":"chinese-chess-game-1","result":"*",)"
       R"("moves":[{"move":"h2e2","at_ms":1.5}]})",
       "an integer"},
      {std::string(kMaxRecordBytes + 1, ' '), "more than"},
  };
  for (const auto& [text, why] : cases) {
    const absl::StatusOr<GameRecord> record = ParseRecordJson(text);
    ASSERT_FALSE(record.ok()) << text;
    EXPECT_THAT(record.status().message(), HasSubstr(why)) << text;
  }
}

TEST(RecordTest, TagsAreSetOnce) {
  GameRecord record;
  record.SetTag("Red", "a");
  record.SetTag("Red", "b");
  EXPECT_EQ(record.tags.size(), 1u);
  EXPECT_EQ(record.Tag("Red"), "b");
  EXPECT_EQ(record.Tag("Black"), "");
  EXPECT_TRUE(IsTagName("TimeControl"));
  EXPECT_FALSE(IsTagName(""));
  EXPECT_FALSE(IsTagName("a b"));
  EXPECT_TRUE(IsFieldTag("FEN"));
}

}  // namespace
}  // namespace chinese_chess
