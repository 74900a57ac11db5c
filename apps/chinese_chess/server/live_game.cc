#include "apps/chinese_chess/server/live_game.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/rules/illegal_move.h"
#include "apps/chinese_chess/rules/invisible.h"
#include "apps/chinese_chess/rules/movegen.h"
#include "apps/chinese_chess/rules/utf8.h"

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;

constexpr MonotonicTime kNever = {INT64_MAX};

absl::Duration GraceOf(const TimeControl& control,
                       const LiveGameOptions& options) {
  return std::clamp(control.EstimatedLength() / 20, options.least_grace,
                    options.most_grace);
}

Refusal Over() { return {"game_over", "the game is over"}; }

MaybeRefused CheckChat(std::string_view text) {
  size_t characters = 0;
  bool seen = false;
  while (!text.empty()) {
    const std::optional<char32_t> c = TakeUtf8(&text);
    if (!c.has_value() || IsInvisibleInWords(*c)) {
      return Refusal{"bad_text",
                     "a line of chat has no control or invisible characters"};
    }
    ++characters;
    seen = seen || !NeedsOthers(*c);
  }
  if (seen && characters <= kMaxChatCharacters) return std::nullopt;
  return Refusal{"bad_text",
                 absl::StrCat("a line of chat has 1 to ", kMaxChatCharacters,
                              " characters, and some to be seen")};
}

int64_t Milliseconds(absl::Duration d) { return absl::ToInt64Milliseconds(d); }

}  // namespace

LiveGame::LiveGame(GameSetup setup, const LiveGameOptions& options,
                   MonotonicTime now, uint64_t first_version)
    : setup_(std::move(setup)),
      options_(options),
      grace_(GraceOf(setup_.control, options)),
      clock_(setup_.control),
      chat_limits_{{5, absl::Seconds(10)},
                   {5, absl::Seconds(10)},
                   {20, absl::Seconds(10)}},
      next_version_(first_version) {
  Begin(now);
}

LiveGame::LiveGame(GameSetup setup, const LiveGameOptions& options,
                   MonotonicTime now, uint64_t first_version,
                   const std::vector<TimedMove>& moves)
    : LiveGame(std::move(setup), options, now, first_version) {
  clock_.Stop(now);
  for (const TimedMove& timed : moves) {
    const Color mover = game_.position().turn();
    if (!game_.Play(timed.move).ok()) break;
    clock_.Restore(mover, timed.left);
    moves_.push_back(timed);
  }
  // So that times go on from where they were.
  if (!moves_.empty()) began_ = now + -moves_.back().at;
  if (over()) {
    // It was interrupted between its last move and its end.
    End(game_.outcome(), now);
  } else {
    waits_until_ = now + grace_;
  }
}

void LiveGame::Begin(MonotonicTime now) {
  began_ = now;
  turn_began_ = now;
  for (Side& side : sides_) side.away_since = now;
  clock_.Start(Color::kRed, now);
}

std::optional<Color> LiveGame::ColorOf(std::string_view player_id) const {
  for (const Color color : {Color::kRed, Color::kBlack}) {
    if (setup_.player(color).id == player_id) return color;
  }
  return std::nullopt;
}

// --- Events ------------------------------------------------------------------------------

GameEvent& LiveGame::Add(GameEvent::Kind kind, std::optional<Color> by,
                         Audience audience) {
  GameEvent& event = events_.emplace_back();
  event.version = next_version_++;
  event.kind = kind;
  event.by = by;
  event.audience = audience;
  return event;
}

void LiveGame::AddLeft(GameEvent* event, MonotonicTime now) const {
  for (const Color color : {Color::kRed, Color::kBlack}) {
    event->left[static_cast<int>(color)] = clock_.Left(color, now);
  }
}

// --- Moves -------------------------------------------------------------------------------

bool LiveGame::WasMade(Color by, size_t ply, chinese_chess::Move move) const {
  const size_t size = game_.size();
  if (ply >= size || ply + 2 < size) return false;
  const Color turn = game_.position().turn();
  const Color mover = (size - ply) % 2 == 0 ? turn : Opponent(turn);
  return mover == by && game_.move(ply) == move;
}

MaybeRefused LiveGame::CheckMove(Color by, size_t ply,
                                 chinese_chess::Move move) const {
  if (over()) return Over();
  if (ply != game_.size()) {
    return Refusal{"wrong_ply",
                   absl::StrCat("this would be move ", ply,
                                ", but the game is at ", game_.size())};
  }
  if (by != game_.position().turn()) {
    return Refusal{"not_your_turn", "it is the opponent's turn"};
  }
  // Asked before the clock is: an illegal move costs no time and no lag quota.
  if (IsLegal(game_.position(), move)) return std::nullopt;
  return Refusal{"illegal_move", ExplainIllegal(game_.position(), move)};
}

