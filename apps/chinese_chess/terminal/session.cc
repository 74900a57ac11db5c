#include "apps/chinese_chess/terminal/session.h"

#include <algorithm>

#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/pgn.h"
#include "apps/chinese_chess/rules/quote.h"
#include "apps/chinese_chess/rules/record_json.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;
using Change = GameModel::Change;

std::string_view ColorWord(Color color) {
  return color == Color::kRed ? "red" : "black";
}

std::string OutcomeWords(const Outcome& outcome) {
  return absl::StrCat(ResultText(outcome.result), " ",
                      ReasonText(outcome.reason));
}

// "4:57", "0:09.5".
std::string ClockText(absl::Duration left) {
  const int64_t tenths = left / absl::Milliseconds(100);
  if (tenths >= 200) {
    return absl::StrFormat("%d:%02d", tenths / 600, tenths / 10 % 60);
  }
  return absl::StrFormat("0:%02d.%d", tenths / 10, tenths % 10);
}

Position PositionAt(const Game& game, size_t ply) {
  Position position = game.start();
  for (size_t i = 0; i < ply; ++i) position.Make(game.move(i));
  return position;
}

// "12.": of the pair; Black's is the same with dots.
std::string MoveNumber(size_t ply) {
  return absl::StrCat(ply / 2 + 1, ply % 2 == 0 ? "." : "...");
}

}  // namespace

Session::Session(SessionOptions options) : options_(std::move(options)) {}

// --- Out ---------------------------------------------------------------------------------

void Session::Say(std::string_view line) {
  while (!line.empty()) {
    const std::optional<char32_t> c = TakeUtf8(&line);
    const bool control =
        !c.has_value() || *c < 0x20 || (*c >= 0x7f && *c < 0xa0);
    AppendUtf8(control ? U'?' : *c, &to_screen_);
  }
  to_screen_ += '\n';
}

void Session::SayError(std::string_view code, std::string_view text) {
  Say(absl::StrCat("error ", code, ": ", text));
  ++errors_;
  if (options_.script && !options_.keep_going) quit_ = true;
}

void Session::Send(MessageWriter message) {
  absl::StrAppend(&to_server_, message.Take(), "\n");
}

void Session::AskWith(MessageWriter message, std::string_view answer) {
  if (!welcomed_) return SayError("offline", "there is no connection just now");
  awaited_id_ = absl::StrCat(++last_id_);
  awaited_answer_ = answer;
  message.Add("id", awaited_id_);
  Send(std::move(message));
}

void Session::Ask(std::string_view type, std::string_view answer,
                  std::string_view key, std::string_view value) {
  MessageWriter message(type);
  if (!key.empty()) message.Add(key, value);
  AskWith(std::move(message), answer);
}

void Session::AskOfGame(std::string_view type, std::string_view key,
                        std::string_view value) {
  if (!game_.has_value()) return SayError("no_game", "there is no game here");
  MessageWriter message(type);
  message.Add("game", game_->id());
  if (!key.empty()) message.Add(key, value);
  AskWith(std::move(message), "");
}

void Session::SendJoin(std::string_view game, bool with_version) {
  MessageWriter join("join");
  join.Add("game", game);
  if (with_version) join.Add("v", game_->version());
  Send(std::move(join));
}

void Session::SendMove(const SentMove& move) {
  MessageWriter message("move");
  message.Add("game", move.game);
  message.Add("ply", move.ply);
  message.Add("move", move.move);
  if (!move.after.empty()) message.Add("after", move.after);
  message.Add("id", move.id);
  Send(std::move(message));
}

// --- The connection ----------------------------------------------------------------------

void Session::OnConnected() {
  MessageWriter hello("hello");
  if (!options_.name.empty()) hello.Add("name", options_.name);
  if (!options_.token.empty()) hello.Add("token", options_.token);
  Send(std::move(hello));
  if (game_.has_value()) SendJoin(game_->id(), game_->known());
  if (sent_move_.has_value()) SendMove(*sent_move_);
}

