// LocalDatagrams: datagrams to a daemon of this machine, which is known by the path of
// its socket and may be restarted, or stop reading, at any time.
//
//   LocalDatagrams daemon("/dev/log", /*patience=*/absl::Milliseconds(100));
//   int error = daemon.Send([&](int fd) {
//     return sys::Send(fd, text.data(), text.size()).error;
//   });
//
// Connects with the first datagram, and again when the daemon was restarted. One that
// does not read is waited for once, for `patience`; from then on what it does not take
// is refused at once (EAGAIN), until it reads again. A datagram that the kernel has no
// memory for is tried once more.
//
// Threads: one at a time.
#ifndef KINGPIN_LOGGER_LOCAL_DATAGRAMS_H_
#define KINGPIN_LOGGER_LOCAL_DATAGRAMS_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "kingpin/sys/unique_fd.h"

namespace kingpin::log_internal {

class LocalDatagrams {
 public:
  LocalDatagrams(std::string path, absl::Duration patience)
      : path_(std::move(path)), patience_(patience) {}

  // `send` makes the call, once or again. It and this return 0 or errno.
  int Send(absl::FunctionRef<int(int fd)> send);

 private:
  int SendConnected(absl::FunctionRef<int(int fd)> send);
  int Connect();
  bool WaitForRoom();

  const std::string path_;
  const absl::Duration patience_;
  UniqueFd socket_;
  bool waits_ = true;           // It took something the last time.
  int64_t deadline_nanos_ = 0;  // Of this Send(); 0: it has not waited.
};

}  // namespace kingpin::log_internal

#endif  // KINGPIN_LOGGER_LOCAL_DATAGRAMS_H_
