#include "apps/chinese_chess/server/server_message.h"

#include "apps/chinese_chess/rules/fen.h"
#include "apps/chinese_chess/rules/outcome.h"
#include "apps/chinese_chess/rules/repetition.h"
#include "apps/chinese_chess/server/message_writer.h"

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;

// What goes to everybody who looks on, with each change.
constexpr size_t kMostPools = 50;
constexpr size_t kMostSeeks = 100;

void AddId(std::string_view id, MessageWriter* writer) {
  if (!id.empty()) writer->Add("id", id);
}

void AddColor(std::string_view key, std::optional<Color> color,
              MessageWriter* writer) {
  if (color.has_value()) writer->Add(key, ColorText(*color));
}

void AddPlayer(std::string_view key, const Player& player,
               MessageWriter* writer) {
  writer->BeginObject(key);
  writer->Add("id", player.id);
  writer->Add("name", player.name);
  writer->EndObject();
}

void AddWarning(const std::optional<Ruling>& warning, MessageWriter* writer) {
  if (!warning.has_value()) return;
  writer->Add("warning", ReasonText(warning->reason));
  if (warning->reason != Reason::kRepetition) {
    writer->Add("offender", ColorText(warning->offender));
  }
}

void AddOutcome(const Outcome& outcome, MessageWriter* writer) {
  writer->Add("result", ResultText(outcome.result));
  writer->Add("reason", ReasonText(outcome.reason));
}

void AddLeft(const absl::Duration (&left)[2], MessageWriter* writer) {
  writer->Add("red_ms", left[0]);
  writer->Add("black_ms", left[1]);
}

void AddMove(const GameEvent& event, MessageWriter* writer) {
  writer->Add("ply", event.ply);
  writer->Add("move", FormatIccs(event.move));
  if (event.gives_check) writer->Add("check", true);
  writer->Add("at_ms", event.at);
  writer->Add("charged_ms", event.charged);
  AddLeft(event.left, writer);
  AddWarning(event.warning, writer);
}

void AddTurn(const TurnState& turn, MessageWriter* writer) {
  writer->Add("turn_ms", turn.lasted);
  if (turn.move_left.has_value()) writer->Add("move_ms", *turn.move_left);
  writer->Add("clock", turn.clock_runs);
}

void AddPresence(const GameEvent& event, MessageWriter* writer) {
  writer->Add("online", event.online);
  if (!event.online) writer->Add("grace_ms", event.grace);
  AddLeft(event.left, writer);
  AddTurn(event.turn, writer);
}

void AddChat(const GameEvent& event, MessageWriter* writer) {
  writer->Add("name", event.name);
  writer->Add("text", event.text);
}

void AddEnd(const GameEvent& event, MessageWriter* writer) {
  AddOutcome(event.outcome, writer);
  AddLeft(event.left, writer);
}

// In the order of GameEvent::Kind.
constexpr std::string_view kEventNames[] = {"move",     "offer",    "decline",
                                            "takeback", "presence", "chat",
                                            "end",      "rematch"};

void AddEvent(const GameEvent& event, MessageWriter* writer) {
  switch (event.kind) {
    case GameEvent::kMove:
      return AddMove(event, writer);
    case GameEvent::kOffer:
    case GameEvent::kDecline:
      return writer->Add("offer", OfferName(event.offer));
    case GameEvent::kTakeback:
      writer->Add("ply", event.ply);
      return AddLeft(event.left, writer);
    case GameEvent::kPresence:
      return AddPresence(event, writer);
    case GameEvent::kChat:
      return AddChat(event, writer);
    case GameEvent::kEnd:
      return AddEnd(event, writer);
    case GameEvent::kRematch:
      return writer->Add("next", event.text);
  }
}

void AddMoves(const LiveGame& game, MessageWriter* writer) {
  writer->BeginList("moves");
  for (const TimedMove& move : game.moves()) {
    writer->BeginItem();
    writer->Add("move", FormatIccs(move.move));
    writer->Add("at_ms", move.at);
    writer->Add("charged_ms", move.charged);
    writer->EndItem();
  }
  writer->EndList();
}

