// Session: the terminal client without terminal, socket and clock: lines of the user's and
// of the server's go in, text and messages come out.
//
// It keeps what a lost connection must not lose: the token, the game and its last version,
// the move that the server has not acknowledged, and what it waits for in the lobby. All
// of it is said again on the next connection; and without which there would be no game, a
// while after the server was too busy for it.
//
// A script (SessionOptions::script) is read one command at a time, as ScriptGate has it:
// so it is a list of moves and needs no times.
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

#include "apps/chinese_chess/client/game_model.h"
#include "apps/chinese_chess/client/json_object.h"
#include "apps/chinese_chess/rules/game.h"
#include "apps/chinese_chess/rules/notation.h"
#include "apps/chinese_chess/server/message_writer.h"
#include "apps/chinese_chess/terminal/board_view.h"
#include "apps/chinese_chess/terminal/command.h"
#include "apps/chinese_chess/terminal/lobby_lists.h"
#include "apps/chinese_chess/terminal/replay.h"
#include "apps/chinese_chess/terminal/script_gate.h"
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
  // It is lost, or there is none. Said once for each reason.
  void OnDisconnected(std::string_view why);
  // Without the line feed.
  void OnServerLine(std::string_view line, kingpin::MonotonicTime now);
  void OnUserLine(std::string_view line, kingpin::MonotonicTime now);

  // The next line of the user's can be taken.
  bool ready() const {
    return !quit_ && (!options_.script || (welcomed_ && gate_.open()));
  }
  // The program is to end, with this code: 0, or 3 if something was refused.
  bool quit() const { return quit_; }
  int exit_code() const { return errors_ > 0 ? 3 : 0; }
  // The connection is to be made anew, to say hello by another name.
  bool TakeReconnect() { return std::exchange(reconnect_, false); }
  // The server was busy: AskAgain() is to be called in a second.
  bool TakeAskLater() { return std::exchange(ask_later_, false); }
  void AskAgain();
  bool welcomed() const { return welcomed_; }
  const std::string& token() const { return options_.token; }
  const std::string& name() const { return options_.name; }

  std::string TakeToServer() { return std::exchange(to_server_, {}); }
  std::string TakeToScreen() { return std::exchange(to_screen_, {}); }

 private:
  // What a move was sent as, until its event comes.
  struct SentMove {
    size_t ply;
    std::string move;
    std::string after;  // The move before it; empty: it is the first.
    std::string id;
  };
  // A message that waits in the lobby: pool, seek, room or enter.
  struct Waiting {
    std::string type;
    std::string id;
    std::string message;
    bool replaces;          // Something else was waited for.
    bool accepted = false;  // Until then, the server may still have that.
  };

  // What the server was too busy for, on this connection.
  struct Again {
    bool hello = false;
    bool join = false;
    bool wait = false;
    bool cancel = false;
  };

  // --- Out ---
  void Say(std::string_view line);
  void SayAll(const std::vector<std::string>& lines);
  void SayError(std::string_view code, std::string_view text);
  void Send(std::string_view message);
  // Sends it with an id by which the answer is known; `answer`: or by this type, if it has
  // no id. Returned is what was sent; empty: there is no connection, which was said.
  std::string Ask(MessageWriter message, std::string_view answer = "");
  void AskFor(std::string_view type, std::string_view key = "",
              std::string_view value = "");
  bool AskOfGame(std::string_view type, std::string_view key = "",
                 std::string_view value = "");
  // As Ask(), for a message that is to bring about a game; and for one that may be said
  // on each connection until it has.
  std::string AskForGame(MessageWriter message);
  void WaitForGame(std::string_view type, MessageWriter message);
  void CancelWait();
  // For a game begins here; said to the server.
  void EndWait();
  // With the version that is known of the game, if any.
  void SendJoin();
  void SendJoinAnew();
  void SendMove();

  // --- From the server ---
  void Welcome(const JsonObject& message);
  void Error(const JsonObject& message);
  // Whether it was the hello, which has been said again.
  bool HelloRefused(const JsonObject& message);
  // Ends the wait, if it is that that was refused.
  void WaitRefused(std::string_view re, std::string_view id);
  void NotJoined(std::string_view code);
  void EndExpectation(std::string_view id);
  void ForgetSentMove();
  void RematchTold();
  void BeginRematch(std::string game);
  // Whether the error says no more than that something is to be said again later.
  bool Busy(const JsonObject& message);
  void AskLater(bool Again::*what, const JsonObject& message);
  void NotPaired(const JsonObject& message);
  void Waits(const JsonObject& message);
  void Paired(const JsonObject& message);
  void ShowRecord(const JsonObject& message);
  void OfGame(const JsonObject& message, kingpin::MonotonicTime now);
  void Changed(GameModel::Change change, const JsonObject& message,
               kingpin::MonotonicTime now);
  void Told(const JsonObject& message, kingpin::MonotonicTime now);
  void Moved(kingpin::MonotonicTime now);

  // --- The game ---
  // The one that is followed from now on, and no other. It is to be joined.
  void Follow(std::string_view game);
  void Leave();
  void Forget();
  ScriptGate::View View() const;
  // Not while a move is on its way.
  bool IsMyTurn() const {
    return game_->is_my_turn() && !sent_move_.has_value();
  }

  // --- From the user ---
  void Run(const Command& command, kingpin::MonotonicTime now);
  // Each returns whether the command was its own.
  bool Meet(const Command& command);
  bool Play(const Command& command);
  void Look(const Command& command, kingpin::MonotonicTime now);
  void Begin(const Command& command, std::string_view type);
  void Watch(std::string_view game);
  void MoveBy(std::string_view text);
  void Resign();
  void OfferRematch();
  void Decline(std::string_view offer);
  void Claim(bool draw);
  void StepReplay(Command::Verb verb);
  void Export(std::string_view format);

  // --- What there is to see ---
  // The replay's or the one that is followed; null: neither.
  const Game* ShownGame() const;
  void ShowBoard();
  void ShowMoves();
  void ShowClock(kingpin::MonotonicTime now);

  SessionOptions options_;
  std::string good_name_;  // That the server has welcomed last.
  bool welcomed_ = false;
  bool quit_ = false;
  bool reconnect_ = false;
  bool ask_later_ = false;
  bool busy_said_ = false;  // Once until something comes of it.
  Again again_;
  bool resign_asked_ = false;
  int errors_ = 0;
  std::string why_offline_;  // As it was said.
  std::string to_server_;
  std::string to_screen_;

  ScriptGate gate_;
  LobbyLists lists_;
  Replay replay_;
  std::optional<Waiting> waiting_;
  std::optional<GameModel> game_;
  std::optional<SentMove> sent_move_;
  std::string rematch_id_;  // Of the offer made in this game; empty: none.
  std::vector<std::string> left_;  // Games that are not to be come back to.
};

}  // namespace chinese_chess

#endif  // APPS_CHINESE_CHESS_TERMINAL_SESSION_H_