void Session::OnDisconnected(std::string_view why) {
  to_server_.clear();
  if (std::exchange(welcomed_, false)) {
    Say(absl::StrCat("connection lost: ", why, "; coming back"));
  }
  // A move is said again; of the rest nobody knows whether it arrived.
  if (awaited_id_.empty() ||
      (sent_move_.has_value() && sent_move_->id == awaited_id_)) {
    return;
  }
  awaited_id_.clear();
  SayError("lost", "the connection ended before the answer");
}

// --- From the server ---------------------------------------------------------------------

void Session::OnServerLine(std::string_view line, MonotonicTime now) {
  const absl::StatusOr<JsonObject> message = JsonObject::Parse(line);
  if (!message.ok()) return SayError("server", message.status().message());
  const std::string type = message->Text("t");
  if (type == "ping") {
    MessageWriter pong("pong");
    pong.Add("n", message->Integer("n").value_or(0));
    Send(std::move(pong));
  } else if (type == "welcome") {
    Welcome(*message);
  } else if (type == "error") {
    Error(*message);
  } else if (type == "paired") {
    Paired(*message);
  } else if (type == "waiting") {
    const std::string code = message->Text("code");
    Say(code.empty() ? absl::StrCat("waiting ", message->Text("re"))
                     : absl::StrCat("room ", code));
  } else if (type == "lobby") {
    ShowLobby(*message);
    MessageWriter enough("lobby");  // Else it comes again with every change.
    enough.Add("on", false);
    Send(std::move(enough));
  } else if (type == "games") {
    ShowGames(*message);
  } else if (type == "history") {
    ShowHistory(*message);
  } else if (type == "record") {
    ShowRecord(*message);
  } else if (type == "restart") {
    Say("the server restarts");
  } else if (type != "ok" && type != "pong") {
    OfGame(*message, now);
  }
  SettleAnswer(*message, type);
  RunHeld(now);
}

void Session::SettleAnswer(const JsonObject& message, std::string_view type) {
  const std::string id = message.Text("id");
  // One that is accepted is not played until the event says so.
  if (type == "error" && sent_move_.has_value() && id == sent_move_->id) {
    sent_move_.reset();
  }
  if (awaited_id_.empty()) return;
  if (id == awaited_id_ || (!id.empty() && type == "error") ||
      (!awaited_answer_.empty() && type == awaited_answer_)) {
    awaited_id_.clear();
    awaited_answer_.clear();
  }
}

void Session::Welcome(const JsonObject& message) {
  welcomed_ = true;
  options_.token = message.Text("token");
  options_.name = message.Text("name");
  Say(absl::StrCat("welcome ", options_.name));
  // A game that another run of this program has left.
  const std::vector<std::string> games = message.Texts("games");
  if (game_.has_value() || games.empty()) return;
  game_.emplace(games.front());
  SendJoin(games.front(), false);
}

void Session::Error(const JsonObject& message) {
  const std::string code = message.Text("code");
  if (code == "bad_token") {
    // Another server, or its database is gone: a new guest, then.
    Say("the token is of no use here");
    options_.token.clear();
    game_.reset();
    sent_move_.reset();
    return OnConnected();
  }
  if (code == "no_game" && message.Text("re") == "join" && game_.has_value()) {
    // Not to be joined for ever. If the server was killed when it had written the end and
    // told nobody, the archive knows how the game ended.
    MessageWriter record("record");
    record.Add("game", game_->id());
    Send(std::move(record));
    game_.reset();
    sent_move_.reset();
  }
  SayError(code, message.Text("text"));
}

void Session::Paired(const JsonObject& message) {
  const std::string id = message.Text("game");
  const std::string you = message.Text("you");
  if (game_.has_value() && game_->id() != id) {
    MessageWriter leave("leave");
    leave.Add("game", game_->id());
    Send(std::move(leave));
  }
  if (!game_.has_value() || game_->id() != id) game_.emplace(id);
  replay_.reset();
  sent_move_.reset();
  options_.style.flipped = you == "black";
  Say(absl::StrCat("paired ", id, " ", you));
  SendJoin(id, false);
}

