// CountingServer: tells a client's limits by its own count of what is open.
#ifndef KINGPIN_TESTS_NET_COUNTING_SERVER_H_
#define KINGPIN_TESTS_NET_COUNTING_SERVER_H_

#include <atomic>
#include <cstddef>
#include <map>
#include <memory>
#include <thread>
#include <vector>

#include "kingpin/pool/target.h"
#include "kingpin/sys/unique_fd.h"
#include "tests/testing/scripted_client.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {

// A server of one thread that counts what is open at a time, host by host, and
// echoes. It counts a connection as closed when it has seen the end of it, and
// looks for ends before it counts a new one: what a client has closed before it
// opened another never counts twice.
class CountingServer {
 public:
  // `keep`: how many messages of a connection are answered before the server
  // closes it; 0: all.
  explicit CountingServer(int hosts, int keep = 0);
  ~CountingServer() { Stop(); }

  // Until Start() connections wait in the kernel, so that a process may be
  // forked to serve them.
  void Start();
  void Stop();

  Target target(int host) const { return listeners_[host]->target("hello"); }

  // The most that were open at one time; `host`: after Stop().
  int most(int host) const { return most_[host]; }
  int most_in_all() const { return most_in_all_; }
  int accepts() const { return accepts_; }

 private:
  struct Peer {
    TestClient socket;
    int host;
    size_t answered = 0;
    int messages = 0;
  };

  void Run();
  void Count(int host, TestClient socket);
  int Serve(int timeout_ms);
  void Answer(int fd);

  const int keep_;
  UniqueFd epoll_;
  std::vector<std::unique_ptr<TestListener>> listeners_;
  std::map<int, Peer> peers_;
  std::vector<int> open_;
  std::vector<int> most_;
  std::atomic<int> most_in_all_ = 0;
  std::atomic<int> accepts_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_NET_COUNTING_SERVER_H_
