#include "apps/chinese_chess/server/game_server_shared.h"

#include "absl/strings/str_cat.h"
#include "apps/chinese_chess/server/message_writer.h"
#include "kingpin/net/io_handler.h"
#include "kingpin/pool/loop_stats.h"

namespace chinese_chess {
namespace {

struct NamedCounter {
  std::string_view name;
  kingpin::Counter GameCounters::*counter;
};

constexpr NamedCounter kCounters[] = {
    {"messages", &GameCounters::messages},
    {"refused", &GameCounters::refused},
    {"rate_limited", &GameCounters::rate_limited},
    {"silent", &GameCounters::silent},
    {"moves", &GameCounters::moves},
    {"moves_repeated", &GameCounters::moves_repeated},
    {"moves_refused", &GameCounters::moves_refused},
    {"games_begun", &GameCounters::games_begun},
    {"games_over", &GameCounters::games_over},
    {"games_restored", &GameCounters::games_restored},
    {"resumed", &GameCounters::resumed},
    {"resynced", &GameCounters::resynced},
    {"posts_lost", &GameCounters::posts_lost},
    {"journal_delays", &GameCounters::journal_delays},
};

void AddLoop(const kingpin::ThreadSlot& slot, MessageWriter* writer) {
  const kingpin::LoopStats& stats = slot.stats();
  writer->BeginItem();
  writer->Add("connections", slot.load());
  writer->Add("accepts", stats.accepts.value());
  writer->Add("posted", stats.posted_tasks.value());
  writer->Add("posted_lag_p99_us",
              absl::ToInt64Microseconds(stats.posted_lag.Quantile(0.99)));
  writer->Add("loop_p99_us",
              absl::ToInt64Microseconds(stats.loop_time.Quantile(0.99)));
  writer->Add("exceptions", stats.handler_exceptions.value());
  writer->EndItem();
}

}  // namespace

GameServerShared::GameServerShared(kingpin::ServerOptions server,
                                   GameServerOptions options,
                                   const GameServerParts& parts,
                                   std::vector<RunningGame> running,
                                   uint64_t first_version)
    : ThreadSharedDataForServer(std::move(server)),
      options_(std::move(options)),
      parts_(parts),
      running_(std::move(running)),
      first_version_(first_version) {}

absl::Status GameServerShared::Open(int threads) {
  counters_.clear();
  for (int i = 0; i < threads; ++i) {
    counters_.push_back(std::make_unique<GameCounters>());
  }
  game_threads_.assign(static_cast<size_t>(threads), nullptr);
  return ThreadSharedDataForServer::Open(threads);
}

bool GameServerShared::Tell(int thread_index, Errand errand) {
  const kingpin::IOHandler* here = kingpin::IOHandler::Current();
  const size_t index = static_cast<size_t>(thread_index);
  if (here != nullptr && &here->shared() == this &&
      here->thread() == thread_index) {
    std::move(errand)(*game_threads_[index]);
    return true;
  }
  // Its entry is read on its own thread, which has written it before it ran tasks.
  return thread(thread_index)
      .Post([this, index, errand = std::move(errand)]() mutable {
        std::move(errand)(*game_threads_[index]);
      });
}

uint64_t GameServerShared::sessions() const {
  uint64_t sessions = 0;
  for (const auto& counters : counters_) sessions += counters->sessions.load();
  return sessions;
}

std::string GameServerShared::StatsJson() const {
  MessageWriter writer("stats");
  for (const NamedCounter& named : kCounters) {
    uint64_t sum = 0;
    for (const auto& counters : counters_) {
      sum += ((*counters).*named.counter).value();
    }
    writer.Add(named.name, sum);
  }
  uint64_t rooms = 0;
  for (const auto& counters : counters_) rooms += counters->rooms.load();
  writer.Add("rooms", rooms);
  writer.Add("sessions", sessions());
  if (const Archive* archive = parts_.archive) {
    writer.Add("archive_changes", archive->changes());
    writer.Add("archive_commits", archive->commits());
    writer.Add("archive_failures", archive->failures());
    writer.Add("archive_waiting", archive->waiting());
  }
  if (parts_.bots != nullptr) {
    const bot::BotPoolStats bots = parts_.bots->stats();
    writer.Add("bot_moves", bots.answered);
    writer.Add("bot_cancelled", bots.cancelled);
    writer.Add("bot_waiting", bots.waiting);
  }
  writer.BeginList("threads");
  for (const auto& slot : slots()) AddLoop(*slot, &writer);
  writer.EndList();
  return writer.Take();
}

}  // namespace chinese_chess
