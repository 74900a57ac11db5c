// Loads a file server that it starts itself, and checks every byte.
//
//   load_client idle SERVER ROOT COUNT
//     COUNT connections make one request each and stay; meanwhile 20,000
//     requests are answered on another; then each of the COUNT is answered
//   again. load_client drain SERVER ROOT TIMES
//     TIMES servers get SIGTERM while 16 connections load them. An answer of
//     which a byte came must come whole; a request that got none may be lost.
//
// ROOT has the files 1k and 3m. Exit code 0 if all held.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "kingpin/sys/unique_fd.h"

namespace {

using kingpin::UniqueFd;
using SteadyClock = std::chrono::steady_clock;

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

// The file server as a child.
class Server {
 public:
  Server(const std::string& binary, const std::string& root) {
    int out[2];
    PCHECK(pipe(out) == 0);
    pid_ = fork();
    if (pid_ == 0) {
      dup2(out[1], STDOUT_FILENO);
      // Its ordinary lines would be hundreds; errors show in the exit code.
      const int null = open("/dev/null", O_WRONLY);
      dup2(null, STDERR_FILENO);
      close(null);
      close(out[0]);
      close(out[1]);
      execl(binary.c_str(), binary.c_str(), "--root", root.c_str(), "--listen",
            "127.0.0.1:0", "--access_log", "off", nullptr);
      _exit(127);
    }
    close(out[1]);
    FILE* lines = fdopen(out[0], "r");
    int port = 0;
    CHECK_EQ(std::fscanf(lines, "listening on http://127.0.0.1:%d/", &port), 1)
        << "the server did not start";
    std::fclose(lines);
    port_ = static_cast<uint16_t>(port);
  }
  ~Server() {
    if (pid_ > 0) kill(pid_, SIGKILL);
  }

  uint16_t port() const { return port_; }
  void Terminate() { kill(pid_, SIGTERM); }
  // The exit code; -1 if it did not end by itself.
  int Wait() {
    int status = 0;
    PCHECK(waitpid(pid_, &status, 0) == pid_);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  // Memory that is its own, in bytes.
  int64_t PrivateBytes() const {
    std::ifstream status(absl::StrCat("/proc/", pid_, "/status"));
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("RssAnon:")) {
        return std::strtoll(line.c_str() + 8, nullptr, 10) << 10;
      }
    }
    return 0;
  }

 private:
  pid_t pid_;
  uint16_t port_ = 0;
};

UniqueFd Connect(uint16_t port) {
  UniqueFd fd(socket(AF_INET, SOCK_STREAM, 0));
  PCHECK(fd.valid()) << "socket";
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address),
              sizeof(address)) != 0) {
    return UniqueFd();
  }
  return fd;
}

// What became of a request.
enum class Outcome { kWhole, kNothing, kCut, kWrong };

// A connection that asks and reads answers, one after the other.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(Connect(port)) {}

  bool connected() const { return fd_.valid(); }
  bool closing() const { return closing_; }

  void Ask(absl::string_view path) {
    const std::string request =
        absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: h\r\n\r\n");
    (void)!send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL);
  }

  Outcome ReadAnswer(const std::string& want) {
    size_t head_end;
    while ((head_end = buffer_.find("\r\n\r\n")) == buffer_.npos) {
      if (!Fill()) return buffer_.empty() ? Outcome::kNothing : Outcome::kCut;
    }
    const std::string head = buffer_.substr(0, head_end + 4);
    closing_ = head.find("Connection: close") != head.npos;
    buffer_.erase(0, head_end + 4);
    if (!head.starts_with("HTTP/1.1 200 ")) return Outcome::kWrong;
    while (buffer_.size() < want.size()) {
      if (!Fill()) return Outcome::kCut;
    }
    const bool same = buffer_.compare(0, want.size(), want) == 0;
    buffer_.erase(0, want.size());
    return same ? Outcome::kWhole : Outcome::kWrong;
  }

 private:
  bool Fill() {
    const size_t before = buffer_.size();
    buffer_.resize(before + (64 << 10));
    const ssize_t got = recv(fd_.get(), &buffer_[before], 64 << 10, 0);
    buffer_.resize(before + std::max<ssize_t>(got, 0));
    return got > 0;
  }

  UniqueFd fd_;
  std::string buffer_;
  bool closing_ = false;
};

// --- idle --------------------------------------------------------------------

