#include "apps/chinese_chess/server/lobby.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/server/bot_player.h"
#include "apps/chinese_chess/server/random_id.h"

namespace chinese_chess {
namespace {

using kingpin::MonotonicTime;

constexpr size_t kSeekIdCharacters = 8;
// Read out over the telephone; a guess hits one of a thousand rooms once in a million.
constexpr size_t kRoomCodeCharacters = 6;

Refusal OwnOffer() { return {"own_offer", "nobody plays against themselves"}; }

// What makes two rooms, or two seeks, of a player's the same.
std::string OfferKey(const Player& owner, const Terms& terms) {
  const int color =
      terms.color.has_value() ? static_cast<int>(*terms.color) : -1;
  return absl::StrCat(owner.id, " ", FormatTimeControl(terms.control), " ",
                      terms.casual, " ", color);
}

// The first `most`, in order.
template <typename T, typename Before>
void KeepFirst(size_t most, std::vector<T>* all, Before before) {
  const size_t count = std::min(most, all->size());
  std::partial_sort(all->begin(), all->begin() + static_cast<int64_t>(count),
                    all->end(), before);
  all->resize(count);
}

}  // namespace

Refusal TooManyGames() {
  return {"too_many_games", "you play too many games: end one"};
}

Refusal OtherIsBusy() {
  return {"other_busy", "the other plays too many games just now"};
}

Refusal NoGameCanBegin() { return {"busy", "no game can begin just now"}; }

GameInfo InfoOf(const GameSetup& setup) {
  return {.id = setup.id,
          .players = setup.players,
          .control = FormatTimeControl(setup.control),
          .listed = setup.listed};
}

// --- Waiting -----------------------------------------------------------------------------

void Lobby::Wait(SessionNumber session, Waiting waiting) {
  waiting_[session] = std::move(waiting);
  ++version_;
}

bool Lobby::Cancel(SessionNumber session) {
  const auto found = waiting_.find(session);
  if (found == waiting_.end()) return false;
  const Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  ++version_;
  switch (waiting.kind) {
    case Waiting::kPool:
      LeavePool(waiting.key, session);
      break;
    case Waiting::kSeek:
      CloseSeek(waiting.key);
      break;
    case Waiting::kRoom:
      CloseRoom(waiting.key);
      break;
    case Waiting::kGuest:
      DropGuest(waiting.key);
      break;
  }
  return true;
}

void Lobby::Leave(SessionNumber session, MonotonicTime now) {
  const auto found = waiting_.find(session);
  if (found == waiting_.end()) return;
  if (found->second.kind != Waiting::kRoom) {
    Cancel(session);
    return;
  }
  const std::string code = std::move(found->second.key);
  waiting_.erase(found);
  Room& room = *FindRoom(code);
  room.owner.session = 0;
  room.kept_until = now + options_.keep_room;
  left_rooms_.emplace(room.kept_until, code);
  CloseKeptRooms(now);
}

void Lobby::LeavePool(const std::string& control, SessionNumber session) {
  const auto pool = pools_.find(control);
  std::erase_if(pool->second, [&](const Seeker& seeker) {
    return seeker.session == session;
  });
  if (pool->second.empty()) pools_.erase(pool);
}

Pairing Lobby::Pair(const Seeker& first, const Terms& terms,
                    const Seeker& second) {
  Cancel(first.session);
  Cancel(second.session);
  const bool first_is_red = terms.color.has_value()
                                ? *terms.color == Color::kRed
                                : absl::Bernoulli(random_, 0.5);
  return {.seekers = first_is_red ? std::array{first, second}
                                  : std::array{second, first},
          .control = terms.control,
          .casual = terms.casual};
}

Pairing Lobby::PairWith(const Seeker& seeker, const Terms& terms,
                        const Player& other) {
  return Pair(seeker, terms, {0, other});
}

// --- Pools and seeks ---------------------------------------------------------------------

std::optional<Pairing> Lobby::JoinPool(const Seeker& seeker,
                                       const TimeControl& control) {
  Cancel(seeker.session);
  const std::string key = FormatTimeControl(control);
  ReplaceInPool(key, seeker);
  if (const std::optional<Seeker> other = FirstInPool(key)) {
    return Pair(*other, {.control = control}, seeker);
  }
  pools_[key].push_back(seeker);
  Wait(seeker.session, {Waiting::kPool, key});
  return std::nullopt;
}

// On another connection, which may have died without anybody having noticed.
void Lobby::ReplaceInPool(const std::string& control, const Seeker& by) {
  const auto pool = pools_.find(control);
  if (pool == pools_.end()) return;
  for (const Seeker& waiting : pool->second) {
    if (waiting.player.id != by.player.id) continue;
    Replace(waiting, "pool", by);
    return LeavePool(control, waiting.session);
  }
}

std::optional<Seeker> Lobby::FirstInPool(const std::string& control) {
  for (auto pool = pools_.find(control); pool != pools_.end();
       pool = pools_.find(control)) {
    const Seeker first = pool->second.front();
    if (MayBegin(first.player)) return first;
    // Has begun too many games meanwhile. Who waited on would not be paired, when one of
    // them ends, with those who have come and found nobody.
    Cancel(first.session);
    lost_.push_back({first.session, "pool", TooManyGames()});
  }
  return std::nullopt;
}

std::string Lobby::AddSeek(const Seeker& seeker, const Terms& terms) {
  const std::string key = OfferKey(seeker.player, terms);
  std::string id;
  if (const auto own = seek_of_.find(key); own != seek_of_.end()) {
    // On another connection, as above; or on this one.
    id = own->second;
    Replace(seeks_.at(id).seeker, "seek", seeker);
    Cancel(seeker.session);
    seeks_.at(id).seeker = seeker;
  } else {
    Cancel(seeker.session);
    id = RandomId(kSeekIdCharacters);
    while (seeks_.contains(id)) id = RandomId(kSeekIdCharacters);
    seeks_.emplace(id, OpenSeek{id, seeker, terms, ++seeks_made_});
    seek_of_.emplace(key, id);
  }
  Wait(seeker.session, {Waiting::kSeek, id});
  return id;
}

void Lobby::CloseSeek(const std::string& id) {
  const auto found = seeks_.find(id);
  seek_of_.erase(OfferKey(found->second.seeker.player, found->second.terms));
  seeks_.erase(found);
}

std::variant<Pairing, Refusal> Lobby::AcceptSeek(const Seeker& seeker,
                                                 std::string_view id) {
  const auto found = seeks_.find(id);
  if (found == seeks_.end()) return Refusal{"no_seek", "that seek is gone"};
  const OpenSeek seek = found->second;
  if (seek.seeker.player.id == seeker.player.id) return OwnOffer();
  if (!MayBegin(seek.seeker.player)) return OtherIsBusy();
  return Pair(seek.seeker, seek.terms, seeker);
}

// --- Private rooms -----------------------------------------------------------------------

std::variant<Pairing, WaitsInRoom> Lobby::OpenRoom(const Seeker& seeker,
                                                   const Terms& terms,
                                                   MonotonicTime now) {
  CloseKeptRooms(now);
  const std::string key = OfferKey(seeker.player, terms);
  const auto own = room_of_.find(key);
  if (own == room_of_.end()) {
    Cancel(seeker.session);
    std::string code = RandomId(kRoomCodeCharacters);
    while (rooms_.contains(code)) code = RandomId(kRoomCodeCharacters);
    rooms_.emplace(code, Room{.owner = seeker, .terms = terms});
    room_of_.emplace(key, code);
    Wait(seeker.session, {Waiting::kRoom, code});
    return WaitsInRoom{std::move(code)};
  }
  const std::string code = own->second;
  DropBusyGuest(code);
  if (const std::optional<Seeker> guest = FindRoom(code)->guest) {
    CloseRoom(code);
    return PairInRoom(seeker, terms, *guest);
  }
  // From another connection, or where that has died without anybody having noticed.
  Replace(FindRoom(code)->owner, "room", seeker);
  Cancel(seeker.session);
  Room& room = *FindRoom(code);
  left_rooms_.erase({room.kept_until, code});
  room.owner = seeker;
  Wait(seeker.session, {Waiting::kRoom, code});
  return WaitsInRoom{code};
}

std::variant<Pairing, WaitsInRoom, Refusal> Lobby::EnterRoom(
    const Seeker& seeker, std::string_view code, MonotonicTime now) {
  CloseKeptRooms(now);
  Room* room = FindRoom(code);
  if (room == nullptr) return Refusal{"no_room", "there is no such room"};
  if (room->owner.player.id == seeker.player.id) return OwnOffer();
  if (room->owner.session != 0) {
    const Seeker owner = room->owner;
    if (!MayBegin(owner.player)) return OtherIsBusy();
    return PairInRoom(owner, Terms(room->terms), seeker);
  }
  if (room->guest.has_value() && room->guest->player.id != seeker.player.id) {
    return Refusal{"no_room", "somebody else waits in that room already"};
  }
  // The same guest from another connection, or who waits in another room.
  if (room->guest.has_value()) Replace(*room->guest, "enter", seeker);
  Cancel(seeker.session);
  FindRoom(code)->guest = seeker;
  Wait(seeker.session, {Waiting::kGuest, std::string(code)});
  return WaitsInRoom{std::string(code)};
}

Pairing Lobby::PairInRoom(const Seeker& owner, const Terms& terms,
                          const Seeker& guest) {
  Pairing pairing = Pair(owner, terms, guest);
  pairing.listed = false;
  return pairing;
}

Lobby::Room* Lobby::FindRoom(std::string_view code) {
  const auto found = rooms_.find(code);
  return found == rooms_.end() ? nullptr : &found->second;
}

void Lobby::CloseRoom(const std::string& code) {
  const auto found = rooms_.find(code);
  const Room& room = found->second;
  waiting_.erase(room.owner.session);
  if (room.guest.has_value()) waiting_.erase(room.guest->session);
  room_of_.erase(OfferKey(room.owner.player, room.terms));
  left_rooms_.erase({room.kept_until, code});
  rooms_.erase(found);
}

void Lobby::DropGuest(const std::string& code) {
  FindRoom(code)->guest.reset();
}

void Lobby::DropBusyGuest(const std::string& code) {
  const std::optional<Seeker> guest = FindRoom(code)->guest;
  if (!guest.has_value() || MayBegin(guest->player)) return;
  Cancel(guest->session);
  lost_.push_back({guest->session, "enter", TooManyGames()});
}

void Lobby::Replace(const Seeker& waiting, std::string_view re,
                    const Seeker& by) {
  // An owner who is away has no session.
  if (waiting_.erase(waiting.session) == 0 || waiting.session == by.session) {
    return;
  }
  lost_.push_back({waiting.session,
                   re,
                   {"elsewhere", "you wait for that from another place now"}});
}

void Lobby::CloseKeptRooms(MonotonicTime now) {
  while (!left_rooms_.empty() && (left_rooms_.begin()->first <= now ||
                                  left_rooms_.size() > options_.most_kept)) {
    const std::string code = left_rooms_.begin()->second;
    if (const std::optional<Seeker>& guest = FindRoom(code)->guest) {
      lost_.push_back({guest->session,
                       "enter",
                       {"no_room", "who opened the room has not come back"}});
    }
    CloseRoom(code);
  }
}

// --- What there is -----------------------------------------------------------------------

std::vector<const Lobby::OpenSeek*> Lobby::seeks(size_t most) const {
  std::vector<const OpenSeek*> seeks;
  for (const auto& [id, seek] : seeks_) seeks.push_back(&seek);
  KeepFirst(most, &seeks, [](const OpenSeek* a, const OpenSeek* b) {
    return a->number > b->number;
  });
  std::reverse(seeks.begin(), seeks.end());
  return seeks;
}

std::vector<std::pair<std::string, size_t>> Lobby::pools(size_t most) const {
  using Pool = std::pair<std::string, size_t>;
  std::vector<Pool> pools;
  for (const auto& [control, waiting] : pools_) {
    pools.emplace_back(control, waiting.size());
  }
  KeepFirst(most, &pools, [](const Pool& a, const Pool& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return pools;
}

// --- Games -------------------------------------------------------------------------------

bool Lobby::MayBegin(const Player& player) const {
  const auto games = games_of_.find(player.id);
  return games == games_of_.end() || games->second.size() < options_.max_games;
}

void Lobby::AddGame(GameInfo info) {
  RemoveGame(info.id);
  ++version_;
  for (const Player& player : info.players) {
    if (BotLevel(player).has_value()) continue;
    games_of_[player.id].push_back(info.id);
  }
  std::string id = info.id;
  games_.insert_or_assign(std::move(id), std::move(info));
}

void Lobby::UpdateGame(std::string_view id, size_t plies, size_t viewers) {
  const auto game = games_.find(id);
  if (game == games_.end()) return;
  game->second.plies = plies;
  game->second.viewers = viewers;
}

void Lobby::RemoveGame(std::string_view id) {
  const auto game = games_.find(id);
  if (game == games_.end()) return;
  for (const Player& player : game->second.players) {
    const auto games = games_of_.find(player.id);
    if (games == games_of_.end()) continue;
    std::erase(games->second, id);
    if (games->second.empty()) games_of_.erase(games);
  }
  games_.erase(game);
  ++version_;
}

std::vector<const GameInfo*> Lobby::ListGames(size_t most) const {
  std::vector<const GameInfo*> all;
  all.reserve(games_.size());
  for (const auto& [id, game] : games_) {
    if (game.listed) all.push_back(&game);
  }
  const auto before = [](const GameInfo* a, const GameInfo* b) {
    if (a->viewers != b->viewers) return a->viewers > b->viewers;
    if (a->plies != b->plies) return a->plies > b->plies;
    return a->id < b->id;
  };
  KeepFirst(most, &all, before);
  return all;
}

std::vector<std::string> Lobby::GamesOf(std::string_view player_id) const {
  const auto games = games_of_.find(player_id);
  return games == games_of_.end() ? std::vector<std::string>() : games->second;
}

}  // namespace chinese_chess