MaybeRefused LiveGame::Move(Color by, size_t ply, chinese_chess::Move move,
                            MonotonicTime now, absl::Duration lag) {
  if (WasMade(by, ply, move)) return std::nullopt;
  if (MaybeRefused refused = CheckMove(by, ply, move)) return refused;
  StartClock(now);
  const std::optional<absl::Duration> charged = clock_.Move(now, lag);
  if (!charged.has_value()) {
    FlagFalls(now);
    return Refusal{"too_late", "the time was up"};
  }
  MakeMove(by, move, *charged, now);
  return std::nullopt;
}

void LiveGame::MakeMove(Color by, chinese_chess::Move move,
                        absl::Duration charged, MonotonicTime now) {
  const size_t ply = game_.size();
  game_.Play(move).IgnoreError();  // CheckMove has found it legal.
  moves_.push_back({move, now - began_, charged, clock_.Left(by, now)});
  turn_began_ = now;
  GameEvent& event = Add(GameEvent::kMove, by);
  event.move = move;
  event.ply = ply;
  event.gives_check = game_.gave_check(ply);
  event.at = moves_.back().at;
  event.charged = charged;
  event.warning = game_.warning();
  AddLeft(&event, now);
  // An offer to draw outlives the opponent's move, not the offerer's.
  if (offer(Offer::kDraw) == by) {
    offers_[static_cast<int>(Offer::kDraw)].reset();
  }
  offers_[static_cast<int>(Offer::kTakeback)].reset();
  if (over()) End(game_.outcome(), now);
}

// --- Ends --------------------------------------------------------------------------------

void LiveGame::End(Outcome outcome, MonotonicTime now) {
  game_.End(outcome);
  clock_.Stop(now);
  waits_until_.reset();
  DropOffers();
  GameEvent& event = Add(GameEvent::kEnd, std::nullopt);
  event.outcome = game_.outcome();
  AddLeft(&event, now);
}

MaybeRefused LiveGame::Resign(Color by, MonotonicTime now) {
  if (over()) return Over();
  End(LostBy(by, Reason::kResignation), now);
  return std::nullopt;
}

MaybeRefused LiveGame::Abort(Color, MonotonicTime now) {
  if (over()) return Over();
  if (game_.size() >= 2) {
    return Refusal{"too_late", "both have moved: resign, or offer a draw"};
  }
  End({Result::kOngoing, Reason::kAborted}, now);
  return std::nullopt;
}

MaybeRefused LiveGame::Claim(Color by, bool draw, MonotonicTime now) {
  if (over()) return Over();
  const Color other = Opponent(by);
  if (side(other).online) {
    return Refusal{"opponent_here", "the opponent is here"};
  }
  const absl::Duration left = GraceLeft(other, now);
  if (left > absl::ZeroDuration()) {
    return Refusal{"too_early",
                   absl::StrCat("the opponent may still come back; claim in ",
                                absl::ToInt64Seconds(left) + 1, " s")};
  }
  EndAbandoned(draw ? std::nullopt : std::optional(by), now);
  return std::nullopt;
}

void LiveGame::Abandon(MonotonicTime now) {
  std::optional<Color> here;
  for (const Color color : {Color::kRed, Color::kBlack}) {
    if (side(color).online) here = color;
  }
  EndAbandoned(here, now);
}

void LiveGame::EndAbandoned(std::optional<Color> winner, MonotonicTime now) {
  if (game_.size() < 2) {
    End({Result::kOngoing, Reason::kAborted}, now);
  } else if (winner.has_value() && CanWin(game_.position(), *winner)) {
    End(WonBy(*winner, Reason::kAbandonment), now);
  } else {
    End(Drawn(Reason::kAbandonment), now);
  }
}

void LiveGame::FlagFalls(MonotonicTime now) {
  const Color late = clock_.running();
  const bool can_win = CanWin(game_.position(), Opponent(late));
  End(can_win ? LostBy(late, Reason::kTimeout) : Drawn(Reason::kTimeout), now);
}

// --- Offers ------------------------------------------------------------------------------

void LiveGame::DropOffers() {
  for (std::optional<Color>& offer : offers_) offer.reset();
}

size_t LiveGame::PliesToTakeBack(Color by) const {
  return game_.position().turn() == by ? 2 : 1;
}

