// UniqueFd: sole owner of a file descriptor.
//
// Threads: one at a time, like any value. Move-only; the destructor closes.
//
//   UniqueFd fd(open("/etc/hostname", O_RDONLY | O_CLOEXEC));
//   if (!fd.valid()) return absl::ErrnoToStatus(errno, "open");
//   char text[64];
//   ssize_t n = read(fd.get(), text, sizeof(text));
//   // closed here
#ifndef KINGPIN_SYS_UNIQUE_FD_H_
#define KINGPIN_SYS_UNIQUE_FD_H_

#include <unistd.h>

#include <utility>

namespace kingpin {

class UniqueFd {
 public:
  UniqueFd() = default;
  // Takes ownership of `fd`; a negative number owns nothing.
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.Release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~UniqueFd() { Reset(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }

  // Gives up ownership.
  int Release() { return std::exchange(fd_, -1); }

  // Closes what is held, then takes ownership of `fd`. close(2) is never
  // retried: Linux has freed the number even when it reports EINTR, and by then
  // another thread may own it.
  void Reset(int fd = -1) {
    int old = std::exchange(fd_, fd);
    if (old >= 0) ::close(old);
  }

 private:
  int fd_ = -1;
};

}  // namespace kingpin

#endif  // KINGPIN_SYS_UNIQUE_FD_H_
