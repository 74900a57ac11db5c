#include "apps/chinese_chess/client/game_model.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/move.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/quote.h"

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;

constexpr std::string_view kOfferNames[] = {"draw", "takeback", "rematch"};

absl::Duration Milliseconds(const JsonObject& object, std::string_view key) {
  return absl::Milliseconds(object.Integer(key).value_or(0));
}

// Game finds these itself, and only these.
bool IsOfTheBoard(Reason reason) {
  return reason >= Reason::kCheckmate && reason <= Reason::kMaterial;
}

}  // namespace

std::optional<Color> ParseColorText(std::string_view text) {
  if (text == "red") return Color::kRed;
  if (text == "black") return Color::kBlack;
  return std::nullopt;
}

absl::Status GameModel::Wrong(std::string_view what) const {
  return absl::DataLossError(absl::StrCat("game ", id_, ", version ", version_,
                                          ", ply ", game_.size(), ": ", what));
}

absl::StatusOr<GameModel::Change> GameModel::Apply(const JsonObject& message,
                                                   MonotonicTime now) {
  now_ = now;
  const std::string type = message.Text("t");
  if (type == "game") {
    if (absl::Status status = Reset(message); !status.ok()) return status;
    return Change::kAll;
  }
  if (type == "viewers") {
    viewers_ = message.Integer("viewers").value_or(0);
    return Change::kViewers;
  }
  if (type == "ok") {
    if (!known_ || !message.Has("red_ms")) return Change::kNothing;
    ReadClocks(message, message.Flag("clock"));
    return Change::kClock;
  }
  const std::optional<int64_t> version = message.Integer("v");
  if (!version.has_value()) return Change::kNothing;
  if (!known_) return Change::kHole;
  if (*version <= version_) return Change::kNothing;
  if (*version != version_ + 1) return Change::kHole;
  absl::StatusOr<Change> change = ApplyEvent(message, type);
  if (change.ok()) version_ = *version;
  return change;
}

absl::StatusOr<GameModel::Change> GameModel::ApplyEvent(const JsonObject& event,
                                                        std::string_view type) {
  const auto done = [](absl::Status status,
                       Change change) -> absl::StatusOr<Change> {
    if (!status.ok()) return status;
    return change;
  };
  if (type == "move") return done(ApplyMove(event), Change::kMove);
  if (type == "takeback") return done(ApplyTakeback(event), Change::kTakeback);
  if (type == "presence") return done(ApplyPresence(event), Change::kPresence);
  if (type == "end") return done(ApplyEnd(event), Change::kEnd);
  if (type == "offer") {
    SetOffer(event.Text("offer"), ParseColorText(event.Text("by")));
    return Change::kOffer;
  }
  if (type == "decline") {
    SetOffer(event.Text("offer"), std::nullopt);
    if (event.Text("offer") == "rematch") rematch_agreed_ = false;
    return Change::kDecline;
  }
  if (type == "rematch") {
    next_ = event.Text("next");
    return Change::kRematch;
  }
  // Of events that are newer than this client it is enough to count them.
  return type == "chat" ? Change::kChat : Change::kSkip;
}

absl::Status GameModel::Reset(const JsonObject& message) {
  const std::optional<int64_t> version = message.Integer("v");
  if (!version.has_value()) return Wrong("it has no version");
  version_ = *version;
  you_ = ParseColorText(message.Text("you"));
  control_ = message.Text("control");
  casual_ = message.Flag("casual");
  const absl::StatusOr<TimeControl> timing = ParseTimeControl(control_);
  timing_.reset();
  if (timing.ok()) timing_ = *timing;
  rematch_agreed_ = message.Flag("rematch_agreed");
  next_ = message.Text("next");
  viewers_ = message.Integer("viewers").value_or(0);
  for (std::string_view offer : kOfferNames) {
    SetOffer(offer, ParseColorText(message.Text(offer)));
  }
  for (Color color : {Color::kRed, Color::kBlack}) {
    if (auto status = ReadSide(color, message); !status.ok()) return status;
  }
  game_ = Game();
  outcome_ = Outcome();
  for (const JsonObject& move : message.Objects("moves")) {
    if (auto status = Play(move.Text("move")); !status.ok()) return status;
  }
  if (message.Text("fen") != FormatFen(game_.position())) {
    return Wrong(absl::StrCat("its position is not that of its moves: ",
                              QuoteText(message.Text("fen"))));
  }
  SetClocks(message, Milliseconds(message.Object("red"), "left_ms"),
            Milliseconds(message.Object("black"), "left_ms"),
            message.Flag("clock"));
  known_ = true;
  return ApplyEnd(message);
}

absl::Status GameModel::ReadSide(Color color, const JsonObject& message) {
  const JsonObject object =
      message.Object(color == Color::kRed ? "red" : "black");
  if (!object.Has("name")) return Wrong("a player is missing");
  sides_[Index(color)] = {.id = object.Text("id"),
                          .name = object.Text("name"),
                          .online = object.Flag("online"),
                          .grace = Milliseconds(object, "grace_ms")};
  return absl::OkStatus();
}

absl::Status GameModel::Play(std::string_view text) {
  const std::optional<Move> move = ParseIccs(text);
  if (!move.has_value()) {
    return Wrong(absl::StrCat(QuoteText(text), " is no move"));
  }
  const absl::Status status = game_.Play(*move);
  return status.ok() ? status : Wrong(status.message());
}