MaybeRefused LiveGame::CheckRematch(Color by) const {
  if (!over()) return Refusal{"not_over", "the game is not over"};
  if (rematch_agreed()) {
    return Refusal{"already_offered", "the next game has begun"};
  }
  if (offer(Offer::kRematch) == Opponent(by)) return std::nullopt;
  if (side(by).rematches_offered < options_.most_rematch_offers) {
    return std::nullopt;
  }
  return Refusal{"too_many_offers", "that has been offered often enough"};
}

MaybeRefused LiveGame::CheckOffer(Color by, Offer kind) const {
  if (offer(kind) == by) {
    return Refusal{"already_offered", absl::StrCat("the ", OfferName(kind),
                                                   " is offered already")};
  }
  if (kind == Offer::kRematch) return CheckRematch(by);
  if (over()) return Over();
  if (kind == Offer::kTakeback && !setup_.casual) {
    return Refusal{"not_casual", "moves are taken back in casual games only"};
  }
  // That accepts it. Whether there are enough moves is of who has offered.
  if (offer(kind) == Opponent(by)) return std::nullopt;
  const size_t needed = kind == Offer::kDraw ? 2 : PliesToTakeBack(by);
  if (game_.size() < needed) {
    return Refusal{"too_early", "there are not enough moves yet"};
  }
  const std::optional<size_t>& last = side(by).offered[static_cast<int>(kind)];
  const size_t gap = kind == Offer::kDraw ? options_.plies_between_offers : 1;
  if (last.has_value() && game_.size() < *last + gap) {
    const size_t more = *last + gap - game_.size();
    return Refusal{
        "too_early",
        absl::StrCat("wait for ", more, " more ", more == 1 ? "move" : "moves",
                     ", of both together, before offering a ", OfferName(kind),
                     " again")};
  }
  return std::nullopt;
}

MaybeRefused LiveGame::MakeOffer(Color by, Offer kind, MonotonicTime now) {
  if (MaybeRefused refused = CheckOffer(by, kind)) return refused;
  if (offer(kind) == Opponent(by)) {
    Accept(by, kind, now);
    return std::nullopt;
  }
  offers_[static_cast<int>(kind)] = by;
  side(by).offered[static_cast<int>(kind)] = game_.size();
  if (kind == Offer::kRematch) ++side(by).rematches_offered;
  Add(GameEvent::kOffer, by, Audience::kPlayers).offer = kind;
  return std::nullopt;
}

void LiveGame::Accept(Color by, Offer kind, MonotonicTime now) {
  offers_[static_cast<int>(kind)].reset();
  switch (kind) {
    case Offer::kDraw:
      End(Drawn(Reason::kAgreement), now);
      return;
    case Offer::kTakeback:
      TakeBack(Opponent(by), now);
      return;
    case Offer::kRematch:
      rematch_accepted_by_ = by;
      return;
  }
}

MaybeRefused LiveGame::DeclineOffer(Color by, Offer kind) {
  if (!offer(kind).has_value()) {
    return Refusal{"no_offer",
                   absl::StrCat("no ", OfferName(kind), " is offered")};
  }
  offers_[static_cast<int>(kind)].reset();
  Add(GameEvent::kDecline, by, Audience::kPlayers).offer = kind;
  return std::nullopt;
}

// Time is not given back: who lets a move be taken back gives the move, not the clock.
void LiveGame::TakeBack(Color wanted_by, MonotonicTime now) {
  StartClock(now);
  clock_.Stop(now);
  for (size_t n = PliesToTakeBack(wanted_by); n > 0; --n) {
    game_.Undo();
    moves_.pop_back();
  }
  DropOffers();
  // Plies go back, and with them those that offers are counted by.
  for (Side& side : sides_) {
    std::optional<size_t>& draw = side.offered[static_cast<int>(Offer::kDraw)];
    if (draw.has_value()) draw = std::min(*draw, game_.size());
    side.offered[static_cast<int>(Offer::kTakeback)].reset();
  }
  turn_began_ = now;
  clock_.Start(game_.position().turn(), now);
  GameEvent& event = Add(GameEvent::kTakeback, wanted_by);
  event.ply = game_.size();
  AddLeft(&event, now);
}

void LiveGame::SetRematch(std::string_view id) {
  rematch_id_ = id;
  Add(GameEvent::kRematch, std::nullopt).text = rematch_id_;
}

