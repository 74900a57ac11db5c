// Session: the terminal client without terminal, socket and clock: lines of the user's and
// of the server's go in, text and messages come out.
//
// It keeps what a lost connection must not lose: the token, the game and its last version,
// and the move that the server has not acknowledged. OnConnected() says all of it again.
//
// A script (SessionOptions::script) is read one command at a time: the next one when the
// last is answered; a move, and what else is about a game, waits for its turn. So a script
// is a list of moves and needs no times.
//
// Threads: one at a time for each object.
//
//   Session session({.name = "Zhang", .script = true});
//   session.OnConnected();
//   socket.Write(session.TakeToServer());         // {"t":"hello",...}
//   session.OnServerLine(line, now);
//   if (session.ready()) session.OnUserLine("bot 2", now);
//   std::cout << session.TakeToScreen();
#ifndef APPS_CHINESE_CHESS_TERMINAL_SESSION_H_
#define APPS_CHINESE_CHESS_TERMINAL_SESSION_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "apps/chinese_chess/client/game_model.h"
#include "apps/chinese_chess/client/json_object.h"
#include "apps/chinese_chess/rules/game_record.h"
#include "apps/chinese_chess/rules/notation.h"
#include "apps/chinese_chess/server/message_writer.h"
#include "apps/chinese_chess/terminal/board_view.h"
#include "apps/chinese_chess/terminal/command.h"
#include "kingpin/sys/clock.h"

namespace chinese_chess {

struct SessionOptions {
  std::string name;
  std::string token;
  // Lines for programs, no boards that nobody asked for; waits for answers; ends with the
  // first error unless it is to keep going.
  bool script = false;
  bool keep_going = false;
  BoardStyle style;
  Notation notation = Notation::kWxf;
};

class Session {
 public:
  explicit Session(SessionOptions options);

  // Begins what is to be sent on a new connection.
  void OnConnected();
  void OnDisconnected(std::string_view why);
  // Without the line feed.
  void OnServerLine(std::string_view line, kingpin::MonotonicTime now);
  void OnUserLine(std::string_view line, kingpin::MonotonicTime now);

  // The next line of the user's can be taken.
  bool ready() const {
    return !quit_ && (!options_.script ||
                      (welcomed_ && !held_.has_value() && awaited_id_.empty()));
  }
  // The program is to end, with this code: 0, or 3 if something was refused.
  bool quit() const { return quit_; }
  int exit_code() const { return errors_ > 0 ? 3 : 0; }
  // The connection is to be made anew, to say hello by another name.
  bool TakeReconnect() { return std::exchange(reconnect_, false); }
  bool welcomed() const { return welcomed_; }
  const std::string& token() const { return options_.token; }
  const std::string& name() const { return options_.name; }
  const std::optional<GameModel>& game() const { return game_; }

  std::string TakeToServer() { return std::exchange(to_server_, {}); }
  std::string TakeToScreen() { return std::exchange(to_screen_, {}); }

 private:
  enum class Held : bool { kNo, kYes };

  // What a move was sent as, until its event comes.
  struct SentMove {
    std::string game;
    size_t ply;
    std::string move;
    std::string after;  // The move before it; empty: it is the first.
    std::string id;
  };

  // --- Out ---
  // Control characters of others' are not the terminal's.
  void Say(std::string_view line);
  void SayError(std::string_view code, std::string_view text);
  void Send(MessageWriter message);
  // As Send(), with an id by which the answer is known. `type`: what the answer may be
  // that has no id.
  void Ask(std::string_view type, std::string_view answer = "",
           std::string_view key = "", std::string_view value = "");
  void AskWith(MessageWriter message, std::string_view answer);
  void AskOfGame(std::string_view type, std::string_view key = "",
                 std::string_view value = "");
  void SendJoin(std::string_view game, bool with_version);
  void SendMove(const SentMove& move);

  // --- From the server ---
  void Welcome(const JsonObject& message);
  void Error(const JsonObject& message);
  void Paired(const JsonObject& message);
  void ShowLobby(const JsonObject& message);
  void ShowGames(const JsonObject& message);
  void ShowHistory(const JsonObject& message);
  void ShowRecord(const JsonObject& message);
  void OfGame(const JsonObject& message, kingpin::MonotonicTime now);
  void ShowChange(GameModel::Change change, const JsonObject& message,
                  kingpin::MonotonicTime now);
  void ShowMove(const JsonObject& message, kingpin::MonotonicTime now);
  void ShowWhole(const JsonObject& message, kingpin::MonotonicTime now);
  void SettleAnswer(const JsonObject& message, std::string_view type);

  // --- From the user ---
  void Run(const Command& command, kingpin::MonotonicTime now);
  // Whether a script has to wait before it can do that.
  bool MustWait(const Command& command) const;
  // Not while a move is on its way.
  bool IsMyTurn() const {
    return game_->is_my_turn() && !sent_move_.has_value();
  }
  void RunHeld(kingpin::MonotonicTime now);
  void Begin(const Command& command, std::string_view type);
  void Look(const Command& command, kingpin::MonotonicTime now);
  void StepReplay(const Command& command);
  void Export(std::string_view format);
  void MoveBy(std::string_view text);
  void Resign();
  void Decline(std::string_view offer);
  void ShowBoard();
  void ShowMoves();
  void ShowClock(kingpin::MonotonicTime now);
  void SetNotation(std::string_view name);
  // What "3" of a list that was shown means; a text that is no number means itself.
  static std::string Pick(const std::vector<std::string>& list,
                          std::string_view text);
  std::string MoveText(const Position& before, Move move) const;

  SessionOptions options_;
  bool welcomed_ = false;
  bool quit_ = false;
  bool reconnect_ = false;
  bool resign_asked_ = false;
  int errors_ = 0;
  std::string to_server_;
  std::string to_screen_;

  int64_t last_id_ = 0;
  std::string awaited_id_;      // The script waits for the answer to this,
  std::string awaited_answer_;  // or for a message of this type.
  std::optional<Command> held_;
  size_t plies_before_wait_ = 0;

  std::optional<GameModel> game_;
  std::optional<SentMove> sent_move_;
  std::optional<Game> replay_;  // All of its moves.
  std::optional<GameRecord> record_;
  size_t replay_ply_ = 0;
  std::vector<std::string> seeks_, games_, finished_;  // As they were shown.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_SESSION_H_
