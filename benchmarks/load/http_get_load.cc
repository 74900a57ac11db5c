// Keep-alive GETs of one path in a closed loop, one a connection in flight.
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "benchmarks/load/closed_loop.h"
#include "benchmarks/load/json_line.h"
#include "benchmarks/load/phases.h"

ABSL_FLAG(int, connections, 64, "Connections of all the threads.");
ABSL_FLAG(std::string, path, "/", "What to get.");
ABSL_FLAG(int64_t, expect_bytes, -1, "Length that the body must have.");
ABSL_FLAG(int, read_bytes, 256 << 10, "Size of the receive buffer.");
ABSL_FLAG(bool, discard, false,
          "Drop bodies in the kernel (MSG_TRUNC) rather than copy them out.");

namespace load {
namespace {

// The value of a header in a lower-case head; empty if it is not there.
std::string_view HeaderValue(std::string_view head, std::string_view name) {
  const size_t at = head.find(absl::StrCat("\r\n", name, ":"));
  if (at == std::string_view::npos) return {};
  const std::string_view rest = head.substr(at + 2 + name.size() + 1);
  return absl::StripAsciiWhitespace(rest.substr(0, rest.find("\r\n")));
}

class GetExchange : public Exchange {
 public:
  GetExchange(Epoll& epoll, std::vector<char>& scratch)
      : Exchange(epoll),
        request_(absl::StrCat("GET ", absl::GetFlag(FLAGS_path),
                              " HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")),
        expect_bytes_(absl::GetFlag(FLAGS_expect_bytes)),
        discard_(absl::GetFlag(FLAGS_discard)),
        scratch_(scratch) {}

  Progress Start() override {
    if (last_answer_) Reconnect();
    last_answer_ = false;
    in_body_ = false;
    head_.clear();
    const ssize_t n =
        send(fd(), request_.data(), request_.size(), MSG_NOSIGNAL);
    return n == static_cast<ssize_t>(request_.size()) ? Progress::kMore
                                                      : Progress::kFailed;
  }

  Progress OnEvent(uint32_t) override {
    const ssize_t n = Receive();
    if (n < 0 && errno == EAGAIN) return Progress::kMore;
    if (n <= 0) return Progress::kFailed;
    return in_body_ ? Body(n) : Head(n);
  }

  int64_t bytes() const override { return length_; }

 private:
  static constexpr size_t kMostHead = 4096;

  ssize_t Receive() {
    if (in_body_ && discard_) return recv(fd(), nullptr, left_, MSG_TRUNC);
    return recv(fd(), scratch_.data(), scratch_.size(), 0);
  }

  // `n` bytes arrived, of which some may belong to the body already.
  Progress Head(int64_t n) {
    const size_t before = head_.size();
    head_.append(scratch_.data(), std::min<size_t>(n, kMostHead - before));
    const size_t end = head_.find("\r\n\r\n");
    if (end == std::string::npos) {
      return head_.size() < kMostHead ? Progress::kMore : Progress::kFailed;
    }
    const int64_t body_bytes = n - static_cast<int64_t>(end + 4 - before);
    head_.resize(end + 2);
    absl::AsciiStrToLower(&head_);
    if (!ParseHead()) return Progress::kFailed;
    in_body_ = true;
    left_ = length_;
    return Body(body_bytes);
  }

  bool ParseHead() {
    last_answer_ = HeaderValue(head_, "connection") == "close";
    return absl::StartsWith(head_, "http/1.1 200 ") &&
           absl::SimpleAtoi(HeaderValue(head_, "content-length"), &length_) &&
           (expect_bytes_ < 0 || length_ == expect_bytes_);
  }

  Progress Body(int64_t n) {
    left_ -= n;
    if (left_ < 0) return Progress::kFailed;
    return left_ == 0 ? Progress::kDone : Progress::kMore;
  }

  const std::string request_;
  const int64_t expect_bytes_;
  const bool discard_;
  std::vector<char>& scratch_;  // The thread's.
  std::string head_;
  int64_t length_ = 0;
  int64_t left_ = 0;
  bool in_body_ = false;
  bool last_answer_ = false;  // The server said `Connection: close`.
};

class GetWorker : public ClosedLoop {
 public:
  explicit GetWorker(int connections)
      : scratch_(absl::GetFlag(FLAGS_read_bytes)) {
    for (int i = 0; i < connections; ++i) {
      Add(std::make_unique<GetExchange>(epoll(), scratch_));
    }
  }

 private:
  std::vector<char> scratch_;
};

int Main() {
  const int connections = absl::GetFlag(FLAGS_connections);
  Workers workers = MakeWorkers([connections](int) {
    return std::make_unique<GetWorker>(connections /
                                       absl::GetFlag(FLAGS_threads));
  });
  JsonLine line;
  line.Add("load", "http_get")
      .Add("connections", int64_t{connections})
      .Add("path", absl::GetFlag(FLAGS_path));
  return RunPhases(workers, line);
}

}  // namespace
}  // namespace load

int main(int argc, char** argv) {
  load::Init(argc, argv, "Keep-alive GETs in a closed loop.",
             [] { return absl::GetFlag(FLAGS_connections); });
  return load::Main();
}
