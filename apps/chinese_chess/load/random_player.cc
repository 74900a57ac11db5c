#include "apps/chinese_chess/load/random_player.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/outcome.h"

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;
using Change = GameModel::Change;

constexpr absl::Duration kWhenBusy = absl::Milliseconds(200);

// What is refused so may be said again in a while.
bool IsForNow(std::string_view code) {
  return code == "busy" || code == "no_room" || code == "too_many" ||
         code == "too_many_games" || code == "other_busy" ||
         code == "archive_trouble";
}

}  // namespace

// --- Out ---------------------------------------------------------------------------------

void RandomPlayer::Send(MessageWriter message) {
  host_.Send(number_, message.Take());
}

void RandomPlayer::SayOfGame(std::string_view type, std::string_view key,
                             std::string_view value) {
  MessageWriter message(type);
  message.Add("game", game_->id());
  if (!key.empty()) message.Add(key, value);
  Send(std::move(message));
}

void RandomPlayer::SendJoin(bool with_version) {
  MessageWriter message("join");
  message.Add("game", game_->id());
  if (with_version) message.Add("v", game_->version());
  Send(std::move(message));
}

void RandomPlayer::SendMove() {
  MessageWriter message("move");
  message.Add("game", game_->id());
  message.Add("ply", sent_->ply);
  message.Add("move", sent_->move);
  if (!sent_->after.empty()) message.Add("after", sent_->after);
  message.Add("id", sent_->id);
  Send(std::move(message));
}

void RandomPlayer::BeginNext() { opens_rooms() ? OpenRoom() : Enter(); }

// One at a time, or its players would be in two games.
void RandomPlayer::OpenRoom() {
  if (!welcomed_ || game_.has_value() || opening_) return;
  opening_ = true;
  MessageWriter message("room");
  message.Add("control", options_.control);
  message.Add("color", Chance(0.5) ? "red" : "black");
  Send(std::move(message));
}

void RandomPlayer::Waits(std::string_view code) {
  table_.code = code;
  other().Enter();
}

void RandomPlayer::StopWaiting() {
  if (!opens_rooms()) return;
  opening_ = false;
  table_.code.clear();
}

void RandomPlayer::Enter() {
  if (!welcomed_ || game_.has_value() || table_.code.empty()) return;
  MessageWriter message("enter");
  message.Add("code", table_.code);
  Send(std::move(message));
}

void RandomPlayer::Wrong(std::string_view what) {
  host_.counts().AddWrong(absl::StrCat("player ", number_, ": ", what));
}

// --- The connection ----------------------------------------------------------------------

void RandomPlayer::OnConnected(MonotonicTime connecting_since) {
  ++connections_;
  if (game_.has_value()) resuming_since_ = connecting_since;
  SayHello();
}

void RandomPlayer::SayHello() {
  MessageWriter hello("hello");
  hello.Add("name", absl::StrCat("load ", number_));
  if (!token_.empty()) hello.Add("token", token_);
  Send(std::move(hello));
  if (!game_.has_value()) return;
  SendJoin(game_->known());
  if (!sent_.has_value()) return;
  sent_again_ = sent_->id;
  SendMove();
}

void RandomPlayer::OnDisconnected() {
  welcomed_ = false;
  resuming_since_.reset();
  StopWaiting();
}

void RandomPlayer::OnLine(std::string_view line, MonotonicTime now) {
  const absl::StatusOr<JsonObject> message = JsonObject::Parse(line);
  if (!message.ok()) return Wrong(message.status().message());
  const std::string type = message->Text("t");
  if (type == "ping") {
    MessageWriter pong("pong");
    pong.Add("n", message->Integer("n").value_or(0));
    Send(std::move(pong));
  } else if (type == "ok") {
    Ok(*message, now);
  } else if (type == "welcome") {
    Welcome(*message);
  } else if (type == "error") {
    Error(*message);
  } else if (type == "waiting" && message->Text("re") == "room") {
    Waits(message->Text("code"));
  } else if (type == "paired") {
    Follow(message->Text("game"));
  } else if (type == "record") {
    EndedUnseen(message->Text("game"));
  } else if (type != "pong" && type != "restart") {
    OfGame(*message, now);
  }
}

