// Logger: lines from many threads to one sink, written by a thread of its own so
// that the caller never waits for a disk or a pipe. klog.h has the macros.
//
//   UniqueFd file = sys::Open("log", O_WRONLY | O_CREAT | O_APPEND, 0644).value;
//   Logger log({.fd = file.get(), .when_full = Logger::WhenFull::kDrop});
//   Logger::SetDefault(&log);
//   KLOG(INFO) << "listening on port " << port;
//   KLOGF(INFO, "accepted {} from {}", n, peer);
//   KLOG_EVERY_SECOND(ERROR) << "accept: " << strerror(error);
//
// One record is one line, whole and never mixed with another:
//
//   2026-11-23T11:35:28.123456Z INFO 12345 server.cc:42 listening on port 7000
//
// (UTC wall clock, level, kernel thread id, call site, message; in front of that
// "[connection 0/7.1 PEER] " where there is a LogContext). A newline inside a message is
// written as \n, any other control character and each byte that is not UTF-8 as
// \xNN, so nothing that a peer sends can forge a line or reach a terminal
// (escape.h). A line that no ring can hold is cut and says so:
// "...[truncated, 700000 bytes]". Options::format makes it JSON instead.
//
// How: each thread has a ring of its own for each logger (ring.h). A log statement
// copies its arguments there in binary, with the processor's tick counter for the
// time, and commits them with one store; no lock, no system call, no formatting. (A
// thread that shares a buffer, see Memory, or logs to more than 8 loggers in turn takes
// a mutex for each line.) The backend merges the rings by time, formats, writes large
// batches, and sleeps when nothing comes. It blocks all signals but those of its own
// faults: no other that the process handles lands there.
//
// Order: lines of one thread keep theirs. Lines of several threads are in the
//   order of their times, except those that are marked with a tilde behind the
//   time ("...123456Z~ INFO"): they were committed too late for their place. Three
//   exceptions. A line of a signal handler may lose its place among its thread's if
//   Options::clock is set back or stands still. So may lines of a thread that leaves the
//   shared buffer, or comes to it, if that clock is, or while another thread is stopped
//   for 5 ms amid its copy to that buffer. Where
//   the processor's counter begins anew (the machine slept, the process was moved),
//   times of lines of before that came late are when it was last read.
// Threads: thread-safe. In signal handlers only WriteRaw(), by KLOG_RAW, and
//   Reopen().
// Lifetime: outlives every thread that logs to it; the destructor writes what is
//   left. fd is not owned and stays open until then.
// Memory: buffer_bytes for each thread that logs, and as much again to share, each
//   rounded up to a power of two and a page more. A thread has a buffer of its own if
//   all buffers of all loggers are within SetMemoryBudget() with it, and else uses the
//   shared one, which every logger has, whatever the budget. The pages of a buffer are
//   mapped twice, one behind the other, so that RSS counts them twice; PSS does not. Not
//   counted: what the backend makes of the lines, some 128 KiB a form of lines, or the
//   longest line.
// Exit: all that was logged before exit(), quick_exit() or the return from main() is
//   written, by every Logger alive, and code that logs later (static destructors) waits
//   for its line to be written; for ever, if the sink waits for ever. The last line
//   is whole. What is missing then and could not be declared is told on stderr, and
//   what other threads have logged too late to be written. A sink that calls exit()
//   has begun its last batch; of that and what waits behind it stderr is told, too. _exit()
//   and fatal signals lose what is buffered, unless there is a black box. quick_exit()
//   waits for locks, so in a signal handler it may hang: _exit() there. A process
//   whose main() ends by pthread_exit() lives on, for the sake of the backend's thread;
//   when that is the last one, only SIGKILL ends it: let somebody call exit().
// Black box: with Options::black_box the buffers lie in a file, which outlives the
//   process. Each line whose statement was over before the process died, of SIGKILL
//   as well, is in the log or in the box. The next Logger on the same path begins
//   with the lines that are in the box, between lines that say whose they are;
//   //kingpin/logger:recover prints them too. Lines of the write that was under way
//   are in both, under a line that says so; all others are in one. The box follows
//   `sink`: what is recovered goes there, not to the sinks of also_to; if that does
//   not take all of it, or the box is damaged, the box is kept as PATH.unwritten for the
//   tool, unless there is one, and this start and each that finds it there says so, in
//   the log and on stderr. It is the constructor that writes it, and waits for as long
//   as the sink does: for ever, for a pipe whose reader has stopped and a sink without
//   patience. Not against a loss of power: nothing is synced. A process has its box
//   alone. A path that is in use, is something else or has no room on its disk is an
//   error of Create(). docs/black_box.md has more.
// Fork: a child of fork() has buffers and, from its first line on, a backend of its
//   own, in memory. What the parent had buffered stays the parent's. Handlers of
//   pthread_atfork() may log, unless they were registered before this library was
//   loaded. (clone() and vfork() do not run the handlers that this needs: exec at
//   once.)
// Errors: none reach the caller. EAGAIN is waited out. Any other write error
//   (ENOSPC, EIO, EPIPE ...) loses the batch, never blocks a producer, and is
//   tried again with the next line. Lines that were lost, or dropped because the
//   buffer was full, are counted and declared where they are missing, as soon as
//   the sink takes it, by a line for each thread that is exactly
//
//   dropped 17 lines (0/15/2/0) from thread 12345 between T1 and T2
//
//   (how many in all, of each level from DEBUG to ERROR, times as above; "thread 0":
//   of threads that share a buffer). A line that the kernel took in part is
//   completed first, so it is not torn; until then it counts as missing. A line
//   that there is no memory for is dropped like those, whoever would have needed
//   it. A record is discarded if an expression in it throws, and that reaches the
//   caller, as does std::bad_alloc from text that the statement itself makes (KLOG
//   <<, arguments that print themselves), and of the first statement of a process that
//   has set no default logger, which makes one. Without memory for a second Flush() and
//   the end wait no longer; the end tells stderr. errno is the same after a log statement
//   as before.
#ifndef KINGPIN_LOGGER_LOGGER_H_
#define KINGPIN_LOGGER_LOGGER_H_

