#include "tests/apps/chinese_chess/server/test_player.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace chinese_chess {

std::string Field(std::string_view message, std::string_view key) {
  const std::string quoted = absl::StrCat("\"", key, "\":");
  const size_t at = message.find(quoted);
  if (at == message.npos) return "";
  std::string_view rest = message.substr(at + quoted.size());
  if (!rest.empty() && rest.front() == '"') {
    rest.remove_prefix(1);
    return std::string(rest.substr(0, rest.find('"')));
  }
  return std::string(rest.substr(0, rest.find_first_of(",}]")));
}

TestPlayer::TestPlayer(uint16_t port)
    : client_(kingpin::testing::TestClient::Connect(port)) {}

void TestPlayer::Say(std::string_view message) {
  client_.Send(absl::StrCat(message, "\n"));
}

void TestPlayer::Hello(std::string_view name, std::string_view token) {
  std::string hello = R"({"t":"hello")";
  if (!name.empty()) absl::StrAppend(&hello, R"(,"name":")", name, "\"");
  if (!token.empty()) absl::StrAppend(&hello, R"(,"token":")", token, "\"");
  Say(hello + "}");
  welcome_ = Next("welcome");
  name_ = Field(welcome_, "name");
  token_ = Field(welcome_, "token");
  id_ = Field(welcome_, "player");
}

std::string TestPlayer::ReadLine() {
  std::string line;
  while (true) {
    const std::string c = client_.Read(1);
    if (c.empty()) return "";
    if (c == "\n") return line;
    line += c;
  }
}

std::string TestPlayer::Next() {
  while (true) {
    std::string line = ReadLine();
    const std::string type = Field(line, "t");
    if (type != "ping") {
      // Only what is about a game has a version.
      const std::string version = Field(line, "v");
      if (!version.empty()) {
        EXPECT_TRUE(absl::SimpleAtoi(version, &version_));
      }
      return line;
    }
    last_ping_ = Field(line, "n");
    if (answers_pings_) {
      Say(absl::StrCat(R"({"t":"pong","n":)", last_ping_, "}"));
    }
  }
}

std::string TestPlayer::Next(std::string_view type) {
  while (true) {
    std::string line = Next();
    if (line.empty() || Field(line, "t") == type) return line;
    skipped_.push_back(std::move(line));
  }
}

void TestPlayer::Join(std::string_view game, std::string_view extra) {
  Say(absl::StrCat(R"({"t":"join","game":")", game, "\"", extra, "}"));
}

void TestPlayer::Move(std::string_view game, size_t ply, std::string_view move,
                      std::string_view id) {
  Say(absl::StrCat(R"({"t":"move","game":")", game, R"(","ply":)", ply,
                   R"(,"move":")", move, R"(","id":")", id, "\"}"));
}

std::string TestPlayer::Ask(std::string_view type, std::string_view game,
                            std::string_view extra) {
  Say(absl::StrCat(R"({"t":")", type, R"(","game":")", game, "\"", extra, "}"));
  while (true) {
    std::string line = Next();
    if (line.empty()) return "nothing";
    const std::string answer = Field(line, "t");
    const bool is_answer = answer == "ok" || answer == "error";
    if (is_answer && Field(line, "re") == type) {
      return answer == "ok" ? answer : Field(line, "code");
    }
    skipped_.push_back(std::move(line));
  }
}

void TestPlayer::Reconnect(uint16_t port) {
  client_ = kingpin::testing::TestClient::Connect(port);
  skipped_.clear();
  Hello(name_, token_);
}

PairOfPlayers Pair(uint16_t port, std::string_view control, bool casual) {
  TestPlayer host(port);
  TestPlayer guest(port);
  host.Hello("Zhang");
  guest.Hello("Li");
  host.Say(absl::StrCat(R"({"t":"room","control":")", control,
                        R"(","color":"red","casual":)",
                        casual ? "true" : "false", "}"));
  const std::string code = Field(host.Next("waiting"), "code");
  guest.Say(absl::StrCat(R"({"t":"enter","code":")", code, "\"}"));
  const std::string game = Field(host.Next("paired"), "game");
  EXPECT_EQ(Field(guest.Next("paired"), "game"), game);
  host.Join(game);
  EXPECT_EQ(Field(host.Next("game"), "you"), "red");
  host.Next("presence");
  guest.Join(game);
  EXPECT_EQ(Field(guest.Next("game"), "you"), "black");
  guest.Next("presence");
  host.Next("presence");
  return {game, std::move(host), std::move(guest)};
}

PairOfPlayers PairInPool(uint16_t port) {
  TestPlayer a(port);
  TestPlayer b(port);
  a.Hello("Zhang");
  b.Hello("Li");
  a.Say(R"({"t":"pool","control":"5+3","id":"7"})");
  EXPECT_EQ(Field(a.Next("waiting"), "id"), "7");
  b.Say(R"({"t":"pool","control":"5+3"})");
  const std::string paired = a.Next("paired");
  const std::string game = Field(paired, "game");
  EXPECT_EQ(Field(b.Next("paired"), "game"), game);
  PairOfPlayers pair = Field(paired, "you") == "red"
                           ? PairOfPlayers{game, std::move(a), std::move(b)}
                           : PairOfPlayers{game, std::move(b), std::move(a)};
  pair.red.Join(game);
  pair.black.Join(game);
  EXPECT_EQ(Field(pair.red.Next("game"), "turn"), "red");
  EXPECT_EQ(Field(pair.black.Next("game"), "you"), "black");
  return pair;
}

void Play(PairOfPlayers& pair, size_t ply, std::string_view moves) {
  for (const std::string_view move : absl::StrSplit(moves, ' ')) {
    TestPlayer& mover = ply % 2 == 0 ? pair.red : pair.black;
    mover.Move(pair.game, ply, move);
    for (TestPlayer* player : {&pair.red, &pair.black}) {
      const std::string event = player->Next("move");
      ASSERT_EQ(Field(event, "ply"), absl::StrCat(ply)) << event;
      ASSERT_EQ(Field(event, "move"), move) << event;
    }
    ++ply;
  }
}

}  // namespace chinese_chess
