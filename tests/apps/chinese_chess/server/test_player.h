// One who plays over the line protocol, on a real socket, for tests.
//
//   TestPlayer red(port);
//   red.Hello("Zhang");
//   red.Say(R"({"t":"pool","control":"5+3"})");
//   std::string game = Field(red.Next("paired"), "game");
#ifndef TESTS_APPS_CHINESE_CHESS_SERVER_TEST_PLAYER_H_
#define TESTS_APPS_CHINESE_CHESS_SERVER_TEST_PLAYER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/testing/test_client.h"

namespace chinese_chess {

// The value of a key, where it stands first: without the quotes if it is a string.
// Empty if it is not there.
std::string Field(std::string_view message, std::string_view key);

class TestPlayer {
 public:
  explicit TestPlayer(uint16_t port);

  // One line.
  void Say(std::string_view message);
  // Says hello, with a token if there is one, and takes note of the welcome.
  void Hello(std::string_view name = "", std::string_view token = "");

  // The next message of that type; others before it are in skipped(). Pings are
  // answered. Empty if none comes, or the connection ends.
  std::string Next(std::string_view type);
  // The next message of whatever type but ping.
  std::string Next();
  const std::vector<std::string>& skipped() const { return skipped_; }
  // Of the last event of a game that came.
  uint64_t version() const { return version_; }

  // As this player.
  void Join(std::string_view game, std::string_view extra = "");
  void Move(std::string_view game, size_t ply, std::string_view move,
            std::string_view id = "1");
  // What a command about a game comes to: "ok", or the code of the error.
  std::string Ask(std::string_view type, std::string_view game,
                  std::string_view extra = "");

  // Loses the connection and makes a new one, as the same player.
  void Reconnect(uint16_t port);
  void Disconnect() { client_.Close(); }
  bool WaitForEnd() { return client_.WaitForEnd(); }

  // The number of the last ping; empty: there was none.
  const std::string& last_ping() const { return last_ping_; }
  void set_answers_pings(bool answers) { answers_pings_ = answers; }
  const std::string& token() const { return token_; }
  const std::string& id() const { return id_; }
  const std::string& welcome() const { return welcome_; }

 private:
  std::string ReadLine();

  kingpin::testing::TestClient client_;
  std::vector<std::string> skipped_;
  bool answers_pings_ = true;
  std::string last_ping_;
  std::string name_;
  std::string token_;
  std::string id_;
  std::string welcome_;
  uint64_t version_ = 0;
};

// Two who have been paired, Red first, and have joined the game.
struct PairOfPlayers {
  std::string game;
  TestPlayer red;
  TestPlayer black;
};
PairOfPlayers Pair(uint16_t port, std::string_view control = "5+3",
                   bool casual = false);

// The same by the pool: a game that everybody may see.
PairOfPlayers PairInPool(uint16_t port);

// Plays them by turns from `ply` on; each waits for the other's to arrive.
void Play(PairOfPlayers& pair, size_t ply, std::string_view moves);

}  // namespace chinese_chess

#endif  // TESTS_APPS_CHINESE_CHESS_SERVER_TEST_PLAYER_H_