#include <unistd.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/base/optimization.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "kingpin/logger/encode.h"
#include "kingpin/logger/engine.h"
#include "kingpin/logger/level.h"
#include "kingpin/logger/log_clock.h"
#include "kingpin/logger/log_context.h"
#include "kingpin/logger/log_format.h"
#include "kingpin/logger/record.h"
#include "kingpin/logger/sink.h"
#include "kingpin/logger/site.h"

namespace kingpin {

class Logger {
 public:
  // What a thread does when its buffer has no room for its line.
  enum class WhenFull : uint8_t {
    // Waits for the backend. Not on a loop thread.
    kBlock,
    // Counts the line as dropped and goes on; where threads share a buffer, also if
    // another one is copying its line there for all of 5 ms, and then until it has
    // done so.
    kDrop,
  };

  // The same for each level: one for all, or four. DEBUG and INFO find the buffer
  // full when seven eighths of it are: the rest is for what matters more.
  struct FullPolicy {
    constexpr FullPolicy(WhenFull all)  // NOLINT: means "of every level".
        : FullPolicy(all, all, all, all) {}
    constexpr FullPolicy(WhenFull debug, WhenFull info, WhenFull warning,
                         WhenFull error)
        : of_level{debug, info, warning, error} {}

    std::array<WhenFull, kLogLevels> of_level;
  };

