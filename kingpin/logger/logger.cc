#include "kingpin/logger/logger.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace {

constexpr size_t kMinBufferBytes = 256;
constexpr uint64_t kNanosPerSecond = 1'000'000'000;

// How many forks lie between this process and the one that started. A logger of
// another generation has no backend thread here, and its mutex may be held by a
// thread that does not exist.
std::atomic<uint32_t> g_generation = 0;
std::atomic<bool> g_exiting = false;

void Count(std::atomic<uint64_t>& counter, uint64_t n = 1) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

std::string Declaration(uint64_t lines) {
  return absl::StrCat("dropped ", lines, " lines\n");
}

// How many bytes at text[at] are a control character: two if it is one of C1,
// U+0080 to U+009F, in UTF-8.
size_t ControlSize(std::string_view text, size_t at) {
  const unsigned char c = text[at];
  if (c < 0x20 || c == 0x7f) return 1;
  if (ABSL_PREDICT_TRUE(c != 0xc2) || at + 1 == text.size()) return 0;
  const unsigned char next = text[at + 1];
  return next >= 0x80 && next < 0xa0 ? 2 : 0;
}

bool HasControls(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (ControlSize(text, i) > 0) return true;
  }
  return false;
}

void AppendEscaped(std::string_view text, std::string* out) {
  constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 0; i < text.size();) {
    size_t size = ControlSize(text, i);
    if (size == 0) {
      *out += text[i++];
    } else if (text[i] == '\n') {
      *out += "\\n";
      ++i;
    } else {
      for (; size > 0; --size, ++i) {
        *out += "\\x";
        *out += kHex[static_cast<unsigned char>(text[i]) >> 4];
        *out += kHex[static_cast<unsigned char>(text[i]) & 15];
      }
    }
  }
}

char* TwoDigits(unsigned value, char* out) {
  out[0] = static_cast<char>('0' + value / 10);
  out[1] = static_cast<char>('0' + value % 10);
  return out + 2;
}

// 2026-11-23T11:35:28.123456Z. Not gmtime_r, which takes a lock of libc's that a
// child of fork() may find held.
void AppendTime(std::string* out) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{now.tv_sec / 86400}}};
  unsigned second = now.tv_sec % 86400;
  unsigned micros = now.tv_nsec / 1000;
  unsigned year = static_cast<int>(date.year());
  char text[27];
  char* p = TwoDigits(year / 100 % 100, text);
  p = TwoDigits(year % 100, p);
  *p++ = '-';
  p = TwoDigits(static_cast<unsigned>(date.month()), p);
  *p++ = '-';
  p = TwoDigits(static_cast<unsigned>(date.day()), p);
  *p++ = 'T';
  p = TwoDigits(second / 3600, p);
  *p++ = ':';
  p = TwoDigits(second / 60 % 60, p);
  *p++ = ':';
  p = TwoDigits(second % 60, p);
  *p++ = '.';
  p = TwoDigits(micros / 10000, p);
  p = TwoDigits(micros / 100 % 100, p);
  p = TwoDigits(micros % 100, p);
  *p++ = 'Z';
  out->append(text, p - text);
}

pid_t CachedThreadId() {
  struct Cache {
    pid_t id;
    uint32_t generation;
  };
  static thread_local Cache cache = {0, 0};
  uint32_t generation = g_generation.load(std::memory_order_relaxed);
  if (ABSL_PREDICT_FALSE(cache.id == 0 || cache.generation != generation)) {
    cache = {sys::ThreadId(), generation};
  }
  return cache.id;
}

std::string_view Name(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "DEBUG";
    case LogLevel::kInfo:
      return "INFO";
    case LogLevel::kWarning:
      return "WARNING";
    case LogLevel::kError:
      return "ERROR";
  }
  return "?";
}

// Keeps SIGPIPE from this thread while it writes: an fd whose reader has gone is
// an error to count and no reason to die. The backend blocks it for good.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &set_, &old_);
  }
  ~SigpipeGuard() {
    // Takes back only the one that our write raised.
    timespec now = {};
    if (!was_pending_) sigtimedwait(&set_, nullptr, &now);
    pthread_sigmask(SIG_SETMASK, &old_, nullptr);
  }

 private:
  sigset_t set_;
  sigset_t old_;
  bool was_pending_;
};

}  // namespace