void RandomPlayer::Welcome(const JsonObject& message) {
  welcomed_ = true;
  token_ = message.Text("token");
  if (game_.has_value()) return ScheduleMove();
  // That one has been paired may have been said to a connection that was lost. This may be
  // older than an end that was told before it.
  for (const std::string& game : message.Texts("games")) {
    if (game != ended_) return Follow(game);
  }
  BeginNext();
}

void RandomPlayer::Follow(std::string_view game) {
  if (game_.has_value() && game_->id() == game) return;
  if (table_.game != game) {
    table_.game = std::string(game);
    ++host_.counts().games_begun;
  }
  game_.emplace(game);
  sent_.reset();
  resuming_since_.reset();
  StopWaiting();
  SendJoin(false);
}

void RandomPlayer::Ok(const JsonObject& message, MonotonicTime now) {
  // A move that is accepted is not played until the event says so.
  if (message.Text("re") == "join") Resumed(now);
}

void RandomPlayer::Resumed(MonotonicTime now) {
  if (resuming_since_.has_value()) {
    ++host_.counts().resumes;
    host_.counts().resume.Record((now - *resuming_since_) /
                                 absl::Nanoseconds(1));
    resuming_since_.reset();
    up_to_date_since_ = now;
  }
  ScheduleMove();
}

// A legal move can be refused for these alone: the game has ended meanwhile; or, when the
// server was killed, it goes on from where it was a moment before, or its end was written
// and not told.
bool RandomPlayer::MayRefuse(const JsonObject& message) const {
  const std::string code = message.Text("code");
  return code == "game_over" || code == "too_late" || code == "busy" ||
         message.Text("id") == sent_again_;
}

void RandomPlayer::Error(const JsonObject& message) {
  const std::string re = message.Text("re");
  const std::string code = message.Text("code");
  ++host_.counts().refused[absl::StrCat(re, ":", code)];
  // What follows a hello that was refused is said again with it.
  if (code == "hello_first") return;
  const bool has_no_record = code == "no_game" || code == "no_archive";
  if (has_no_record && re == "record" && game_.has_value()) {
    // It has not ended either, so it is lost.
    ++host_.counts().lost_games;
    Forget();
  } else if (code == "no_game" && re == "join" && game_.has_value()) {
    // Perhaps the server was killed when it had written the end and told nobody.
    SayOfGame("record");
  } else if (re == "move" && !MayRefuse(message)) {
    Wrong(absl::StrCat("a legal move was refused: ", message.Text("text")));
  } else if (code == "too_fast") {
    Wrong("too fast for the server, which needs --credits 1000000");
  } else if (IsForNow(code)) {
    host_.After(kWhenBusy, [this, re, connection = connections_] {
      if (connection == connections_) SayAgain(re);
    });
    return;
  }
  // Not what was said since: a move that was said again after a lost connection is refused
  // if it had arrived, and the next one may be under way by then.
  if (re == "move" && sent_.has_value() && message.Text("id") == sent_->id) {
    const bool was_again = sent_->id == sent_again_;
    sent_.reset();
    // The turn may have been ours before that one's.
    if (was_again && code == "wrong_ply") ScheduleMove();
  }
}

void RandomPlayer::SayAgain(std::string_view re) {
  if (re == "hello") return SayHello();
  if (re == "room" || re == "paired") StopWaiting();
  if (!game_.has_value()) return BeginNext();
  if (re == "join") return SendJoin(game_->known());
  if (re == "record") return SayOfGame("record");
  if (re == "move" && sent_.has_value()) return SendMove();
  ScheduleMove();
}

// --- The game ----------------------------------------------------------------------------