void Session::ShowLobby(const JsonObject& message) {
  Say(absl::StrCat("lobby: ", message.Integer("connections").value_or(0),
                   " here, ", message.Integer("games").value_or(0), " games"));
  for (const JsonObject& pool : message.Objects("pools")) {
    Say(absl::StrCat("pool ", pool.Text("control"), ": ",
                     pool.Integer("waiting").value_or(0), " waiting"));
  }
  seeks_.clear();
  for (const JsonObject& seek : message.Objects("seeks")) {
    seeks_.push_back(seek.Text("seek"));
    Say(absl::StrCat(seeks_.size(), " seek ", seeks_.back(), " ",
                     seek.Text("control"), seek.Flag("casual") ? " casual" : "",
                     " ", seek.Text("color"), " ",
                     seek.Object("player").Text("name")));
  }
}

void Session::ShowGames(const JsonObject& message) {
  Say(absl::StrCat("games: ", message.Integer("count").value_or(0)));
  games_.clear();
  for (const JsonObject& game : message.Objects("games")) {
    games_.push_back(game.Text("game"));
    Say(absl::StrCat(games_.size(), " game ", games_.back(), " ",
                     game.Object("red").Text("name"), " - ",
                     game.Object("black").Text("name"), ", ",
                     game.Text("control"), ", ",
                     game.Integer("plies").value_or(0), " plies, ",
                     game.Integer("viewers").value_or(0), " watching"));
  }
}

void Session::ShowHistory(const JsonObject& message) {
  finished_.clear();
  for (const JsonObject& game : message.Objects("games")) {
    finished_.push_back(game.Text("game"));
    Say(absl::StrCat(finished_.size(), " finished ", finished_.back(), " ",
                     game.Text("red"), " - ", game.Text("black"), " ",
                     game.Text("result"), " ", game.Text("reason"), ", ",
                     game.Integer("plies").value_or(0), " plies"));
  }
  if (finished_.empty()) Say("no game is over yet");
}

void Session::ShowRecord(const JsonObject& message) {
  absl::StatusOr<GameRecord> record = ParseRecordJson(message.Raw("record"));
  if (!record.ok()) return SayError("server", record.status().message());
  record_ = *std::move(record);
  replay_ = ReplayGame(*record_);
  replay_ply_ = 0;
  Say(absl::StrCat("record ", message.Text("game"), " ", record_->Tag("Red"),
                   " - ", record_->Tag("Black"), " ",
                   OutcomeWords(record_->outcome), ", ", replay_->size(),
                   " plies"));
  if (!options_.script) ShowBoard();
}

void Session::OfGame(const JsonObject& message, MonotonicTime now) {
  if (!game_.has_value() || message.Text("game") != game_->id()) return;
  const absl::StatusOr<Change> change = game_->Apply(message, now);
  if (!change.ok()) {
    SayError("server", change.status().message());
    return SendJoin(game_->id(), false);
  }
  if (*change == Change::kHole) return SendJoin(game_->id(), false);
  ShowChange(*change, message, now);
}

void Session::ShowChange(Change change, const JsonObject& message,
                         MonotonicTime now) {
  const std::string by = message.Text("by");
  switch (change) {
    case Change::kNothing:
    case Change::kHole:
    case Change::kSkip:
      return;
    case Change::kAll:
      return ShowWhole(message, now);
    case Change::kMove:
      return ShowMove(message, now);
    case Change::kOffer:
    case Change::kDecline:
      return Say(absl::StrCat(change == Change::kOffer ? "offer " : "decline ",
                              by, " ", message.Text("offer")));
    case Change::kTakeback:
      Say(absl::StrCat("takeback ", by, ", ", game_->game().size(),
                       " plies are left"));
      sent_move_.reset();
      return options_.script ? void() : ShowBoard();
    case Change::kPresence:
      if (message.Flag("online")) {
        return Say(absl::StrCat("presence ", by, " is here"));
      }
      return Say(absl::StrCat(
          "presence ", by, " is gone",
          game_->outcome().over()
              ? ""
              : absl::StrCat("; claim in ",
                             message.Integer("grace_ms").value_or(0) / 1000,
                             " s")));
    case Change::kChat:
      return Say(absl::StrCat("chat ", message.Text("name"), ": ",
                              message.Text("text")));
    case Change::kEnd:
      return Say(absl::StrCat("end ", OutcomeWords(game_->outcome())));
    case Change::kRematch:
      Say(absl::StrCat("rematch ", game_->next()));
      if (!game_->you().has_value()) return;
      game_.emplace(message.Text("next"));
      return SendJoin(game_->id(), false);
    case Change::kViewers:
      return options_.script ? void()
                             : Say(absl::StrCat("viewers ", game_->viewers()));
  }
}

