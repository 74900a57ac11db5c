// WebSocketPeer: the other end of a WebSocket in the hands of a test, of either
// role, that says what it is told to, right or wrong. It shares no code with what
// is tested.
//
//   WebSocketPeer peer = WebSocketPeer::ToServer(port);
//   peer.Send({.first = 0x81, .payload = "hello"});
//   EXPECT_EQ(peer.Read(), "text:hello");
#ifndef KINGPIN_TESTS_HTTP_WEBSOCKET_PEER_H_
#define KINGPIN_TESTS_HTTP_WEBSOCKET_PEER_H_

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <zlib.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/log/check.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "kingpin/sys/syscalls.h"
#include "tests/testing/test_client.h"

namespace kingpin {
namespace testing {

// The key and what it stands for (RFC 6455 section 1.3).
inline constexpr std::string_view kSampleKey = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view kSampleAccept =
    "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

struct PeerFrame {
  int first = 0x81;  // FIN, RSV and opcode.
  std::string payload = "";
  // Instead of the mask that the role has.
  std::optional<bool> masked = {};
};

inline std::string CloseText(int code, std::string_view reason = "") {
  return absl::StrCat(
      std::string{static_cast<char>(code >> 8), static_cast<char>(code & 255)},
      reason);
}

class WebSocketPeer {
 public:
  // `socket` is past the handshake.
  WebSocketPeer(TestClient socket, bool is_client)
      : socket_(std::move(socket)), is_client_(is_client) {}

  // `fields` are whole lines of the request. Dies if the answer is not 101.
  static WebSocketPeer ToServer(uint16_t port, std::string_view fields = "",
                                std::string_view path = "/ws",
                                int receive_buffer_bytes = 0) {
    WebSocketPeer peer(TestClient::Connect(port, receive_buffer_bytes), true);
    // Or what goes byte by byte would wait for an ACK, which waits, too.
    CHECK_EQ(sys::SetOption(peer.socket_.fd(), IPPROTO_TCP, TCP_NODELAY, 1), 0);
    CHECK(peer.socket_.Send(Request(fields, path)));
    peer.head_ = peer.ReadHead();
    CHECK(absl::StartsWith(peer.head_, "HTTP/1.1 101 ")) << peer.head_;
    return peer;
  }
  static std::string Request(std::string_view fields = "",
                             std::string_view path = "/ws") {
    return absl::StrCat("GET ", path,
                        " HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\n"
                        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: ",
                        kSampleKey, "\r\n", fields, "\r\n");
  }

  // Up to the empty line, byte by byte: what follows may be frames.
  std::string ReadHead() {
    std::string head;
    while (!absl::EndsWith(head, "\r\n\r\n")) {
      const std::string byte = socket_.Read(1);
      if (byte.empty()) break;
      head += byte;
    }
    return head;
  }
  const std::string& head() const { return head_; }
  TestClient& socket() { return socket_; }

  // --- Sending ---------------------------------------------------------------

  std::string Encode(const PeerFrame& frame) const {
    const size_t size = frame.payload.size();
    const bool masked = frame.masked.value_or(is_client_);
    const int mask_bit = masked ? 0x80 : 0;
    std::string out(1, static_cast<char>(frame.first));
    if (size < 126) {
      out += static_cast<char>(mask_bit | size);
    } else {
      const int bytes = size < 65536 ? 2 : 8;
      out += static_cast<char>(mask_bit | (bytes == 2 ? 126 : 127));
      for (int i = bytes - 1; i >= 0; --i) {
        out += static_cast<char>(static_cast<uint64_t>(size) >> 8 * i);
      }
    }
    if (!masked) return out + frame.payload;
    const std::string key = "\x12\x83\xfe\x4a";
    out += key;
    for (size_t i = 0; i < size; ++i) out += frame.payload[i] ^ key[i % 4];
    return out;
  }
  // In pieces of `chop` bytes. What the other side does not take any more is of
  // no interest.
  void SendBytes(std::string_view bytes, size_t chop = SIZE_MAX) {
    while (!bytes.empty() && socket_.Send(bytes.substr(0, chop))) {
      bytes.remove_prefix(std::min(chop, bytes.size()));
    }
  }
  void Send(const PeerFrame& frame) { SendBytes(Encode(frame)); }
  void SendText(std::string text) { Send({0x81, std::move(text)}); }
  void SendClose(int code = 1000, std::string_view reason = "") {
    Send({0x88, CloseText(code, reason)});
  }

  // --- Receiving -------------------------------------------------------------

