#include "kingpin/logger/logger.h"

#include <errno.h>

#include <algorithm>
#include <charconv>
#include <exception>
#include <limits>
#include <memory>
#include <string>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "kingpin/logger/engine_registry.h"
#include "kingpin/logger/escape.h"
#include "kingpin/logger/klog.h"
#include "kingpin/logger/line_format.h"
#include "kingpin/logger/raw_slots.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/ring_set.h"
#include "kingpin/logger/tell_stderr.h"
#include "kingpin/logger/terminal_sink.h"
#include "kingpin/logger/text_buffer.h"
#include "kingpin/logger/ticks.h"

namespace kingpin {
namespace {

using log_internal::Engine;
using log_internal::EngineOptions;
using log_internal::EngineRegistry;
using log_internal::Prefix;
using log_internal::Site;

EngineOptions ToEngineOptions(const Logger::Options& options) {
  EngineOptions engine = {.sinks = options.also_to,
                          .format = options.format,
                          .clock = options.clock,
                          .time_zone = options.time_zone,
                          .thread_names = options.thread_names,
                          .ring_bytes = options.buffer_bytes,
                          .blocks = {},
                          .poll_interval = options.poll_interval,
                          .idle_interval = options.idle_interval,
                          .black_box = options.black_box,
                          .black_box_threads = options.black_box_threads};
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

// Of the lines that Logger::Write() takes.
constinit const std::array<Site, kLogLevels> kRawSites = {
    Site{.level = LogLevel::kDebug, .prefix = Prefix::kNone},
    Site{.level = LogLevel::kInfo, .prefix = Prefix::kNone},
    Site{.level = LogLevel::kWarning, .prefix = Prefix::kNone},
    Site{.level = LogLevel::kError, .prefix = Prefix::kNone}};

// Of statements that SiteTable has no number for any more.
constinit const std::array<Site, kLogLevels> kUnnumberedSites = {
    Site{.level = LogLevel::kDebug, .file = "(unnumbered)"},
    Site{.level = LogLevel::kInfo, .file = "(unnumbered)"},
    Site{.level = LogLevel::kWarning, .file = "(unnumbered)"},
    Site{.level = LogLevel::kError, .file = "(unnumbered)"}};

// Those that must have a number, while there are any.
void RegisterOwnSites() {
  for (const Site& site : kRawSites) log_internal::SiteTable::Register(site);
  for (const Site& site : kUnnumberedSites) {
    log_internal::SiteTable::Register(site);
  }
}

Engine* NewEngine(const Logger::Options& options) {
  log_internal::UseBestTickSource();
  // Before there is a black box, which may have no room for any.
  RegisterOwnSites();
  return new Engine(ToEngineOptions(options));
}

// Of a record; a message of more is not looked at.
constexpr size_t kMaxPayloadBytes = size_t{1} << 30;

std::string TruncationMark(size_t bytes) {
  return absl::StrCat("...[truncated, ", bytes, " bytes]");
}

// For a line from a signal handler that no logger can take. On the stack: escaping
// makes four bytes of one at most.
void WriteToStderr(LogLevel level, std::string_view file, int line,
                   std::string_view text) {
  using log_internal::AppendEscaped;
  using log_internal::RawSlot;
  using log_internal::RawSlots;
  using log_internal::Tabs;
  log_internal::InlineTextBuffer<4 * sizeof(RawSlot::bytes) + 64> out;
  out.Append(LogLevelName(level));
  out.Append(' ');
  AppendEscaped(log_internal::CutText(file, RawSlot::kMaxFileBytes),
                Tabs::kEscape, &out);
  out.Append(':');
  char* const digits = out.Room(std::numeric_limits<unsigned>::digits10 + 1);
  out.AdvanceTo(
      std::to_chars(digits, digits + 10, static_cast<unsigned>(line)).ptr);
  out.Append(' ');
  AppendEscaped(log_internal::CutText(text, RawSlots::kMaxText), Tabs::kEscape,
                &out);
  out.Append('\n');
  log_internal::TellStderr(out.view());
}

}  // namespace

Logger::Logger() : Logger(Options{}) {}

Logger::Logger(const Options& options, SaysNothing)
    : min_level_(options.min_level), engine_(NewEngine(options)) {}

Logger::Logger(const Options& options) : Logger(options, SaysNothing()) {
  if (!black_box_status().ok()) {
    KLOG_TO(*this, ERROR) << black_box_status().message()
                          << ": lines are kept in memory only";
  }
  TellKeptBlackBox();
}

absl::StatusOr<std::unique_ptr<Logger>> Logger::Create(const Options& options) {
  auto logger = absl::WrapUnique(new Logger(options, SaysNothing()));
  if (!logger->black_box_status().ok()) return logger->black_box_status();
  logger->TellKeptBlackBox();
  return logger;
}

void Logger::TellKeptBlackBox() {
  const std::string& kept = kept_black_box();
  if (kept.empty()) return;
  const std::string text = absl::StrCat(
      "a black box that could not be read or written whole is kept as \"", kept,
      "\": print it with //kingpin/logger:recover, then remove it; while it is "
      "there, a damaged one is not kept");
  KLOG_TO(*this, WARNING) << text;
  // The log may still be what does not take it.
  log_internal::TellStderr(absl::StrCat("log: ", text, "\n"));
}

Logger::~Logger() {
  Logger* self = this;
  default_.compare_exchange_strong(self, nullptr);
  // Nothing of a foreign engine can be torn down, nor of one whose sink has called
  // exit() and so this destructor of a static object.
  Engine* engine = engine_.load();
  if (!engine->foreign() && !engine->IsInside()) delete engine;
}

Logger& Logger::StderrLogger() {
  // No function-local static: its guard could be held for ever in a child of
  // fork(). Two threads may both make one; one of them goes.
  Logger* logger = stderr_logger_.load(std::memory_order_acquire);
  if (logger != nullptr) return *logger;
  // What is streamed into the first line may ask for errno, and comes behind this.
  const int saved_errno = errno;
  auto ours = std::make_unique<Logger>(Options{.when_full = WhenFull::kDrop});
  if (stderr_logger_.compare_exchange_strong(logger, ours.get())) {
    logger = ours.release();
  }
  ours.reset();
  errno = saved_errno;
  return *logger;
}

Logger* Logger::MadeDefault() {
  Logger* logger = default_.load(std::memory_order_acquire);
  if (logger != nullptr) return logger;
  return stderr_logger_.load(std::memory_order_acquire);
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
  EngineOptions options = engine->options();
  options.black_box.clear();  // It is the parent's.
  auto ours = std::make_unique<Engine>(options);
  if (!engine_.compare_exchange_strong(engine, ours.get())) return *engine;
  TellEarlyDrops(*ours);
  return *ours.release();
}

void Logger::AppendText(const Site& site, std::string_view message) {
  if (ABSL_PREDICT_FALSE(message.size() > kMaxPayloadBytes)) {
    return AppendOrDrop(site.level, [&] { AppendCut(site, message); });
  }
  Append(site, log_internal::kTextFlag, message.size(), [message](char* at) {
    if (!message.empty()) std::memcpy(at, message.data(), message.size());
  });
}

log_internal::EncodedContext Logger::ContextOf(const Site& site) {
  if (site.prefix == Prefix::kNone) return {};
  const int saved_errno = errno;
  const log_internal::EncodedContext context(
      log_internal::t_log_context->Context());
  errno = saved_errno;
  return context;
}

void Logger::AppendSlowly(const Site& site, log_internal::RecordHeader header,
                          size_t payload_bytes,
                          const log_internal::EncodedContext& context,
                          absl::FunctionRef<void(char*)> write_payload) {
  AppendOrDrop(site.level, [&] {
    Engine& engine = OwnEngine();
    const uint32_t number = log_internal::SiteTable::Register(site);
    const size_t size =
        log_internal::RecordSize(header.context_bytes, payload_bytes);
    log_internal::Claim claim;
    if (ABSL_PREDICT_FALSE(number == log_internal::kNoSite ||
                           size > engine.max_record())) {
      AppendAsText(site, header.site & log_internal::kSiteFlags, payload_bytes,
                   write_payload);
    } else if (engine.ClaimSlowly(site.level, size, &header.ticks, &claim)) {
      header.site |= number;
      header.thread = log_internal::t_thread_id;
      char* at = header.WriteTo(claim.at);
      if (header.context_bytes > 0) at = context.WriteTo(at);
      write_payload(at);
      engine.Release(claim, size, site.level);
    }
  });
}

void Logger::AppendOrDrop(LogLevel level, absl::FunctionRef<void()> append) {
  const int saved_errno = errno;
  try {
    append();
  } catch (const std::exception&) {
    Drop(level);
  }
  errno = saved_errno;
}

// Who makes the engine stores it and then looks for what was dropped; here it is the
// other way round. All four are sequentially consistent, so one sees the other.
void Logger::Drop(LogLevel level) {
  if (engine_.load()->foreign()) {
    std::atomic<uint64_t>& early = dropped_early_[static_cast<size_t>(level)];
    const uint64_t none = uint64_t{EngineRegistry::generation()} << 32;
    uint64_t before = early.load();
    while (!early.compare_exchange_weak(before, std::max(before, none) + 1)) {
    }
    if (Engine* made = engine_.load(); !made->foreign()) TellEarlyDrops(*made);
  } else {
    engine_.load()->Drop(level, 1);
  }
}

void Logger::TellEarlyDrops(Engine& engine) {
  for (size_t i = 0; i < kLogLevels; ++i) {
    const uint64_t early = dropped_early_[i].exchange(0);
    const uint32_t lines = static_cast<uint32_t>(early);
    if (lines > 0 && early >> 32 == EngineRegistry::generation()) {
      engine.Drop(static_cast<LogLevel>(i), lines);
    }
  }
}

void Logger::AppendAsText(const Site& site, uint32_t flags,
                          size_t payload_bytes,
                          absl::FunctionRef<void(char*)> write_payload) {
  if (payload_bytes > kMaxPayloadBytes) {
    return AppendText(site, TruncationMark(payload_bytes));
  }
  std::string payload(payload_bytes, '\0');
  write_payload(payload.data());
  log_internal::Record record = {};
  record.header.site = flags;
  record.SetPayload(payload);
  log_internal::TextBuffer text;
  log_internal::AppendMessage(
      record,
      log_internal::CompiledSite(site.level, site.prefix, site.file, site.line,
                                 site.format, site.types),
      &text);
  if (log_internal::SiteTable::Register(site) != log_internal::kNoSite) {
    return AppendCut(site, text.view());
  }
  AppendCut(kUnnumberedSites[static_cast<size_t>(site.level)],
            absl::StrCat(site.file, ":", site.line, " ", text.view()));
}

void Logger::AppendCut(const Site& site, std::string_view message) {
  const size_t context_bytes =
      log_internal::t_log_context == nullptr ? 0 : ContextOf(site).size();
  const size_t room =
      OwnEngine().max_record() - log_internal::RecordSize(context_bytes, 0);
  if (message.size() <= room) return AppendText(site, message);
  const std::string mark = TruncationMark(message.size());
  AppendText(
      site,
      absl::StrCat(log_internal::CutText(message, room - mark.size()), mark));
}

void Logger::Write(LogLevel level, std::string_view line) {
  if (!Enabled(level)) return;
  AppendText(kRawSites[static_cast<size_t>(KnownLevel(level))], line);
}

void Logger::WriteRaw(LogLevel level, std::string_view file, int line,
                      std::string_view text) {
  if (!Enabled(level)) return;
  const int saved_errno = errno;
  Engine* engine = engine_.load(std::memory_order_acquire);
  if (engine->foreign()) {
    WriteToStderr(level, file, line, text);
  } else {
    engine->WriteRaw(KnownLevel(level), file, static_cast<uint32_t>(line),
                     text);
  }
  errno = saved_errno;
}

void Logger::WriteRawToDefault(LogLevel level, std::string_view file, int line,
                               std::string_view text) {
  if (Logger* logger = MadeDefault(); logger != nullptr) {
    return logger->WriteRaw(level, file, line, text);
  }
  const int saved_errno = errno;
  WriteToStderr(level, file, line, text);
  errno = saved_errno;
}

bool Logger::FlushDefaultInSignalHandler(absl::Duration limit) {
  Logger* logger = MadeDefault();
  if (logger == nullptr) return true;
  Engine* engine = logger->engine_.load(std::memory_order_acquire);
  return engine->foreign() ||
         engine->FlushInSignalHandler(absl::ToInt64Nanoseconds(limit));
}

const absl::Status& Logger::black_box_status() const {
  return engine_.load(std::memory_order_acquire)->black_box_status();
}

const std::string& Logger::kept_black_box() const {
  return engine_.load(std::memory_order_acquire)->kept_black_box();
}

void Logger::Flush() {
  Engine* engine = engine_.load(std::memory_order_acquire);
  if (engine->foreign()) return;  // Nothing was logged in this process.
  engine->Flush();
}

absl::Status Logger::Sync() {
  Engine* engine = engine_.load(std::memory_order_acquire);
  const int error = engine->foreign() ? 0 : engine->Sync();
  if (error == 0) return absl::OkStatus();
  return absl::ErrnoToStatus(error, "cannot sync the log");
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
                       .recovered = from.recovered,
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
