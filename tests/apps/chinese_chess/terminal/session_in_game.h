// A session of the terminal, in a game as Red and before the first move; the test is the
// server and the user.
//
//   class Playing : public SessionInGame { protected: Playing() : SessionInGame(true) {} };
//   TEST_F(Playing, Resigns) {
//     User("resign");
//     EXPECT_THAT(session_.TakeToServer(), HasSubstr("resign"));
//   }
#ifndef TESTS_APPS_CHINESE_CHESS_TERMINAL_SESSION_IN_GAME_H_
#define TESTS_APPS_CHINESE_CHESS_TERMINAL_SESSION_IN_GAME_H_

#include <string_view>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/terminal/session.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

class SessionInGame : public ::testing::Test {
 protected:
  static constexpr kingpin::MonotonicTime kNow{1'000'000'000};

  explicit SessionInGame(bool script)
      : session_({.name = "Zhang", .script = script}) {
    session_.OnConnected();
    Server(R"({"t":"welcome","name":"Zhang","token":"T","games":[]})");
    User("pool 5+3");
    EXPECT_THAT(session_.TakeToServer(), ::testing::HasSubstr(R"("t":"pool")"));
    Server(R"({"t":"paired","game":"g","you":"red"})");
    EXPECT_THAT(
        session_.TakeToServer(),
        ::testing::HasSubstr(R"("t":"join","game":"g","id":"join g"})"));
    Server(absl::StrCat(
        R"({"t":"game","game":"g","v":1,"you":"red","control":"5+3",)",
        R"("red":{"name":"Zhang","online":true,"left_ms":300000},)",
        R"("black":{"name":"Li","online":true,"left_ms":300000},)",
        R"("fen":")", kStartFen,
        R"(","moves":[],"result":"*","reason":"none"})"));
    session_.TakeToScreen();
  }
  void Server(std::string_view line) { session_.OnServerLine(line, kNow); }
  void User(std::string_view line) { session_.OnUserLine(line, kNow); }

  Session session_;
};

inline constexpr std::string_view kRedMoves =
    R"({"t":"move","game":"g","v":2,"by":"red","ply":0,"move":"h2e2"})";
inline constexpr std::string_view kBlackMoves =
    R"({"t":"move","game":"g","v":3,"by":"black","ply":1,"move":"h9g7"})";

}  // namespace chinese_chess

#endif  // TESTS_APPS_CHINESE_CHESS_TERMINAL_SESSION_IN_GAME_H_
