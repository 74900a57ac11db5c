// LogContext: what a thread works on while it logs. Lines that are logged within a
// ScopedLogContext carry it (but for those of Logger::Write(), which are as they are):
//
//   ... INFO 12345 server.cc:42 [connection 0/7.1 10.0.0.1:40000] too many headers
//
//   const LogContext context = {.connection = "0/7.1", .peer = "10.0.0.1:40000"};
//   ScopedLogContext scope(&context);
//   KLOG(INFO) << "too many headers";
//
// Within the callbacks of an IOHandler all of this is done: its loop is a
// LogContextSource, which is asked only when a line is logged.
//
// Threads: a scope is its thread's own. Scopes nest; the innermost counts.
// Lifetime: the context and its text, or the source, outlive the scope.
#ifndef KINGPIN_LOGGER_LOG_CONTEXT_H_
#define KINGPIN_LOGGER_LOG_CONTEXT_H_

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

#include "absl/base/attributes.h"

namespace kingpin {

// Each is cut at 255 bytes. Without a connection there is no context.
struct LogContext {
  std::string_view connection;
  std::string_view peer;
};

// Knows the context when a line is logged.
class LogContextSource {
 public:
  // On the thread that logs. Valid until the next call. Must not log or throw.
  virtual LogContext Context() = 0;

 protected:
  ~LogContextSource() = default;
};

namespace log_internal {

inline constinit thread_local LogContextSource* t_log_context = nullptr;

inline constexpr size_t kMaxContextTextBytes = 255;

// The context as it lies in a record: the size of the connection's text in one byte,
// that text, the peer. Nothing at all if there is no connection.
class EncodedContext {
 public:
  EncodedContext() = default;
  explicit EncodedContext(const LogContext& context)
      : connection_(context.connection.substr(0, kMaxContextTextBytes)),
        peer_(context.peer.substr(0, kMaxContextTextBytes)) {}

  size_t size() const {
    return connection_.empty() ? 0 : 1 + connection_.size() + peer_.size();
  }

  // Returns the end of what it wrote. Not inline, so that a statement without a
  // context does not carry it.
  ABSL_ATTRIBUTE_NOINLINE char* WriteTo(char* at) const {
    *at++ = static_cast<char>(connection_.size());
    at = std::copy(connection_.begin(), connection_.end(), at);
    return std::copy(peer_.begin(), peer_.end(), at);
  }

  // The reverse. Of bytes that nobody wrote: whatever they say.
  static LogContext Read(std::string_view bytes) {
    if (bytes.empty()) return {};
    const size_t size = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    const std::string_view connection = bytes.substr(0, size);
    return {.connection = connection,
            .peer = bytes.substr(connection.size(), kMaxContextTextBytes)};
  }

 private:
  std::string_view connection_;
  std::string_view peer_;
};

}  // namespace log_internal

class ScopedLogContext {
 public:
  explicit ScopedLogContext(LogContextSource* source) {
    log_internal::t_log_context = source;
  }
  explicit ScopedLogContext(const LogContext* context)
      : ScopedLogContext(&known_) {
    known_.context = context;
  }
  ~ScopedLogContext() { log_internal::t_log_context = outer_; }
  ScopedLogContext(const ScopedLogContext&) = delete;
  ScopedLogContext& operator=(const ScopedLogContext&) = delete;

 private:
  struct Known final : LogContextSource {
    LogContext Context() override { return *context; }
    const LogContext* context = nullptr;
  };

  LogContextSource* const outer_ = log_internal::t_log_context;
  Known known_;
};

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_LOG_CONTEXT_H_
