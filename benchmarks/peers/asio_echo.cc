// Echo on standalone Asio, written for speed: one io_context and one
// SO_REUSEPORT listener a thread, without Asio's own locks (each context has
// one thread); the write is tried at once on the non-blocking socket, and
// async_write carries only what is left over.
//
// async_read_some rather than async_wait: after a short read Asio knows that
// the socket is empty and does not read again before the next event, while
// async_wait re-arms epoll for every message.
#include <array>
#include <asio.hpp>
#include <memory>
#include <system_error>
#include <utility>

#include "benchmarks/peers/peer.h"

namespace {

using asio::ip::tcp;

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) {
    socket_.set_option(tcp::no_delay(true));
    socket_.non_blocking(true);
  }

  void Read() {
    socket_.async_read_some(
        asio::buffer(buffer_),
        [self = shared_from_this()](std::error_code error, size_t n) {
          if (!error) self->Write(n);
        });
  }

 private:
  void Write(size_t n) {
    std::error_code error;
    const size_t sent = socket_.write_some(asio::buffer(buffer_, n), error);
    if (error && error != asio::error::would_block) return;
    if (sent == n) {
      Read();
    } else {
      WriteRest(sent, n);
    }
  }

  void WriteRest(size_t begin, size_t end) {
    asio::async_write(
        socket_, asio::buffer(buffer_.data() + begin, end - begin),
        [self = shared_from_this()](std::error_code error, size_t) {
          if (!error) self->Read();
        });
  }

  tcp::socket socket_;
  std::array<char, peers::kScratchBytes> buffer_;
};

void Accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&acceptor](std::error_code error, tcp::socket socket) {
    if (!error) {
      // Not make_shared, which would zero the session's buffer.
      std::shared_ptr<Session>(new Session(std::move(socket)))->Read();
    }
    Accept(acceptor);
  });
}

void Serve(int, int listener) {
  asio::io_context context(ASIO_CONCURRENCY_HINT_UNSAFE);
  tcp::acceptor acceptor(context, tcp::v4(), listener);
  Accept(acceptor);
  context.run();
}

}  // namespace

int main(int argc, char** argv) {
  const peers::Options options = peers::ParseOptions(argc, argv);
  peers::RunThreads(peers::ListenPerThread(options), Serve);
}
