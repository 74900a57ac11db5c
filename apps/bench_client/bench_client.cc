// A load generator for HTTP and raw TCP. See README.md.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "apps/bench_client/html_report.h"
#include "apps/bench_client/json_report.h"
#include "apps/bench_client/load.h"
#include "apps/bench_client/load_handler.h"
#include "apps/bench_client/options.h"
#include "apps/bench_client/report_file.h"
#include "apps/bench_client/result.h"
#include "apps/bench_client/text_report.h"
#include "apps/bench_client/units.h"
#include "apps/command_line/command_line.h"
#include "kingpin/logger/logger.h"
#include "kingpin/pool/epoll_tp_client.h"
#include "kingpin/sys/descriptor_limit.h"
#include "kingpin/sys/syscalls.h"

namespace bench_client {
namespace {

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return t.tv_sec + t.tv_usec / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

std::string Machine() {
  std::string processor = "unknown processor";
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (!absl::StartsWith(line, "model name")) continue;
    processor = line.substr(line.find(':') + 1);
    break;
  }
  utsname kernel{};
  uname(&kernel);
  return absl::StrCat(absl::StripAsciiWhitespace(processor), ", ",
                      std::thread::hardware_concurrency(), " of them, ",
                      kernel.sysname, " ", kernel.release);
}

std::string CommandOf(absl::Span<char* const> args) {
  std::string command = "bench_client";
  for (std::string_view arg : args) {
    const bool plain =
        arg.find_first_of(" \t\n'\"\\$&|;<>()*?[]#~`") == arg.npos;
    absl::StrAppend(&command, plain ? " " : " '", arg, plain ? "" : "'");
  }
  return command;
}

bool IsUtf8Terminal() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value != nullptr && *value != '\0') {
      return absl::StrContainsIgnoreCase(value, "utf");
    }
  }
  return false;
}

void PrintProgress(double at, const Counts& news) {
  std::fprintf(
      stderr, "%s",
      absl::StrFormat(
          "%6.0f s %9s/s   p50 %8s   p99 %8s   failed %s\n", at,
          CountText(static_cast<double>(news.responses)),
          DurationText(static_cast<double>(news.latency.PercentileNs(0.5))),
          DurationText(static_cast<double>(news.latency.PercentileNs(0.99))),
          CountText(static_cast<double>(news.failed())))
          .c_str());
}

// Until the time is over or the run has ended by itself.
void Watch(Load& load, const absl::Notification& ended) {
  const absl::Duration duration = load.options().duration;
  for (int second = 1;; ++second) {
    const absl::Duration until = std::min(absl::Seconds(second), duration);
    if (ended.WaitForNotificationWithTimeout(until -
                                             (load.Now() - load.start()))) {
      return;
    }
    if (until == duration) return;
    const Counts news = load.recorder().TakeNews();
    if (!load.options().quiet) PrintProgress(second, news);
  }
}

// Runs it, and tells what it found.
absl::StatusOr<Result> Run(const Options& options) {
  Load load(options);
  if (absl::Status status = load.Prepare(); !status.ok()) return status;
  kingpin::EpollTPClient<LoadHandler> client(&load,
                                             {.threads = load.thread_count()});
  const double cpu_before = CpuSeconds();
  load.Start();
  if (absl::Status status = client.Start(); !status.ok()) return status;
  absl::Notification ended;
  absl::Status status;
  std::thread waiter([&] {
    status = client.Wait();
    ended.Notify();
  });
  Watch(load, ended);
  const double seconds = absl::ToDoubleSeconds(load.Now() - load.start());
  load.Shutdown(kingpin::RunPhase::kStopping);
  waiter.join();
  status.Update(load.status());
  if (!status.ok()) return status;
  Leftovers leftovers = load.leftovers();
  const Counts counts = load.recorder().Total();
  if (options.requests > 0) {
    // The pace goes on until the last is answered.
    leftovers.unsent =
        std::min(leftovers.unsent, options.requests - counts.requests);
  }
  return Result{.url = options.text_url,
                .machine = Machine(),
                .threads = load.thread_count(),
                .connections = options.connections,
                .rate = options.rate,
                .seconds = seconds,
                .cpu_seconds = CpuSeconds() - cpu_before,
                .counts = counts,
                .lag = leftovers.lag,
                .unsent = leftovers.unsent,
                .unanswered = leftovers.unanswered,
                .connecting = leftovers.connecting,
                .intervals = load.recorder().Intervals(seconds)};
}

// `html` is nullptr if no page is wanted.
absl::Status Report(const Options& options, const Result& result,
                    ReportFile* html) {
  absl::Status status = command_line::Print(
      options.json ? JsonReport(result) + "\n"
                   : TextReport(result, {.utf8 = IsUtf8Terminal()}));
  if (html != nullptr) status.Update(html->Write(HtmlReport(result)));
  return status;
}

int Fail(const absl::Status& status, int code) {
  std::fprintf(stderr, "bench_client: %s\n%s",
               std::string(status.message()).c_str(),
               code == 2 ? "Try --help.\n" : "");
  return code;
}

absl::Status CheckDescriptors(const Options& options) {
  // Beside the connections: standard files, the log, the report; and a loop's epoll,
  // wake-up, timers and name servers.
  constexpr int kOfProcess = 16;
  constexpr int kOfThread = 6;
  const int limit = kingpin::RaiseDescriptorLimit();
  const int most =
      std::max(limit - kOfProcess - kOfThread * ThreadCount(options), 0);
  if (options.connections <= most) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--connections ", options.connections, ": this process may open ", limit,
      " files (ulimit -n), so ", most, " connections at most"));
}

int Main(absl::Span<char* const> args) {
  command_line::OpenStandardFiles(O_RDONLY);
  // A reader of the report that has gone is an error like others.
  kingpin::sys::BlockSigpipe();
  absl::StatusOr<Options> options = ParseOptions(args);
  if (!options.ok()) return Fail(options.status(), 2);
  if (options->help) return command_line::Help("bench_client", HelpText());
  std::optional<ReportFile> html;
  if (!options->html.empty()) {
    absl::StatusOr<ReportFile> file = ReportFile::Open(options->html);
    if (!file.ok()) return Fail(file.status(), 2);
    html.emplace(*std::move(file));
  }
  if (absl::Status status = CheckDescriptors(*options); !status.ok()) {
    return Fail(status, 2);
  }
  // That a signal has ended the run is in the report.
  kingpin::Logger::Default().set_min_level(kingpin::LogLevel::kWarning);
  absl::StatusOr<Result> result = Run(*options);
  if (!result.ok()) return Fail(result.status(), 1);
  result->command = CommandOf(args);
  if (absl::Status status =
          Report(*options, *result, html.has_value() ? &*html : nullptr);
      !status.ok()) {
    return Fail(status, 1);
  }
  const Counts& counts = result->counts;
  if (counts.responses == 0) return 1;
  return counts.failed() > 0 || !counts.broken.empty() ? 3 : 0;
}

}  // namespace
}  // namespace bench_client

int main(int argc, char** argv) {
  command_line::EnterTypedDirectory();
  return bench_client::Main(absl::MakeConstSpan(argv + 1, argc - 1));
}