int RunIdle(const std::string& binary, const std::string& root, int count) {
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const std::string want = ReadFile(root + "/1k");
  Server server(binary, root);
  int failures = 0;
  const auto ask = [&](Client& client) {
    client.Ask("/1k");
    if (client.ReadAnswer(want) != Outcome::kWhole) ++failures;
  };
  // Warm: what the threads allocate once.
  std::vector<Client> clients;
  for (int i = 0; i < 100; ++i) ask(clients.emplace_back(server.port()));
  clients.clear();

  const int64_t before = server.PrivateBytes();
  for (int i = 0; i < count; ++i) ask(clients.emplace_back(server.port()));
  const int64_t held = server.PrivateBytes() - before;
  Client active(server.port());
  std::vector<int64_t> micros;
  for (int i = 0; i < 20000; ++i) {
    const auto begin = SteadyClock::now();
    ask(active);
    micros.push_back(std::chrono::duration_cast<std::chrono::microseconds>(
                         SteadyClock::now() - begin)
                         .count());
  }
  for (Client& client : clients) ask(client);
  std::sort(micros.begin(), micros.end());
  std::printf(
      "%d idle connections after one request each: %.0f bytes each; beside "
      "them 20,000 requests, p50 %lld us, p99 %lld us; all of the idle ones "
      "answered again; %d failures\n",
      count, static_cast<double>(held) / count,
      static_cast<long long>(micros[micros.size() / 2]),
      static_cast<long long>(micros[micros.size() * 99 / 100]), failures);
  clients.clear();
  server.Terminate();
  const int code = server.Wait();
  if (code != 0) std::printf("exit code %d\n", code);
  return failures == 0 && code == 0 ? 0 : 1;
}

// --- drain -------------------------------------------------------------------

struct Totals {
  std::atomic<int64_t> whole = 0;
  std::atomic<int64_t> announced = 0;  // Whole, and said "Connection: close".
  std::atomic<int64_t> nothing = 0;
  std::atomic<int64_t> cut = 0;
  std::atomic<int64_t> wrong = 0;

  void Count(Outcome outcome) {
    switch (outcome) {
      case Outcome::kWhole:
        ++whole;
        break;
      case Outcome::kNothing:
        ++nothing;
        break;
      case Outcome::kCut:
        ++cut;
        break;
      case Outcome::kWrong:
        ++wrong;
        break;
    }
  }
};

// Loads until the server closes; every fourth client pipelines.
void LoadUntilClosed(uint16_t port, int index, const std::string& small,
                     const std::string& large, Totals* totals) {
  Client client(port);
  if (!client.connected()) return;
  const bool use_large = index % 2 == 1;
  const int depth = index % 4 == 0 ? 8 : 1;
  const std::string& want = use_large ? large : small;
  for (;;) {
    for (int i = 0; i < depth; ++i) client.Ask(use_large ? "/3m" : "/1k");
    for (int i = 0; i < depth; ++i) {
      const Outcome outcome = client.ReadAnswer(want);
      totals->Count(outcome);
      if (outcome != Outcome::kWhole) return;
      if (client.closing()) {
        ++totals->announced;
        return;
      }
    }
  }
}

int RunDrain(const std::string& binary, const std::string& root, int times) {
  const std::string small = ReadFile(root + "/1k");
  const std::string large = ReadFile(root + "/3m");
  constexpr int kClients = 16;
  std::mt19937 random(1);
  Totals totals;
  int bad_exits = 0;
  int64_t slowest_ms = 0;
  for (int i = 0; i < times; ++i) {
    Server server(binary, root);
    std::vector<std::thread> clients;
    for (int c = 0; c < kClients; ++c) {
      clients.emplace_back(
          [&, c] { LoadUntilClosed(server.port(), c, small, large, &totals); });
    }
    // Not to wait for anything: the moment is what varies.
    usleep(10000 + random() % 40000);
    const auto begin = SteadyClock::now();
    server.Terminate();
    if (server.Wait() != 0) ++bad_exits;
    slowest_ms = std::max<int64_t>(
        slowest_ms, std::chrono::duration_cast<std::chrono::milliseconds>(
                        SteadyClock::now() - begin)
                        .count());
    for (std::thread& client : clients) client.join();
  }
  std::printf(
      "%d drains under %d connections: %lld answers whole (%lld announced the "
      "close), %lld cut, %lld wrong; %lld requests had not begun to be "
      "answered; %d exit codes not 0; the slowest drain took %lld ms\n",
      times, kClients, static_cast<long long>(totals.whole),
      static_cast<long long>(totals.announced),
      static_cast<long long>(totals.cut), static_cast<long long>(totals.wrong),
      static_cast<long long>(totals.nothing), bad_exits,
      static_cast<long long>(slowest_ms));
  return totals.cut == 0 && totals.wrong == 0 && bad_exits == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  if (argc != 5 || !absl::SimpleAtoi(argv[4], &count)) {
    std::fprintf(stderr, "usage: load_client idle|drain SERVER ROOT COUNT\n");
    return 2;
  }
  if (std::strcmp(argv[1], "idle") == 0)
    return RunIdle(argv[2], argv[3], count);
  return RunDrain(argv[2], argv[3], count);
}
