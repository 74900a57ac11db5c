#include "kingpin/logger/logger.h"

#include <errno.h>

#include <algorithm>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/ring_set.h"
#include "kingpin/logger/terminal_sink.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/logger/ticks.h"

namespace kingpin {
namespace {

using log_internal::Engine;
using log_internal::EngineOptions;
using log_internal::Prefix;
using log_internal::Site;

EngineOptions ToEngineOptions(const Logger::Options& options) {
  EngineOptions engine = {.sinks = options.also_to,
                          .format = options.format,
                          .ring_bytes = options.buffer_bytes,
                          .blocks = {},
                          .poll_interval = options.poll_interval};
  engine.sinks.insert(engine.sinks.begin(),
                      options.sink != nullptr
                          ? options.sink
                          : TerminalSinkFactory({.fd = options.fd}));
  for (size_t i = 0; i < kLogLevels; ++i) {
    engine.blocks[i] =
        options.when_full.of_level[i] == Logger::WhenFull::kBlock;
  }
  return engine;
}

Engine* NewEngine(const Logger::Options& options) {
  log_internal::UseBestTickSource();
  return new Engine(ToEngineOptions(options));
}

// Of the lines that Logger::Write() takes.
constinit const std::array<Site, kLogLevels> kRawSites = {
    Site{.level = LogLevel::kDebug, .prefix = Prefix::kNone},
    Site{.level = LogLevel::kInfo, .prefix = Prefix::kNone},
    Site{.level = LogLevel::kWarning, .prefix = Prefix::kNone},
    Site{.level = LogLevel::kError, .prefix = Prefix::kNone}};

}  // namespace

Logger::Logger() : Logger(Options{}) {}

Logger::Logger(const Options& options)
    : min_level_(options.min_level), engine_(NewEngine(options)) {}

Logger::~Logger() {
  Logger* self = this;
  default_.compare_exchange_strong(self, nullptr);
  // Nothing of a foreign engine can be torn down.
  Engine* engine = engine_.load();
  if (!engine->foreign()) delete engine;
}

Logger& Logger::StderrLogger() {
  // No function-local static: its guard could be held for ever in a child of
  // fork(). Two threads may both make one; one of them goes.
  static constinit std::atomic<Logger*> made = nullptr;
  Logger* logger = made.load(std::memory_order_acquire);
  if (logger != nullptr) return *logger;
  auto ours = std::make_unique<Logger>(Options{.when_full = WhenFull::kDrop});
  if (made.compare_exchange_strong(logger, ours.get())) {
    return *ours.release();
  }
  return *logger;
}

Logger* Logger::SetDefault(Logger* logger) {
  return default_.exchange(logger, std::memory_order_acq_rel);
}

void Logger::SetMemoryBudget(size_t bytes) {
  log_internal::RingSet::set_ring_budget(bytes);
}

log_internal::Engine& Logger::OwnEngine() {
  Engine* engine = engine_.load(std::memory_order_acquire);
  if (ABSL_PREDICT_TRUE(!engine->foreign())) return *engine;
  // Two threads may both make one; one of them goes. The foreign one stays where it
  // is: it cannot be torn down here.
  auto ours = std::make_unique<Engine>(engine->options());
  if (engine_.compare_exchange_strong(engine, ours.get())) {
    return *ours.release();
  }
  return *engine;
}

void Logger::AppendText(const Site& site, std::string_view message) {
  Append(site, log_internal::kTextFlag, message.size(), [message](char* at) {
    if (!message.empty()) std::memcpy(at, message.data(), message.size());
  });
}

void Logger::AppendSlowly(const Site& site, log_internal::RecordHeader header,
                          absl::FunctionRef<void(char*)> write_payload) {
  const int saved_errno = errno;
  Engine& engine = OwnEngine();
  const uint32_t number = log_internal::SiteTable::Register(site);
  const size_t size =
      log_internal::RecordSize(header.context_bytes, header.payload_bytes);
  log_internal::Claim claim;
  if (size > engine.max_record()) {
    AppendCut(site, header, write_payload);
  } else if (engine.ClaimSlowly(site.level, size, &header.ticks, &claim)) {
    header.site |= number;
    header.thread = log_internal::t_thread_id;
    char* at = header.WriteTo(claim.at);
    if (header.context_bytes > 0) {
      at = log_internal::WriteContext(*log_internal::t_log_context, at);
    }
    write_payload(at);
    engine.Release(claim, size, site.level);
  }
  errno = saved_errno;
}

void Logger::AppendCut(const Site& site,
                       const log_internal::RecordHeader& header,
                       absl::FunctionRef<void(char*)> write_payload) {
  std::string payload(header.payload_bytes, '\0');
  write_payload(payload.data());
  log_internal::TextBuffer text;
  log_internal::AppendMessage(
      {.header = header, .context = {}, .payload = payload},
      log_internal::CompiledSite(site.level, site.prefix, site.file, site.line,
                                 site.format, site.types),
      &text);
  const std::string mark =
      absl::StrCat("...[truncated, ", text.size(), " bytes]");
  size_t keep = std::min(text.size(),
                         OwnEngine().max_record() - mark.size() -
                             log_internal::RecordSize(header.context_bytes, 0));
  // Not inside a UTF-8 sequence.
  while (keep > 0 && (text.data()[keep] & 0xc0) == 0x80) --keep;
  AppendText(site, absl::StrCat(text.view().substr(0, keep), mark));
}

void Logger::Write(LogLevel level, std::string_view line) {
  if (!Enabled(level)) return;
  AppendText(kRawSites[static_cast<size_t>(level)], line);
}

void Logger::Flush() {
  Engine* engine = engine_.load(std::memory_order_acquire);
  if (engine->foreign()) return;  // Nothing was logged in this process.
  engine->Flush();
}

void Logger::Reopen() {
  Engine* engine = engine_.load(std::memory_order_acquire);
  if (!engine->foreign()) engine->AskReopen();
}

Logger::Counters Logger::counters() const {
  const Engine* engine = engine_.load(std::memory_order_acquire);
  if (engine->foreign()) return {};
  const Engine::Counters from = engine->counters();
  Counters counters = {.accepted = from.accepted,
                       .dropped_by_level = from.dropped,
                       .written = from.writer.written,
                       .bytes = from.writer.sinks.bytes,
                       .write_errors = from.writer.sinks.write_errors,
                       .depth_bytes = from.depth,
                       .high_water_bytes = from.high_water,
                       .longest_stall = absl::Nanoseconds(
                           from.writer.sinks.longest_write_nanos)};
  for (uint64_t lines : from.dropped) counters.dropped += lines;
  return counters;
}

}  // namespace kingpin