  struct Options {
    // Blocking or not, file, pipe, socket or terminal, which is coloured
    // (terminal_sink.h). Not owned.
    int fd = STDERR_FILENO;
    // Records below are not written and their arguments not evaluated.
    LogLevel min_level = LogLevel::kInfo;
    // The bound on what waits for the backend, for each thread. At least 1 KiB;
    // a line takes 24 bytes and its arguments, so this is 5 ms of a million lines a
    // second. Where the system may let the backend wait longer, such a thread needs
    // more.
    size_t buffer_bytes = 256 << 10;
    FullPolicy when_full = WhenFull::kBlock;
    // If set, makes the sink that takes the lines instead of `fd`: FileSinkFactory(),
    // RotatingSinkFactory(), SyslogSinkFactory(), JournalSinkFactory(),
    // TerminalSinkFactory().
    LogSinkFactory sink = nullptr;
    // Further sinks, each of which takes every line, too. They are served one after
    // the other; one that fails takes nothing from the others, one that waits holds
    // them up.
    std::vector<LogSinkFactory> also_to = {};
    // Text as above, or JSON lines (json_line_format.h), for all sinks but those that
    // say otherwise.
    LogFormat format = LogFormat::kText;
    // Tells the times of lines; nullptr: the system's clock, read by the processor's
    // counter where that is one.
    LogClock clock = nullptr;
    // Of the times of text lines: 2026-11-23T12:35:28.123456+01:00, and Z for UTC.
    // JSON is UTC.
    absl::TimeZone time_zone = absl::UTCTimeZone();
    // Lines say the name that their thread had when it logged first, 12345/loop-0 in
    // text. Not of threads that share a buffer, nor of what a black box held.
    bool thread_names = false;
    // How often the backend looks for lines while there are some. Zero: it never
    // rests, which takes a whole core and is for measurements.
    absl::Duration poll_interval = absl::Milliseconds(1);
    // How often it does when none have come for a while. It gets there slowly: a line
    // below WARNING waits for poll_interval, or an eighth of the time without a line
    // before it, at most this; WARNING for poll_interval; ERROR, and a buffer that is
    // half full, for nothing. Until the backend sleeps, after 600 times this (a
    // minute) without a line, no line but those makes a system call. Zero: it sleeps
    // after 64 poll intervals, so that a line after a pause is written at once, but
    // pays for the call that wakes the backend. Long times cost nothing but patience.
    absl::Duration idle_interval = absl::Milliseconds(100);
    // The path of the black box; empty: none. On a file system in memory
    // (/dev/shm, /run) no writing back to a disk disturbs the threads that log.
    std::string black_box = {};
    // How many threads have a buffer of their own in the box; further ones share.
    // The file takes buffer_bytes for each and once more, and 300 KiB.
    size_t black_box_threads = 15;
  };

  // In lines unless said otherwise. accepted is never less than written + dropped,
  // and just that after a Flush() with no other thread at work. A line of which a sink
  // has taken a part counts as dropped until its rest is there; every other one that is
  // dropped is declared unless the sink refuses even that. With several sinks a
  // line that any of them lost counts as dropped; it is declared in those where it is
  // missing, and in no other.
  struct Counters {
    uint64_t accepted = 0;   // Given to the logger, level permitting.
    uint64_t recovered = 0;  // Of these, by the process before: see black_box.
    uint64_t dropped = 0;    // Had no room, or were lost to a write error.
    std::array<uint64_t, kLogLevels> dropped_by_level = {};  // The same.
    uint64_t written = 0;  // Taken by every sink; declarations not counted.
    uint64_t bytes = 0;    // Taken by all sinks together; declarations counted.
    uint64_t write_errors = 0;  // Calls that failed, EAGAIN and EINTR apart.
    uint64_t depth_bytes = 0;   // Waiting in the buffers now,
    uint64_t high_water_bytes = 0;  // and the most that ever did.
    absl::Duration
        longest_stall;  // The longest that the sink took for a batch.
  };

  Logger();  // Options of its own defaults.
  explicit Logger(const Options& options);
  // The same, but an error if there is no black box though one was asked for. The
  // constructor goes on without, and logs why.
  static absl::StatusOr<std::unique_ptr<Logger>> Create(const Options& options);
  ~Logger();
  Logger(const Logger&) = delete;
  Logger& operator=(const Logger&) = delete;

  // The logger of KLOG: writes to stderr and drops when full, until SetDefault().
  // Made at first use, never destroyed.
  static Logger& Default() {
    Logger* logger = default_.load(std::memory_order_acquire);
    return ABSL_PREDICT_TRUE(logger != nullptr) ? *logger : StderrLogger();
  }
  // Makes `logger` the default and returns the one set before. nullptr, either
  // way, stands for the stderr logger. A default that is destroyed unsets itself.
  static Logger* SetDefault(Logger* logger);

  // The bound on the buffers of all loggers of the process; 64 MiB. Counts for the
  // buffers of threads that are made from now on; a child of fork() begins at zero.
  static void SetMemoryBudget(size_t bytes);

  // One line without the prefix, for callers with a format of their own (access
  // logs). Tabs stay as they are, all else is escaped as above. A level that is none
  // is ERROR, here and for WriteRaw().
  void Write(LogLevel level, std::string_view line);