// The buffer and the thread behind it. Apart from Logger so that a child of
// fork() can leave it alone altogether.
class Logger::Engine {
 public:
  explicit Engine(const Options& options)
      : fd_(options.fd),
        limit_(std::max(options.buffer_bytes, kMinBufferBytes)),
        when_full_(options.when_full) {
    {
      absl::MutexLock lock(&mu_);
      front_.text.reserve(limit_);
    }
    // Blocked before the thread exists, so that it is born that way.
    sigset_t all;
    sigset_t old;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    has_backend_ = pthread_create(&backend_, nullptr, &Engine::Main, this) == 0;
    pthread_sigmask(SIG_SETMASK, &old, nullptr);
    Register();
  }

  // Not for an engine that is foreign to this process.
  ~Engine() {
    Unregister();
    {
      absl::MutexLock lock(&mu_);
      stop_ = true;
    }
    if (has_backend_) pthread_join(backend_, nullptr);
  }

  // Made by another process: this one is its child.
  bool foreign() const {
    return generation_ != g_generation.load(std::memory_order_relaxed);
  }

  // The longest line, without its newline.
  size_t max_line() const { return limit_ - 1; }

  void Append(std::string_view line) {
    Count(accepted_);
    if (ABSL_PREDICT_FALSE(foreign() || !has_backend_)) {
      WriteHere(line);
      return;
    }
    Publish(line);
    if (ABSL_PREDICT_FALSE(g_exiting.load(std::memory_order_acquire))) Flush();
  }

