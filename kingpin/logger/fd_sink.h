// FdSink: lines to a file descriptor that somebody else owns: a file, a pipe, a
// socket or a terminal, blocking or not. EAGAIN is waited out: for ever, or for
// `patience`.
//
//   Logger log({.sink = [&fd] {
//     return std::make_unique<FdSink>(fd.get(), /*patience=*/absl::Seconds(1));
//   }});
//
// Lifetime: the descriptor stays open until the logger is gone.
#ifndef KINGPIN_LOGGER_FD_SINK_H_
#define KINGPIN_LOGGER_FD_SINK_H_

#include <string_view>

#include "absl/time/time.h"
#include "kingpin/logger/sink.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {

class FdSink : public LogSink {
 public:
  // With a finite patience a reader that has stopped costs that long, once, and the
  // lines from then on until it reads again (EAGAIN), instead of holding up the
  // backend and with it the other sinks. Then 4 KiB are written at a time, which a
  // pipe that is ready always takes, so that it holds for blocking descriptors too.
  explicit FdSink(int fd, absl::Duration patience = absl::InfiniteDuration())
      : fd_(fd), patience_(patience) {}

  SysResult<size_t> Write(const LogBatch& batch) override;
  int Sync() override;

 private:
  SysResult<size_t> WriteInTime(std::string_view data);

  const int fd_;
  const absl::Duration patience_;
  bool waits_ = true;  // It took something the last time.
};

namespace log_internal {

// All of `data`, in as few calls as the kernel takes it in. {bytes, 0 or errno}.
SysResult<size_t> WriteAll(int fd, std::string_view data);

// fsync(2), or another call of that sort, again if a signal interrupts it. 0 or errno;
// 0 too for what has nothing to sync: pipes, sockets and terminals.
int SyncAll(int fd, int (*sync)(int fd));

// For poll(2): up to a day, and rounded up, so that any patience is some.
int PollMillis(absl::Duration wait);

}  // namespace log_internal
}  // namespace kingpin

#endif  // KINGPIN_LOGGER_FD_SINK_H_
