#include "apps/chinese_chess/terminal/session.h"

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "apps/chinese_chess/terminal/game_text.h"

namespace chinese_chess {

using kingpin::MonotonicTime;
using Change = GameModel::Change;

namespace {

// By which a refusal is known to be of this game's and not of one that was left since.
std::string JoinId(std::string_view game) {
  return absl::StrCat("join ", game);
}

}  // namespace

Session::Session(SessionOptions options) : options_(std::move(options)) {}

// --- Out ---------------------------------------------------------------------------------

void Session::Say(std::string_view line) {
  absl::StrAppend(&to_screen_, Shown(line), "\n");
}

void Session::SayAll(const std::vector<std::string>& lines) {
  for (const std::string& line : lines) Say(line);
}

void Session::SayError(std::string_view code, std::string_view text) {
  Say(absl::StrCat("error ", code, ": ", text));
  ++errors_;
  if (options_.script && !options_.keep_going) quit_ = true;
}

void Session::Send(std::string_view message) {
  absl::StrAppend(&to_server_, message, "\n");
}

std::string Session::Ask(MessageWriter message, std::string_view answer) {
  if (!welcomed_) {
    SayError("offline", "there is no connection just now");
    return "";
  }
  message.Add("id", gate_.Ask(answer));
  std::string text = message.Take();
  Send(text);
  return text;
}

void Session::AskFor(std::string_view type, std::string_view key,
                     std::string_view value) {
  MessageWriter message(type);
  if (!key.empty()) message.Add(key, value);
  Ask(std::move(message));
}

bool Session::AskOfGame(std::string_view type, std::string_view key,
                        std::string_view value) {
  if (!game_.has_value()) {
    SayError("no_game", "there is no game here");
    return false;
  }
  MessageWriter message(type);
  message.Add("game", game_->id());
  if (!key.empty()) message.Add(key, value);
  return !Ask(std::move(message)).empty();
}

std::string Session::AskForGame(MessageWriter message) {
  std::string text = Ask(std::move(message), "paired");
  if (!text.empty()) gate_.Expect(gate_.awaited_id());
  return text;
}

void Session::WaitForGame(std::string_view type, MessageWriter message) {
  std::string text = AskForGame(std::move(message));
  if (text.empty()) return;
  waiting_ = Waiting{std::string(type), gate_.awaited_id(), std::move(text),
                     waiting_.has_value()};
}

// Of what the server may have that is not known here any more, so that no game begins by
// it: what was waited for before what is refused; what was waited for last when an
// earlier one's game has begun.
void Session::CancelWait() { Send(MessageWriter("cancel").Take()); }

void Session::EndWait() {
  if (waiting_.has_value()) CancelWait();
  waiting_.reset();
}

void Session::SendJoin() {
  if (!game_->known()) return SendJoinAnew();
  MessageWriter join("join");
  join.Add("game", game_->id());
  join.Add("v", game_->version());
  join.Add("id", JoinId(game_->id()));
  Send(join.Take());
}

void Session::SendJoinAnew() {
  MessageWriter join("join");
  join.Add("game", game_->id());
  join.Add("id", JoinId(game_->id()));
  Send(join.Take());
}

void Session::SendMove() {
  MessageWriter message("move");
  message.Add("game", game_->id());
  message.Add("ply", sent_move_->ply);
  message.Add("move", sent_move_->move);
  if (!sent_move_->after.empty()) message.Add("after", sent_move_->after);
  message.Add("id", sent_move_->id);
  Send(message.Take());
}

// --- The connection ----------------------------------------------------------------------

void Session::OnConnected() {
  again_ = {};
  MessageWriter hello("hello");
  if (!options_.name.empty()) hello.Add("name", options_.name);
  if (!options_.token.empty()) hello.Add("token", options_.token);
  Send(hello.Take());
  if (!game_.has_value()) return;
  SendJoin();
  if (sent_move_.has_value()) SendMove();
}

void Session::OnDisconnected(std::string_view why) {
  to_server_.clear();
  if (std::exchange(welcomed_, false)) {
    Say(absl::StrCat("connection lost: ", why, "; coming back"));
  } else if (why_offline_ != why) {
    Say(absl::StrCat("no connection: ", why, "; trying again"));
    why_offline_ = why;
  }
  const std::string& awaited = gate_.awaited_id();
  const bool said_again =
      gate_.awaits_game() ||
      (sent_move_.has_value() && sent_move_->id == awaited) ||
      (waiting_.has_value() && waiting_->id == awaited);
  if (awaited.empty() || said_again) return;
  // Of the rest nobody knows whether it arrived.
  EndExpectation(awaited);
  gate_.GiveUp();
  SayError("lost", "the connection ended before the answer");
}

void Session::AskAgain() {
  const Again again = std::exchange(again_, {});
  if (again.hello) return OnConnected();
  if (again.join && game_.has_value()) SendJoin();
  // What is waited for since then takes the place of what was to be cancelled.
  if (again.cancel && !waiting_.has_value()) CancelWait();
  if (again.wait && waiting_.has_value()) Send(waiting_->message);
}

// --- From the server ---------------------------------------------------------------------

void Session::OnServerLine(std::string_view line, MonotonicTime now) {
  const absl::StatusOr<JsonObject> message = JsonObject::Parse(line);
  if (!message.ok()) return SayError("server", message.status().message());
  const std::string type = message->Text("t");
  if (type == "ping") {
    MessageWriter pong("pong");
    pong.Add("n", message->Integer("n").value_or(0));
    Send(pong.Take());
  } else if (type == "welcome") {
    Welcome(*message);
  } else if (type == "error") {
    Error(*message);
  } else if (type == "waiting") {
    Waits(*message);
  } else if (type == "paired") {
    Paired(*message);
  } else if (type == "lobby") {
    SayAll(lists_.TakeLobby(*message));
    MessageWriter enough("lobby");  // Else it comes again with every change.
    enough.Add("on", false);
    Send(enough.Take());
  } else if (type == "games") {
    SayAll(lists_.TakeGames(*message));
  } else if (type == "history") {
    SayAll(lists_.TakeHistory(*message));
  } else if (type == "record") {
    ShowRecord(*message);
  } else if (type == "restart") {
    Say("the server restarts");
  } else if (type != "pong") {
    OfGame(*message, now);
  }
  gate_.Settle(*message);
  if (const auto command = gate_.Release(View())) Run(*command, now);
}

void Session::Welcome(const JsonObject& message) {
  welcomed_ = true;
  why_offline_.clear();
  busy_said_ = false;
  options_.token = message.Text("token");
  options_.name = good_name_ = message.Text("name");
  Say(absl::StrCat("welcome ", options_.name));
  // One that another run of this program has left, or that has begun while nobody was
  // here to be told of it.
  const bool free = !game_.has_value() || game_->outcome().over();
  for (const std::string& game : message.Texts("games")) {
    const bool follows = game_.has_value() && game_->id() == game;
    if (follows || !(free || waiting_.has_value()) ||
        std::find(left_.begin(), left_.end(), game) != left_.end()) {
      continue;
    }
    // Nobody will answer what asked for it.
    if (waiting_.has_value() && gate_.awaited_id() == waiting_->id) {
      gate_.GiveUp();
    }
    waiting_.reset();
    Follow(game);
    return SendJoin();
  }
  if (waiting_.has_value()) Send(waiting_->message);
}

void Session::Error(const JsonObject& message) {
  if (HelloRefused(message) || Busy(message)) return;
  const std::string code = message.Text("code");
  const std::string re = message.Text("re");
  const std::string id = message.Text("id");
  const bool join = re == "join";
  // What was left behind, not by the user, had gone already.
  if (re == "leave" && id.empty()) return;
  if (join && (!game_.has_value() || id != JoinId(game_->id()))) return;
  WaitRefused(re, id);
  // One that is accepted is not played until the event says so.
  if (sent_move_.has_value() && id == sent_move_->id) sent_move_.reset();
  if (join) NotJoined(code);
  SayError(code, message.Text("text"));
}

// Said again without what is no good, then.
bool Session::HelloRefused(const JsonObject& message) {
  const std::string code = message.Text("code");
  if (code == "bad_token") {
    // Another server, or its database is gone: a new guest.
    Say("the token is of no use here");
    options_.token.clear();
    Forget();
  } else if (code == "bad_name" && !options_.name.empty()) {
    // Back by the last that was good, or, should that be bad now, by none.
    SayError(code, message.Text("text"));
    options_.name = std::exchange(good_name_, "");
  } else {
    return false;
  }
  OnConnected();
  return true;
}

void Session::WaitRefused(std::string_view re, std::string_view id) {
  // Said by itself: that wait is over, or an earlier one if it has not accepted this.
  const bool dropped = id.empty() && waiting_.has_value() &&
                       re == waiting_->type && waiting_->accepted;
  const std::string refused(dropped ? waiting_->id : id);
  if (waiting_.has_value() && refused == waiting_->id) {
    if (!dropped) CancelWait();
    if (waiting_->replaces && !waiting_->accepted) {
      Say("the earlier wait is over");
    }
    waiting_.reset();
  }
  EndExpectation(refused);
}

// No game comes of that; but it may have been asked for while waiting for another.
void Session::EndExpectation(std::string_view id) {
  if (gate_.Refused(id) && waiting_.has_value()) gate_.Expect(waiting_->id);
}

// Not to be joined for ever. If the server was killed when it had written the end and told
// nobody, the archive knows how the game ended.
void Session::NotJoined(std::string_view code) {
  if (code == "no_game") {
    MessageWriter record("record");
    record.Add("game", game_->id());
    Send(record.Take());
  }
  Leave();
}

bool Session::Busy(const JsonObject& message) {
  const std::string code = message.Text("code");
  const std::string re = message.Text("re");
  const std::string id = message.Text("id");
  // What follows a hello that was refused is said again with it.
  if (code == "hello_first") return true;
  if (code != "busy") return false;
  if (re == "hello") {
    AskLater(&Again::hello, message);
  } else if (re == "paired") {
    NotPaired(message);
  } else if (waiting_.has_value() && id == waiting_->id) {
    // It may be too busy for this, too: so it is said with every refusal. What was
    // accepted is the only one there.
    if (!waiting_->accepted) CancelWait();
    AskLater(&Again::wait, message);
  } else if (re == "cancel" && id.empty()) {
    // Not the user's. As long as there is a wait, it is said again with that.
    if (!waiting_.has_value()) AskLater(&Again::cancel, message);
  } else if (re == "join") {
    // Of a game that was left since nobody cares.
    if (game_.has_value() && id == JoinId(game_->id())) {
      AskLater(&Again::join, message);
    }
  } else {
    return false;
  }
  return true;
}

void Session::AskLater(bool Again::*what, const JsonObject& message) {
  again_.*what = true;
  ask_later_ = true;
  if (std::exchange(busy_said_, true)) return;
  Say(absl::StrCat("busy: ", message.Text("text"), "; asking again"));
}

// Two had found each other, but their game does not begin; the server knows of neither any
// more.
void Session::NotPaired(const JsonObject& message) {
  gate_.NotPaired();
  if (!waiting_.has_value()) {
    return SayError(message.Text("code"), message.Text("text"));
  }
  gate_.Expect(waiting_->id);
  AskLater(&Again::wait, message);
}

void Session::Waits(const JsonObject& message) {
  busy_said_ = false;
  if (waiting_.has_value() && message.Text("id") == waiting_->id) {
    waiting_->accepted = true;
  }
  const std::string code = message.Text("code");
  Say(code.empty() ? absl::StrCat("waiting ", message.Text("re"))
                   : absl::StrCat("room ", code));
}

void Session::Paired(const JsonObject& message) {
  const std::string game = message.Text("game");
  EndWait();  // The game may be an earlier one's.
  busy_said_ = false;
  Say(absl::StrCat("paired ", game, " ", message.Text("you")));
  // `welcome` may have named it already.
  if (game_.has_value() && game_->id() == game) return;
  Follow(game);
  SendJoin();
}

void Session::ShowRecord(const JsonObject& message) {
  if (const absl::Status status = replay_.Load(message); !status.ok()) {
    return SayError("server", status.message());
  }
  Say(replay_.Headline());
  if (!options_.script) ShowBoard();
}

void Session::OfGame(const JsonObject& message, MonotonicTime now) {
  if (!game_.has_value()) return;
  const std::string id = message.Text("game");
  // The `ok` of a join may name none: one is followed at a time.
  const bool joined = id.empty() && message.Text("re") == "join";
  if (!joined && id != game_->id()) return;
  const absl::StatusOr<Change> change = game_->Apply(message, now);
  if (change.ok() && *change != Change::kHole) {
    return Changed(*change, message, now);
  }
  if (!change.ok()) SayError("server", change.status().message());
  SendJoinAnew();
}

void Session::Changed(Change change, const JsonObject& message,
                      MonotonicTime now) {
  busy_said_ = false;
  const std::string line =
      ChangeLine(change, message, *game_, options_.notation);
  if (!line.empty() && !(options_.script && change == Change::kViewers)) {
    Say(line);
  }
  switch (change) {
    case Change::kAll:
      return Told(message, now);
    case Change::kMove:
      return Moved(now);
    case Change::kTakeback:
      sent_move_.reset();
      return options_.script ? void() : ShowBoard();
    case Change::kDecline:
      // Before the answer, it is of an offer of before.
      if (message.Text("offer") == "rematch" &&
          gate_.awaited_id() != rematch_id_) {
        EndExpectation(rematch_id_);
      }
      return;
    case Change::kRematch:
      if (game_->you().has_value()) BeginRematch(message.Text("next"));
      return;
    case Change::kClock:
      if (!options_.script && !game_->outcome().over()) ShowClock(now);
      return;
    default:
      return;
  }
}

void Session::Told(const JsonObject& message, MonotonicTime now) {
  gate_.GameTold();
  options_.style.flipped = game_->you() == Color::kBlack;
  if (sent_move_.has_value() && sent_move_->ply < game_->game().size()) {
    ForgetSentMove();
  }
  Say(GameLine(*game_));
  if (const int64_t ms = message.Integer("delay_ms").value_or(0); ms > 0) {
    Say(absl::StrCat("delay ", absl::FormatDuration(absl::Milliseconds(ms))));
  }
  if (game_->outcome().over()) {
    Say(absl::StrCat("end ", OutcomeWords(game_->outcome())));
  }
  if (!options_.script) {
    ShowBoard();
    ShowClock(now);
  }
  RematchTold();
}

// What has become of the rematch that was offered here, should its event not have come.
void Session::RematchTold() {
  // Before the answer, what is told may be of before the offer.
  if (rematch_id_.empty() || gate_.awaited_id() == rematch_id_) return;
  if (!game_->next().empty()) return BeginRematch(game_->next());
  if (game_->rematch_agreed()) return;
  if (game_->Offered("rematch") != game_->you()) EndExpectation(rematch_id_);
}

void Session::BeginRematch(std::string game) {
  EndWait();
  Follow(game);
  SendJoin();
}

// Whatever becomes of its answer.
void Session::ForgetSentMove() {
  if (!sent_move_.has_value()) return;
  if (gate_.awaited_id() == sent_move_->id) gate_.GiveUp();
  sent_move_.reset();
}

void Session::Moved(MonotonicTime now) {
  if (sent_move_.has_value() && sent_move_->ply + 1 == game_->game().size()) {
    ForgetSentMove();
  }
  if (options_.script || replay_.shown()) return;
  ShowBoard();
  ShowClock(now);
}

// --- The game ----------------------------------------------------------------------------

void Session::Follow(std::string_view game) {
  Leave();
  replay_.Hide();
  game_.emplace(game);
  gate_.GameNamed();
}

// The server counts what a connection follows, also what it could not join.
void Session::Leave() {
  if (!game_.has_value()) return;
  MessageWriter leave("leave");
  leave.Add("game", game_->id());
  Send(leave.Take());
  left_.push_back(game_->id());
  Forget();
}

void Session::Forget() {
  ForgetSentMove();
  if (gate_.awaits_game()) gate_.GiveUp();
  rematch_id_.clear();
  game_.reset();
  // A rematch that was offered goes with the game.
  gate_.ExpectNothing();
  if (waiting_.has_value()) gate_.Expect(waiting_->id);
}

ScriptGate::View Session::View() const {
  if (!game_.has_value() || !game_->known()) {
    return {.replay = replay_.shown()};
  }
  return {.known = true,
          .over = game_->outcome().over(),
          .playing = game_->you().has_value(),
          .my_turn = IsMyTurn(),
          .plies = game_->game().size(),
          .replay = replay_.shown()};
}

}  // namespace chinese_chess