void RandomPlayer::OfGame(const JsonObject& message, MonotonicTime now) {
  if (!game_.has_value() || message.Text("game") != game_->id()) return;
  const absl::StatusOr<Change> change = game_->Apply(message, now);
  if (!change.ok()) {
    Wrong(change.status().message());
    return SendJoin(false);
  }
  switch (*change) {
    case Change::kHole:
      return SendJoin(false);
    case Change::kAll:
      ++host_.counts().positions;
      // One that is further on, for the server was killed, may still be made: when the
      // opponent has said again the move before it.
      if (sent_.has_value() && sent_->ply < game_->game().size()) {
        sent_.reset();
      }
      if (resuming_since_.has_value()) ++host_.counts().resyncs;
      Resumed(now);
      return game_->outcome().over() ? SawEnd() : void();
    case Change::kMove:
      return SawMove(now);
    case Change::kOffer:
      return SawOffer(message);
    case Change::kEnd:
      return SawEnd();
    default:
      return;
  }
}

void RandomPlayer::SawMove(MonotonicTime now) {
  LoadCounts& counts = host_.counts();
  ++counts.positions;
  const size_t ply = game_->game().size() - 1;
  if (game_->turn() != game_->you()) {
    // The own one; it has arrived, whatever becomes of the answer.
    if (sent_.has_value() && sent_->ply == ply) sent_.reset();
    return;
  }
  ++counts.moves;
  // What came while nobody was here has waited for us, not for the server; it is told
  // before the join is answered.
  if (table_.ply == ply && !resuming_since_.has_value() &&
      table_.written > up_to_date_since_ && host_.counting()) {
    counts.latency.Record((now - table_.written) / absl::Nanoseconds(1));
  }
  ScheduleMove();
}

void RandomPlayer::SawOffer(const JsonObject& message) {
  if (message.Text("offer") != "draw" ||
      ParseColorText(message.Text("by")) == game_->you()) {
    return;
  }
  SayOfGame(Chance(0.5) ? "offer" : "decline", "offer", "draw");
}

bool RandomPlayer::IsFirstToSeeEndOf(std::string_view game) {
  return std::exchange(table_.ended, std::string(game)) != game;
}

void RandomPlayer::SawEnd() {
  SayOfGame("leave");
  sent_.reset();
  const Reason reason = game_->outcome().reason;
  ended_ = game_->id();
  game_.reset();
  if (IsFirstToSeeEndOf(ended_)) {
    LoadCounts& counts = host_.counts();
    ++counts.games_finished;
    ++counts.ends[std::string(ReasonText(reason))];
    host_.OnGameFinished(ended_, reason);
  }
  BeginNext();
}

void RandomPlayer::EndedUnseen(std::string_view game) {
  if (!game_.has_value() || game_->id() != game) return;
  if (IsFirstToSeeEndOf(game)) ++host_.counts().ends_unseen;
  Forget();
}

void RandomPlayer::Forget() {
  game_.reset();
  sent_.reset();
  resuming_since_.reset();
  BeginNext();
}

bool RandomPlayer::MayMove() const {
  return welcomed_ && !resuming_since_.has_value() && !sent_.has_value() &&
         game_.has_value() && game_->is_my_turn();
}

void RandomPlayer::ScheduleMove() {
  if (scheduled_ || !MayMove()) return;
  if (options_.move_every == absl::ZeroDuration()) return Move();
  scheduled_ = true;
  // Each of the two thinks for half of the time, more or less.
  host_.After(options_.move_every / 2 * (0.5 + host_.Random()), [this] {
    scheduled_ = false;
    if (MayMove()) Move();
  });
}

void RandomPlayer::Move() {
  if (Chance(options_.resign)) return SayOfGame("resign");
  MoveList moves;
  GenerateLegalMoves(game_->game().position(), &moves);
  const auto choice =
      static_cast<size_t>(host_.Random() * static_cast<double>(moves.size()));
  sent_ = SentMove{game_->game().size(),
                   FormatIccs(moves[std::min(choice, moves.size() - 1)]),
                   game_->last_move(), absl::StrCat(++last_id_)};
  table_.ply = sent_->ply;
  table_.written = kingpin::Clock::Real().Now();
  SendMove();
  // Behind the move: with the next own one it ends.
  if (Chance(options_.draw)) SayOfGame("offer", "offer", "draw");
  if (!Chance(options_.drop)) return;
  ++host_.counts().drops;
  host_.Drop(number_, Chance(0.5));
}

}  // namespace chinese_chess