void Session::ShowWhole(const JsonObject& message, MonotonicTime now) {
  const GameModel& game = *game_;
  options_.style.flipped = game.you() == Color::kBlack;
  if (sent_move_.has_value() && sent_move_->ply < game.game().size()) {
    sent_move_.reset();
  }
  Say(absl::StrCat(
      "game ", game.id(), " ", game.side(Color::kRed).name, " - ",
      game.side(Color::kBlack).name, ", ", game.control(),
      game.casual() ? ", casual" : "", ", ply ", game.game().size(), ", ",
      game.you().has_value() ? absl::StrCat("you are ", ColorWord(*game.you()))
                             : "watching"));
  if (const int64_t ms = message.Integer("delay_ms").value_or(0); ms > 0) {
    Say(absl::StrCat("delay ", absl::FormatDuration(absl::Milliseconds(ms))));
  }
  if (game.outcome().over()) {
    Say(absl::StrCat("end ", OutcomeWords(game.outcome())));
  }
  if (options_.script) return;
  ShowBoard();
  ShowClock(now);
}

std::string Session::MoveText(const Position& before, Move move) const {
  return FormatMove(before, move, options_.notation);
}

void Session::ShowMove(const JsonObject& message, MonotonicTime now) {
  const Game& game = game_->game();
  const size_t ply = game.size() - 1;
  const Move move = game.move(ply);
  if (sent_move_.has_value() && sent_move_->ply == ply) {
    // Known to have arrived, whatever becomes of its answer.
    if (awaited_id_ == sent_move_->id) awaited_id_.clear();
    sent_move_.reset();
  }
  const std::string warning = message.Text("warning");
  Say(absl::StrCat("move ", ply, " ", message.Text("by"), " ", FormatIccs(move),
                   " ", MoveText(PositionAt(game, ply), move),
                   game.gave_check(ply) ? " check" : "",
                   warning.empty()
                       ? ""
                       : absl::StrCat(" warning: once more ends it, ", warning,
                                      " ", message.Text("offender"))));
  if (options_.script || replay_.has_value()) return;
  ShowBoard();
  ShowClock(now);
}

// --- From the user -----------------------------------------------------------------------

void Session::OnUserLine(std::string_view line, MonotonicTime now) {
  const absl::StatusOr<Command> command = ParseCommand(line);
  if (!command.ok()) return SayError("command", command.status().message());
  plies_before_wait_ = game_.has_value() ? game_->game().size() : 0;
  if (options_.script && MustWait(*command)) {
    held_ = *command;
  } else {
    Run(*command, now);
  }
}

void Session::RunHeld(MonotonicTime now) {
  if (!held_.has_value() || !awaited_id_.empty() || MustWait(*held_)) return;
  const Command command = *std::exchange(held_, std::nullopt);
  Run(command, now);
}

bool Session::MustWait(const Command& command) const {
  const bool known = game_.has_value() && game_->known();
  const bool over = known && game_->outcome().over();
  const bool my_turn = known && IsMyTurn();
  switch (command.verb) {
    case Command::kMove:
      return !known || !(over || my_turn || !game_->you());
    case Command::kResign:
    case Command::kDraw:
    case Command::kTakeback:
    case Command::kAbort:
    case Command::kChat:
    case Command::kBoard:
    case Command::kMoves:
      return !known && !replay_.has_value();
    case Command::kRematch:
      return !over;
    case Command::kWait:
      if (command.argument == "game") return !known;
      if (command.argument == "over") return !over;
      if (command.argument == "turn") return !over && !my_turn;
      return !over && (!known || game_->game().size() == plies_before_wait_);
    default:
      return false;
  }
}

