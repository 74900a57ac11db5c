// Fills a game server with players. `load --help` says how.
#include <cstdio>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "apps/chinese_chess/load/line_load_handler.h"
#include "apps/chinese_chess/load/load_report.h"
#include "apps/chinese_chess/load/load_run.h"
#include "apps/chinese_chess/load/options.h"
#include "apps/chinese_chess/load/websocket_load_handler.h"
#include "apps/command_line/command_line.h"
#include "kingpin/logger/logger.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/sys/descriptor_limit.h"
#include "kingpin/tls/tls_client.h"

namespace chinese_chess {
namespace {

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "load: %s\n%s", std::string(status.message()).c_str(),
               code == 2 ? "Try --help.\n" : "");
  return code;
}

absl::Status PlayOverWebSocket(LoadJob* job) {
  WebSocketLoadShared shared(job);
  kingpin::EpollTPClient<WebSocketLoadHandler> client(&shared, {.threads = 1});
  return client.Run();
}

absl::Status PlayOverLines(LoadJob* job) {
  std::unique_ptr<kingpin::TlsClient> tls;
  if (job->options.tls) {
    auto made = kingpin::TlsClient::Create({.ca_file = job->options.ca_file});
    if (!made.ok()) return made.status();
    tls = *std::move(made);
  }
  LineLoadShared shared(job, std::move(tls));
  kingpin::EpollTPClient<LineLoadHandler> client(&shared, {.threads = 1});
  return client.Run();
}

int Main(absl::Span<char* const> args) {
  const absl::StatusOr<LoadOptions> options = ParseLoadOptions(args);
  if (!options.ok()) return Fail(options.status(), 2);
  if (options->help) return command_line::Help("load", LoadHelp());
  kingpin::RaiseDescriptorLimit();  // Each player has one.
  kingpin::Logger::Default().set_min_level(kingpin::LogLevel::kWarning);
  LoadJob job = {.options = *options};
  absl::Status status =
      options->websocket ? PlayOverWebSocket(&job) : PlayOverLines(&job);
  status.Update(job.status);
  const std::string text =
      options->json ? LoadJson(job.result) : LoadText(job.result);
  if (job.result.players > 0) status.Update(command_line::Print(text));
  if (!status.ok()) return Fail(status, 1);
  return job.result.counts.ok() ? 0 : 1;
}

}  // namespace
}  // namespace chinese_chess

int main(int argc, char** argv) {
  command_line::EnterTypedDirectory();
  return chinese_chess::Main(absl::MakeConstSpan(argv + 1, argc - 1));
}
