// Session, what the user says: commands, and what there is to see.
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/game_record.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/terminal/game_text.h"
#include "apps/chinese_chess/terminal/session.h"

namespace chinese_chess {

using kingpin::MonotonicTime;

namespace {

// Without times, which the archive's has.
GameRecord RecordOf(const GameModel& game) {
  GameRecord record = RecordGame(game.game());
  record.SetTag("Red", game.side(Color::kRed).name);
  record.SetTag("Black", game.side(Color::kBlack).name);
  record.SetTag("TimeControl", game.control());
  record.outcome = game.outcome();
  return record;
}

}  // namespace

void Session::OnUserLine(std::string_view line, MonotonicTime now) {
  const absl::StatusOr<Command> command = ParseCommand(line);
  if (!command.ok()) return SayError("command", command.status().message());
  if (options_.script && gate_.Hold(*command, View())) return;
  Run(*command, now);
}

void Session::Run(const Command& command, MonotonicTime now) {
  if (command.verb != Command::kResign) resign_asked_ = false;
  if (!Meet(command) && !Play(command)) Look(command, now);
}

// Who plays whom, and who is here.
bool Session::Meet(const Command& command) {
  const std::string& argument = command.argument;
  switch (command.verb) {
    case Command::kName:
      options_.name = argument;
      reconnect_ = true;
      welcomed_ = false;
      return true;
    case Command::kPool:
      Begin(command, "pool");
      return true;
    case Command::kSeek:
      Begin(command, "seek");
      return true;
    case Command::kRoom:
      Begin(command, "room");
      return true;
    case Command::kBot:
      Begin(command, "bot");
      return true;
    case Command::kLobby:
      Ask(MessageWriter("lobby"), "lobby");
      return true;
    case Command::kAccept: {
      MessageWriter message("accept");
      message.Add("seek", lists_.Seek(argument));
      AskForGame(std::move(message));
      return true;
    }
    case Command::kJoin: {
      MessageWriter message("enter");
      message.Add("code", argument);
      WaitForGame("enter", std::move(message));
      return true;
    }
    case Command::kCancel:
      if (waiting_.has_value()) gate_.Refused(waiting_->id);
      waiting_.reset();
      AskFor("cancel");
      return true;
    case Command::kGames:
      AskFor("games");
      return true;
    case Command::kHistory: {
      MessageWriter message("history");
      if (argument == "mine") message.Add("mine", true);
      Ask(std::move(message));
      return true;
    }
    case Command::kReplay:
      AskFor("record", "game", lists_.Finished(argument));
      return true;
    case Command::kWatch:
      Watch(lists_.Game(argument));
      return true;
    case Command::kQuit:
      quit_ = true;
      return true;
    default:
      return false;
  }
}

// What the opponent hears of.
bool Session::Play(const Command& command) {
  switch (command.verb) {
    case Command::kMove:
      MoveBy(command.argument);
      return true;
    case Command::kResign:
      Resign();
      return true;
    case Command::kDraw:
      AskOfGame("offer", "offer", "draw");
      return true;
    case Command::kTakeback:
      AskOfGame("offer", "offer", "takeback");
      return true;
    case Command::kRematch:
      OfferRematch();
      return true;
    case Command::kDecline:
      Decline(command.argument);
      return true;
    case Command::kAbort:
      AskOfGame("abort");
      return true;
    case Command::kClaim:
      Claim(command.argument == "draw");
      return true;
    case Command::kChat:
      AskOfGame("chat", "text", command.argument);
      return true;
    case Command::kLeave:
      if (AskOfGame("leave")) {
        left_.push_back(game_->id());
        Forget();
      }
      return true;
    default:
      return false;
  }
}

// What nobody else hears of.
void Session::Look(const Command& command, MonotonicTime now) {
  switch (command.verb) {
    case Command::kHelp:
      absl::StrAppend(&to_screen_, CommandHelp());
      return;
    case Command::kBoard:
      return ShowBoard();
    case Command::kMoves:
      return ShowMoves();
    case Command::kClock:
      return ShowClock(now);
    case Command::kFlip:
      options_.style.flipped = !options_.style.flipped;
      return ShowBoard();
    case Command::kLetters:
      options_.style.letters = !options_.style.letters;
      return ShowBoard();
    case Command::kNotation:
      options_.notation =
          ParseNotationName(command.argument).value_or(options_.notation);
      return;
    case Command::kFirst:
    case Command::kPrevious:
    case Command::kNext:
    case Command::kLast:
      return StepReplay(command.verb);
    case Command::kExport:
      return Export(command.argument);
    case Command::kLive:
      replay_.Hide();
      return ShowBoard();
    case Command::kWait:  // It is over, or there is nothing to wait for.
      if (!View().known) SayError("no_game", "there is no game to wait for");
      return;
    default:
      return;
  }
}

void Session::Begin(const Command& command, std::string_view type) {
  MessageWriter message(type);
  message.Add("control", command.control);
  if (command.casual) message.Add("casual", true);
  if (command.verb == Command::kBot) message.Add("level", command.level);
  if (command.color.has_value()) {
    message.Add("color", ColorWord(*command.color));
  }
  // Said twice the others are one wait; of the computer's games there would be two.
  if (command.verb != Command::kBot) {
    return WaitForGame(type, std::move(message));
  }
  AskForGame(std::move(message));
}

void Session::Watch(std::string_view game) {
  if (!welcomed_) return SayError("offline", "there is no connection just now");
  Follow(game);
  gate_.Ask("game");
  SendJoin();
}

void Session::MoveBy(std::string_view text) {
  if (!game_.has_value() || !game_->known()) {
    return SayError("command", absl::StrCat(QuoteText(text),
                                            " is no command, and there is no "
                                            "game to move in; try help"));
  }
  if (game_->outcome().over()) return SayError("game_over", "the game is over");
  if (!game_->you().has_value()) {
    return SayError("not_player", "you are watching this game");
  }
  if (!IsMyTurn()) return SayError("not_your_turn", "it is not your turn");
  const absl::StatusOr<Move> move = ParseMove(game_->game().position(), text);
  if (!move.ok()) return SayError("illegal_move", move.status().message());
  sent_move_ = SentMove{game_->game().size(), FormatIccs(*move),
                        game_->last_move(), gate_.Ask()};
  if (welcomed_) SendMove();
}

void Session::Resign() {
  const bool live = game_.has_value() && !game_->outcome().over();
  if (live && !options_.script && !std::exchange(resign_asked_, true)) {
    return Say("say resign once more to give this game up");
  }
  resign_asked_ = false;
  AskOfGame("resign");
}

void Session::OfferRematch() {
  if (!AskOfGame("offer", "offer", "rematch")) return;
  rematch_id_ = gate_.awaited_id();
  gate_.Expect(rematch_id_);
}

void Session::Decline(std::string_view offer) {
  if (!offer.empty()) {
    AskOfGame("decline", "offer", offer);
    return;
  }
  for (std::string_view any : {"draw", "takeback", "rematch"}) {
    if (game_.has_value() && game_->Offered(any).has_value()) {
      AskOfGame("decline", "offer", any);
      return;
    }
  }
  SayError("no_offer", "nothing is offered");
}

void Session::Claim(bool draw) {
  if (!draw || !game_.has_value()) {
    AskOfGame("claim");
    return;
  }
  MessageWriter message("claim");
  message.Add("game", game_->id());
  message.Add("draw", true);
  Ask(std::move(message));
}

void Session::StepReplay(Command::Verb verb) {
  if (!replay_.shown()) return SayError("no_record", "nothing is replayed");
  replay_.Step(verb);
  Say(replay_.Line(options_.notation));
  if (!options_.script) ShowBoard();
}

// What is looked at; else what was, last.
void Session::Export(std::string_view format) {
  if (!replay_.shown() && game_.has_value() && game_->known()) {
    to_screen_ += ExportRecord(RecordOf(*game_), format);
  } else if (replay_.loaded()) {
    to_screen_ += ExportRecord(replay_.record(), format);
  } else {
    SayError("no_record", "play, watch or replay a game first");
  }
}

// --- What there is to see ----------------------------------------------------------------

const Game* Session::ShownGame() const {
  if (replay_.shown()) return &replay_.game();
  return game_.has_value() && game_->known() ? &game_->game() : nullptr;
}

void Session::ShowBoard() {
  const Game* game = ShownGame();
  if (game == nullptr) return SayError("no_game", "there is no game here");
  const size_t ply = replay_.shown() ? replay_.ply() : game->size();
  BoardStyle style = options_.style;
  if (ply > 0) style.last = game->move(ply - 1);
  to_screen_ += DrawBoard(PositionAt(*game, ply), style);
}

void Session::ShowMoves() {
  const Game* game = ShownGame();
  if (game == nullptr) return SayError("no_game", "there is no game here");
  SayAll(MoveLines(*game, options_.notation));
}

void Session::ShowClock(MonotonicTime now) {
  if (!game_.has_value() || !game_->known()) {
    return SayError("no_game", "there is no game here");
  }
  Say(ClockLine(*game_, now));
}

}  // namespace chinese_chess
