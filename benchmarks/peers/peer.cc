#include "benchmarks/peers/peer.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <thread>

namespace peers {
namespace {

constexpr int kBacklog = 4096;

void SetOption(int fd, int level, int name) {
  const int on = 1;
  if (setsockopt(fd, level, name, &on, sizeof(on)) != 0) Die("setsockopt");
}

}  // namespace

void Die(const char* what) {
  std::perror(what);
  std::exit(1);
}

Options ParseOptions(int argc, char** argv) {
  static constexpr option kLong[] = {
      {"port", required_argument, nullptr, 'p'},
      {"threads", required_argument, nullptr, 't'},
      {"strategy", required_argument, nullptr, 's'},
      {nullptr, 0, nullptr, 0},
  };
  Options options;
  for (int c; (c = getopt_long(argc, argv, "", kLong, nullptr)) != -1;) {
    switch (c) {
      case 'p':
        options.port = std::atoi(optarg);
        break;
      case 't':
        options.threads = std::atoi(optarg);
        break;
      case 's':
        options.strategy = optarg;
        break;
      default:
        std::exit(2);
    }
  }
  return options;
}

int Listen(int port, bool reuse_port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) Die("socket");
  SetOption(fd, SOL_SOCKET, SO_REUSEADDR);
  if (reuse_port) SetOption(fd, SOL_SOCKET, SO_REUSEPORT);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (bind(fd, generic, sizeof(address)) != 0) Die("bind");
  if (listen(fd, kBacklog) != 0) Die("listen");
  return fd;
}

std::vector<int> ListenPerThread(const Options& options) {
  const bool reuse_port = options.threads > 1;
  std::vector<int> listeners = {Listen(options.port, reuse_port)};
  const int port = PortOf(listeners.front());
  for (int i = 1; i < options.threads; ++i) {
    listeners.push_back(Listen(port, reuse_port));
  }
  return listeners;
}

int PortOf(int fd) {
  sockaddr_in address = {};
  socklen_t length = sizeof(address);
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    Die("getsockname");
  }
  return ntohs(address.sin_port);
}

void SetNoDelay(int fd) { SetOption(fd, IPPROTO_TCP, TCP_NODELAY); }

void RunThreads(const std::vector<int>& listeners,
                const std::function<void(int index, int listener)>& serve) {
  std::signal(SIGPIPE, SIG_IGN);
  std::printf("listening %d\n", PortOf(listeners.front()));
  std::fflush(stdout);
  std::vector<std::thread> threads;
  for (size_t i = 1; i < listeners.size(); ++i) {
    threads.emplace_back(serve, static_cast<int>(i), listeners[i]);
  }
  serve(0, listeners.front());
  for (std::thread& thread : threads) thread.join();
}

}  // namespace peers