void AddChatLines(const std::vector<ChatLine>& lines, MessageWriter* writer) {
  if (lines.empty()) return;
  writer->BeginList("chat");
  for (const ChatLine& line : lines) {
    writer->BeginItem();
    AddColor("by", line.by, writer);
    writer->Add("name", line.name);
    writer->Add("text", line.text);
    writer->EndItem();
  }
  writer->EndList();
}

void AddSide(const LiveGame& game, Color color, MonotonicTime now,
             MessageWriter* writer) {
  const Player& player = game.setup().player(color);
  writer->BeginObject(ColorText(color));
  writer->Add("id", player.id);
  writer->Add("name", player.name);
  writer->Add("online", game.online(color));
  writer->Add("left_ms", game.Left(color, now));
  if (!game.online(color)) writer->Add("grace_ms", game.GraceLeft(color, now));
  writer->EndObject();
}

void AddGameInfo(const GameInfo& info, MessageWriter* writer) {
  writer->Add("game", info.id);
  AddPlayer("red", info.players[0], writer);
  AddPlayer("black", info.players[1], writer);
  writer->Add("control", info.control);
  writer->Add("plies", info.plies);
  writer->Add("viewers", info.viewers);
}

}  // namespace

std::string_view ColorText(Color color) {
  return color == Color::kRed ? "red" : "black";
}

std::string WelcomeMessage(const Guest& guest,
                           const std::vector<std::string>& games) {
  MessageWriter writer("welcome");
  writer.Add("player", guest.id);
  writer.Add("name", guest.name);
  writer.Add("token", guest.token);
  writer.BeginList("games");
  for (const std::string& game : games) writer.AddItem(game);
  writer.EndList();
  return writer.Take();
}

std::string ErrorMessage(std::string_view re, std::string_view id,
                         const Refusal& refusal) {
  MessageWriter writer("error");
  if (!re.empty()) writer.Add("re", re);
  AddId(id, &writer);
  writer.Add("code", refusal.code);
  writer.Add("text", refusal.text);
  return writer.Take();
}

std::string OkMessage(std::string_view re, std::string_view id) {
  MessageWriter writer("ok");
  writer.Add("re", re);
  AddId(id, &writer);
  return writer.Take();
}

std::string MoveAckMessage(std::string_view id, std::string_view game,
                           size_t ply, bool repeated) {
  MessageWriter writer("ok");
  writer.Add("re", "move");
  AddId(id, &writer);
  writer.Add("game", game);
  writer.Add("ply", ply);
  if (repeated) writer.Add("repeated", true);
  return writer.Take();
}

std::string PingMessage(int64_t n) {
  MessageWriter writer("ping");
  writer.Add("n", n);
  return writer.Take();
}

std::string PongMessage(int64_t n) {
  MessageWriter writer("pong");
  writer.Add("n", n);
  return writer.Take();
}

std::string WaitingMessage(std::string_view re, std::string_view id,
                           std::string_view code) {
  MessageWriter writer("waiting");
  writer.Add("re", re);
  AddId(id, &writer);
  if (!code.empty()) writer.Add(re == "room" ? "code" : "seek", code);
  return writer.Take();
}

std::string PairedMessage(std::string_view game, Color color) {
  MessageWriter writer("paired");
  writer.Add("game", game);
  writer.Add("you", ColorText(color));
  return writer.Take();
}

std::string LobbyMessage(const Lobby& lobby, uint64_t sessions) {
  MessageWriter writer("lobby");
  writer.Add("connections", sessions);
  writer.Add("games", lobby.games());
  writer.Add("pool_count", lobby.pool_count());
  writer.Add("seek_count", lobby.seek_count());
  writer.BeginList("pools");
  for (const auto& [control, waiting] : lobby.pools(kMostPools)) {
    writer.BeginItem();
    writer.Add("control", control);
    writer.Add("waiting", waiting);
    writer.EndItem();
  }
  writer.EndList();
  writer.BeginList("seeks");
  for (const Lobby::OpenSeek* seek : lobby.seeks(kMostSeeks)) {
    writer.BeginItem();
    writer.Add("seek", seek->id);
    AddPlayer("player", seek->seeker.player, &writer);
    writer.Add("control", FormatTimeControl(seek->terms.control));
    writer.Add("casual", seek->terms.casual);
    AddColor("color", seek->terms.color, &writer);
    writer.EndItem();
  }
  writer.EndList();
  return writer.Take();
}

