#include "apps/chinese_chess/load/load_report.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "apps/chinese_chess/server/message_writer.h"

namespace chinese_chess {
namespace {

using bench_client::LatencyHistogram;

std::string Percentiles(const LatencyHistogram& latency) {
  const auto ms = [](int64_t ns) { return static_cast<double>(ns) / 1e6; };
  return absl::StrFormat(
      "p50 %.2f ms, p99 %.2f ms, p99.9 %.2f ms, longest %.2f ms",
      ms(latency.PercentileNs(0.5)), ms(latency.PercentileNs(0.99)),
      ms(latency.PercentileNs(0.999)), ms(latency.max_ns()));
}

std::string Listed(const std::map<std::string, uint64_t>& numbers) {
  std::string text;
  for (const auto& [name, number] : numbers) {
    absl::StrAppend(&text, text.empty() ? "" : ", ", name, " ", number);
  }
  return text.empty() ? "none" : text;
}

void AddAll(std::string_view key,
            const std::map<std::string, uint64_t>& numbers,
            MessageWriter* writer) {
  writer->BeginObject(key);
  for (const auto& [name, number] : numbers) writer->Add(name, number);
  writer->EndObject();
}

void AddPercentiles(std::string_view key, const LatencyHistogram& latency,
                    MessageWriter* writer) {
  writer->BeginObject(key);
  writer->Add("count", latency.count());
  writer->Add("p50_us", latency.PercentileNs(0.5) / 1000);
  writer->Add("p90_us", latency.PercentileNs(0.9) / 1000);
  writer->Add("p99_us", latency.PercentileNs(0.99) / 1000);
  writer->Add("p99_9_us", latency.PercentileNs(0.999) / 1000);
  writer->Add("max_us", latency.max_ns() / 1000);
  writer->EndObject();
}

double MovesPerSecond(const LoadResult& result) {
  return result.seconds > 0
             ? static_cast<double>(result.counted_moves) / result.seconds
             : 0;
}

}  // namespace

std::string LoadText(const LoadResult& result) {
  const LoadCounts& counts = result.counts;
  std::string text = absl::StrFormat(
      "%d players, %d of them in a game at the end; %.1f s, %.2f s of CPU "
      "here\n",
      result.players, result.seated, result.seconds, result.cpu_seconds);
  absl::StrAppendFormat(&text, "moves      %d, %.1f a second\n",
                        result.counted_moves, MovesPerSecond(result));
  absl::StrAppend(&text, "latency    ", Percentiles(counts.latency),
                  " from move to opponent\n");
  absl::StrAppend(&text, "games      begun ", counts.games_begun, ", finished ",
                  counts.games_finished, ", lost ", counts.lost_games,
                  "; ends found in the archive ", counts.ends_unseen, "\n");
  absl::StrAppend(&text, "ends       ", Listed(counts.ends), "\n");
  absl::StrAppend(&text, "dropped    ", counts.drops, ", came back ",
                  counts.resumes, ", of these told all anew ", counts.resyncs,
                  "; connections lost otherwise ", counts.lost_connections,
                  "\n");
  absl::StrAppend(&text, "resume     ", Percentiles(counts.resume), "\n");
  absl::StrAppend(&text, "refused    ", Listed(counts.refused), "\n");
  absl::StrAppend(&text, "checked    ", counts.positions, " positions, wrong ",
                  counts.wrong, "\n");
  for (const std::string& wrong : counts.wrong_texts) {
    absl::StrAppend(&text, "  wrong: ", wrong, "\n");
  }
  return text;
}

std::string LoadJson(const LoadResult& result) {
  const LoadCounts& counts = result.counts;
  MessageWriter writer("load");
  writer.Add("players", result.players);
  writer.Add("seated", result.seated);
  writer.AddRaw("seconds", absl::StrCat(result.seconds));
  writer.AddRaw("cpu_seconds", absl::StrCat(result.cpu_seconds));
  writer.Add("moves", result.counted_moves);
  writer.AddRaw("moves_per_second", absl::StrCat(MovesPerSecond(result)));
  AddPercentiles("latency", counts.latency, &writer);
  writer.Add("games_begun", counts.games_begun);
  writer.Add("games_finished", counts.games_finished);
  writer.Add("games_lost", counts.lost_games);
  writer.Add("ends_unseen", counts.ends_unseen);
  AddAll("ends", counts.ends, &writer);
  writer.Add("drops", counts.drops);
  writer.Add("resumes", counts.resumes);
  writer.Add("resyncs", counts.resyncs);
  writer.Add("lost_connections", counts.lost_connections);
  AddPercentiles("resume", counts.resume, &writer);
  AddAll("refused", counts.refused, &writer);
  writer.Add("positions", counts.positions);
  writer.Add("wrong", counts.wrong);
  writer.BeginList("wrong_texts");
  for (const std::string& wrong : counts.wrong_texts) writer.AddItem(wrong);
  writer.EndList();
  return absl::StrCat(writer.Take(), "\n");
}

}  // namespace chinese_chess
