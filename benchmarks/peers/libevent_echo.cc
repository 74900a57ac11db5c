// Echo on libevent, written for speed: the raw event API rather than
// bufferevent, which copies every message through two evbuffers and writes from
// a second callback. One event_base (without locks) and one SO_REUSEPORT
// listener a thread, one scratch buffer a thread, one persistent read event a
// connection; a write event exists only after a short write.
#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "benchmarks/peers/peer.h"

namespace {

struct Loop {
  event_base* base;
  std::array<char, peers::kScratchBytes> scratch;
};

struct Connection {
  Loop* loop;
  event read;
  event write;
  std::string rest;  // What a short write left over.
};

void Close(Connection* connection) {
  const int fd = event_get_fd(&connection->read);
  event_del(&connection->read);
  event_del(&connection->write);
  close(fd);
  delete connection;
}

// Reading waits until the rest is out, so that nothing grows.
void OnWritable(int fd, short, void* argument) {
  auto* connection = static_cast<Connection*>(argument);
  std::string& rest = connection->rest;
  const ssize_t n = send(fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (n < 0 && errno != EAGAIN) {
    Close(connection);
    return;
  }
  rest.erase(0, n < 0 ? 0 : n);
  if (rest.empty()) {
    event_add(&connection->read, nullptr);
  } else {
    event_add(&connection->write, nullptr);
  }
}

void OnReadable(int fd, short, void* argument) {
  auto* connection = static_cast<Connection*>(argument);
  auto& scratch = connection->loop->scratch;
  const ssize_t n = recv(fd, scratch.data(), scratch.size(), 0);
  if (n <= 0) {
    if (n == 0 || errno != EAGAIN) Close(connection);
    return;
  }
  const ssize_t sent = send(fd, scratch.data(), n, MSG_NOSIGNAL);
  if (sent == n) return;
  if (sent < 0 && errno != EAGAIN) {
    Close(connection);
    return;
  }
  const ssize_t begin = sent < 0 ? 0 : sent;
  connection->rest.assign(scratch.data() + begin, n - begin);
  event_del(&connection->read);
  event_add(&connection->write, nullptr);
}

void OnAcceptable(int listener, short, void* argument) {
  constexpr int kAcceptBatch = 16;
  auto* loop = static_cast<Loop*>(argument);
  for (int i = 0; i < kAcceptBatch; ++i) {
    const int fd =
        accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    peers::SetNoDelay(fd);
    auto* connection = new Connection{loop, {}, {}, {}};
    event_assign(&connection->read, loop->base, fd, EV_READ | EV_PERSIST,
                 OnReadable, connection);
    event_assign(&connection->write, loop->base, fd, EV_WRITE, OnWritable,
                 connection);
    event_add(&connection->read, nullptr);
  }
}

event_base* NewBase() {
  event_config* config = event_config_new();
  event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
  event_config_require_features(config, EV_FEATURE_O1);
  event_base* base = event_base_new_with_config(config);
  event_config_free(config);
  if (base == nullptr) peers::Die("event_base_new_with_config");
  return base;
}

void Serve(int, int listener) {
  Loop loop = {.base = NewBase(), .scratch = {}};
  event accept;
  event_assign(&accept, loop.base, listener, EV_READ | EV_PERSIST, OnAcceptable,
               &loop);
  event_add(&accept, nullptr);
  event_base_dispatch(loop.base);
}

}  // namespace

int main(int argc, char** argv) {
  const peers::Options options = peers::ParseOptions(argc, argv);
  peers::RunThreads(peers::ListenPerThread(options), Serve);
}