  // Has the backend open anew what a sink knows by name, between two lines: for
  // whoever has moved the file away. Returns at once; a Flush() that follows waits
  // for it. Async-signal-safe (reopen_on_signal.h).
  void Reopen();
  // One line of a signal handler, for KLOG_RAW. Takes no lock and no memory, waits
  // for nothing, and leaves errno. `text` is cut at 192 bytes, `file`, the name of a
  // source file, at 40. Up to 63 such lines wait for the backend, in a millisecond
  // as a rule; more are dropped and declared. If the thread of the backend could not be
  // started they wait for the next other line, or the end. Where the logger has no
  // backend yet (after fork(), before the first other line) the line goes to stderr at
  // once, without a time, or nowhere if stderr does not take it at once.
  void WriteRaw(LogLevel level, std::string_view file, int line,
                std::string_view text);
  // The same to the default logger, which it does not make if there is none.
  static void WriteRawToDefault(LogLevel level, std::string_view file, int line,
                                std::string_view text);
  // As Flush(), of the default logger, also in a signal handler, for at most `limit`.
  // False if that was not enough, or the backend itself is interrupted.
  static bool FlushDefaultInSignalHandler(absl::Duration limit);

  // OK: there is a black box, or none was asked for; or this is a child of fork(), whose
  // parent has it. So what becomes a daemon makes its Logger afterwards.
  const absl::Status& black_box_status() const;
  // Where a box is that was not read and written whole, at this start or an earlier
  // one, until somebody removes it; empty: there is none.
  const std::string& kept_black_box() const;

  // Returns when all that this thread logged before has been handed to the kernel
  // or, if the sink fails, counted as dropped; or when there has been no memory for
  // that for a second.
  void Flush();
  // As Flush(), and returns when those that are written would survive a loss of power:
  // fsync(2), or what a sink of your own does. What others log waits in the buffers
  // meanwhile.
  absl::Status Sync();

  bool Enabled(LogLevel level) const { return level >= min_level(); }
  LogLevel min_level() const {
    return min_level_.load(std::memory_order_relaxed);
  }
  void set_min_level(LogLevel level) {
    min_level_.store(level, std::memory_order_relaxed);
  }

  Counters counters() const;

  // --- For the macros ------------------------------------------------------------

  // A line of `site` with this message.
  void AppendText(const log_internal::Site& site, std::string_view message);
  // A line of `site` with these arguments, each made by AsArg().
  // By value, so that they come in registers: one function for all sites with
  // arguments of these types, and not the whole of it at every site.
  template <typename... Args>
  void AppendArgs(const log_internal::Site& site, Args... args);
  // The same, with how many lines a limit has suppressed.
  template <typename... Args>
  ABSL_ATTRIBUTE_NOINLINE void AppendArgsSuppressed(
      const log_internal::Site& site, uint64_t suppressed, Args... args);

 private:
  struct SaysNothing {};
  Logger(const Options& options, SaysNothing);
  // To the log, and to stderr.
  void TellKeptBlackBox();

  static Logger& StderrLogger();
  // That, if it has been made.
  static Logger* MadeDefault();

  // Where AppendArgs() does not get by without a call, and so without saving
  // registers for one: in a context, for one.
  template <typename... Args>
  ABSL_ATTRIBUTE_NOINLINE void AppendArgsInContext(
      const log_internal::Site& site, Args... args);
  template <typename WritePayload>
  ABSL_ATTRIBUTE_ALWAYS_INLINE void Append(const log_internal::Site& site,
                                           uint32_t flags, size_t payload_bytes,
                                           WritePayload write_payload);
  // And where the ring is not at hand, or full.
  void AppendSlowly(const log_internal::Site& site,
                    log_internal::RecordHeader header, size_t payload_bytes,
                    const log_internal::EncodedContext& context,
                    absl::FunctionRef<void(char*)> write_payload);
  static log_internal::EncodedContext ContextOf(const log_internal::Site& site);
  // The same of a record that no ring can hold, or whose site has no number.
  void AppendAsText(const log_internal::Site& site, uint32_t flags,
                    size_t payload_bytes,
                    absl::FunctionRef<void(char*)> write_payload);
  // A message, or as much of it as a ring can hold.
  void AppendCut(const log_internal::Site& site, std::string_view message);
  // Appends a line, which is dropped and counted if there is no memory for that.
  void AppendOrDrop(LogLevel level, absl::FunctionRef<void()> append);
  void Drop(LogLevel level);
  // Has the engine of this process count what was dropped before it was there.
  void TellEarlyDrops(log_internal::Engine& engine);
  // The engine of this process, which may have to be made: after fork().
  log_internal::Engine& OwnEngine();

