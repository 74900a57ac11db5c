// A transport that can be read at a glance: a handshake of "hi", then every byte
// with one bit turned over, and kFarewell at the end. It takes more from the
// socket than it gives out, and more from its user than it sends, as TLS does.
#ifndef KINGPIN_TESTS_NET_FAKE_TRANSPORT_H_
#define KINGPIN_TESTS_NET_FAKE_TRANSPORT_H_

#include <errno.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "kingpin/net/transport.h"
#include "kingpin/sys/syscalls.h"

namespace kingpin {
namespace testing {

inline constexpr char kHello[] = "hi";
inline constexpr char kFarewell = '\x04';

inline std::string Coded(std::string text) {
  for (char& c : text) c ^= '\x20';
  return text;
}

class FakeTransport : public Transport {
 public:
  struct Options {
    // Bytes that one Recv gives out, and that one SendV or SendFile takes.
    size_t piece = 1000;
    std::function<void()> on_step = {};  // At each call of Handshake.
    bool speaks_first = false;           // Sends kHello of its own accord.
    int steps = 1;  // Calls of Handshake that the peer's hello costs.
    bool output_in_kernel = false;
  };
  explicit FakeTransport(Options options) : options_(std::move(options)) {
    if (options_.speaks_first) out_ = kHello;
  }

  void Attach(int fd) override { fd_ = fd; }

  int Handshake() override {
    if (options_.on_step) options_.on_step();
    if (int error = Flush(); error != 0) return error;
    Take();
    if (in_.size() < 2) return ended_ ? Fail("no hello") : EAGAIN;
    if (in_.substr(0, 2) != kHello) return Fail("bad hello");
    if (++steps_ < options_.steps) return EAGAIN;
    in_.erase(0, 2);
    established_ = true;
    return 0;
  }
  bool established() const override { return established_; }

  SysResult<size_t> Recv(char* data, size_t size) override {
    if (in_.empty()) Take();
    if (in_.empty()) return {0, ended_ ? Fail("cut off") : EAGAIN};
    if (in_[0] == kFarewell) return {0, 0};
    size_t count = std::min({size, options_.piece, in_.find(kFarewell)});
    std::string text = Coded(in_.substr(0, count));
    in_.erase(0, count);
    std::copy(text.begin(), text.end(), data);
    return {text.size(), 0};
  }

  SysResult<size_t> SendV(absl::Span<const iovec> parts, bool) override {
    std::string text;
    for (const iovec& part : parts) {
      text.append(static_cast<char*>(part.iov_base), part.iov_len);
    }
    return SendTaken(text);
  }
  SysResult<size_t> SendFile(int file, off_t offset, size_t size) override {
    std::string text(std::min(size, options_.piece), '\0');
    SysResult<size_t> got = sys::PRead(file, text.data(), text.size(), offset);
    if (!got.ok() || got.value == 0) return got;
    text.resize(got.value);
    return SendTaken(text);
  }
  bool output_in_kernel() const override { return options_.output_in_kernel; }

  int Shutdown() override {
    if (!std::exchange(said_farewell_, true)) out_ += kFarewell;
    return Flush();
  }
  bool input_pending() const override {
    return established_ ? !in_.empty() : steps_ > 0;
  }
  bool holds_input() const override { return !in_.empty(); }
  bool output_pending() const override { return !out_.empty(); }
  int Flush() override {
    while (!out_.empty()) {
      SysResult<size_t> sent = sys::Send(fd_, out_.data(), out_.size());
      if (!sent.ok()) return sent.error;
      out_.erase(0, sent.value);
    }
    return 0;
  }
  std::string error_text() const override { return error_text_; }

 private:
  int Fail(std::string text) {
    error_text_ = std::move(text);
    return EPROTO;
  }
  // All that the socket has.
  void Take() {
    char block[4096];
    for (;;) {
      SysResult<size_t> got = sys::Recv(fd_, block, sizeof(block));
      if (got.error == EAGAIN) return;
      if (!got.ok() || got.value == 0) {
        ended_ = true;
        return;
      }
      in_.append(block, got.value);
    }
  }
  SysResult<size_t> SendTaken(std::string text) {
    if (taken_ == 0) {
      text.resize(std::min(text.size(), options_.piece));
      taken_ = text.size();
      out_ += Coded(text);
    }
    int error = Flush();
    if (error != 0 && error != EAGAIN) return {0, error};
    size_t left = std::min(taken_, out_.size());
    size_t sent = std::exchange(taken_, left) - left;
    if (sent == 0) return {0, EAGAIN};
    return {sent, 0};
  }

  const Options options_;
  int fd_ = -1;
  int steps_ = 0;  // Of the handshake, since the peer's hello came.
  bool established_ = false;
  bool ended_ = false;
  bool said_farewell_ = false;
  std::string in_;
  std::string out_;
  size_t taken_ = 0;  // At the end of out_, and not counted as sent.
  std::string error_text_;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_NET_FAKE_TRANSPORT_H_
