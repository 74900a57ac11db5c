#include "apps/chinese_chess/server/lobby.h"

#include <algorithm>
#include <utility>

#include "apps/chinese_chess/server/bot_player.h"
#include "apps/chinese_chess/server/random_id.h"

namespace chinese_chess {
namespace {

constexpr size_t kSeekIdCharacters = 8;
// Read out over the telephone; a guess hits one of a thousand rooms once in a million.
constexpr size_t kRoomCodeCharacters = 6;

// The first `most`, in order.
template <typename T, typename Before>
void KeepFirst(size_t most, std::vector<T>* all, Before before) {
  const size_t count = std::min(most, all->size());
  std::partial_sort(all->begin(), all->begin() + static_cast<int64_t>(count),
                    all->end(), before);
  all->resize(count);
}

}  // namespace

GameInfo InfoOf(const GameSetup& setup) {
  return {.id = setup.id,
          .players = setup.players,
          .control = FormatTimeControl(setup.control),
          .listed = setup.listed};
}

bool Lobby::MayBegin(const Player& player) const {
  const auto games = games_of_.find(player.id);
  return games == games_of_.end() || games->second.size() < most_games_;
}

Pairing Lobby::Pair(const Seeker& first, std::optional<Color> color,
                    const Seeker& second) {
  const bool first_is_red =
      color.has_value() ? *color == Color::kRed : absl::Bernoulli(random_, 0.5);
  return {.seekers = first_is_red ? std::array{first, second}
                                  : std::array{second, first},
          .control = {}};
}

void Lobby::Wait(SessionNumber session, Waiting waiting) {
  waiting_[session] = std::move(waiting);
  ++version_;
}

std::optional<Pairing> Lobby::JoinPool(const Seeker& seeker,
                                       const TimeControl& control) {
  Cancel(seeker.session);
  std::string key = FormatTimeControl(control);
  std::deque<Seeker>& pool = pools_[key];
  const auto other =
      std::find_if(pool.begin(), pool.end(), [&](const Seeker& waiting) {
        return waiting.player.id != seeker.player.id &&
               MayBegin(waiting.player);
      });
  if (other == pool.end()) {
    pool.push_back(seeker);
    Wait(seeker.session, {Waiting::kPool, std::move(key)});
    return std::nullopt;
  }
  const Seeker opponent = *other;
  Cancel(opponent.session);
  Pairing pairing = Pair(opponent, std::nullopt, seeker);
  pairing.control = control;
  return pairing;
}

std::string Lobby::AddOffer(const Seeker& seeker, const Terms& terms,
                            Waiting::Kind kind, size_t id_characters,
                            Offers* offers) {
  Cancel(seeker.session);
  std::string id = RandomId(id_characters);
  while (offers->contains(id)) id = RandomId(id_characters);
  offers->emplace(id, OpenSeek{id, seeker, terms, ++offers_made_});
  Wait(seeker.session, {kind, id});
  return id;
}

std::variant<Pairing, Refusal> Lobby::AcceptOffer(const Seeker& seeker,
                                                  std::string_view key,
                                                  const Refusal& none,
                                                  const Offers& offers) {
  const auto found = offers.find(key);
  if (found == offers.end()) return none;
  const OpenSeek offer = found->second;
  if (offer.seeker.player.id == seeker.player.id) {
    return Refusal{"own_offer", "nobody plays against themselves"};
  }
  if (!MayBegin(offer.seeker.player)) {
    return Refusal{"too_many", "the other plays too many games just now"};
  }
  Cancel(offer.seeker.session);
  Cancel(seeker.session);
  Pairing pairing = Pair(offer.seeker, offer.terms.color, seeker);
  pairing.control = offer.terms.control;
  pairing.casual = offer.terms.casual;
  return pairing;
}

std::string Lobby::AddSeek(const Seeker& seeker, const Terms& terms) {
  return AddOffer(seeker, terms, Waiting::kSeek, kSeekIdCharacters, &seeks_);
}

std::variant<Pairing, Refusal> Lobby::AcceptSeek(const Seeker& seeker,
                                                 std::string_view id) {
  return AcceptOffer(seeker, id, {"no_seek", "that seek is gone"}, seeks_);
}

std::string Lobby::OpenRoom(const Seeker& seeker, const Terms& terms) {
  return AddOffer(seeker, terms, Waiting::kRoom, kRoomCodeCharacters, &rooms_);
}

std::variant<Pairing, Refusal> Lobby::EnterRoom(const Seeker& seeker,
                                                std::string_view code) {
  std::variant<Pairing, Refusal> result = AcceptOffer(
      seeker, code, {"no_room", "there is no such room"}, rooms_);
  if (Pairing* pairing = std::get_if<Pairing>(&result)) pairing->listed = false;
  return result;
}

Pairing Lobby::PairWith(const Seeker& seeker, const Terms& terms,
                        const Player& other) {
  Cancel(seeker.session);
  Pairing pairing = Pair(seeker, terms.color, {0, other});
  pairing.control = terms.control;
  pairing.casual = terms.casual;
  return pairing;
}

bool Lobby::Cancel(SessionNumber session) {
  const auto found = waiting_.find(session);
  if (found == waiting_.end()) return false;
  const Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  ++version_;
  if (waiting.kind == Waiting::kSeek) {
    seeks_.erase(waiting.key);
  } else if (waiting.kind == Waiting::kRoom) {
    rooms_.erase(waiting.key);
  } else {
    const auto pool = pools_.find(waiting.key);
    std::erase_if(pool->second, [&](const Seeker& seeker) {
      return seeker.session == session;
    });
    if (pool->second.empty()) pools_.erase(pool);
  }
  return true;
}

std::vector<const Lobby::OpenSeek*> Lobby::seeks(size_t most) const {
  std::vector<const OpenSeek*> seeks;
  for (const auto& [id, seek] : seeks_) seeks.push_back(&seek);
  KeepFirst(most, &seeks, [](const OpenSeek* a, const OpenSeek* b) {
    return a->number > b->number;
  });
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