  static inline std::atomic<Logger*> default_ = nullptr;
  static inline std::atomic<Logger*> stderr_logger_ = nullptr;

  std::atomic<LogLevel> min_level_;
  std::atomic<log_internal::Engine*> engine_;
  // Lines that were dropped in this process before there was an engine to count them:
  // the generation of the process, which tells them from its parent's, and 32 bits of
  // how many.
  std::array<std::atomic<uint64_t>, kLogLevels> dropped_early_ = {};
};

template <typename... Args>
inline void Logger::AppendArgs(const log_internal::Site& site, Args... args) {
  using namespace log_internal;
  const size_t payload_bytes = (size_t{0} + ... + EncodedSize(args));
  const size_t size = RecordSize(0, payload_bytes);
  const uint32_t number = site.number.load(std::memory_order_acquire);
  Engine& engine = *engine_.load(std::memory_order_acquire);
  Ring* ring = engine.CachedThreadRing();
  char* at = nullptr;
  if (ABSL_PREDICT_TRUE(ring != nullptr && number != kNoSite &&
                        t_log_context == nullptr)) {
    at = ring->TryReserve(size);
  }
  if (ABSL_PREDICT_FALSE(at == nullptr)) {
    return AppendArgsInContext<Args...>(site, args...);
  }
  const RecordHeader header = {
      .payload_bytes = static_cast<uint32_t>(payload_bytes),
      .site = number,
      .ticks = ReadCounter(),
      .thread = t_thread_id,
      .context_bytes = 0};
  [[maybe_unused]] char* rest = header.WriteTo(at);  // No arguments.
  ((rest = EncodeArg(args, rest)), ...);
  ring->Commit(at, size);
  engine.Notify(site.level);
}

template <typename... Args>
void Logger::AppendArgsInContext(const log_internal::Site& site, Args... args) {
  Append(site, /*flags=*/0, (size_t{0} + ... + log_internal::EncodedSize(args)),
         [=]([[maybe_unused]] char* at) {
           ((at = log_internal::EncodeArg(args, at)), ...);
         });
}

template <typename... Args>
void Logger::AppendArgsSuppressed(const log_internal::Site& site,
                                  uint64_t suppressed, Args... args) {
  Append(site, log_internal::kSuppressedFlag,
         (sizeof(suppressed) + ... + log_internal::EncodedSize(args)),
         [=](char* at) {
           std::memcpy(at, &suppressed, sizeof(suppressed));
           at += sizeof(suppressed);
           ((at = log_internal::EncodeArg(args, at)), ...);
         });
}

template <typename WritePayload>
inline void Logger::Append(const log_internal::Site& site, uint32_t flags,
                           size_t payload_bytes, WritePayload write_payload) {
  using namespace log_internal;
  Engine& engine = *engine_.load(std::memory_order_acquire);
  EncodedContext context;
  if (t_log_context != nullptr) context = ContextOf(site);
  const uint32_t number = site.number.load(std::memory_order_acquire);
  RecordHeader header = {
      .payload_bytes = static_cast<uint32_t>(payload_bytes),
      .site = number | flags,
      .ticks = engine.Now(),
      .thread = t_thread_id,
      .context_bytes = static_cast<uint32_t>(context.size())};
  Ring* ring = engine.CachedThreadRingOfAnyTicks();
  const size_t size = RecordSize(header.context_bytes, payload_bytes);
  char* at = nullptr;
  if (ABSL_PREDICT_TRUE(ring != nullptr && number != kNoSite)) {
    at = ring->TryReserveAnew(size);
  }
  if (ABSL_PREDICT_FALSE(at == nullptr)) {
    // A copy: if the object itself had an address, it would live in memory.
    const WritePayload write = write_payload;
    return AppendSlowly(site, header, payload_bytes, context, write);
  }
  char* payload = header.WriteTo(at);
  if (header.context_bytes > 0) payload = context.WriteTo(payload);
  write_payload(payload);
  ring->Commit(at, size);
  engine.Notify(site.level);
}

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_LOGGER_H_