absl::Status GameModel::ApplyMove(const JsonObject& event) {
  const Color mover = turn();
  if (event.Integer("ply") != static_cast<int64_t>(game_.size())) {
    return Wrong("a move of another ply");
  }
  if (ParseColorText(event.Text("by")) != mover) {
    return Wrong("a move of the side whose turn it is not");
  }
  if (outcome_.over()) return Wrong("a move after the end");
  absl::Status status = Play(event.Text("move"));
  if (!status.ok()) return status;
  if (event.Flag("check") != game_.gave_check(game_.size() - 1)) {
    return Wrong("it says check where there is none, or the other way round");
  }
  // An own offer ends with the own next move, a takeback with any.
  if (Offered("draw") == mover) SetOffer("draw", std::nullopt);
  SetOffer("takeback", std::nullopt);
  ReadClocks(event, !game_.outcome().over());
  return absl::OkStatus();
}

absl::Status GameModel::ApplyTakeback(const JsonObject& event) {
  const int64_t ply = event.Integer("ply").value_or(-1);
  if (ply < 0 || ply > static_cast<int64_t>(game_.size())) {
    return Wrong("it takes back what was not played");
  }
  while (game_.size() > static_cast<size_t>(ply)) game_.Undo();
  SetOffer("draw", std::nullopt);
  SetOffer("takeback", std::nullopt);
  ReadClocks(event, !game_.outcome().over());
  return absl::OkStatus();
}

absl::Status GameModel::ApplyPresence(const JsonObject& event) {
  const std::optional<Color> by = ParseColorText(event.Text("by"));
  if (!by.has_value()) return Wrong("somebody came or left, but who?");
  sides_[Index(*by)].online = event.Flag("online");
  sides_[Index(*by)].grace = Milliseconds(event, "grace_ms");
  // When the server has been started again they stand still until who is to move is here,
  // or has been waited for long enough.
  if (event.Has("red_ms")) ReadClocks(event, event.Flag("clock"));
  return absl::OkStatus();
}

absl::Status GameModel::ApplyEnd(const JsonObject& message) {
  const std::optional<Result> result = ParseResult(message.Text("result"));
  const std::optional<Reason> reason = ParseReason(message.Text("reason"));
  if (!result.has_value() || !reason.has_value()) {
    return Wrong("its result or reason is none");
  }
  const Outcome outcome = {*result, *reason};
  // The end is told a little later than the move that brings it about.
  if (!outcome.over()) return absl::OkStatus();
  if (IsOfTheBoard(*reason) ? game_.outcome() != outcome
                            : game_.outcome().over()) {
    return Wrong(absl::StrCat("it ends with ", ResultText(*result), " ",
                              ReasonText(*reason), ", the board has ",
                              ResultText(game_.outcome().result), " ",
                              ReasonText(game_.outcome().reason)));
  }
  game_.End(outcome);
  outcome_ = outcome;
  clock_->Stop(now_);
  if (message.Has("red_ms")) ReadClocks(message, false);
  SetOffer("draw", std::nullopt);
  SetOffer("takeback", std::nullopt);
  return absl::OkStatus();
}

void GameModel::SetOffer(std::string_view what, std::optional<Color> by) {
  for (int i = 0; i < kOffers; ++i) {
    if (kOfferNames[i] == what) offers_[i] = by;
  }
}

std::optional<Color> GameModel::Offered(std::string_view what) const {
  for (int i = 0; i < kOffers; ++i) {
    if (kOfferNames[i] == what) return offers_[i];
  }
  return std::nullopt;
}

void GameModel::ReadClocks(const JsonObject& event, bool run) {
  SetClocks(event, Milliseconds(event, "red_ms"),
            Milliseconds(event, "black_ms"), run);
}

// What is left now, in a turn that has lasted for as long as the message says.
void GameModel::SetClocks(const JsonObject& message, absl::Duration red,
                          absl::Duration black, bool run) {
  const absl::Duration turn_time = Milliseconds(message, "turn_ms");
  clock_.emplace(timing_.value_or(TimeControl{}));
  for (Color color : {Color::kRed, Color::kBlack}) {
    const absl::Duration left = color == Color::kRed ? red : black;
    clock_->Restore(
        color, run && color == turn()
                   ? LeftAtTurn(left, turn_time, message.Integer("move_ms"))
                   : left);
  }
  if (run) clock_->Start(turn(), now_ + -turn_time);
}

absl::Duration GameModel::LeftAtTurn(
    absl::Duration left, absl::Duration turn_time,
    std::optional<int64_t> move_left_ms) const {
  if (left > absl::ZeroDuration()) return left + turn_time;
  // It was used up before the turn, or in it: that makes the turn longer.
  if (!move_left_ms.has_value() || !timing_.has_value()) return left;
  const absl::Duration limit = turn_time + absl::Milliseconds(*move_left_ms);
  return std::max(limit - timing_->byo_yomi, absl::ZeroDuration());
}

std::string GameModel::last_move() const {
  return game_.size() == 0 ? "" : FormatIccs(game_.move(game_.size() - 1));
}

absl::Duration GameModel::Left(Color color, MonotonicTime now) const {
  return clock_.has_value() ? clock_->Left(color, now) : absl::ZeroDuration();
}

std::optional<absl::Duration> GameModel::LeftForMove(Color color,
                                                     MonotonicTime now) const {
  if (!clock_.has_value() || !timing_.has_value() || !timing_->staged()) {
    return std::nullopt;
  }
  const bool runs = !clock_->stopped() && color == clock_->running();
  const absl::Duration taken =
      runs ? clock_->TurnTime(now) : absl::ZeroDuration();
  return std::max(clock_->TurnLimit(color) - taken, absl::ZeroDuration());
}

}  // namespace chinese_chess