  struct Got {
    int first = -1;  // None came: the end.
    bool masked = false;
    std::string key;
    std::string payload;
  };
  Got ReadFrame() {
    Got got;
    const std::string two = socket_.Read(2);
    if (two.size() < 2) return got;
    const int code = static_cast<uint8_t>(two[1]) & 0x7f;
    got.masked = (static_cast<uint8_t>(two[1]) & 0x80) != 0;
    uint64_t size = code;
    if (code > 125) {
      size = 0;
      for (const char c : socket_.Read(code == 126 ? 2 : 8)) {
        size = size << 8 | static_cast<uint8_t>(c);
      }
    }
    got.key = got.masked ? socket_.Read(4) : std::string(4, '\0');
    got.payload = socket_.Read(size);
    if (got.payload.size() < size || got.key.size() < 4) return got;
    for (size_t i = 0; i < size; ++i) got.payload[i] ^= got.key[i % 4];
    got.first = static_cast<uint8_t>(two[0]);
    // Of a client, and of nobody else.
    CHECK_EQ(got.masked, !is_client_);
    return got;
  }

  // The next message or control frame: "text:...", "binary:...", "ping:...",
  // "pong:...", "close:CODE REASON", "end". Fragments are joined, and what is
  // compressed is inflated.
  std::string Read() {
    Got got = ReadFrame();
    if (got.first == -1) return socket_.ended() ? "end" : "nothing";
    const int opcode = got.first & 0x0f;
    if (opcode == 8) return Closing(got.payload);
    if (opcode == 9) return absl::StrCat("ping:", got.payload);
    if (opcode == 10) return absl::StrCat("pong:", got.payload);
    const bool compressed = (got.first & 0x40) != 0;
    int last = got.first;
    while ((last & 0x80) == 0) {
      Got more = ReadFrame();
      if (more.first == -1) return "end inside of a message";
      CHECK_EQ(more.first & 0x7f, 0) << "not a continuation";
      last = more.first;
      got.payload += more.payload;
    }
    ++(compressed ? compressed_ : plain_);
    if (compressed) got.payload = Inflate(got.payload);
    return absl::StrCat(opcode == 1 ? "text:" : "binary:", got.payload);
  }
  bool AtEnd() { return socket_.WaitForEnd(); }
  // Messages that were read.
  int compressed() const { return compressed_; }
  int plain() const { return plain_; }

  // --- Compression -----------------------------------------------------------

  struct Deflation {
    bool send_context = true;
    bool receive_context = true;
    int send_bits = 15;
    int receive_bits = 15;
  };
  void UseDeflate(const Deflation& deflation) {
    codec_ = std::make_unique<Codec>(deflation);
  }
  std::string Deflate(std::string_view message) {
    z_stream& z = codec_->deflate;
    std::string out(message.size() + 1024, '\0');
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(message.data()));
    z.avail_in = message.size();
    z.next_out = reinterpret_cast<Bytef*>(out.data());
    z.avail_out = out.size();
    CHECK_EQ(deflate(&z, Z_SYNC_FLUSH), Z_OK);
    out.resize(out.size() - z.avail_out - 4);
    if (!codec_->terms.send_context) deflateReset(&z);
    return out;
  }

 private:
  struct Codec {
    explicit Codec(const Deflation& t) : terms(t) {
      CHECK_EQ(deflateInit2(&deflate, 6, Z_DEFLATED, -t.send_bits, 8,
                            Z_DEFAULT_STRATEGY),
               Z_OK);
      CHECK_EQ(inflateInit2(&inflate, -t.receive_bits), Z_OK);
    }
    ~Codec() {
      deflateEnd(&deflate);
      inflateEnd(&inflate);
    }
    const Deflation terms;
    z_stream deflate = {};
    z_stream inflate = {};
  };

  std::string Inflate(std::string payload) {
    CHECK(codec_ != nullptr) << "compressed, and not agreed upon";
    payload.append("\0\0\xff\xff", 4);
    z_stream& z = codec_->inflate;
    z.next_in = reinterpret_cast<Bytef*>(payload.data());
    z.avail_in = payload.size();
    std::string out;
    char room[4096];
    do {
      z.next_out = reinterpret_cast<Bytef*>(room);
      z.avail_out = sizeof(room);
      const int result = inflate(&z, Z_SYNC_FLUSH);
      CHECK(result == Z_OK || result == Z_BUF_ERROR) << "inflate: " << result;
      out.append(room, sizeof(room) - z.avail_out);
    } while (z.avail_out == 0);
    CHECK_EQ(z.avail_in, 0u);
    if (!codec_->terms.receive_context) inflateReset(&z);
    return out;
  }

  static std::string Closing(std::string_view payload) {
    if (payload.size() < 2) return absl::StrCat("close:", payload);
    const int code = static_cast<uint8_t>(payload[0]) << 8 |
                     static_cast<uint8_t>(payload[1]);
    return absl::StrCat("close:", code, payload.size() > 2 ? " " : "",
                        payload.substr(2));
  }

  TestClient socket_;
  bool is_client_;
  std::string head_;
  std::unique_ptr<Codec> codec_;
  int compressed_ = 0;
  int plain_ = 0;
};

}  // namespace testing
}  // namespace kingpin

#endif  // KINGPIN_TESTS_HTTP_WEBSOCKET_PEER_H_