  void Flush() {
    if (foreign() || !has_backend_ || OnBackend()) return;
    absl::MutexLock lock(&mu_);
    uint64_t ticket = ++flush_asked_;
    auto done = [this, ticket]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
      return flush_done_ >= ticket;
    };
    mu_.Await(absl::Condition(&done));
  }

  Counters counters() const {
    constexpr auto relaxed = std::memory_order_relaxed;
    return {.accepted = accepted_.load(relaxed),
            .dropped = dropped_.load(relaxed),
            .written = written_.load(relaxed),
            .bytes = bytes_.load(relaxed),
            .write_errors = write_errors_.load(relaxed)};
  }

 private:
  // Lines and, between them, the declarations of lines that are not there.
  struct Batch {
    struct Gap {
      size_t end;  // Of the declaration, in `text`.
      uint64_t lines;
    };
    std::string text;
    std::vector<Gap> gaps;
    uint64_t lines = 0;  // Declarations not counted.

    void Declare(uint64_t dropped) {
      text += Declaration(dropped);
      gaps.push_back({text.size(), dropped});
    }
    void Clear() {
      text.clear();
      gaps.clear();
      lines = 0;
    }
  };

  static void* Main(void* self) {
    pthread_setname_np(pthread_self(), "kingpin-log");
    static_cast<Engine*>(self)->Run();
    return nullptr;
  }

  bool OnBackend() const { return pthread_equal(pthread_self(), backend_); }

  bool HasRoom(size_t size) const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    // An empty buffer takes any line, though a declaration may come before it.
    if (front_.text.empty()) return true;
    size_t declaration = refused_ > 0 ? Declaration(refused_).size() : 0;
    return front_.text.size() + declaration + size <= limit_;
  }

  bool HasWork() const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    return !front_.text.empty() || stop_ || flush_asked_ > flush_done_;
  }

  void Publish(std::string_view line) {
    size_t size = line.size() + 1;
    absl::MutexLock lock(&mu_);
    if (ABSL_PREDICT_FALSE(!HasRoom(size))) {
      // The backend logs only from a fault hook; it must not wait for itself.
      if (when_full_ == WhenFull::kDrop || OnBackend()) {
        ++refused_;
        Count(dropped_);
        return;
      }
      auto has_room = [this, size]() ABSL_SHARED_LOCKS_REQUIRED(mu_) {
        return HasRoom(size);
      };
      mu_.Await(absl::Condition(&has_room));
    }
    if (refused_ > 0) front_.Declare(std::exchange(refused_, 0));
    front_.text.append(line);
    front_.text.push_back('\n');
    ++front_.lines;
    // Unlocking wakes the backend if it sleeps: HasWork() is true now.
  }

  // --- The backend thread -----------------------------------------------------

  void Run() {
    batch_.text.reserve(limit_);
    for (bool stop = false; !stop;) {
      uint64_t ticket;
      {
        absl::MutexLock lock(&mu_);
        mu_.Await(absl::Condition(this, &Engine::HasWork));
        std::swap(front_, batch_);
        // All that is in the batch came before these; see Publish().
        if (refused_ > 0) batch_.Declare(std::exchange(refused_, 0));
        ticket = flush_asked_;
        stop = stop_;
      }
      WriteBatch(batch_);
      batch_.Clear();
      absl::MutexLock lock(&mu_);
      flush_done_ = ticket;
    }
  }

  void WriteBatch(const Batch& batch) {
    if (ABSL_PREDICT_FALSE(!cut_.empty() || lost_ > 0) && !WriteArrears()) {
      Lose(batch, 0);
      return;
    }
    size_t taken = WriteAll(batch.text);
    if (ABSL_PREDICT_TRUE(taken == batch.text.size())) {
      Count(written_, batch.lines);
      return;
    }
    // Mid-line: the rest of that line is owed. It counts as written.
    size_t end = taken;
    if (end > 0 && batch.text[end - 1] != '\n') {
      end = batch.text.find('\n', end) + 1;
      cut_.assign(batch.text, taken, end - taken);
    }
    Lose(batch, end);
  }

  // What an earlier error left over: the rest of a line, then the declaration of
  // what was lost behind it. False if the fd still does not take it.
  bool WriteArrears() {
    std::string text = cut_;
    if (lost_ > 0) text += Declaration(lost_);
    size_t taken = WriteAll(text);
    // A declaration that has begun is owed as a line, no longer as a number.
    if (taken > cut_.size()) lost_ = 0;
    if (taken > cut_.size() || lost_ == 0) {
      cut_ = text.substr(taken);
    } else {
      cut_.erase(0, taken);
    }
    return taken == text.size();
  }

  // Gives up the lines from `begin` on, and owes a declaration for them and for
  // those whose declaration goes with them.
  void Lose(const Batch& batch, size_t begin) {
    uint64_t lines =
        std::count(batch.text.begin() + begin, batch.text.end(), '\n');
    uint64_t declared = 0;
    for (const Batch::Gap& gap : batch.gaps) {
      if (gap.end <= begin) continue;
      --lines;
      declared += gap.lines;
    }
    lost_ += lines + declared;
    Count(dropped_, lines);
    Count(written_, batch.lines - lines);
  }

  // --- Any thread -------------------------------------------------------------

  // Returns how much of `data` the kernel took: all of it, or less on an error.
  size_t WriteAll(std::string_view data) {
    size_t taken = 0;
    while (taken < data.size()) {
      SysResult<size_t> result =
          sys::Write(fd_, data.data() + taken, data.size() - taken);
      if (result.ok() && result.value > 0) {
        taken += result.value;
      } else if (result.error == EAGAIN) {
        // A file never says EAGAIN; a pipe, a socket or a terminal can be polled.
        pollfd writable = {.fd = fd_, .events = POLLOUT, .revents = 0};
        ::poll(&writable, 1, /*timeout=*/-1);
      } else {
        Count(write_errors_);
        break;
      }
    }
    Count(bytes_, taken);
    return taken;
  }

  // Without the buffer, the lock and the backend.
  void WriteHere(std::string_view line) {
    std::string text = absl::StrCat(line, "\n");
    SigpipeGuard guard;
    Count(WriteAll(text) == text.size() ? written_ : dropped_);
  }

  // --- Every engine, for the flush at exit ------------------------------------

  static void PrepareFork() { registry_mu_.lock(); }
  static void ParentAfterFork() { registry_mu_.unlock(); }
  static void ChildAfterFork() {
    g_generation.fetch_add(1, std::memory_order_relaxed);
    registry_mu_.unlock();
  }

  static void AtExit() {
    g_exiting.store(true, std::memory_order_release);
    std::lock_guard<std::mutex> lock(registry_mu_);
    for (Engine* e = registry_; e != nullptr; e = e->next_) e->Flush();
  }

  void Register() {
    static std::atomic<bool> installed = false;
    if (!installed.exchange(true)) {
      pthread_atfork(&PrepareFork, &ParentAfterFork, &ChildAfterFork);
      std::atexit(&AtExit);
    }
    std::lock_guard<std::mutex> lock(registry_mu_);
    next_ = std::exchange(registry_, this);
  }

  void Unregister() {
    std::lock_guard<std::mutex> lock(registry_mu_);
    Engine** link = &registry_;
    while (*link != this) link = &(*link)->next_;
    *link = next_;
  }

  // Guards registry_ and every next_. Not absl::Mutex, which a debug build cannot
  // unlock in a child of fork().
  static inline std::mutex registry_mu_;
  static inline Engine* registry_ = nullptr;
  Engine* next_ = nullptr;

  // Constant after construction.
  const int fd_;
  const size_t limit_;
  const WhenFull when_full_;
  const uint32_t generation_ = g_generation.load(std::memory_order_relaxed);
  pthread_t backend_ = {};
  bool has_backend_ = false;

  mutable absl::Mutex mu_;
  Batch front_ ABSL_GUARDED_BY(mu_);  // Published, not yet taken.
  uint64_t refused_ ABSL_GUARDED_BY(mu_) =
      0;  // Dropped after front_'s last line.
  uint64_t flush_asked_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t flush_done_ ABSL_GUARDED_BY(mu_) = 0;
  bool stop_ ABSL_GUARDED_BY(mu_) = false;

  // Backend thread only.
  Batch batch_;        // Taken, being written.
  std::string cut_;    // The rest of a line that the kernel took in part.
  uint64_t lost_ = 0;  // Lost behind it, not yet declared.

  std::atomic<uint64_t> accepted_ = 0;
  std::atomic<uint64_t> dropped_ = 0;
  std::atomic<uint64_t> written_ = 0;
  std::atomic<uint64_t> bytes_ = 0;
  std::atomic<uint64_t> write_errors_ = 0;
};

