// Echo on libuv, written for speed: one uv_loop_t and one SO_REUSEPORT listener
// a thread, one scratch buffer a loop (the read callback runs before the next
// allocation), uv_try_write first and uv_write only for what is left over.
#include <uv.h>

#include <array>
#include <cstdlib>
#include <string>

#include "benchmarks/peers/peer.h"

namespace {

struct Loop {
  uv_loop_t uv;
  std::array<char, peers::kScratchBytes> scratch;
};

struct PendingWrite {
  uv_write_t request;
  std::string bytes;
};

void Check(int status, const char* what) {
  if (status == 0) return;
  std::fprintf(stderr, "%s: %s\n", what, uv_strerror(status));
  std::exit(1);
}

void Close(uv_handle_t* handle) {
  if (uv_is_closing(handle)) return;
  uv_close(handle, [](uv_handle_t* closed) {
    delete reinterpret_cast<uv_tcp_t*>(closed);
  });
}

void LendScratch(uv_handle_t* handle, size_t, uv_buf_t* buffer) {
  auto& scratch = static_cast<Loop*>(handle->loop->data)->scratch;
  *buffer = uv_buf_init(scratch.data(), scratch.size());
}

void OnRead(uv_stream_t* stream, ssize_t n, const uv_buf_t* buffer);

// Reading waits until the rest is out, so that nothing grows.
void WriteRest(uv_stream_t* stream, std::string bytes) {
  uv_read_stop(stream);
  auto* write = new PendingWrite{{}, std::move(bytes)};
  write->request.data = write;
  uv_buf_t buffer = uv_buf_init(write->bytes.data(), write->bytes.size());
  const auto done = [](uv_write_t* request, int status) {
    uv_stream_t* written = request->handle;
    delete static_cast<PendingWrite*>(request->data);
    if (status == 0) {
      uv_read_start(written, LendScratch, OnRead);
    } else {
      Close(reinterpret_cast<uv_handle_t*>(written));
    }
  };
  Check(uv_write(&write->request, stream, &buffer, 1, done), "uv_write");
}

void OnRead(uv_stream_t* stream, ssize_t n, const uv_buf_t* buffer) {
  if (n == 0) return;
  if (n < 0) {
    Close(reinterpret_cast<uv_handle_t*>(stream));
    return;
  }
  const uv_buf_t all = uv_buf_init(buffer->base, n);
  const int written = uv_try_write(stream, &all, 1);
  if (written == n) return;
  if (written < 0 && written != UV_EAGAIN) {
    Close(reinterpret_cast<uv_handle_t*>(stream));
    return;
  }
  const ssize_t sent = written < 0 ? 0 : written;
  WriteRest(stream, std::string(buffer->base + sent, n - sent));
}

void OnConnection(uv_stream_t* listener, int status) {
  if (status < 0) return;
  auto* client = new uv_tcp_t;
  uv_tcp_init(listener->loop, client);
  auto* stream = reinterpret_cast<uv_stream_t*>(client);
  if (uv_accept(listener, stream) != 0) {
    Close(reinterpret_cast<uv_handle_t*>(client));
    return;
  }
  uv_tcp_nodelay(client, 1);
  uv_read_start(stream, LendScratch, OnRead);
}

void Serve(int, int listener_fd) {
  Loop loop;
  Check(uv_loop_init(&loop.uv), "uv_loop_init");
  loop.uv.data = &loop;
  uv_tcp_t listener;
  Check(uv_tcp_init(&loop.uv, &listener), "uv_tcp_init");
  Check(uv_tcp_open(&listener, listener_fd), "uv_tcp_open");
  Check(
      uv_listen(reinterpret_cast<uv_stream_t*>(&listener), 4096, OnConnection),
      "uv_listen");
  uv_run(&loop.uv, UV_RUN_DEFAULT);
}

}  // namespace

int main(int argc, char** argv) {
  const peers::Options options = peers::ParseOptions(argc, argv);
  peers::RunThreads(peers::ListenPerThread(options), Serve);
}
