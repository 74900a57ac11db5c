#include "kingpin/logger/absl_log.h"

#include <array>
#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/base/log_severity.h"
#include "absl/log/globals.h"
#include "absl/log/log_entry.h"
#include "absl/log/log_sink.h"
#include "absl/log/log_sink_registry.h"
#include "absl/time/time.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/logger.h"
#include "kingpin/logger/site.h"
#include "kingpin/logger/tell_stderr.h"

namespace kingpin {
namespace {

using log_internal::Site;

LogLevel LevelOf(const absl::LogEntry& entry) {
  // VLOG(1) and above are INFO to abseil.
  if (entry.verbosity() > 0) return LogLevel::kDebug;
  switch (entry.log_severity()) {
    case absl::LogSeverity::kInfo:
      return LogLevel::kInfo;
    case absl::LogSeverity::kWarning:
      return LogLevel::kWarning;
    default:
      return LogLevel::kError;
  }
}

// A statement of abseil's, which has no site of its own.
struct OwnedSite {
  OwnedSite(LogLevel level, std::string_view file_name, int line)
      : file(file_name), site{.level = level, .file = file, .line = line} {}
  const std::string file;
  const Site site;
};

// The sites, made as they are met. They stay; statements are as many as the program
// has. No lock, as everywhere on the way of a line.
class SiteMap {
 public:
  const Site& Find(LogLevel level, std::string_view file, int line) {
    const size_t hash = std::hash<std::string_view>()(file) * 31 +
                        static_cast<size_t>(line) * 4 +
                        static_cast<size_t>(level);
    for (size_t i = 0; i < kProbes; ++i) {
      const Site* site = At((hash + i) % kSlots, level, file, line);
      if (site != nullptr) return *site;
    }
    return full_[static_cast<size_t>(level)];
  }

 private:
  static constexpr size_t kSlots = 1 << 14;
  static constexpr size_t kProbes = 64;

  // The site in that slot, put there if it is free; nullptr if it is another's.
  const Site* At(size_t slot, LogLevel level, std::string_view file, int line) {
    const OwnedSite* owned = slots_[slot].load(std::memory_order_acquire);
    if (owned == nullptr) {
      auto ours = std::make_unique<OwnedSite>(level, file, line);
      if (slots_[slot].compare_exchange_strong(owned, ours.get())) {
        return &ours.release()->site;
      }
    }
    const Site& site = owned->site;
    return site.line == line && site.level == level && site.file == file
               ? &site
               : nullptr;
  }

  std::array<std::atomic<const OwnedSite*>, kSlots> slots_ = {};
  const std::array<Site, kLogLevels> full_ = {
      {{.level = LogLevel::kDebug, .file = "absl"},
       {.level = LogLevel::kInfo, .file = "absl"},
       {.level = LogLevel::kWarning, .file = "absl"},
       {.level = LogLevel::kError, .file = "absl"}}};
};

class AbslSink : public absl::LogSink {
 public:
  void Send(const absl::LogEntry& entry) override {
    // FATAL comes once more, with a stack trace.
    if (!entry.stacktrace().empty()) return;
    Logger& logger = Logger::Default();
    const LogLevel level = LevelOf(entry);
    // A VLOG that came here was asked for.
    if (level != LogLevel::kDebug && !logger.Enabled(level)) return;
    if (entry.log_severity() == absl::LogSeverity::kFatal && !MakesRoom()) {
      return logger.WriteRaw(level, entry.source_basename(),
                             entry.source_line(), entry.text_message());
    }
    logger.AppendText(
        sites_.Find(level, entry.source_basename(), entry.source_line()),
        entry.text_message());
  }
  // Before the process aborts, too.
  void Flush() override {
    const absl::Duration limit =
        is_stuck_ ? absl::ZeroDuration() : absl::Seconds(1);
    if (Logger::FlushDefaultInSignalHandler(limit)) return;
    log_internal::TellStderr("log: not written to its end within a second\n");
  }

 private:
  // The process must end, whatever the log's sink waits for, and so not wait for room.
  // True: this thread's buffer is empty, so that the line of what ends it has room.
  bool MakesRoom() {
    is_stuck_ = !Logger::FlushDefaultInSignalHandler(absl::Seconds(1));
    return !is_stuck_;
  }

  SiteMap sites_;
  std::atomic<bool> is_stuck_ = false;  // The second is over.
};

}  // namespace

void RouteAbslLog() {
  static std::atomic<bool> routed = false;
  if (routed.exchange(true)) return;
  absl::AddLogSink(new AbslSink);  // Static destructors may log.
  absl::SetStderrThreshold(absl::LogSeverityAtLeast::kFatal);
}

}  // namespace kingpin