std::string GamesMessage(std::string_view id, const Lobby& lobby, size_t most) {
  MessageWriter writer("games");
  AddId(id, &writer);
  writer.Add("count", lobby.games());
  writer.BeginList("games");
  for (const GameInfo* info : lobby.ListGames(most)) {
    writer.BeginItem();
    AddGameInfo(*info, &writer);
    writer.EndItem();
  }
  writer.EndList();
  return writer.Take();
}

std::string HistoryMessage(std::string_view id,
                           const std::vector<FinishedGame>& games) {
  MessageWriter writer("history");
  AddId(id, &writer);
  writer.BeginList("games");
  for (const FinishedGame& game : games) {
    writer.BeginItem();
    writer.Add("game", game.id);
    writer.Add("red", game.red);
    writer.Add("black", game.black);
    writer.Add("control", game.control);
    writer.Add("result", game.result);
    writer.Add("reason", game.reason);
    writer.Add("plies", game.plies);
    writer.Add("finished_ms", game.finished_ms);
    writer.EndItem();
  }
  writer.EndList();
  return writer.Take();
}

std::string RecordMessage(std::string_view id, std::string_view game,
                          std::string_view json) {
  MessageWriter writer("record");
  AddId(id, &writer);
  writer.Add("game", game);
  writer.AddRaw("record", json);
  return writer.Take();
}

std::string GameMessage(const LiveGame& game, const GameView& view) {
  const auto& [you, muted, viewers, now, delay, id] = view;
  MessageWriter writer("game");
  AddId(id, &writer);
  writer.Add("game", game.setup().id);
  writer.Add("v", game.version());
  AddColor("you", you, &writer);
  writer.Add("control", FormatTimeControl(game.setup().control));
  writer.Add("casual", game.setup().casual);
  AddSide(game, Color::kRed, now, &writer);
  AddSide(game, Color::kBlack, now, &writer);
  writer.Add("turn", ColorText(game.game().position().turn()));
  AddTurn(game.Turn(now), &writer);
  writer.Add("fen", FormatFen(game.game().position()));
  AddMoves(game, &writer);
  AddWarning(game.game().warning(), &writer);
  // Offers are between the players.
  for (const Offer offer : {Offer::kDraw, Offer::kTakeback, Offer::kRematch}) {
    if (you.has_value()) AddColor(OfferName(offer), game.offer(offer), &writer);
  }
  if (you.has_value() && game.rematch_agreed()) {
    writer.Add("rematch_agreed", true);
  }
  AddOutcome(game.game().outcome(), &writer);
  if (!game.rematch_id().empty()) writer.Add("next", game.rematch_id());
  if (!muted) AddChatLines(game.chat(you.has_value()), &writer);
  writer.Add("viewers", viewers);
  if (delay > absl::ZeroDuration()) writer.Add("delay_ms", delay);
  return writer.Take();
}

std::string ResumedMessage(std::string_view id, const LiveGame& game,
                           MonotonicTime now) {
  MessageWriter writer("ok");
  writer.Add("re", "join");
  AddId(id, &writer);
  writer.Add("game", game.setup().id);
  writer.Add("red_ms", game.Left(Color::kRed, now));
  writer.Add("black_ms", game.Left(Color::kBlack, now));
  AddTurn(game.Turn(now), &writer);
  return writer.Take();
}

std::string EventMessage(std::string_view game, const GameEvent& event) {
  MessageWriter writer(kEventNames[event.kind]);
  writer.Add("game", game);
  writer.Add("v", event.version);
  AddColor("by", event.by, &writer);
  AddEvent(event, &writer);
  return writer.Take();
}

std::string SkipMessage(std::string_view game, uint64_t version) {
  MessageWriter writer("skip");
  writer.Add("game", game);
  writer.Add("v", version);
  return writer.Take();
}

std::string ViewersMessage(std::string_view game, size_t viewers,
                           const std::vector<std::string>& names) {
  MessageWriter writer("viewers");
  writer.Add("game", game);
  writer.Add("viewers", viewers);
  writer.BeginList("names");
  for (const std::string& name : names) writer.AddItem(name);
  writer.EndList();
  return writer.Take();
}

}  // namespace chinese_chess