void LiveGame::DropRematch() {
  if (!rematch_agreed()) return;
  // It was not the players who did not want it.
  --side(Opponent(*rematch_accepted_by_)).rematches_offered;
  GameEvent& event =
      Add(GameEvent::kDecline, rematch_accepted_by_, Audience::kPlayers);
  event.offer = Offer::kRematch;
  rematch_accepted_by_.reset();
}

// --- Presence, chat ----------------------------------------------------------------------

absl::Duration LiveGame::GraceLeft(Color color, MonotonicTime now) const {
  if (side(color).online) return absl::ZeroDuration();
  return std::max(side(color).away_since + grace_ - now, absl::ZeroDuration());
}

void LiveGame::SetOnline(Color color, bool online, MonotonicTime now) {
  if (side(color).online == online) return;
  side(color).online = online;
  side(color).away_since = now;
  if (!online) WithdrawRematch(color);
  if (online && color == game_.position().turn()) StartClock(now);
  AddPresence(color, now);
}

// Of who would not see it begin.
void LiveGame::WithdrawRematch(Color by) {
  if (offer(Offer::kRematch) == by) DeclineOffer(by, Offer::kRematch);
}

void LiveGame::AddPresence(Color color, MonotonicTime now) {
  GameEvent& event = Add(GameEvent::kPresence, color);
  event.online = side(color).online;
  event.grace = GraceLeft(color, now);
  event.turn = Turn(now);
  AddLeft(&event, now);
}

MaybeRefused LiveGame::Chat(std::optional<Color> by, std::string_view name,
                            std::string_view text, MonotonicTime now) {
  if (MaybeRefused refused = CheckChat(text)) return refused;
  if (!chat_limits_[by.has_value() ? static_cast<int>(*by) : 2].Take(now)) {
    return Refusal{"too_fast", "slow down"};
  }
  std::vector<ChatLine>& lines = chat_lines_[by.has_value() ? 0 : 1];
  if (lines.size() == kMostChatLines) lines.erase(lines.begin());
  lines.push_back({by, std::string(name), std::string(text)});
  GameEvent& event =
      Add(GameEvent::kChat, by,
          by.has_value() ? Audience::kPlayers : Audience::kSpectators);
  event.name = name;
  event.text = text;
  return std::nullopt;
}

// --- Time --------------------------------------------------------------------------------

void LiveGame::StartClock(MonotonicTime now) {
  if (!waits_until_.has_value()) return;
  waits_until_.reset();
  turn_began_ = now;
  clock_.Start(game_.position().turn(), now);
}

absl::Duration LiveGame::TurnLeft(MonotonicTime now) const {
  const absl::Duration limit = clock_.TurnLimit(game_.position().turn());
  return std::max(limit - clock_.TurnTime(now), absl::ZeroDuration());
}

TurnState LiveGame::Turn(MonotonicTime now) const {
  TurnState turn = {!clock_.stopped(), clock_.TurnTime(now), std::nullopt};
  if (setup_.control.staged() && !over()) turn.move_left = TurnLeft(now);
  return turn;
}

MonotonicTime LiveGame::FirstMoveDeadline() const {
  return game_.size() < 2 ? turn_began_ + options_.first_move : kNever;
}

MonotonicTime LiveGame::Deadline() const {
  if (over()) return kNever;
  if (waits_until_.has_value()) return *waits_until_;
  return std::min(clock_.FlagTime(), FirstMoveDeadline());
}

void LiveGame::OnTime(MonotonicTime now) {
  if (now < Deadline()) return;
  if (waits_until_.has_value()) {
    StartClock(now);
    // Who is to move is still away; the other sees their clock run from now on.
    AddPresence(game_.position().turn(), now);
  } else if (now >= FirstMoveDeadline()) {
    End({Result::kOngoing, Reason::kAborted}, now);
  } else {
    FlagFalls(now);
  }
}

// --- Record ------------------------------------------------------------------------------

GameRecord LiveGame::Record() const {
  GameRecord record = RecordGame(game_);
  record.SetTag("Date", absl::FormatTime("%Y.%m.%d", setup_.created,
                                         absl::UTCTimeZone()));
  record.SetTag("Red", setup_.player(Color::kRed).name);
  record.SetTag("Black", setup_.player(Color::kBlack).name);
  record.SetTag("TimeControl", FormatTimeControl(setup_.control));
  for (size_t ply = 0; ply < moves_.size(); ++ply) {
    record.moves[ply].at_ms = Milliseconds(moves_[ply].at);
    record.moves[ply].charged_ms = Milliseconds(moves_[ply].charged);
  }
  return record;
}

}  // namespace chinese_chess