Logger::Logger() : Logger(Options{}) {}

Logger::Logger(const Options& options)
    : min_level_(options.min_level),
      engine_(std::make_unique<Engine>(options)) {}

Logger::~Logger() {
  Logger* self = this;
  default_.compare_exchange_strong(self, nullptr);
  // Nothing of a foreign engine can be torn down; it stays in the registry.
  if (engine_->foreign()) static_cast<void>(engine_.release());
}

Logger& Logger::StderrLogger() {
  // No function-local static: its guard could be held for ever in a child of
  // fork(). Two threads may both make one; one of them goes.
  static std::atomic<Logger*> made = nullptr;
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

void Logger::Write(LogLevel level, std::string_view line) {
  if (!Enabled(level)) return;
  if (ABSL_PREDICT_TRUE(line.find('\n') == line.npos)) return Append(line);
  std::string escaped;
  for (char c : line) {
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  Append(escaped);
}

void Logger::Append(std::string_view line) {
  if (ABSL_PREDICT_TRUE(line.size() <= engine_->max_line())) {
    engine_->Append(line);
    return;
  }
  std::string mark = absl::StrCat("...[truncated, ", line.size(), " bytes]");
  size_t keep = engine_->max_line() - mark.size();
  // Not inside a UTF-8 sequence.
  while (keep > 0 && (line[keep] & 0xc0) == 0x80) --keep;
  engine_->Append(absl::StrCat(line.substr(0, keep), mark));
}

void Logger::Flush() { engine_->Flush(); }

Logger::Counters Logger::counters() const { return engine_->counters(); }

namespace log_internal {

bool OncePerSecond::Allow(MonotonicTime now, uint64_t* suppressed) {
  int64_t next = next_nanos_.load(std::memory_order_relaxed);
  if (now.nanos < next ||
      !next_nanos_.compare_exchange_strong(next, now.nanos + kNanosPerSecond,
                                           std::memory_order_relaxed)) {
    Count(suppressed_);
    return false;
  }
  *suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  return true;
}

Record::Record(const Site& site, std::string_view file, int line)
    : logger_(*site.logger_),
      suppressed_(site.suppressed_),
      errno_(errno),
      uncaught_exceptions_(std::uncaught_exceptions()) {
  std::string& text = stream_.text_;
  text.reserve(256);
  AppendTime(&text);
  absl::StrAppend(&text, " ", Name(site.level_), " ", CachedThreadId(), " ",
                  file.substr(file.rfind('/') + 1), ":", line, " ");
  prefix_size_ = text.size();
}

Record::~Record() {
  // An expression streamed into the record has thrown.
  if (std::uncaught_exceptions() > uncaught_exceptions_) return;
  std::string& text = stream_.text_;
  if (suppressed_ > 0)
    absl::StrAppend(&text, " [", suppressed_, " suppressed]");
  if (HasControls(std::string_view(text).substr(prefix_size_))) {
    std::string escaped = text.substr(0, prefix_size_);
    AppendEscaped(std::string_view(text).substr(prefix_size_), &escaped);
    text.swap(escaped);
  }
  logger_.Append(text);
  errno = errno_;
}

}  // namespace log_internal
}  // namespace kingpin
