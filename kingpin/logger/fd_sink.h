// FdSink: lines to a file descriptor that somebody else owns: a file, a pipe, a
// socket or a terminal, blocking or not. EAGAIN is waited out.
//
// Lifetime: the descriptor stays open until the logger is gone.
#ifndef KINGPIN_LOGGER_FD_SINK_H_
#define KINGPIN_LOGGER_FD_SINK_H_

#include <string_view>

#include "kingpin/logger/sink.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

class FdSink : public LogSink {
 public:
  explicit FdSink(int fd) : fd_(fd) {}

  SysResult<size_t> Write(const LogBatch& batch) override;
  int Sync() override;

 private:
  const int fd_;
};

namespace log_internal {

// All of `data`, in as few calls as the kernel takes it in. {bytes, 0 or errno}.
SysResult<size_t> WriteAll(int fd, std::string_view data);

}  // namespace log_internal
}  // namespace kingpin

#endif  // KINGPIN_LOGGER_FD_SINK_H_