void Session::Run(const Command& command, MonotonicTime now) {
  if (command.verb != Command::kResign) resign_asked_ = false;
  const std::string& argument = command.argument;
  switch (command.verb) {
    case Command::kName:
      options_.name = argument;
      reconnect_ = true;
      welcomed_ = false;
      return;
    case Command::kPool:
      return Begin(command, "pool");
    case Command::kSeek:
      return Begin(command, "seek");
    case Command::kRoom:
      return Begin(command, "room");
    case Command::kBot:
      return Begin(command, "bot");
    case Command::kLobby:
      return Ask("lobby", "lobby");
    case Command::kAccept:
      return Ask("accept", "paired", "seek", Pick(seeks_, argument));
    case Command::kJoin:
      return Ask("enter", "paired", "code", argument);
    case Command::kCancel:
      return Ask("cancel");
    case Command::kGames:
      return Ask("games");
    case Command::kHistory: {
      MessageWriter message("history");
      if (argument == "mine") message.Add("mine", true);
      return AskWith(std::move(message), "");
    }
    case Command::kReplay:
      return Ask("record", "", "game", Pick(finished_, argument));
    case Command::kWatch:
      game_.emplace(Pick(games_, argument));
      return Ask("join", "game", "game", game_->id());
    case Command::kMove:
      return MoveBy(argument);
    case Command::kResign:
      return Resign();
    case Command::kDraw:
      return AskOfGame("offer", "offer", "draw");
    case Command::kTakeback:
      return AskOfGame("offer", "offer", "takeback");
    case Command::kRematch:
      return AskOfGame("offer", "offer", "rematch");
    case Command::kDecline:
      return Decline(argument);
    case Command::kAbort:
      return AskOfGame("abort");
    case Command::kClaim: {
      if (argument.empty()) return AskOfGame("claim");
      if (!game_.has_value()) return SayError("no_game", "there is no game");
      MessageWriter message("claim");
      message.Add("game", game_->id());
      message.Add("draw", true);
      return AskWith(std::move(message), "");
    }
    case Command::kChat:
      return AskOfGame("chat", "text", argument);
    case Command::kLeave:
      AskOfGame("leave");
      return game_.reset();
    case Command::kQuit:
      quit_ = true;
      return;
    default:
      return Look(command, now);
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
      return SetNotation(command.argument);
    case Command::kFirst:
    case Command::kPrevious:
    case Command::kNext:
    case Command::kLast:
      return StepReplay(command);
    case Command::kExport:
      return Export(command.argument);
    case Command::kLive:
      replay_.reset();
      return ShowBoard();
    default:  // A wait that is over.
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
  AskWith(std::move(message), "paired");
}

std::string Session::Pick(const std::vector<std::string>& list,
                          std::string_view text) {
  size_t number;
  if (absl::SimpleAtoi(text, &number) && number >= 1 && number <= list.size()) {
    return list[number - 1];
  }
  return std::string(text);
}

void Session::MoveBy(std::string_view text) {
  if (!game_.has_value() || !game_->known()) {
    return SayError("command", absl::StrCat(QuoteText(text),
                                            " is no command, and there is no "
                                            "game to move in; try help"));
  }
  if (game_->outcome().over()) return SayError("game_over", "the game is over");
  if (!IsMyTurn()) return SayError("not_your_turn", "it is not your turn");
  const absl::StatusOr<Move> move = ParseMove(game_->game().position(), text);
  if (!move.ok()) return SayError("illegal_move", move.status().message());
  const size_t ply = game_->game().size();
  awaited_id_ = absl::StrCat(++last_id_);
  awaited_answer_.clear();
  sent_move_ = SentMove{game_->id(), ply, FormatIccs(*move), game_->last_move(),
                        awaited_id_};
  if (welcomed_) SendMove(*sent_move_);
}

void Session::Resign() {
  if (!options_.script && !std::exchange(resign_asked_, true)) {
    return Say("say resign once more to give this game up");
  }
  resign_asked_ = false;
  AskOfGame("resign");
}

void Session::Decline(std::string_view offer) {
  if (!offer.empty()) return AskOfGame("decline", "offer", offer);
  for (std::string_view any : {"draw", "takeback", "rematch"}) {
    if (game_.has_value() && game_->Offered(any).has_value()) {
      return AskOfGame("decline", "offer", any);
    }
  }
  SayError("no_offer", "nothing is offered");
}

void Session::SetNotation(std::string_view name) {
  options_.notation = name == "iccs"  ? Notation::kIccs
                      : name == "wxf" ? Notation::kWxf
                                      : Notation::kChinese;
}

// --- What there is to see ----------------------------------------------------------------

void Session::ShowBoard() {
  if (!replay_.has_value() && !game_.has_value()) {
    return SayError("no_game", "there is no game here");
  }
  const Game& game = replay_.has_value() ? *replay_ : game_->game();
  const size_t ply = replay_.has_value() ? replay_ply_ : game.size();
  BoardStyle style = options_.style;
  if (ply > 0) style.last = game.move(ply - 1);
  to_screen_ += DrawBoard(PositionAt(game, ply), style);
}

void Session::ShowMoves() {
  const Game& game = replay_.has_value() ? *replay_ : game_->game();
  Position position = game.start();
  std::string line;
  for (size_t ply = 0; ply < game.size(); ++ply) {
    absl::StrAppend(&line, ply % 2 == 0 ? MoveNumber(ply) : "", " ",
                    MoveText(position, game.move(ply)));
    position.Make(game.move(ply));
    if (ply % 2 == 0 && ply + 1 < game.size()) continue;
    Say(line);
    line.clear();
  }
}

void Session::ShowClock(MonotonicTime now) {
  if (!game_.has_value() || !game_->known()) {
    return SayError("no_game", "there is no game here");
  }
  std::string line = "clock";
  for (Color color : {Color::kRed, Color::kBlack}) {
    absl::StrAppend(&line, " ", ColorWord(color), " ",
                    ClockText(game_->Left(color, now)));
  }
  if (!game_->outcome().over()) {
    absl::StrAppend(&line, ", ", ColorWord(game_->turn()), " to move");
  }
  Say(line);
}

void Session::StepReplay(const Command& command) {
  if (!replay_.has_value()) return SayError("no_record", "nothing is replayed");
  const size_t size = replay_->size();
  switch (command.verb) {
    case Command::kFirst:
      replay_ply_ = 0;
      break;
    case Command::kPrevious:
      replay_ply_ -= replay_ply_ > 0 ? 1 : 0;
      break;
    case Command::kNext:
      replay_ply_ += replay_ply_ < size ? 1 : 0;
      break;
    default:
      replay_ply_ = size;
  }
  if (replay_ply_ == 0) {
    Say("replay: the start");
  } else {
    const size_t ply = replay_ply_ - 1;
    Say(absl::StrCat("replay ", MoveNumber(ply), " ",
                     MoveText(PositionAt(*replay_, ply), replay_->move(ply)),
                     replay_ply_ == size
                         ? absl::StrCat(" ", OutcomeWords(record_->outcome))
                         : ""));
  }
  if (!options_.script) ShowBoard();
}

void Session::Export(std::string_view format) {
  if (!record_.has_value()) return SayError("no_record", "replay a game first");
  if (format == "json") {
    absl::StrAppend(&to_screen_, FormatRecordJson(*record_), "\n");
    return;
  }
  const Notation notation = format == "iccs"  ? Notation::kIccs
                            : format == "wxf" ? Notation::kWxf
                                              : Notation::kChinese;
  absl::StrAppend(&to_screen_, FormatPgn(*record_, {.notation = notation}));
}

}  // namespace chinese_chess
