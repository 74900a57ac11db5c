// LogContext: what a thread works on while it logs. Lines that are logged within a
// ScopedLogContext carry it:
//
//   ... INFO 12345 server.cc:42 [connection 7 10.0.0.1:40000] too many headers
//
//   const LogContext context = {.connection = 7, .peer = peer_text};
//   ScopedLogContext scope(&context);  // Costs two stores.
//   handler.OnMessage(connection);
//
// Threads: a scope is its thread's own. Scopes nest; the innermost counts.
// Lifetime: the context, and what its `peer` refers to, outlive the scope. A peer is
//   cut at 255 bytes.
#ifndef KINGPIN_LOGGER_LOG_CONTEXT_H_
#define KINGPIN_LOGGER_LOG_CONTEXT_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "absl/base/attributes.h"

namespace kingpin {

struct LogContext {
  uint64_t connection = 0;
  std::string_view peer;
};

namespace log_internal {

inline constinit thread_local const LogContext* t_log_context = nullptr;

inline constexpr size_t kMaxPeerBytes = 255;

// In a record: the connection, then the peer.
inline size_t ContextBytes(const LogContext* context) {
  if (context == nullptr) return 0;
  return sizeof(context->connection) +
         std::min(context->peer.size(), kMaxPeerBytes);
}

// Not inline, so that a statement without a context does not carry it.
ABSL_ATTRIBUTE_NOINLINE inline char* WriteContext(const LogContext& context,
                                                  char* at) {
  std::memcpy(at, &context.connection, sizeof(context.connection));
  at += sizeof(context.connection);
  const size_t size = std::min(context.peer.size(), kMaxPeerBytes);
  if (size > 0) std::memcpy(at, context.peer.data(), size);
  return at + size;
}

}  // namespace log_internal

class ScopedLogContext {
 public:
  explicit ScopedLogContext(const LogContext* context) {
    log_internal::t_log_context = context;
  }
  ~ScopedLogContext() { log_internal::t_log_context = outer_; }
  ScopedLogContext(const ScopedLogContext&) = delete;
  ScopedLogContext& operator=(const ScopedLogContext&) = delete;

 private:
  const LogContext* const outer_ = log_internal::t_log_context;
};

}  // namespace kingpin

#endif  // KINGPIN_LOGGER_LOG_CONTEXT_H_
