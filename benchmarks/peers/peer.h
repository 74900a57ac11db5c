// What every peer server shares, in plain sockets: flags, listeners, options.
//
// Peers depend on the C library and the library under comparison, nothing else,
// so that the runner can also compile them without Bazel.
#ifndef BENCHMARKS_PEERS_PEER_H_
#define BENCHMARKS_PEERS_PEER_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

namespace peers {

// Large enough that one read empties a socket's default receive queue.
inline constexpr size_t kScratchBytes = size_t{64} << 10;

struct Options {
  int port = 0;  // 0: the kernel picks one.
  int threads = 1;
  std::string strategy = "reuseport";
};

// Reads --port, --threads and --strategy; exits with a message on anything
// else.
Options ParseOptions(int argc, char** argv);

// A listening socket on 127.0.0.1: non-blocking, close-on-exec, SO_REUSEADDR,
// and SO_REUSEPORT when `reuse_port`. Exits with a message on failure.
int Listen(int port, bool reuse_port);

// One listener a thread on one port; a single thread gets a plain listener.
std::vector<int> ListenPerThread(const Options& options);

int PortOf(int fd);
void SetNoDelay(int fd);

// Runs `serve(index, listener)` on one thread for each listener, for ever, and
// says `listening PORT` on stdout once all the listeners are open.
void RunThreads(const std::vector<int>& listeners,
                const std::function<void(int index, int listener)>& serve);

// Prints `what: strerror(errno)` and exits.
[[noreturn]] void Die(const char* what);

}  // namespace peers

#endif  // BENCHMARKS_PEERS_PEER_H_
