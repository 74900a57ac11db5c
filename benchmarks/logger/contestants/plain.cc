// The plain form of an asynchronous logger, for scale: each thread formats its line
// and appends it to one buffer under one mutex; a backend thread swaps the buffer
// for an empty one and writes it. No line is lost: a full buffer blocks.
#include <fcntl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "benchmarks/logger/log_load.h"

namespace {

constexpr size_t kBufferBytes = 4 << 20;

class Contestant {
 public:
  explicit Contestant(const load::LogLoadOptions& options)
      : fd_(open(options.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0644)),
        spin_(options.spin) {
    front_.reserve(kBufferBytes);
    back_.reserve(kBufferBytes);
    backend_ = std::thread([this] { Run(); });
  }
  ~Contestant() {
    {
      std::lock_guard<std::mutex> lock(mu_);
      stop_ = true;
    }
    work_.notify_one();
    backend_.join();
    close(fd_);
  }

  void Log(int thread, int number, double value) {
    char line[256];
    const int size = Format(line, thread, number, value);
    std::unique_lock<std::mutex> lock(mu_);
    room_.wait(lock, [&] { return front_.size() + size <= kBufferBytes; });
    const bool was_empty = front_.empty();
    front_.append(line, size);
    lock.unlock();
    if (was_empty && !spin_) work_.notify_one();
  }

  void Flush() {
    std::unique_lock<std::mutex> lock(mu_);
    room_.wait(lock, [&] { return front_.empty() && !writing_; });
  }

 private:
  static int Format(char (&line)[256], int thread, int number, double value) {
    thread_local const int tid = static_cast<int>(syscall(SYS_gettid));
    timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    tm parts;
    gmtime_r(&now.tv_sec, &parts);
    char time[32];
    std::strftime(time, sizeof(time), "%FT%T", &parts);
    return std::snprintf(
        line, sizeof(line), "%s.%06ldZ INFO %d plain.cc:%d T %d N %d V %g\n",
        time, now.tv_nsec / 1000, tid, __LINE__, thread, number, value);
  }

  void Run() {
    std::unique_lock<std::mutex> lock(mu_);
    for (;;) {
      while (front_.empty() && !stop_) {
        if (spin_) {
          lock.unlock();
          std::this_thread::yield();
          lock.lock();
        } else {
          work_.wait(lock);
        }
      }
      if (front_.empty()) return;
      std::swap(front_, back_);
      writing_ = true;
      lock.unlock();
      room_.notify_all();
      WriteAll(back_);
      back_.clear();
      lock.lock();
      writing_ = false;
      room_.notify_all();
    }
  }

  void WriteAll(std::string_view text) const {
    while (!text.empty()) {
      const ssize_t n = write(fd_, text.data(), text.size());
      if (n <= 0) {
        std::perror("plain: write");
        std::_Exit(1);
      }
      text.remove_prefix(n);
    }
  }

  const int fd_;
  const bool spin_;
  std::mutex mu_;
  std::condition_variable work_;
  std::condition_variable room_;
  std::string front_;
  bool writing_ = false;
  bool stop_ = false;
  std::string back_;  // Of the backend.
  std::thread backend_;
};

}  // namespace

int main(int argc, char** argv) {
  return load::LogLoadMain<Contestant>(argc, argv);
}
